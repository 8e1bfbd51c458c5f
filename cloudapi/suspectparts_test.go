package cloudapi

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/waguard/waguard/policy"
)

// part is a part with the boundary b before it.
func part(disposition, content string) string {
	return "--b\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + content + "\r\n"
}

const lastBoundary = "--b--\r\n"

var multipartCases = []struct {
	name string
	body string
	rule policy.Rule
}{
	{"upload", part(`name="messaging_product"`, "whatsapp") + part(`name="file"; filename="batch method.pdf"`, "%PDF") + lastBoundary, ""},
	{"upload/content-looks-like-parameters", part(`name="file"; filename*=UTF-8''x.txt`, "batch=[1]&method=post name=batch") + lastBoundary, ""},
	{"upload/line-feeds", strings.ReplaceAll(part(`name="file"`, "x")+lastBoundary, "\r\n", "\n"), policy.RuleUnreadable},
	{"upload/unfinished", part(`name="file"`, "x"), policy.RuleUnreadable},
	{"upload/blank-line-first", "\r\n" + part(`name="file"`, "x") + lastBoundary, ""},
	{"method", part(`name="method"`, "post") + lastBoundary, policy.RuleMethod},
	{"method/underscore", part(`name="_method"`, "post") + lastBoundary, policy.RuleMethod},
	{"method/unquoted", part(`name=method`, "post") + lastBoundary, policy.RuleMethod},
	{"method/case", part(`NAME="Method"`, "post") + lastBoundary, policy.RuleMethod},
	{"method/backslash", part(`name="me\thod"`, "post") + lastBoundary, policy.RuleMethod},
	{"method/escaped", part(`name="me%74hod"`, "post") + lastBoundary, policy.RuleMethod},
	{"method/second-name", part(`name="a"; name="method"`, "post") + lastBoundary, policy.RuleMethod},
	{"method/in-filename", part(`name="a"; filename="x; name=method"`, "post") + lastBoundary, policy.RuleMethod},
	{"method/folded-line", part("name=\r\n \"method\"", "post") + lastBoundary, policy.RuleMethod},
	{"method/spaces", part(`name = "method"`, "post") + lastBoundary, policy.RuleMethod},
	{"method/extended", part(`name*=UTF-8''me%74hod`, "post") + lastBoundary, policy.RuleUnreadable},
	{"method/continued", part(`name*0="met"; name*1="hod"`, "post") + lastBoundary, policy.RuleUnreadable},
	{"method/encoded-word", part(`name="=?utf-8?B?bWV0aG9k?="`, "post") + lastBoundary, policy.RuleUnreadable},
	{"batch", part(`name="batch"`, "[]") + lastBoundary, policy.RuleBatch},
	{"batch/bracket", part(`name="batch[0][method]"`, "POST") + lastBoundary, policy.RuleBatch},
	{"batch/after-the-end", part(`name="a"`, "x") + lastBoundary + part(`name="batch"`, "[]") + lastBoundary, policy.RuleUnreadable},
	{"batch/inside-a-part", part(`name="a"`, "x --b\r\nContent-Disposition: form-data; name=batch\r\n\r\n[]") + lastBoundary, policy.RuleUnreadable},
	{"batch/header-without-end", "--b\r\nContent-Disposition: form-data; name=batch\r\n", policy.RuleBatch},
	{"name/nul", part("name=\"batch\x00x\"", "[]") + lastBoundary, policy.RuleUnreadable},
	{"name/none", part(`filename="a"`, "x") + lastBoundary, policy.RuleUnreadable},
	{"name/twice", part(`name="a"; name="b"`, "x") + lastBoundary, policy.RuleUnreadable},
	{"name/brackets", part(`name="a[b]"`, "x") + lastBoundary, policy.RuleUnreadable},
	{"name/space", part(`name="a b"`, "x") + lastBoundary, policy.RuleUnreadable},
	{"name/plain", part(`name=a_b-c.d; filename=x.png; filename*=utf-8''x.png`, "x") + lastBoundary, ""},
	{"name/trailing-semicolon", part(`name="a";`, "x") + lastBoundary, ""},
	{"filename/unicode", part(`name="file"; filename="\u00e4 '\\\"; x.png"`, "x") + lastBoundary, ""},
	{"filename/latin-1", part("name=\"file\"; filename=\"\xe4.png\"", "x") + lastBoundary, ""},
	{"filename/unclosed", part(`name="file"; filename="a`, "x") + lastBoundary, policy.RuleUnreadable},
	{"disposition/other-parameter", part(`name="a"; x="y"`, "x") + lastBoundary, policy.RuleUnreadable},
	{"disposition/attachment", strings.ReplaceAll(part(`name="a"`, "x"), "form-data", "attachment") + lastBoundary, policy.RuleUnreadable},
	{"header/no-colon", part("na\r\nme=\"batch\"", "[]") + lastBoundary, policy.RuleUnreadable},
	{"header/folded", part("name=\"a\";\r\n filename=\"x\"", "x") + lastBoundary, policy.RuleUnreadable},
	{"header/unknown", part("name=\"a\"\r\nX-A: b", "x") + lastBoundary, policy.RuleUnreadable},
	{"header/twice", part("name=\"a\"\r\nContent-Type: a/b\r\nContent-Type: a/b", "x") + lastBoundary, policy.RuleUnreadable},
	{"header/none", "--b\r\n\r\nx\r\n" + lastBoundary, policy.RuleUnreadable},
	{"header/bare-line-feed", part("name=\"a\"\nContent-Type: a/b", "x") + lastBoundary, policy.RuleUnreadable},
	{"header/bare-carriage-return", part("name=\"a\"\rContent-Type: a/b", "x") + lastBoundary, policy.RuleUnreadable},
	{"header/not-ascii", part("name=\"a\"\r\nContent-Type: \u00e4/b", "x") + lastBoundary, policy.RuleUnreadable},
	{"boundary/mid-line", part(`name="file"`, "a--b") + lastBoundary, policy.RuleUnreadable},
	{"boundary/line-feed", part(`name="file"`, "a\n--b\r\n") + lastBoundary, policy.RuleUnreadable},
	{"boundary/space-behind", "--b \r\n" + part(`name="a"`, "x")[len("--b\r\n"):] + lastBoundary, policy.RuleUnreadable},
	{"boundary/no-content", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n--b--\r\n", policy.RuleUnreadable},
	{"boundary/empty-content", part(`name="a"`, "") + lastBoundary, ""},
	{"end/line-ends", part(`name="a"`, "x") + lastBoundary + "\r\n", ""},
	{"end/text", part(`name="a"`, "x") + lastBoundary + "x", policy.RuleUnreadable},
	{"end/only", lastBoundary, ""},
	{"fields", part(`name="fields"`, "messages.method(post)") + lastBoundary, policy.RuleMethod},
	{"nested", part("name=\"a\"\r\nContent-Type: multipart/mixed; boundary=c", "--c\r\n\r\n") + lastBoundary, policy.RuleUnreadable},
	{"preamble", "x\r\n" + part(`name="a"`, "x") + lastBoundary, policy.RuleUnreadable},
	{"other-boundary", strings.ReplaceAll(part(`name="batch"`, "[]"), "--b", "--c"), policy.RuleUnreadable},
	{"long-header", "--b\r\nX: " + strings.Repeat("x", 9<<10) + "\r\n\r\n", policy.RuleTooLarge},
}

// streamed reads a body through the guard to its end.
func streamed(t testing.TB, contentType, body string) *Refusal {
	t.Helper()
	g := NewStreamGuard(strings.NewReader(body), contentType)
	out, err := io.ReadAll(g)
	if err == nil && string(out) != body {
		t.Errorf("gave out %q", out)
	}
	if refusal, ok := errors.AsType[*Refusal](err); ok != (g.Refusal() != nil) || refusal != g.Refusal() {
		t.Errorf("read error %v, refusal %v", err, g.Refusal())
	}
	if err != nil && len(out) >= len(body) {
		t.Error("the upstream saw the whole body of a refused request")
	}
	return g.Refusal()
}

func TestMultipart(t *testing.T) {
	for _, tt := range multipartCases {
		t.Run(tt.name, func(t *testing.T) {
			refusal := streamed(t, "multipart/form-data; boundary=b", tt.body)
			if ruleOf(refusal) != tt.rule {
				t.Errorf("refused as %v; want rule %q", refusal, tt.rule)
			}
			if refusal != nil {
				checkRefusal(t, refusal)
			}
			compare(t, wire{Cloud, "POST", "/v25.0/123456/media", header("multipart/form-data; boundary=b"), []byte(tt.body)})

			// However the network cuts the body, the answer is the same.
			g := NewStreamGuard(iotest.OneByteReader(strings.NewReader(tt.body)), "multipart/form-data; boundary=b")
			if _, err := io.Copy(io.Discard, g); ruleOf(g.Refusal()) != tt.rule {
				t.Errorf("byte by byte: %v", err)
			}
		})
	}
}

// A large upload streams: the guard holds back no more than a chunk.
func TestMultipartStreams(t *testing.T) {
	r, w := io.Pipe()
	file := bytes.Repeat([]byte("--bytes\r\n"), 1<<18)
	go func() {
		_, err := io.WriteString(w, "--boundary\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n")
		if err == nil {
			_, err = w.Write(file)
		}
		if err == nil {
			_, err = io.WriteString(w, "\r\n--boundary--\r\n")
		}
		w.CloseWithError(err)
	}()
	g := NewStreamGuard(r, `multipart/form-data; boundary="boundary"`)
	buf, total := make([]byte, 4096), 0
	for {
		n, err := g.Read(buf)
		total += n
		if held := len(g.buf); held > 3*streamChunk {
			t.Fatalf("%d bytes held back", held)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if total < len(file) {
		t.Errorf("%d bytes came through", total)
	}
}

// The error of a body that breaks off reaches the proxy as it is.
func TestStreamBreaksOff(t *testing.T) {
	broken := errors.New("connection reset")
	for _, contentType := range []string{"multipart/form-data; boundary=b", "image/png"} {
		body := io.MultiReader(strings.NewReader(part(`name="a"`, "x")), iotest.ErrReader(broken))
		g := NewStreamGuard(body, contentType)
		if _, err := io.ReadAll(g); !errors.Is(err, broken) || g.Refusal() != nil {
			t.Errorf("%s: %v, %v", contentType, err, g.Refusal())
		}
	}
}

// What calls itself an image streams, unless it starts like parameters.
func TestOtherTypes(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		rule       policy.Rule
	}{
		{"png", "\x89PNG\r\n\x1a\n" + `{"batch":[]}`, ""},
		{"amr", "#!AMR\n\x00\x01", ""},
		{"pdf", "%PDF-1.7\nbatch=1", ""},
		{"json", `{"a":1}`, ""},
		{"spaces", strings.Repeat(" ", 600), ""},
		{"json/batch", ` {"batch":[` + sendText + `]}`, policy.RuleEncoding},
		{"json/method", `{"method":"post"}`, policy.RuleEncoding},
		{"json/large", `{"a":"` + strings.Repeat("x", maxStructured) + `"}`, policy.RuleTooLarge},
		{"form/batch", "batch=[" + sendText + "]", policy.RuleEncoding},
		{"brace", "{\x00\xff\x01" + strings.Repeat("\xff\x01", maxStructured), ""},
		{"form", "\x89PNG&batch=[{}]", policy.RuleBatch},
		{"form/escaped", "\x89PNG&%2562atch=+%5B%7B%7D%5D", policy.RuleBatch},
		{"form/nul", "\x89PNG& batch%00x=[", policy.RuleBatch},
		{"form/brackets", "\x89PNG&batch%5B0%5D[method]=POST", policy.RuleBatch},
		{"form/late", "\x89PNG" + strings.Repeat("\x00&a=1", 1<<17) + "&asyncbatch=\"[", policy.RuleBatch},
		{"links", "%PDF-1.7\n(https://x.example/?a=1&batch=42&method=post)", ""},
		{"links/batch-elsewhere", "%PDF-1.7\n&batches=[&batch1=[&a=batch=[", ""},
		{"utf-16", "\xff\xfe{\x00\"\x00b\x00a\x00t\x00c\x00h\x00\"\x00", policy.RuleEncoding},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if refusal := streamed(t, "application/octet-stream", tt.body); ruleOf(refusal) != tt.rule {
				t.Errorf("refused as %v; want rule %q", refusal, tt.rule)
			}
			g := NewStreamGuard(iotest.OneByteReader(strings.NewReader(tt.body)), "image/png")
			if _, err := io.Copy(io.Discard, g); ruleOf(g.Refusal()) != tt.rule {
				t.Errorf("byte by byte: %v", err)
			}
		})
	}
}
