package generous

import (
	"net/url"
	"strings"
	"testing"
)

func TestBatches(t *testing.T) {
	found := []string{"messages to=447700900123 text"}
	both := []string{"messages to=447700900123 text", "messages to=447700900456 text"}
	const form = `"to=447700900123&type=text&text=%7B%22body%22%3A%22hi%22%7D"`
	element := `{"method":"POST","relative_url":"1/messages","body":` + form + `}`
	root := func(body string) Request { return post("/", "application/json", body) }
	one := func(element string) Request { return root(`{"batch":[` + element + `]}`) }
	checkFound(t, []row{
		{"json", one(element), found},
		{"json/as-string", root(`{"batch":"[{\"method\":\"POST\",\"relative_url\":\"1/messages\",\"body\":\"to=447700900123\"}]"}`), found},
		{"json/elements-as-strings", root(`{"batch":["{\"method\":\"POST\",\"relative_url\":\"1/messages\",\"body\":\"to=447700900123\"}"]}`), found},
		{"json/single-object", root(`{"batch":` + element + `}`), found},
		{"json/numbered", root(`{"batch":{"0":` + element + `}}`), found},
		{"form", post("/v23.0/", "application/x-www-form-urlencoded", "access_token=x&batch="+url.QueryEscape("["+element+"]")), found},
		{"form/brackets", post("/", "", "batch[0][method]=POST&batch[0][relative_url]=1/messages&batch[0][body]=to%3D447700900123"), found},
		{"form/empty-brackets", post("/", "", "batch[][method]=POST&batch[][relative_url]=1/messages&batch[][body]=to%3D447700900123"), found},
		{"query", post("/?batch="+url.QueryEscape("["+element+"]"), "", ""), found},
		{"query/get", Request{Method: "GET", Target: "/?batch=" + url.QueryEscape("["+element+"]")}, found},
		{"multipart", post("/", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"batch\"\r\n\r\n["+
			element+"]\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\nx\r\n--b--\r\n"), found},
		{"any-node", post("/v23.0/1/media", "application/json", `{"batch":[`+element+`]}`), found},
		{"key-case", root(`{"BATCH":[{"METHOD":"post","Relative_URL":"1/messages","Body":"to=447700900123"}]}`), found},
		{"other-batch", root(`{"asyncbatch":[` + element + `]}`), found},
		{"second-element", one(`{"method":"GET","relative_url":"me"},` + element), found},
		{"two-sends", one(element + "," + strings.Replace(element, ann, bob, 1)), both},
		{"nested", one(`{"method":"POST","relative_url":"","body":"batch=` + strings.ReplaceAll(url.QueryEscape("["+element+"]"), `"`, `\"`) + `"}`), found},
		{"nested/in-address", one(`{"method":"POST","relative_url":"?batch=` + url.QueryEscape("["+element+"]") + `"}`), found},
		{"element/json-body", one(`{"method":"POST","relative_url":"1/messages","body":"{\"to\":\"447700900123\"}"}`), found},
		{"element/object-body", one(`{"method":"POST","relative_url":"1/messages","body":{"to":"447700900123"}}`), found},
		{"element/query", one(`{"method":"POST","relative_url":"1/messages?to=447700900123&type=text"}`), found},
		{"element/query-and-body", one(`{"method":"POST","relative_url":"1/messages?to=447700900456","body":` + form + `}`), both},
		{"element/full-url", one(`{"method":"POST","relative_url":"https://graph.facebook.com/v23.0/1/messages","body":` + form + `}`), found},
		{"element/version", one(`{"method":"POST","relative_url":"/v23.0/1/messages/","body":` + form + `}`), found},
		{"element/encoded-address", one(`{"method":"POST","relative_url":"1%2Fmessages%3Fto=447700900123"}`), found},
		{"element/no-method", one(`{"relative_url":"1/messages?to=447700900123"}`), found},
		{"element/method-in-address", one(`{"method":"GET","relative_url":"1/messages?method=post&to=447700900123"}`), found},
		{"element/method-in-headers", one(`{"method":"GET","relative_url":"1/messages?to=447700900123","headers":[{"name":"X-HTTP-Method-Override","value":"POST"}]}`), found},
		{"element/method-in-header-lines", one(`{"method":"GET","relative_url":"1/messages?to=447700900123","headers":["X-HTTP-Method-Override: POST"]}`), found},
		{"element/get-with-body", one(`{"method":"GET","relative_url":"1/messages","body":` + form + `}`), found},
		{"element/duplicate-body", one(`{"method":"POST","relative_url":"1/messages","body":"to=447700900123","body":"to=447700900456"}`), both},
		{"element/duplicate-address", one(`{"method":"POST","relative_url":"1/media","relative_url":"1/messages","body":` + form + `}`), found},
		{"element/attached-files", one(`{"method":"POST","relative_url":"1/messages","attached_files":"f","body":` + form + `}`), found},
		{
			"reference/recipient", one(`{"method":"POST","relative_url":"1/messages","body":"to={result=a:$.data.0.id}&type=text"}`),
			[]string{"messages to={result=a:$.data.0.id} text"},
		},
		{"reference/node", one(`{"method":"POST","relative_url":"{result=a:$.data[?(@.x)]/y}/messages","body":` + form + `}`), found},
		{"reference/address", one(`{"method":"POST","relative_url":"{result=a:$.next}","body":` + form + `}`), found},
	})
}
