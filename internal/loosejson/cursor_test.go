package loosejson

import (
	"encoding/json"
	"strings"
	"testing"
)

// Skipping a value takes what JSON is, and nothing else, and stops where it ends.
func TestSkip(t *testing.T) {
	for _, body := range values {
		checkSkip(t, []byte(body))
	}
	if c := Read([]byte(strings.Repeat("[", 65) + strings.Repeat("]", 65))); !func() bool { c.Skip(); return c.Unusual }() {
		t.Error("what is very deep is not left to others")
	}
}

// values are JSON and nearly JSON.
var values = []string{
	``, ` `, `{}`, `[]`, `{"a":1}`, ` {"a" : [ 1 , "b" , { } , [ ] , null , true , false ] } `, `[1,2]`, `[1,]`, `[,1]`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{a:1}`, `{1:1}`, `[1 2]`, `[1}`, `{"a":1]`, `]`, `}`, `[`, `{`, `{"a":[}`,
	`"text"`, `"a longer text of no interest"`, `"a \"longer\" text \\ of \u00e9 \/\b\f\n\r\t"`, `"\u12"`, `"\u12g4"`, `"\x"`, `"\`, `"`, `"12345678`, "\"a\nb\"", "\"1234567\x01\"", "\"\x1f\"", "\"\x7f\"", "\"\xff\xfe\"", `"é…🛑 and so on and so on"`, `""`,
	`0`, `-0`, `00`, `01`, `-`, `-1`, `1.`, `.5`, `1.5`, `1.5e`, `1e5`, `1E+5`, `1e-5`, `1e+`, `+1`, `1.e5`, `123456789012345678901234567890`, `1a`, `0x1`, `NaN`,
	`true`, `tru`, `truex`, `false`, `null`, `nul`, `nulll`, `TRUE`, `1 2`, `{} {}`, "\u00a0{}", "\ufeff{}", "{}\x00",
}

func checkSkip(t *testing.T, body []byte) {
	t.Helper()
	c := Read(body)
	raw := c.Raw()
	got := c.Whole()
	if valid := json.Valid(body); got && !valid || valid && !got && depth(body) <= deepest {
		t.Errorf("%q is taken: %t; it is JSON: %t", body, got, valid)
	}
	if got && strings.Trim(string(body), " \t\r\n") != string(raw) {
		t.Errorf("%q reads as %q", body, raw)
	}
	var want String
	if got && json.Unmarshal(body, &want) == nil {
		text, s := Read(body), String("before")
		if text.Text(&s); s != want {
			t.Errorf("%q says %q, want %q", body, s, want)
		}
	}
}

// depth is at least how deep a body is.
func depth(body []byte) int {
	return strings.Count(string(body), "[") + strings.Count(string(body), "{")
}

// A member is found under its key; a key that encoding/json might take for another
// one is left to it.
func TestCursorKey(t *testing.T) {
	for body, want := range map[string]string{
		`{"id":"1"}`: "1", ` { "id" : "1" , "x" : {"id":"2"} } `: "1", `{"x":[{"id":"2"}],"id":1}`: "1", `{"id":"1","id":"2"}`: "2",
		`{}`: "", `{"idd":"1"}`: "", `{"id":{}}`: "",
		`{"Id":"1"}`: "unusual", `{"i\u0064":"1"}`: "unusual", `{"ıd":"1"}`: "unusual", `{"id":"1"`: "unusual", `{"id" "1"}`: "unusual", `{id:"1"}`: "unusual", `[]`: "unusual", `null`: "unusual", `{"id":"1"}}`: "unusual", `{"id`: "unusual", "{\"i\td\":1}": "unusual",
	} {
		c := Read([]byte(body))
		var id String
		for more := c.Enter('{'); more; more = c.More('{') {
			if string(c.Key()) == "id" {
				c.Text(&id)
			} else {
				c.Skip()
			}
		}
		if !c.Whole() {
			id = "unusual"
		}
		if string(id) != want {
			t.Errorf("%s reads as %q, want %q", body, id, want)
		}
	}
}

func FuzzSkip(f *testing.F) {
	for _, body := range values {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) { checkSkip(t, body) })
}
