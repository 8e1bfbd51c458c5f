package generous

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"io"
	"net/http"
	"testing"
	"unicode/utf16"
)

func TestParametersFromQueryAndBody(t *testing.T) {
	found := []string{"messages to=447700900123 text"}
	checkFound(t, []row{
		{"query-only", post(messages+"?to=447700900123&type=text", "", ""), found},
		{
			"split", post(messages+"?to=447700900123", "application/json", `{"type":"template","template":{"name":"n"}}`),
			[]string{"messages to=447700900123 template n/"},
		},
		{
			"conflict", post(messages+"?to=447700900456", "application/json", annText),
			[]string{"messages to=447700900123 text", "messages to=447700900456 text"},
		},
		{
			"conflict/type", post(messages+"?type=template&template[name]=n", "application/json", annText),
			[]string{"messages to=447700900123 text", "messages to=447700900123 template n/"},
		},
		{
			"query-may-be-ignored", post(messages+"?category=utility", "application/json", annText),
			[]string{"messages to=447700900123 text", "messages to=447700900123 text category=utility"},
		},
		{
			"template-from-both", post(messages+"?template[name]=n", "application/json",
				`{"to":"447700900123","type":"template","template":{"language":{"code":"de"}}}`),
			[]string{"messages to=447700900123 template n/de"},
		},
		{"query-behind-encoded-mark", post(messages+"%3Fto=447700900123", "", ""), found},
		{"query-before-fragment", post(messages+"?type=image&to=447700900123&type=text#x", "", ""), found},
	})
}

func TestForms(t *testing.T) {
	found := []string{"messages to=447700900123 text"}
	template := []string{"messages to=447700900123 template n/de"}
	multi := func(boundary, disposition, v string) string {
		return "--" + boundary + "\r\n" + disposition + "\r\n\r\n" + v + "\r\n--" + boundary + "--\r\n"
	}
	to := "Content-Disposition: form-data; name=\"to\""
	folded := postForm(multi("b", to, ann))
	folded.Header["Content-Type"] = []string{"application/json", "text/plain,\r\n multipart/form-data; boundary=b"}
	checkFound(t, []row{
		{"form", postForm(annForm), found},
		{"form/called-json", post(messages, "application/json", annForm), found},
		{"form/no-content-type", post(messages, "", annForm), found},
		{"form/json-called-form", postForm(annText), found},
		{"form/valid-json-holding-a-form", postForm(`{"text":"&to=447700900123&"}`), found},
		{"form/brackets", postForm("to=447700900123&type=template&template[name]=n&template[language][code]=de"), template},
		{"form/encoded-brackets", postForm("to=447700900123&type=template&template%5Bname%5D=n&template[language]=de"), template},
		{"form/json-values", postForm(`to=447700900123&type=template&template={"name":"n","language":{"code":"de"}}`), template},
		{"form/json-in-brackets", postForm(`to=447700900123&type=template&template[name]=n&template[language]={"code":"de"}`), template},
		{
			"form/template-name-only", postForm("to=447700900123&type=template&template=n"),
			[]string{"messages to=447700900123 template n/"},
		},
		{
			"form/list", postForm("to[]=447700900123&to[]=447700900456"),
			[]string{"messages to=447700900123 text", "messages to=447700900456 text"},
		},
		{"form/open-bracket", postForm("to[=447700900123"), found},
		{"form/plus", postForm("to=%2B44+7700+900123"), found},
		{"form/semicolons", postForm("a=b;to=447700900123;type=text"), found},
		{
			"form/duplicates", postForm("to=447700900123&to=447700900456"),
			[]string{"messages to=447700900123 text", "messages to=447700900456 text"},
		},
		{"json/brackets", postJSON(`{"to":"447700900123","type":"template","template[name]":"n","template":{"language":{"code":"de"}}}`), template},
		{"multipart", post(messages, "multipart/form-data; boundary=b", multi("b", to, ann)), found},
		{"multipart/quoted-boundary", post(messages, `Multipart/Form-Data; BOUNDARY="b c"`, multi("b c", to, ann)), found},
		{"multipart/no-content-type", post(messages, "", multi("b", to, ann)), found},
		{"multipart/called-json", post(messages, "application/json", multi("b", to, ann)), found},
		{"multipart/duplicate-content-types", folded, found},
		{"multipart/bare-newlines", post(messages, "", "--b\nContent-Disposition: form-data; name=to\n\n447700900123\n--b--"), found},
		{"multipart/unquoted-case", post(messages, "", multi("b", "CONTENT-disposition: form-data; NAME=To", ann)), found},
		{"multipart/extended-name", post(messages, "", multi("b", "Content-Disposition: form-data; name*=utf-8''t%6F", ann)), found},
		{"multipart/folded-header", post(messages, "", multi("b", "Content-Disposition: form-data;\r\n name=\"to\"", ann)), found},
		{"multipart/file-part", post(messages, "", multi("b", to+"; filename=\"x\"", ann)), found},
		{"multipart/base64", post(messages, "", multi("b", to+"\r\nContent-Transfer-Encoding: base64", "NDQ3NzAwOTAwMTIz")), found},
		{"multipart/brackets", post(messages, "", multi("b", "Content-Disposition: form-data; name=\"to[0]\"", ann)), found},
		{"multipart/json-value", post(messages, "", multi("b", to, `["447700900123"]`)), found},
	})
}

