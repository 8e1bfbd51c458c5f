package cloudapi

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Requests put together from fragments that mean something to some reader:
// deeper than mutation gets, wilder than tables.

// oneOf draws a fragment.
func oneOf(t *rapid.T, label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(t, label)
}

func drawPath(t *rapid.T) string {
	var b strings.Builder
	for range rapid.IntRange(1, 5).Draw(t, "segments") {
		b.WriteString(oneOf(t, "slash", "/", "/", "/", "//", "%2f", `\`, "%5c", "/./", "/../", "/%2e%2e/", ";"))
		b.WriteString(oneOf(t, "segment", "v25.0", "v1", "123456", "me", "messages", "Messages", "message%73", "message%2573",
			"marketing_messages", "calls", "messages_encrypted", "media", "messages.json", "messages;x", "mess%E2%80%8Bages", "messages%00",
			"messages%3fmethod=post", "messages%23", "{result=a}", "batch", ""))
	}
	return b.String()
}

func drawPairs(t *rapid.T, n int) string {
	var pairs []string
	for range rapid.IntRange(0, n).Draw(t, "pairs") {
		name := oneOf(t, "name", "to", "to", "type", "type", "text", "template", "messaging_product", "status", "message_id", "recipient", "recipient_type",
			"category", "action", "access_token", "method", "_method", "batch", "To", "%74o", "to%20", "template[name]", "template%5bname%5d",
			"x", "fields", "to[]", "ba%74ch", "type ", "call_id", "hsm", "image")
		value := oneOf(t, "value", "4915112345678", "%2B4915112345678", "4915112345679", "text", "template", "Template", "post", "whatsapp", "read", "utility",
			"group", "connect", `{}`, url.QueryEscape(`{"name":"a","language":{"code":"de"}}`), `{"name":"b","language":{"code":"de"}}`,
			url.QueryEscape("["+sendText+"]"), "DE.40817726355190042", "", "%00", `"4915112345678"`, "accept", "image")
		pairs = append(pairs, name+"="+value)
	}
	return strings.Join(pairs, oneOf(t, "separator", "&", "&", "&", ";", "%26"))
}

func drawObject(t *rapid.T, depth int) string {
	var b strings.Builder
	b.WriteByte('{')
	if rapid.Bool().Draw(t, "honest start") {
		b.WriteString(`"messaging_product":"whatsapp","to":"+4915112345678","text":{}`)
	}
	for range rapid.IntRange(0, 5).Draw(t, "members") {
		if b.Len() > 1 {
			b.WriteString(oneOf(t, "comma", ",", ",", ",", ",", ",,", " "))
		}
		b.WriteString(oneOf(t, "key", `"messaging_product"`, `"to"`, `"to"`, `"type"`, `"type"`, `"text"`, `"template"`, `"recipient"`, `"recipient_type"`,
			`"status"`, `"message_id"`, `"category"`, `"action"`, `"call_id"`, `"hsm"`, `"interactive"`, `"image"`, `"name"`, `"language"`, `"code"`,
			`"To"`, `"t\u006f"`, `"to "`, `"t o"`, "\"to\u200b\"", `"template[name]"`, `"batch"`, `"method"`, `"_method"`, `"messages"`, `'to'`, `to`, `"x"`,
			`"element_name"`, `"relative_url"`, `"body"`))
		b.WriteByte(':')
		switch value := rapid.IntRange(0, 20).Draw(t, "value"); {
		case value == 0 && depth > 0:
			b.WriteString(drawObject(t, depth-1))
		case value == 1 && depth > 0:
			fmt.Fprintf(&b, "[%s]", drawObject(t, depth-1))
		case value == 2 && depth > 0:
			fmt.Fprintf(&b, "%q", drawObject(t, depth-1))
		case value == 3:
			fmt.Fprintf(&b, "%q", drawPairs(t, 4))
		default:
			b.WriteString(oneOf(t, "literal", `"whatsapp"`, `"+4915112345678"`, `4915112345678`, `4.915112345678e12`, `"4915112345679"`, `"text"`, `"template"`,
				`"Template"`, `"\u0074emplate"`, `"read"`, `"utility"`, `"UTILITY"`, `"service"`, `"group"`, `"Y2FwaV9ncm91cDo1NTU"`, `"DE.40817726355190042"`,
				`{}`, `[]`, `null`, `true`, `""`, `{"name":"a","language":{"code":"de"}}`, `{"element_name":"a","language":{"code":"de"}}`, `{"type":"button"}`,
				`"connect"`, `"accept"`, `"POST"`, `"GET"`, `"123456/messages"`, `["+4915112345678"]`, `"a"`, `{"code":"de"}`, `"de"`, `"\u0000"`, `"\ud800"`,
				`[`+sendText+`]`, `[`+sendJSON+`,`+readNode+`]`))
		}
	}
	b.WriteString(oneOf(t, "end", "}", "}", "}", "}", ",}", "", `}{"to":"+4915112345679"}`))
	return b.String()
}

func drawBatch(t *rapid.T) string {
	var elements []string
	for range rapid.IntRange(0, 3).Draw(t, "elements") {
		var body string
		switch rapid.IntRange(0, 2).Draw(t, "element body") {
		case 0:
			body = `,"body":` + fmt.Sprintf("%q", drawPairs(t, 5))
		case 1:
			body = `,"body":` + fmt.Sprintf("%q", drawObject(t, 1))
		}
		address := drawPath(t)
		if rapid.Bool().Draw(t, "honest address") {
			address = oneOf(t, "address", "123456/messages", "v25.0/123456/messages", "/123456/calls", "123456/media")
		}
		if rapid.Bool().Draw(t, "address with query") {
			address += "?" + drawPairs(t, 2)
		}
		extra := oneOf(t, "extra", "", "", "", "", `,"name":"a"`, `,"Method":"POST"`, `,"headers":["X-HTTP-Method-Override: POST"]`, `,"body":"to=1"`,
			`,"attached_files":"f"`, `,"batch":[]`)
		elements = append(elements, fmt.Sprintf(`{"method":%q,"relative_url":%q%s%s}`,
			oneOf(t, "element method", "POST", "POST", "GET", "DELETE", "post", "PUT"), address, body, extra))
	}
	return "[" + strings.Join(elements, ",") + "]"
}

func drawHeader(t *rapid.T) string {
	return oneOf(t, "type", "Content-Type: application/json\r\n", "Content-Type: application/json\r\n", "Content-Type: application/x-www-form-urlencoded\r\n", "",
		"Content-Type: text/plain\r\n", "Content-Type: application/json; charset=utf-8\r\n", "Content-Type: text/json\r\n", "Content-Type: image/png\r\n",
		"Content-Type: multipart/form-data; boundary=b\r\n", "Content-Type: x\r\n", "Content-Type: application/json, text/plain\r\n") +
		oneOf(t, "header", "", "", "", "", "X-HTTP-Method-Override: POST\r\n", "Content-Encoding: gzip\r\n", "X-Method: POST\r\n")
}

func TestNothingGetsPast(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		target := drawPath(rt)
		if rapid.Bool().Draw(rt, "honest path") {
			target = oneOf(rt, "edge", "/v25.0/123456/messages", "/123456/messages", "/123456/calls", "/123456/marketing_messages", "/", "/v25.0/", "/123456/media",
				"/messages", "/v1/messages", "/v1/messages/ABGG")
		}
		if rapid.Bool().Draw(rt, "with query") {
			target += "?" + drawPairs(rt, 3)
		}
		var body string
		switch rapid.IntRange(0, 5).Draw(rt, "body") {
		case 0:
			body = drawPairs(rt, 6)
		case 1:
			body = `{"batch":` + drawBatch(rt) + `}`
		case 2:
			body = "batch=" + url.QueryEscape(drawBatch(rt))
		case 3, 4:
			body = drawObject(rt, 2)
		}
		compare(rt, wire{
			Dialect(rapid.IntRange(0, 2).Draw(rt, "dialect")),
			oneOf(rt, "method", "POST", "POST", "POST", "GET", "PUT", "DELETE", "post", "PATCH"),
			strings.ReplaceAll(target, " ", "%20"), drawHeader(rt), []byte(body),
		})
	})
}
