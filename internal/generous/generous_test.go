package generous

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Numbers from the range Ofcom keeps free for fiction.
const (
	ann = "447700900123"
	bob = "447700900456"
	eve = "US.40817726355190042"
)

const (
	messages = "/v23.0/104455667788/messages"
	annText  = `{"messaging_product":"whatsapp","to":"447700900123","type":"text","text":{"body":"hi"}}`
	annForm  = "messaging_product=whatsapp&to=447700900123&type=text&text=%7B%22body%22%3A%22hi%22%7D"
)

// brief writes a send in one line: edge, person, type, and what else is set.
func brief(s Send) string {
	out := s.Edge
	if s.To != "" {
		out += " to=" + s.To
	}
	if s.Recipient != "" {
		out += " recipient=" + s.Recipient
	}
	if s.Type != "" {
		out += " " + s.Type
	}
	if s.Template != "" || s.Language != "" {
		out += " " + s.Template + "/" + s.Language
	}
	if s.Category != "" {
		out += " category=" + s.Category
	}
	if s.RecipientType != "" && s.RecipientType != "individual" {
		out += " " + s.RecipientType
	}
	if s.Receipt {
		out += " receipt"
	}
	return out
}

func briefs(sends []Send) []string {
	var out []string
	for _, s := range sends {
		out = append(out, brief(s))
	}
	return out
}

// listing writes sends for a failure message.
func listing(sends []Send) string {
	var b strings.Builder
	for _, s := range sends {
		fmt.Fprintf(&b, "\n\t%s at %s (%s)", brief(s), s.Path, s.How)
	}
	return b.String()
}

// post is a POST with a content type, which may be empty.
func post(target, contentType, body string) Request {
	r := Request{Method: "POST", Target: target, Header: http.Header{}, Body: []byte(body)}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func postJSON(body string) Request { return post(messages, "application/json", body) }

func postForm(body string) Request {
	return post(messages, "application/x-www-form-urlencoded", body)
}

// row is a request and the sends that must be among its readings.
type row struct {
	name string
	r    Request
	want []string
}

func checkFound(t *testing.T, rows []row) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			sends := Read(row.r)
			got := briefs(sends)
			for _, want := range row.want {
				if !slices.Contains(got, want) {
					t.Errorf("no %q among%s", want, listing(sends))
				}
			}
		})
	}
}

// An honest request has one reading only, or the oracle would cry wolf.
func TestHonestSendHasOneReading(t *testing.T) {
	for _, tt := range []struct {
		name string
		r    Request
		want string
	}{
		{"text", postJSON(annText), "messages to=447700900123 text"},
		{"text/charset", post(messages, "application/json; charset=utf-8", annText), "messages to=447700900123 text"},
		{"text/access-token", post(messages+"?access_token=x", "application/json", annText), "messages to=447700900123 text"},
		{
			"text/mentions-fields", postJSON(`{"to":"+44 7700 900123","type":"text","text":{"body":"a&to=1&batch=[];x"}}`),
			"messages to=447700900123 text",
		},
		{"text/reply", postJSON(`{"recipient_type":"individual","to":"447700900123","type":"text",` +
			`"context":{"message_id":"wamid.x"},"text":{"body":"to: 447700900456","preview_url":false},` +
			`"biz_opaque_callback_data":"order-1"}`), "messages to=447700900123 text"},
		{"image", postJSON(`{"to":"447700900123","type":"image","image":{"id":"1"}}`), "messages to=447700900123 image"},
		{
			"template", postJSON(`{"to":"+447700900123","type":"template","template":{"name":"parcel_ready",` +
				`"language":{"code":"de"},"components":[{"type":"body","parameters":[{"type":"text","text":"DHL"}]}]}}`),
			"messages to=447700900123 template parcel_ready/de",
		},
		{
			"marketing", post("/v23.0/1/marketing_messages", "application/json",
				`{"to":"447700900123","type":"template","template":{"name":"sale","language":{"code":"en_US"}}}`),
			"marketing_messages to=447700900123 template sale/en_US",
		},
		{
			"direct-send", postJSON(`{"to":"447700900123","type":"text","text":{"body":"x"},"category":"UTILITY"}`),
			"messages to=447700900123 text category=utility",
		},
		{
			"bsuid", postJSON(`{"recipient":"US.40817726355190042","type":"text","text":{"body":"x"}}`),
			"messages recipient=US.40817726355190042 text",
		},
		{
			"group", postJSON(`{"recipient_type":"group","to":"Y2FwaV9ncm91cDo=","type":"text","text":{"body":"x"}}`),
			"messages to=Y2FwaV9ncm91cDo= text group",
		},
		{"receipt", postJSON(`{"messaging_product":"whatsapp","status":"read","message_id":"wamid.x",` +
			`"typing_indicator":{"type":"text"}}`), "messages receipt"},
		{
			"call", post("/v23.0/1/calls", "application/json", `{"to":"447700900123","action":"connect","session":{}}`),
			"calls to=447700900123 connect",
		},
		{
			"encrypted", post("/v23.0/1/messages_encrypted", "application/json", `{"encrypted_contents":"e30"}`),
			"messages_encrypted encrypted",
		},
		{"form", postForm(annForm), "messages to=447700900123 text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sends := Read(tt.r)
			if got := briefs(sends); len(got) != 1 || got[0] != tt.want {
				t.Errorf("want %q alone, got%s", tt.want, listing(sends))
			}
		})
	}
}

