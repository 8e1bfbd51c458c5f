package generous

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
)

// What other readers don't take for a parameter, HHVM does.
func TestHHVM(t *testing.T) {
	const batch = `[{"method":"POST","relative_url":"1/messages","body":"to=447700900123&type=text"}]`
	escaped := url.QueryEscape(batch)
	parts := func(header string) string { return "--b\r\n" + header + "\r\n\r\n" + batch + "\r\n--b--\r\n" }
	const named = `Content-Disposition: form-data; name="batch"`
	found, none := []string{"messages to=447700900123 text"}, []string{}
	with := func(contentType, body, cookie string) Request {
		r := post("/", contentType, body)
		if cookie != "" {
			r.Header["Cookie"] = []string{cookie}
		}
		return r
	}
	for _, tt := range []struct {
		name string
		r    Request
		want []string
	}{
		{"type/letter", with("m; boundary=b", parts(named), ""), found},
		{"type/none", with("; boundary=b", parts(named), ""), found},
		{"type/comma", with("MULTIPART/FORM-DATA, boundary=b", parts(named), ""), found},
		{"type/longer", with("multipart/form-datax; boundary=b", parts(named), ""), none},
		{"type/mixed", with("multipart/mixed; boundary=b", parts(named), ""), none},
		{"boundary/prefixed", with("multipart/form-data; xboundary=b; boundary=c", parts(named), ""), found},
		{"boundary/next-equals-sign", with("multipart/form-data; boundary_x=b; boundary=c", parts(named), ""), found},
		{"boundary/quoted", with(`multipart/form-data; boundary="b"x`, parts(named), ""), found},
		{"boundary/capitals", with("multipart/form-data; Boundary=b", parts(named), ""), none},
		{"header/no-colon", with("multipart/form-data; boundary=b", parts("Content-Disposition: form-data; na\r\nme=\"batch\""), ""), found},
		{"header/folded", with("multipart/form-data; boundary=b", parts("Content-Disposition: form-data;\r\n name=\"batch\""), ""), found},
		{"header/last-name", with("multipart/form-data; boundary=b", parts(`Content-Disposition: form-data; name="a"; name='batch'`), ""), found},
		{"header/first-disposition", with("multipart/form-data; boundary=b", parts("Content-Disposition: form-data; name=\"a\"\r\n"+named), ""), none},
		{"header/nul-in-name", with("multipart/form-data; boundary=b", parts("Content-Disposition: form-data; name=\"batch\x00x\""), ""), found},
		{"header/nul-before-filename", with("multipart/form-data; boundary=b", parts(named+"\x00; filename=x"), ""), found},
		{"header/file", with("multipart/form-data; boundary=b", parts(named+"; filename=x"), ""), none},
		{"header/file-in-other-words", with("multipart/form-data; boundary=b", parts(`Content-Disposition: form-data; x="; filename=x"; name=batch`), ""), found},
		{"body/after-the-end", with("multipart/form-data; boundary=b", "--b--\r\n"+parts(named), ""), found},
		{"body/line-feeds", with("multipart/form-data; boundary=b", "--b\n"+named+"\n\n"+batch+"\n--b--\n", ""), found},
		{"form/any-type", with("image/png", "\x89PNG&batch="+escaped, ""), found},
		{"form/name-nul", with("image/png", "x& batch%00x="+escaped, ""), found},
		{"form/in-json", with("application/json", `{"a":"&batch=`+escaped+`&"}`, ""), found},
		{"form/in-json-with-escaped-quotes", with("application/json", `{"a":"&batch=[{\"relative_url\":\"1/messages?to=1\"}]&"}`, ""), none},
		{"cookie", with("application/json", "{}", "a=b; batch="+escaped), found},
		{
			"cookie/send",
			Request{Method: "POST", Target: messages + "?to%00x=447700900123", Header: http.Header{"Cookie": {"type%00=image"}}},
			[]string{"messages to=447700900123 image"},
		},
		{"query/dot", post(messages+"?recipient.type=group&to=447700900123", "application/json", "{}"), []string{"messages to=447700900123 text group"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			names := []string{}
			for _, s := range ReadHHVM(tt.r) {
				names = append(names, brief(s))
			}
			slices.Sort(names)
			names = slices.Compact(names)
			slices.Sort(tt.want)
			if !slices.Equal(names, tt.want) {
				t.Errorf("found %q, want %q", names, tt.want)
			}
		})
	}
}
