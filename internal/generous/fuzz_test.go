package generous

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Whatever the request, Read answers with a bounded list of distinct and complete sends, and always the same.
func FuzzRead(f *testing.F) {
	f.Fuzz(func(t *testing.T, method, target, contentType, encoding string, body []byte) {
		r := Request{method, target, http.Header{"Content-Type": {contentType}, "Content-Encoding": {encoding}}, body}
		before := bytes.Clone(body)
		sends := Read(r)
		if len(sends) > MaxSends {
			t.Errorf("%d sends", len(sends))
		}
		seen := map[Send]bool{}
		for _, s := range sends {
			key := s
			key.How = ""
			if seen[key] {
				t.Errorf("reported twice: %+v", s)
			}
			seen[key] = true
			people := 0
			if s.To != "" {
				people++
			}
			if s.Recipient != "" {
				people++
			}
			if hidden := s.Receipt || s.Edge == edgeEncrypted; hidden != (people == 0) || people > 1 {
				t.Errorf("%d people in %+v", people, s)
			}
			if (s.Type == "") != s.Receipt {
				t.Errorf("type and receipt disagree in %+v", s)
			}
			if !strings.HasPrefix(s.Path, "/") {
				t.Errorf("path of %+v", s)
			}
		}
		if !bytes.Equal(before, body) {
			t.Error("the body was changed")
		}
		if again := Read(r); !slices.Equal(sends, again) {
			t.Errorf("read again:%s\nbut first:%s", listing(again), listing(sends))
		}
	})
}

// The worst known inputs of full size. A reader that is not bounded fails by the test's own deadline.
func TestHugeRequestsAreBounded(t *testing.T) {
	fill := func(before, repeated, after string) string {
		n := (MaxBody - len(before) - len(after)) / len(repeated)
		return before + strings.Repeat(repeated, n) + after
	}
	element := `{"method":"POST","relative_url":"1/messages","body":"to=1&to=2&type=a&type=b"},`
	nested := `{"relative_url":"","body":{"batch":[` + strings.Repeat(element, 200) + `]}},`
	path := strings.Repeat("messages/calls/", 1000)
	for _, tt := range []struct{ name, body string }{
		{"open-arrays", fill("", "[", "")},
		{"open-objects", fill("", `{"to":`, "")},
		{"quotes", fill(`{"to":"`, `\"`, "")},
		{"strings-in-strings", fill(`{"to":["`, `","[[`, "")},
		{"fields", fill("{", `"a":1,`, "}")},
		{"types", fill(`{"to":1,`, `"type":"a","category":"b",`, "}")},
		{"recipients", fill(`{"to":[`, "1,22,", "]}")},
		{"one-recipient", fill(`{"to":"`, "1,", `"}`)},
		{"long-recipient", fill(`{"type":"a","type":"b","to":"`, "x1", `"}`)},
		{"form", fill("to=1&", "a[b][c]=1&", "")},
		{"form/different-brackets", fill("", "a[]=&b[x]=&c[y]=&", "")},
		{"multipart", fill("", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n", "")},
		{"multipart/header", fill("--b\r\nContent-Disposition: form-data;", " name=a;", "\r\n\r\n1\r\n--b--")},
		{"batch", fill(`{"batch":[`, element, "]}")},
		{"batch/nested", fill(`{"batch":[`, nested, "]}")},
		{"batch/one-large-body", fill(`{"batch":[{"method":["a","b","c","d"],"relative_url":["1/messages","2/messages"],"body":"to=1&`, "a&", `"}]}`)},
		{"batch/long-paths", fill(`{"batch":[`, `{"method":["a","b","c","d"],"relative_url":"`+path+`?x=1;y=2%23%3f#z","body":"to=1&to=2&type=a"},`, "]}")},
		{"batch/long-path-same-sends", fill(`{"batch":[`, strings.Repeat(`{"relative_url":"`+path+`","body":"to=1&to=2&type=a&type=b"},`, 10), "]}")},
		{"json-in-recipient", fill(`{"to":"`, "[", `"}`)},
		{"comments", fill("{", "/*", "")},
		{"wide", fill("", "{\x00", "")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target := messages + "/calls/%2561/..?a=1;b=2#c%3F" + path
			if sends := Read(post(target, "multipart/form-data; boundary=b", tt.body)); len(sends) > MaxSends {
				t.Errorf("%d sends", len(sends))
			}
		})
	}
}