func TestHarmlessRequestsSendNothing(t *testing.T) {
	upload := "--xyz\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n" +
		"--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n" +
		"to=447700900123&type=text\r\n--xyz--\r\n"
	get := func(target string) Request { return Request{Method: "GET", Target: target} }
	for _, tt := range []struct {
		name string
		r    Request
	}{
		{"media-upload", post("/v23.0/104455667788/media", "multipart/form-data; boundary=xyz", upload)},
		{"media-upload/binary", post("/v23.0/1/media", "application/octet-stream", "\x1f\x8b\x00\x01\xff\xfe\x00to=1")},
		{"template/create", post("/v23.0/1/message_templates", "application/json",
			`{"name":"n","language":"de","category":"UTILITY","components":[{"type":"BODY","text":"x"}]}`)},
		{"template/edit", post("/v23.0/594425479261596", "application/json", `{"category":"MARKETING"}`)},
		{"template/delete", Request{Method: "DELETE", Target: "/v23.0/1/message_templates?name=n"}},
		{"block", post("/v23.0/1/block_users", "application/json", `{"block_users":[{"user":"447700900123"}]}`)},
		{"register", post("/v23.0/1/register?messaging_product=whatsapp&pin=123456", "", "")},
		{"upload-session", post("/v23.0/upload:MTphdHRh", "application/octet-stream", "{\"to\":\"447700900123\"}")},
		{"contacts", post("/v1/contacts", "application/json", `{"blocking":"wait","contacts":["+447700900123"]}`)},
		{"history", get("/v23.0/1/message_history?to=447700900123")},
		{"get/messages", get(messages)},
		{"get/messages-with-parameters", get(messages + "?to=447700900123&type=text&text[body]=x")},
		{"get/method-get", get(messages + "?method=get&to=447700900123")},
		{"get/templates", get("/v23.0/1/message_templates?fields=name,language,category&limit=100")},
		{"get/call-permissions", get("/v23.0/1/call_permissions?user_wa_id=447700900123")},
		{"get/root-ids", get("/?ids=1,2")},
		{"batch/of-gets", post("/", "", `batch=[{"method":"GET","relative_url":"1/messages?to=447700900123"}]`)},
		{"batch/of-uploads", post("/", "application/json",
			`{"batch":[{"method":"POST","relative_url":"1/media","body":"to=447700900123","attached_files":"f"}]}`)},
		{"send/no-recipient", postJSON(`{"type":"text","text":{"body":"x"}}`)},
		{"send/empty-recipient", postJSON(`{"to":"","recipient":null,"type":"text","text":{"body":"x"}}`)},
		{"send/nested-under-data", postJSON(`{"data":{"to":"447700900123","type":"text"}}`)},
		{"send/nested-under-body", postJSON(`{"body":"{\"to\":\"447700900123\"}"}`)},
		{"send/nested-under-message", postForm(`message={"to":"447700900123","type":"text"}`)},
		{"send/other-status", postJSON(`{"status":"delivered","message_id":"wamid.x"}`)},
		{"empty", Request{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if sends := Read(tt.r); len(sends) != 0 {
				t.Errorf("want none, got%s", listing(sends))
			}
		})
	}
}

// Bob is found although Ann fills the report: a value is not lost among combinations of others.
func TestEveryPersonIsReportedBeforeCombinations(t *testing.T) {
	body := `{"to":["447700900123","447700900456"],"type":"a","type":"b","type":"c","category":"d","category":"e",` +
		`"category":"f","recipient_type":"g","recipient_type":"h","recipient_type":"i","template":{"name":"j","name":"k"},` +
		`"type":"template","type":"l","type":"m","type":"n","category":"o","category":"p","text":{},"to":"447700900789"}`
	sends := Read(postJSON(body))
	if len(sends) != MaxSends {
		t.Errorf("got %d sends, want the report to be full with %d", len(sends), MaxSends)
	}
	for _, number := range []string{ann, bob, "447700900789"} {
		if !slices.ContainsFunc(sends, func(s Send) bool { return s.To == number }) {
			t.Errorf("%s is missing", number)
		}
	}
}

func TestHowNamesTheLiberties(t *testing.T) {
	r := Request{Method: "GET", Target: "/104455667788/%256Dessages/?method=post&to=447700900123"}
	sends := Read(r)
	if len(sends) != 1 {
		t.Fatalf("want one send, got%s", listing(sends))
	}
	if got, want := sends[0].How, "method from query, path decoded twice, query, no type"; got != want {
		t.Errorf("How is %q, want %q", got, want)
	}
}
