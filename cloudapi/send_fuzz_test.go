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
	for _, contentType := range []string{
		"m; boundary=b", "multipart/form-data; xboundary=a; boundary=b", "multipart/form-data;charset=utf-8; boundary=\"b\"", "image/png; boundary=b",
	} {
		f.Add(contentType, []byte(part(`name="batch"`, "["+sendText+"]")+lastBoundary))
	}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		compare(t, wire{Cloud, http.MethodPost, "/v25.0/123456/media", header(contentType), body})
		compare(t, wire{Cloud, http.MethodPost, "/", header("multipart/form-data; boundary=b"), body})
		// The body as the header of a part called batch to somebody.
		hidden := "--b\r\n" + string(body) + "\r\n\r\n[" + sendText + "]\r\n--b--\r\n"
		compare(t, wire{Cloud, http.MethodPost, "/", header("multipart/form-data; boundary=b"), []byte(hidden)})
		compare(t, wire{Cloud, http.MethodPost, "/v25.0/123456/messages", header(contentType), body})
	})
}

// A file is uploaded as it is, and no server finds a batch in it.
func FuzzFile(f *testing.F) {
	f.Add("image/png", []byte("\x89PNG&batch="))
	f.Add("", []byte("\xff& b%61tch%00x= "))
	f.Add("application/x-www-form-urlencoded", []byte("a b=1&batch="))
	f.Add("application/json", []byte(`{"a":"&batch=`))
	f.Fuzz(func(t *testing.T, contentType string, start []byte) {
		const session = "/v25.0/upload:MTphdHRhY2htZW50Ojk="
		for _, batch := range []string{"[" + sendText + "]", url.QueryEscape("[" + sendText + "]"), "[0][relative_url]=1/messages&batch[0][body]=to=4915112345678"} {
			compare(t, wire{Cloud, http.MethodPost, session, header(contentType), []byte(string(start) + batch)})
			compare(t, wire{Cloud, http.MethodPost, session, header(contentType), []byte(string(start) + batch + `&"}`)})
			compare(t, wire{Dialog360, http.MethodPost, "/v1/media", header(contentType), []byte(string(start) + batch)})
		}
	})
}

// Cookies are parameters to some servers.
func FuzzCookie(f *testing.F) {
	f.Add("POST", "/v25.0/123456/messages", "to=4915112345679")
	f.Add("GET", "/v25.0/123456/messages", "a=b; method=post; t%6F=1")
	f.Add("POST", "/", "batch="+url.QueryEscape("["+sendText+"]"))
	f.Fuzz(func(t *testing.T, method, target, cookie string) {
		h := "Cookie: " + cookie + "\r\nContent-Type: application/json\r\n"
		compare(t, wire{Cloud, method, target, h, nil})
		compare(t, wire{Cloud, method, target, h, []byte(start + `"to":"+4915112345678","type":"text","text":{"body":"x"}}`)})
	})
}
