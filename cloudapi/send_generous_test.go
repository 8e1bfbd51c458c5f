package cloudapi

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/generous"
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
)

// wire is a request as it stands on the wire.
type wire struct {
	dialect Dialect
	method  string
	target  string
	header  string // lines that end in CRLF
	body    []byte
}

// parse reads the request as the server in front of the gateway does. It is nil
// if that server would refuse it.
func (w wire) parse() *http.Request {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: graph.example\r\n%s", w.method, w.target, w.header)
	if len(w.body) > 0 {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(w.body))
	}
	b.WriteString("\r\n")
	b.Write(w.body)
	r, err := http.ReadRequest(bufio.NewReader(&b))
	if err != nil {
		return nil
	}
	return r
}

// passed reads a request as the gateway does. refusal is nil if it may pass,
// judged by the sends that were found. searched is false if the body was let
// through unread, as an image is.
func passed(t failer, d Dialect, r *http.Request, body []byte) (sends []policy.Send, refusal *Refusal, searched bool) {
	t.Helper()
	rt, refusal := Classify(d, r, "5550001")
	if refusal != nil {
		return nil, refusal, true
	}
	contentType := r.Header.Get("Content-Type")
	switch rt.Class {
	case StreamInspect:
		g := NewStreamGuard(bytes.NewReader(body), contentType)
		out, err := io.ReadAll(g)
		if !bytes.HasPrefix(body, out) {
			t.Fatalf("the guard changed the body")
		}
		if err == nil && len(out) < len(body) {
			t.Fatalf("the guard gave out %d of %d bytes and no refusal", len(out), len(body))
		}
		return nil, g.Refusal(), startsLikeText(body[:min(len(body), headSize)])
	case SendEdge, Inspect:
		reading, refusal := ReadSends(rt, contentType, body, noHome)
		return reading.Sends, refusal, true
	}
	return nil, nil, true
}

// failer is what compare needs of a test, a fuzz target or a property.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// compare feeds a request to the gateway and to the generous reader. Whatever
// the gateway lets pass must be, in the most generous reading, the sends it
// found and nothing else.
//
// Tolerated is:
//   - numbers in other digits that are one number, as [phone.Parse] says;
//   - the category service, which is the same as none;
//   - in a multipart body, readings as JSON or as a form: files hold anything;
//   - in a file that does not start as text, every reading but that of HHVM, which
//     may take any body for a form.
func compare(t failer, w wire) {
	t.Helper()
	r := w.parse()
	if r == nil {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	sends, refusal, searched := passed(t, w.dialect, r, body)
	if refusal != nil {
		if refusal.Rule == "" || refusal.Reason == "" || refusal.Remedy == "" {
			t.Fatalf("a refusal without rule, reason or remedy: %+v", refusal)
		}
		return
	}
	multipart := parseContentType(r.Header.Get("Content-Type")).format == formatMultipart
	request := generous.Request{Method: r.Method, Target: r.RequestURI, Header: r.Header, Body: body}
	found := generous.ReadHHVM(request)
	for _, g := range generous.Read(request) {
		if searched && !multipart || multipart && strings.Contains(g.How, "multipart body") {
			found = append(found, g)
		}
	}
	for _, g := range found {
		if !slices.ContainsFunc(sends, func(s policy.Send) bool { return sameSend(&s, &g) }) {
			t.Fatalf("a reader that is generous finds\n\t%+v\nwhich the gateway did not judge; it found\n\t%+v\nin %s %s\n%s\n%q",
				g, sends, w.method, w.target, w.header, body)
		}
	}
}

var edgeNames = map[policy.Edge]string{
	policy.EdgeMessages: "messages", policy.EdgeMarketing: "marketing_messages", policy.EdgeCalls: "calls",
}

func sameSend(s *policy.Send, g *generous.Send) bool {
	if edgeNames[s.Edge] != g.Edge || g.Receipt != (s.Kind == policy.Receipt) {
		return false
	}
	if g.Receipt {
		return true
	}
	typ, _, _ := strings.Cut(s.Type, "/")
	category := g.Category
	if category == string(policy.CategoryService) {
		category = ""
	}
	return typ == g.Type && s.Template.Name == g.Template && s.Template.Language == g.Language &&
		string(s.Stated) == category && s.Group == (g.RecipientType == "group") && sameRecipient(s, g)
}

func sameRecipient(s *policy.Send, g *generous.Send) bool {
	if g.To == "" {
		return g.Recipient == s.Recipient.Value
	}
	if s.Group {
		return g.To == s.To[0].Value
	}
	for _, spelling := range []string{g.To, "+" + g.To} {
		n, err := phone.Parse(spelling, "")
		if err == nil && slices.ContainsFunc(identity.Phones(n), func(id policy.Identity) bool { return slices.Contains(s.To, id) }) {
			return true
		}
	}
	return false
}
