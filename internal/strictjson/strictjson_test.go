package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAccepts(t *testing.T) {
	for _, doc := range []string{
		`null`, `true`, `false`, `0`, `-0`, `12.5e-3`, `1E+9`, `""`, `[]`, `{}`, " {\t\"a\" :\r\n[ 1 , 2 ] } ",
		`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, `"é😀"`, `{"a":{"a":1},"b":[{"a":1},{"a":2}]}`, `"` + strings.Repeat("x", 1000) + `"`,
		strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth),
	} {
		if _, err := Parse([]byte(doc)); err != nil {
			t.Errorf("%.60s: %v", doc, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	manyKeys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"%d":0`, i)
		}
		return "{" + b.String()[1:] + "}"
	}
	for _, tt := range []struct{ name, doc string }{
		{"empty", ``},
		{"spaces", `  `},
		{"bom", "\ufeff{}"},
		{"trailing/value", `{}{}`},
		{"trailing/text", `1 x`},
		{"trailing/nul", "1\x00"},
		{"comma/object", `{"a":1,}`},
		{"comma/array", `[1,]`},
		{"comma/missing", `[1 2]`},
		{"comma/leading", `[,1]`},
		{"comment", `/**/1`},
		{"single-quotes", `{'a':1}`},
		{"bare-key", `{a:1}`},
		{"number-key", `{1:1}`},
		{"number/leading-zero", `01`},
		{"number/plus", `+1`},
		{"number/point", `.5`},
		{"number/no-fraction", `1.`},
		{"number/no-exponent", `1e`},
		{"number/minus", `-`},
		{"number/hex", `0x1`},
		{"nan", `NaN`},
		{"literal/case", `True`},
		{"literal/short", `tru`},
		{"string/open", `"a`},
		{"string/newline", "\"a\n\""},
		{"string/nul", "\"\x00\""},
		{"string/escape", `"\a"`},
		{"string/hex", `"\x41"`},
		{"string/short-unicode", `"\u12"`},
		{"string/bad-unicode", `"\u12g4"`},
		{"string/not-utf-8", "\"\xff\""},
		{"string/overlong", "\"\xc0\xaf\""},
		{"string/surrogate-in-utf-8", "\"\xed\xa0\x80\""},
		{"string/backslash-at-end", `"\`},
		{"keys/twice", `{"a":1,"a":2}`},
		{"keys/twice-deep", `[{"x":{"a":1,"b":2,"a":3}}]`},
		{"keys/twice-escaped", `{"a":1,"\u0061":2}`},
		{"keys/twice-both-escaped", `{"\u0061":1,"\u0061":2}`},
		{"keys/twice-in-many", manyKeys(100)[:len(manyKeys(100))-1] + `,"7":1}`},
		{"keys/half-surrogates", `{"\ud800":1,"\udbff":2}`},
		{"depth", strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1)},
		{"depth/open", strings.Repeat(`{"a":`, 1<<16)},
		{"tokens", "[" + strings.Repeat("1,", MaxTokens) + "1]"},
		{"keys/many", manyKeys(MaxKeys + 1)},
		{"object/open", `{"a":1`},
		{"object/no-colon", `{"a" 1}`},
		{"object/no-value", `{"a":}`},
		{"array/open", `[1`},
		{"mismatch", `[1}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.doc))
			if e, ok := errors.AsType[*Error](err); !ok || e.Problem == "" || e.Offset < 0 || e.Offset > len(tt.doc) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestValues(t *testing.T) {
	root, err := Parse([]byte(`{"s":"a\u0062","plain":"x","n":-1.5,"t":true,"f":false,"z":null,"list":[1,[2,3],{"k":4}],"k\u0065y":5,"half":"\ud800","nul":"\u0000"}`))
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := root.Get("s").Text(); s != "ab" || !ok || !root.Get("s").Is("ab") || root.Get("s").Is("a") {
		t.Errorf("s is %q, %v", s, ok)
	}
	if s, ok := root.Get("plain").Text(); s != "x" || !ok || !root.Get("plain").Is("x") {
		t.Errorf("plain is %q, %v", s, ok)
	}
	for _, key := range []string{"half", "nul", "n", "absent"} {
		if _, ok := root.Get(key).Text(); ok || root.Get(key).Is("") {
			t.Errorf("%s has a text", key)
		}
	}
	if raw := root.Get("n").Raw(); string(raw) != "-1.5" {
		t.Errorf("n is %s", raw)
	}
	if root.Get("key").Kind() != Absent {
		t.Error("an escaped key was found by Get")
	}
	for key, kind := range map[string]Kind{"s": String, "n": Number, "t": True, "f": False, "z": Null, "list": Array, "absent": Absent} {
		v := root.Get(key)
		if v.Kind() != kind || v.Given() != (kind > Null) {
			t.Errorf("%s is %s, given %v", key, v.Kind(), v.Given())
		}
	}
	var list []string
	for v := range root.Get("list").Elements() {
		list = append(list, string(v.Raw()))
	}
	if got := strings.Join(list, " "); got != `1 [2,3] {"k":4}` {
		t.Errorf("elements are %s", got)
	}
	var keys []string
	for k := range root.Members() {
		keys = append(keys, k.String())
	}
	if got := strings.Join(keys, " "); got != "s plain n t f z list key half nul" {
		t.Errorf("keys are %s", got)
	}
	n := 0
	for range root.Get("list").All() {
		n++
	}
	if n != 8 { // the list, 1, [2,3], 2, 3, {"k":4}, k and 4
		t.Errorf("%d values in the list", n)
	}
}

// plain must agree with the plain definition wherever the special byte stands.
func TestPlain(t *testing.T) {
	for _, special := range []byte{0, 1, 0x1F, '"', '\\', 0x7F, 0x80, 0xFF, ' ', '!', '#', '[', ']', 'x'} {
		for n := range 40 {
			for at := range n {
				s := bytes.Repeat([]byte{'a'}, n)
				s[at] = special
				want := n
				if special < ' ' || special == '"' || special == '\\' || special >= utf8.RuneSelf {
					want = at
				}
				if got := plain(s); got != want {
					t.Fatalf("%q: %d, want %d", s, got, want)
				}
			}
		}
	}
}

// Whatever is accepted, encoding/json accepts and reads alike.
func FuzzParse(f *testing.F) {
	for _, doc := range []string{`{"a":[1,"\u00e9",{"b":null}]}`, `"\ud83d\ude00"`, `{"\ud800":1}`, `[true,false,-1.5e3]`, `{"a":1,"\u0061":2}`} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		root, err := Parse(doc)
		if err != nil {
			return
		}
		var want any
		d := json.NewDecoder(bytes.NewReader(doc))
		d.UseNumber()
		if err := d.Decode(&want); err != nil || !json.Valid(doc) {
			t.Fatalf("accepted, but encoding/json says %v", err)
		}
		same(t, root, want)
	})
}

func same(t *testing.T, v Value, want any) {
	t.Helper()
	switch want := want.(type) {
	case nil:
		if v.Kind() != Null {
			t.Fatalf("null read as %s", v.Kind())
		}
	case bool:
		if v.Kind() != True && want || v.Kind() != False && !want {
			t.Fatalf("%v read as %s", want, v.Kind())
		}
	case json.Number:
		if string(v.Raw()) != want.String() {
			t.Fatalf("%s read as %s", want, v.Raw())
		}
	case string:
		if s, _ := v.Text(); s != want {
			t.Fatalf("%q read as %q", want, s)
		}
	case []any:
		i := 0
		for e := range v.Elements() {
			same(t, e, want[i])
			i++
		}
		if i != len(want) {
			t.Fatalf("%d elements, want %d", i, len(want))
		}
	case map[string]any:
		n := 0
		for key, member := range v.Members() {
			value, ok := want[key.String()]
			if !ok {
				t.Fatalf("key %q is not there", key)
			}
			same(t, member, value)
			n++
		}
		if n != len(want) {
			t.Fatalf("%d members, want %d", n, len(want))
		}
	}
}
