package generous

import (
	"net/http"
	"testing"
)

func TestMethodsTakenForPost(t *testing.T) {
	const query = "to=447700900123&type=text"
	found := []string{"messages to=447700900123 text"}
	header := func(name, v string) Request {
		return Request{Method: "GET", Target: messages + "?" + query, Header: http.Header{name: {v}}}
	}
	checkFound(t, []row{
		{"lower-case", Request{Method: "post", Target: messages + "?" + query}, found},
		{"put", Request{Method: "PUT", Target: messages + "?" + query}, found},
		{"unknown", Request{Method: "SEND", Target: messages + "?" + query}, found},
		{"query/method", Request{Method: "GET", Target: messages + "?method=post&" + query}, found},
		{"query/_method", Request{Method: "DELETE", Target: messages + "?_method=POST&" + query}, found},
		{"query/case", Request{Method: "GET", Target: messages + "?Method=%20Post&" + query}, found},
		{"query/list", Request{Method: "GET", Target: messages + "?method[]=post&" + query}, found},
		{"query/last-wins", Request{Method: "GET", Target: messages + "?method=get&method=post&" + query}, found},
		{"form", Request{Method: "GET", Target: messages + "?" + query, Body: []byte("method=post")}, found},
		{"json", Request{Method: "HEAD", Target: messages + "?" + query, Body: []byte(`{"method":"POST"}`)}, found},
		{"header", header("X-Http-Method-Override", "POST"), found},
		{"header/short", header("X-Http-Method", "post"), found},
		{"header/other-order", header("X-Method-Override", "post"), found},
		{"header/underscores", header("X_HTTP_METHOD_OVERRIDE", "post"), found},
		{"header/list", header("X-Http-Method-Override", "GET, POST"), found},
		{"get-with-body", Request{Method: "GET", Target: messages, Body: []byte(annText)}, found},
		{"delete-with-body", Request{Method: "DELETE", Target: messages, Body: []byte(annForm)}, found},
	})
}
