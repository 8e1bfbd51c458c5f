package cloudapi

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Honest requests with a few hostile edits: deeper than mutation of bytes gets,
// wilder than tables.

// pair is a field before it is written as JSON or as a form. Its name is
// written as it is; its value is JSON.
type pair struct{ name, value string }

var honestSends = [][]pair{
	{{"messaging_product", `"whatsapp"`}, {"to", german}, {"type", `"text"`}, {"text", `{"body":"hi"}`}},
	{{"messaging_product", `"whatsapp"`}, {"to", `4915112345678`}, {"text", `{"body":"hi"}`}},
	{{"messaging_product", `"whatsapp"`}, {"to", german}, {"type", `"template"`}, {"template", `{"name":"a","language":{"code":"de"}}`}},
	{{"messaging_product", `"whatsapp"`}, {"to", german}, {"type", `"hsm"`}, {"hsm", `{"element_name":"a","language":{"code":"de"}}`}},
	{{"messaging_product", `"whatsapp"`}, {"to", german}, {"type", `"interactive"`}, {"interactive", `{"type":"button"}`}},
	{{"messaging_product", `"whatsapp"`}, {"to", german}, {"category", `"UTILITY"`}, {"text", `{}`}},
	{{"messaging_product", `"whatsapp"`}, {"recipient", `"DE.40817726355190042"`}, {"type", `"image"`}, {"image", `{"id":"1"}`}},
	{{"messaging_product", `"whatsapp"`}, {"recipient_type", `"group"`}, {"to", `"Y2FwaV9ncm91cDo1NTU"`}, {"text", `{}`}},
	{{"messaging_product", `"whatsapp"`}, {"status", `"read"`}, {"message_id", `"wamid.1"`}},
	{{"messaging_product", `"whatsapp"`}, {"action", `"connect"`}, {"to", german}},
	{{"messaging_product", `"whatsapp"`}, {"action", `"accept"`}, {"call_id", `"wacid.1"`}},
	{{"pin", `"000000"`}},
}

// spellings of a name that some reader may take for it.
var misspellings = []func(string) string{
	strings.ToUpper,
	strings.ToTitle,
	func(s string) string { return s + " " },
	func(s string) string { return " " + s },
	func(s string) string { return s + "\u200b" },
	func(s string) string { return s[:1] + "\u00ad" + s[1:] },
	func(s string) string { return strings.Replace(s, "_", " ", 1) },
	func(s string) string { return strings.Replace(s, "_", ".", 1) },
	func(s string) string { return s + "[]" },
	func(s string) string { return s + "[name]" },
	func(s string) string { return fmt.Sprintf(`\u%04x%s`, s[0], s[1:]) },
	func(s string) string { return fmt.Sprintf(`%%%02x%s`, s[0], s[1:]) },
	func(s string) string { return fmt.Sprintf(`%%25%02x%s`, s[0], s[1:]) },
	func(s string) string { return string(rune(s[0])-'!'+0xFF01) + s[1:] },
}

var hostileNames = []string{
	"to", "recipient", "type", "template", "hsm", "text", "image", "status", "category", "recipient_type", "method", "_method", "batch", "x",
	"action", "name", "element_name", "messages", "relative_url", "body",
}

var hostileValues = []string{
	`"+4915112345679"`, `4915112345679`, `4.915112345679e12`, `["+4915112345679"]`, `"[\"+4915112345679\"]"`, `"49151123\u00345679"`, `{"x":"4915112345679"}`,
	`"DE.40817726355190043"`, `"Y2FwaV9ncm91cDo1NTY"`, `"+4915112345678,+4915112345679"`, `"４９15112345679"`,
	`"text"`, `"template"`, `"Template"`, `"t\u0065mplate"`, `"\"template\""`, `"template "`, `"image"`, `["template"]`, `"hsm"`,
	`{"name":"b","language":{"code":"de"}}`, `{"name":"a","Name":"b","language":{"code":"de"}}`, `"{\"name\":\"b\",\"language\":{\"code\":\"de\"}}"`,
	`[{"name":"b","language":{"code":"de"}}]`, `{"name":"a","element_name":"b","language":{"code":"de"}}`, `{"name":"a","language":{"code":"de","Code":"en"}}`,
	`{"name":"a","language":"en"}`, `{"name":["a","b"],"language":{"code":"de"}}`, `{"name":"a ","language":{"code":"de"}}`,
	`"utility"`, `"AUTHENTICATION"`, `"marketing"`, `"service"`, `["utility"]`, `"group"`, `"Group"`, `"individual"`, `"read"`, `"delivered"`,
	`"connect"`, `"accept"`, `"CONNECT"`, `"POST"`, `"post"`, `null`, `true`, `""`, `{}`, `[]`, `0`,
	`"hi&to=4915112345679&x="`, `"hi;to=4915112345679"`, `"\u0000"`, `"\ud800"`, `[` + sendText + `]`,
}

