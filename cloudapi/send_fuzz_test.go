package cloudapi

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// The seeds are the honest and the hostile requests of the tables, so that
// fuzzing starts where thinking stopped.

var edgeTargets = []string{
	"/v25.0/123456/messages", "/123456/messages", "/v25.0/123456/marketing_messages", "/v25.0/123456/calls",
	"/v25.0/123456/messages_encrypted", "/v25.0/123456/media", "/",
}

func header(contentType string) string {
	if contentType == "" {
		return ""
	}
	return "Content-Type: " + contentType + "\r\n"
}

func FuzzSend(f *testing.F) {
	for _, tt := range sendCases {
		f.Add(uint8(0), uint8(0), "application/json", []byte(tt.body))
		f.Add(uint8(1), uint8(0), "text/plain", []byte(tt.body))
	}
	for _, tt := range callCases {
		f.Add(uint8(0), uint8(3), "application/json", []byte(tt.body))
	}
	f.Fuzz(func(t *testing.T, dialect, target uint8, contentType string, body []byte) {
		compare(t, wire{
			Dialect(dialect % 3), http.MethodPost,
			[]string{"/v25.0/123456/messages", "/messages", "/v1/messages"}[dialect%3], header(contentType), body,
		})
		compare(t, wire{Cloud, http.MethodPost, edgeTargets[int(target)%len(edgeTargets)], header(contentType), body})
	})
}

func FuzzPath(f *testing.F) {
	const body = `{"messaging_product":"whatsapp","to":"+4915112345678","type":"text","text":{"body":"x"}}`
	for _, tt := range pathCases {
		f.Add(tt.method, tt.target, "", []byte(body))
	}
	for _, tt := range methodCases {
		f.Add(tt.method, tt.target, tt.header, []byte(""))
	}
	f.Add("GET", "/v25.0/123456/messages?to=4915112345678&type=text", "", []byte(""))
	f.Fuzz(func(t *testing.T, method, target, header string, body []byte) {
		if header != "" && !strings.HasSuffix(header, "\r\n") {
			header += "\r\n"
		}
		for d := range Dialect(3) {
			compare(t, wire{d, method, target, header + "Content-Type: application/json\r\n", body})
		}
	})
}

func FuzzForm(f *testing.F) {
	for _, tt := range formCases {
		f.Add(uint8(0), "application/x-www-form-urlencoded", []byte(tt.body))
	}
	f.Fuzz(func(t *testing.T, target uint8, contentType string, body []byte) {
		compare(t, wire{Cloud, http.MethodPost, edgeTargets[int(target)%len(edgeTargets)], header(contentType), body})
		// The same fields in the query.
		compare(t, wire{Cloud, http.MethodPost, edgeTargets[int(target)%len(edgeTargets)] + "?" + string(body), header(contentType), nil})
	})
}

func FuzzBatch(f *testing.F) {
	for _, tt := range batchCases {
		f.Add("/v25.0", "application/json", []byte(tt.batch))
	}
	f.Fuzz(func(t *testing.T, target, contentType string, batch []byte) {
		const form = "application/x-www-form-urlencoded"
		compare(t, wire{Cloud, http.MethodPost, target, header(contentType), batch})
		compare(t, wire{Cloud, http.MethodPost, target, header(contentType), []byte(`{"batch":` + string(batch) + `}`)})
		compare(t, wire{Cloud, http.MethodPost, target, header(form), []byte("batch=" + url.QueryEscape(string(batch)))})
		compare(t, wire{Cloud, http.MethodPost, target + "?batch=" + url.QueryEscape(string(batch)), "", nil})
		compare(t, wire{Cloud, http.MethodPost, target, header(form), append([]byte("batch="), batch...)})
	})
}

func FuzzMultipart(f *testing.F) {
	for _, tt := range multipartCases {
		f.Add("multipart/form-data; boundary=b", []byte(tt.body))
	}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		compare(t, wire{Cloud, http.MethodPost, "/v25.0/123456/media", header(contentType), body})
		compare(t, wire{Cloud, http.MethodPost, "/v25.0/123456/messages", header(contentType), body})
	})
}