func TestKeys(t *testing.T) {
	found := []string{"messages to=447700900123 text"}
	template := []string{"messages to=447700900123 template n/de"}
	checkFound(t, []row{
		{"case", postJSON(`{"TO":"447700900123","Type":"template","TEMPLATE":{"Name":"n","LANGUAGE":{"cODE":"de"}}}`), template},
		{"spaces", postJSON(`{" to\t":"447700900123"}`), found},
		{"no-break-space", postJSON("{\"\u00a0to\":\"447700900123\"}"), found},
		{"zero-width", postJSON("{\"t\u200bo\ufeff\":\"447700900123\"}"), found},
		{"nul", postJSON(`{"to\u0000":"447700900123"}`), found},
		{"broken-utf8", postJSON("{\"to\xff\":\"447700900123\"}"), found},
		{"unicode-escape", postJSON(`{"\u0074\u006f":"447700900123"}`), found},
		{"fullwidth", postJSON(`{"ｔｏ":"447700900123"}`), found},
		{"long-s", postJSON(`{"ſtatuſ":"read"}`), []string{"messages receipt"}},
		{"dotless-i", postJSON(`{"recıpient":"US.40817726355190042"}`), []string{"messages recipient=" + eve + " text"}},
		{
			"php-underscore", postJSON(`{"to":"Y2FwaV9ncm91cDo","recipient type":"group"}`),
			[]string{"messages to=Y2FwaV9ncm91cDo text group"},
		},
		{
			"duplicate", postJSON(`{"to":"447700900123","to":"447700900456"}`),
			[]string{"messages to=447700900123 text", "messages to=447700900456 text"},
		},
		{
			"duplicate/case", postJSON(`{"to":"447700900123","To":"447700900456"}`),
			[]string{"messages to=447700900123 text", "messages to=447700900456 text"},
		},
		{
			"duplicate/null-wins", postJSON(`{"to":"447700900123","category":"utility","category":null}`),
			[]string{"messages to=447700900123 text", "messages to=447700900123 text category=utility"},
		},
		{
			"duplicate/nested", postJSON(`{"to":"447700900123","type":"template","template":{"name":"a","name":"b","language":"de"}}`),
			[]string{"messages to=447700900123 template a/de", "messages to=447700900123 template b/de"},
		},
	})
}