// drawFields draws an honest send with up to three edits.
func drawFields(t *rapid.T) []pair {
	fields := slices.Clone(rapid.SampledFrom(honestSends).Draw(t, "honest"))
	for range rapid.IntRange(0, 3).Draw(t, "edits") {
		i := rapid.IntRange(0, len(fields)-1).Draw(t, "at")
		value := rapid.SampledFrom(hostileValues).Draw(t, "value")
		switch rapid.IntRange(0, 5).Draw(t, "edit") {
		case 0:
			fields[i].value = value
		case 1:
			fields[i].name = rapid.SampledFrom(misspellings).Draw(t, "spelling")(fields[i].name)
		case 2: // the field twice
			fields = slices.Insert(fields, rapid.IntRange(0, len(fields)).Draw(t, "again at"), pair{fields[i].name, value})
		case 3: // the field twice, once in another spelling
			fields = append(fields, pair{rapid.SampledFrom(misspellings).Draw(t, "spelling")(fields[i].name), value})
		case 4:
			fields = append(fields, pair{rapid.SampledFrom(hostileNames).Draw(t, "name"), value})
		case 5:
			if len(fields) > 1 {
				fields = slices.Delete(fields, i, i+1)
			}
		}
	}
	return fields
}

func asJSON(t *rapid.T, fields []pair) string {
	var members []string
	for _, f := range fields {
		members = append(members, `"`+f.name+`":`+f.value)
	}
	object := "{" + strings.Join(members, ",") + "}"
	return rapid.SampledFrom([]func(string) string{
		strings.TrimSpace, strings.TrimSpace, strings.TrimSpace, strings.TrimSpace, strings.TrimSpace, strings.TrimSpace,
		func(s string) string { return s + s },
		func(s string) string { return "[" + s + "]" },
		func(s string) string { return fmt.Sprintf("%q", s) },
		func(s string) string { return "\ufeff" + s },
		func(s string) string { return "/**/" + s },
		func(s string) string { return s[:len(s)-1] },
		func(s string) string { return s + "&to=4915112345679" },
		func(s string) string { return "\x00" + strings.Join(strings.Split(s, ""), "\x00") },
	}).Draw(t, "wrapping")(object)
}

func asForm(t *rapid.T, fields []pair) string {
	raw := rapid.IntRange(0, 3).Draw(t, "raw form") == 0
	var pairs []string
	for _, f := range fields {
		value := f.value
		if quoted := strings.HasPrefix(value, `"`) && len(value) > 1; quoted {
			value = value[1 : len(value)-1]
		}
		if !raw {
			value = url.QueryEscape(value)
		}
		pairs = append(pairs, f.name+"="+value)
	}
	return strings.Join(pairs, rapid.SampledFrom([]string{"&", "&", "&", "&&", ";"}).Draw(t, "separator"))
}

