package attack

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/generous"
)

// honest is an honest request.
type honest struct {
	name  string
	about string
	raw   string
	sends []string // what it sends, as attack rows name it
	at    site
}

func (h honest) on(at site) honest { h.at = at; return h }

// whole is a request that is no send.
func whole(name, about, raw string) honest { return honest{name: name, about: about, raw: raw} }

// sending is a request that sends.
func sending(name, about, raw string, sends ...string) honest {
	return honest{name: name, about: about, raw: raw, sends: sends}
}

// differences are all ways in which a request that arrives may differ from the
// one that was sent. Everything else arrives byte for byte: method, target, body
// and every field. They are stated in docs/reference/attacks.md.
var differences = []string{
	"The case of field names, and the order of fields with different names: HTTP gives neither a meaning.",
	"Hop-by-hop fields are dropped, as the standard says: Connection and the fields it names, Keep-Alive, Proxy-Connection, Proxy-Authenticate, Proxy-Authorization, TE, Trailer, Transfer-Encoding, Upgrade; and Alt-Svc.",
	"X-Waguard-*, Idempotency-Key and X-Idempotency-Key are dropped by the gateway.",
	"X-Forwarded-For, -Host and -Proto are dropped by the configuration.",
	"Fields with an underscore in their name are dropped by Caddy, but for those in `expected_underscore_headers`; uploads in parts need file_offset there.",
	"Via: 1.1 Caddy is added.",
	"Expect is dropped where the gateway reads the body, which was asked for then.",
	"Accept-Encoding is gzip where the gateway reads the answer (sends and lists of templates) and where the client has none; of sends that the guard passes on itself (upstream) it is dropped.",
	"A body in chunks gets a Content-Length where the gateway reads it whole; where it streams, chunks may be cut differently.",
	"Host names the upstream if that speaks TLS.",
}

var droppedFields = []string{
	"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "alt-svc",
	"idempotency-key", "x-idempotency-key", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
}

// expected is the request that should arrive, as lines of fields in order.
func (h honest) expected(sent *received, w *world) []string {
	dropped := slices.Clone(droppedFields)
	for _, v := range sent.values("Connection") {
		for name := range strings.SplitSeq(v, ",") {
			dropped = append(dropped, strings.ToLower(strings.TrimSpace(name)))
		}
	}
	path, _, _ := strings.Cut(sent.target, "?")
	read := len(h.sends) > 0 || sent.method == http.MethodGet && strings.HasSuffix(path, "/message_templates")
	lines := []string{"via: 1.1 Caddy"}
	if !(w.Forwards && len(h.sends) > 0) && (read || len(sent.values("Accept-Encoding")) == 0) {
		lines = append(lines, "accept-encoding: gzip")
	}
	for _, f := range sent.fields {
		name := strings.ToLower(f.name)
		switch {
		case slices.Contains(dropped, name), strings.HasPrefix(name, "x-waguard-"):
		case strings.Contains(name, "_") && name != "file_offset":
		case name == "accept-encoding" && read, name == "expect" && len(h.sends) > 0:
		case name == "host" && h.at == overTLS:
			lines = append(lines, "host: "+w.tls.addr())
		default:
			lines = append(lines, name+": "+f.value)
		}
	}
	return slices.Sorted(slices.Values(lines))
}

func TestHonest(t *testing.T) { bothPaths(t, testHonest) }

func testHonest(t *testing.T, w *world) {
	const least = 180
	names := map[string]bool{}
	for _, h := range slices.Concat(honestRequests, honestUploads) {
		if names[h.name] {
			t.Errorf("two requests are called %s", h.name)
		}
		names[h.name] = true
		t.Run(h.name, func(t *testing.T) { checkKnown(t, h.name, w.honest(t, h)) })
	}
	if len(names) < least {
		t.Errorf("there are %d honest requests, want %d", len(names), least)
	}
	t.Logf("%d honest requests", len(names))
}

// honest sends one request and compares what arrives with what was sent. It
// lists what went wrong.
func (w *world) honest(t *testing.T, h honest) (problems []string) {
	t.Helper()
	failf := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	sent, err := readRequest(bufio.NewReader(strings.NewReader(h.raw)), io.Discard)
	if err != nil {
		t.Fatalf("the test's own request is broken: %v", err)
	}
	answers := exchange(t, w.doors[h.at], h.raw, 1, false)
	got := w.received()
	if len(answers) != 1 || len(got) != 1 {
		failf("%d answers, %d requests reach the upstream, want 1 each: %v", len(answers), len(got), answers)
		return problems
	}
	a, r := answers[0], got[0]
	if verdict := map[bool]string{true: "allow"}[len(h.sends) > 0]; a.status != http.StatusOK || a.decision != verdict {
		failf("status %d and decision %q, want 200 and %q: %v", a.status, a.decision, verdict, a)
	}
	if want := len(sent.values("Expect")); a.interim != want {
		failf("%d interim answers, want %d", a.interim, want)
	}
	if r.method != sent.method || r.target != sent.target {
		failf("%s %s arrives as %s %s", sent.method, sent.target, r.method, r.target)
	}
	if !bytes.Equal(r.body, sent.body) || !r.whole {
		failf("a body of %d bytes arrives as %d other bytes (whole: %t)", len(sent.body), len(r.body), r.whole)
	}
	want := h.expected(sent, w)
	var have []string
	for _, f := range r.fields {
		line := strings.ToLower(f.name) + ": " + f.value
		switch strings.ToLower(f.name) {
		case "transfer-encoding": // if it was sent in chunks, it may arrive so
			if len(sent.values("Transfer-Encoding")) > 0 {
				continue
			}
		case "content-length":
			if len(sent.values("Transfer-Encoding")) > 0 && f.value == fmt.Sprint(len(sent.body)) {
				continue
			}
		}
		have = append(have, line)
	}
	slices.Sort(have)
	if !slices.Equal(have, want) {
		failf("the fields\n%q\narrive as\n%q", want, have)
	}
	for _, s := range h.sends {
		if !slices.ContainsFunc(r.sends(), func(found generous.Send) bool { return describe(found) == s }) {
			failf("the upstream does not find the send %q", s)
		}
	}
	return problems
}