func TestJSONFormats(t *testing.T) {
	found := []string{"messages to=447700900123 text"}
	checkFound(t, []row{
		{"text-plain", post(messages, "text/plain", annText), found},
		{"bom", postJSON("\ufeff" + annText), found},
		{"leading-garbage-invisible", postJSON("\u200b\x00\n " + annText), found},
		{"trailing-data", postJSON(annText + "&x"), found},
		{"second-value", postJSON(`{}` + annText), found},
		{"second-value/newline", postJSON("{\"a\":1}\n" + annText), found},
		{"second-value/garbage-between", postJSON(`{"a":1}} and ` + annText), found},
		{"array", postJSON("[" + annText + "]"), found},
		{"string", postJSON(`"{\"to\":\"447700900123\"}"`), found},
		{"comments", postJSON("{/* { */\"to\"://x\n\"447700900123\"#y\n}"), found},
		{"trailing-comma", postJSON(`{"to":"447700900123",}`), found},
		{"missing-comma", postJSON(`{"a":1 "to":"447700900123"}`), found},
		{"single-quotes", postJSON(`{'to':'447700900123'}`), found},
		{"bare-words", postJSON(`{to:447700900123,type:text}`), found},
		{"raw-newline", postJSON("{\"x\":\"a\nb\",\"to\":\"447700900123\"}"), found},
		{"unknown-escape", postJSON(`{"\to":1,"t\o":"447700900123"}`), found},
		{"no-end", postJSON(`{"to":"447700900123","type":"text","text":{"body":"x`), found},
		{"deep", postJSON(`{"x":` + string(bytes.Repeat([]byte("[{\"}\":"), 200)) + "1" +
			string(bytes.Repeat([]byte("}]"), 200)) + `,"to":"447700900123"}`), found},
		{"escaped-value", postJSON(`{"to":"\u0034\u00347700900123","type":"\u0074ext"}`), found},
	})
}

func TestEncodedBodies(t *testing.T) {
	found := []string{"messages to=447700900123 text"}
	packed := func(encoding string, body []byte) Request {
		r := postJSON(string(body))
		if encoding != "" {
			r.Header.Set("Content-Encoding", encoding)
		}
		return r
	}
	zip := func(b []byte) []byte {
		return deflate(t, b, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	}
	text := []byte(annText)
	once := zip(text)
	raw := deflate(t, text, func(w io.Writer) io.WriteCloser { f, _ := flate.NewWriter(w, 9); return f })
	zlibbed := deflate(t, text, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
	checkFound(t, []row{
		{"gzip", packed("gzip", once), found},
		{"gzip/unannounced", packed("", once), found},
		{"gzip/twice", packed("gzip, gzip", zip(once)), found},
		{"gzip/cut-short", packed("gzip", once[:len(once)-6]), found},
		{"gzip/form", packed("gzip", zip([]byte(annForm))), found},
		{"deflate/raw", packed("Deflate", raw), found},
		{"deflate/zlib", packed("deflate", zlibbed), found},
		{"announced-but-plain", packed("gzip", text), found},
		{"utf16/little-endian", postJSON(wide(annText, binary.LittleEndian, "\xff\xfe")), found},
		{"utf16/big-endian", postJSON(wide(annText, binary.BigEndian, "\xfe\xff")), found},
		{"utf16/no-mark", postJSON(wide(annText, binary.LittleEndian, "")), found},
		{"utf32", postJSON(wide(string(bytes.Join(bytes.Split(text, nil), []byte{0})), binary.BigEndian, "\x00\x00\xfe\xff\x00\x00")), found},
		{"gzip/utf16", packed("gzip", zip([]byte(wide(annText, binary.BigEndian, "")))), found},
	})
}

func deflate(t *testing.T, b []byte, open func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var out bytes.Buffer
	w := open(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func wide(s string, order binary.AppendByteOrder, mark string) string {
	b := []byte(mark)
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

func TestHeaderValuesAreStable(t *testing.T) {
	h := http.Header{"content_type": {"a"}, "Content-Type": {"b, c", "d"}, "Other": {"e"}}
	got := headerValues(h, "Content-Type")
	want := []string{"b, c", "b", " c", "d", "a"}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("value %d is %q, want %q", i, got[i], want[i])
		}
	}
}