var (
	segments = []string{
		"v25.0", "v1", "123456", "me", "messages", "Messages", "message%73", "message%2573", "marketing_messages", "calls",
		"messages_encrypted", "media", "messages.json", "messages;x", "mess%E2%80%8Bages", "messages%00", "messages%3fmethod=post", "messages%23", "{result=a}", "",
	}
	slashes = []string{"/", "/", "/", "//", "%2f", "%252f", `\`, "%5c", "/./", "/../", "/%2e%2e/", ";"}
	paths   = []string{
		"/v25.0/123456/messages", "/123456/messages", "/123456/calls", "/123456/marketing_messages", "/", "/v25.0/", "/123456/media",
		"/messages", "/v1/messages", "/v1/messages/ABGG",
	}
)

func drawTarget(t *rapid.T) string {
	target := rapid.SampledFrom(paths).Draw(t, "path")
	if rapid.IntRange(0, 3).Draw(t, "odd path") == 0 {
		target = ""
		for range rapid.IntRange(1, 5).Draw(t, "segments") {
			target += rapid.SampledFrom(slashes).Draw(t, "slash") + rapid.SampledFrom(segments).Draw(t, "segment")
		}
	}
	switch rapid.IntRange(0, 5).Draw(t, "query") {
	case 0:
		target += "?" + asForm(t, drawFields(t))
	case 1:
		target += "?" + rapid.SampledFrom([]string{
			"method=post", "a=b;_method=POST", "access_token=x", "%6dethod=post", "to=4915112345679", "x#to=1", "to%00x=4915112345679", "+to=1", "a%26to=1",
			"batch=" + url.QueryEscape("["+sendText+"]"),
		}).Draw(t, "parameter")
	}
	return target
}

func drawBatch(t *rapid.T) string {
	var elements []string
	for range rapid.IntRange(0, 3).Draw(t, "elements") {
		body := asForm(t, drawFields(t))
		if rapid.Bool().Draw(t, "element in JSON") {
			body = asJSON(t, drawFields(t))
		}
		method := rapid.SampledFrom([]string{"POST", "POST", "POST", "GET", "DELETE", "post", "PUT"}).Draw(t, "element method")
		extra := rapid.SampledFrom([]string{
			"", "", "", "", `,"name":"a"`, `,"Method":"POST"`, `,"headers":["X-HTTP-Method-Override: POST"]`,
			`,"body":"to=1"`, `,"attached_files":"f"`, `,"batch":[]`,
		}).Draw(t, "extra")
		if rapid.IntRange(0, 4).Draw(t, "no body") == 0 {
			elements = append(elements, fmt.Sprintf(`{"method":%q,"relative_url":%q%s}`, method, drawTarget(t), extra))
			continue
		}
		if rapid.IntRange(0, 9).Draw(t, "reference") == 0 {
			body = strings.Replace(body, "4915112345678", "{result=a:$.to}", 1)
		}
		elements = append(elements, fmt.Sprintf(`{"method":%q,"relative_url":%q,"body":%q%s}`, method, drawTarget(t), body, extra))
	}
	return "[" + strings.Join(elements, ",") + "]"
}

const formType = "application/x-www-form-urlencoded"

func drawHeader(t *rapid.T, contentType string) string {
	if rapid.IntRange(0, 2).Draw(t, "other type") == 0 {
		contentType = rapid.SampledFrom([]string{
			"application/json", formType, "", "text/plain", "application/json; charset=utf-8", "text/json", "image/png",
			"multipart/form-data; boundary=b", "m; boundary=b", formType + "x", "x", "application/json, text/plain", "text/html",
		}).Draw(t, "type")
	}
	return header(contentType) + rapid.SampledFrom([]string{
		"", "", "", "", "", "X-HTTP-Method-Override: POST\r\n", "Content-Encoding: gzip\r\n",
		"X-Method: POST\r\n", "Cookie: a=b; to=4915112345679\r\n", "Cookie: batch=[" + url.QueryEscape(sendText) + "]\r\n",
	}).Draw(t, "header")
}

func TestNothingGetsPast(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		contentType, body := "application/json", ""
		switch rapid.IntRange(0, 5).Draw(rt, "body") {
		case 0:
			contentType = ""
		case 1:
			contentType, body = formType, asForm(rt, drawFields(rt))
		case 2:
			body = `{"batch":` + drawBatch(rt) + `}`
		case 3:
			contentType, body = formType, "batch="+url.QueryEscape(drawBatch(rt))
		default:
			body = asJSON(rt, drawFields(rt))
		}
		compare(rt, wire{
			Dialect(rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(rt, "dialect")),
			rapid.SampledFrom([]string{"POST", "POST", "POST", "POST", "GET", "PUT", "DELETE", "post", "PATCH"}).Draw(rt, "method"),
			strings.ReplaceAll(drawTarget(rt), " ", "%20"), drawHeader(rt, contentType), []byte(body),
		})
	})
}
