package attack

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/generous"
)

// row is one attack.
type row struct {
	name  string // a path, the door first
	tries string // what the sender tries
	raw   string // the bytes on the wire
	want  []outcome
	why   string

	at      site
	hangsUp bool // the client closes its side after the last byte
}

// outcome is what must happen to one request.
type outcome struct {
	status  int      // 0: the proxy's own, 499 or 502, whichever end breaks first
	rule    string   // of the gateway; "" where it was not asked
	first   string   // the rule in the header, if it is that of a batch's first refused send
	arrives bool     // the request reaches the upstream
	sends   []string // what anybody can find in it there, as judged
}

// try is a row for the Cloud API.
func try(name, tries, raw string, want []outcome, why string) row {
	return row{name: name, tries: tries, raw: raw, want: want, why: why}
}

func (r row) on(at site) row { r.at = at; return r }

func (r row) hangingUp() row { r.hangsUp = true; return r }

// refused: the gateway refuses it with an error in the shape of the Graph API.
func refused(status int, rule string) []outcome { return []outcome{{status: status, rule: rule}} }

// refusedBatch: the batch is refused since the rules refuse a send of it.
func refusedBatch(first string) []outcome {
	return []outcome{{status: http.StatusBadRequest, rule: "BATCH_REFUSED", first: first}}
}

// rejected: the HTTP server does not take it for a request.
func rejected(status int) []outcome { return []outcome{{status: status}} }

// harmless: it passes, and nobody can find a send in it.
func harmless() []outcome { return []outcome{{status: http.StatusOK, arrives: true}} }

// judged: it passes, and the sends that were judged are all anybody can find.
func judged(sends ...string) []outcome {
	return []outcome{{status: http.StatusOK, arrives: true, sends: sends}}
}

// brokenOff: the proxy gives up since the client did.
func brokenOff() []outcome { return []outcome{{}} }

// broken: there is no answer, since the request never came to its end.
func broken() []outcome { return nil }

func then(outcomes ...[]outcome) []outcome { return slices.Concat(outcomes...) }

func TestAttacks(t *testing.T) { bothPaths(t, testAttacks) }

func testAttacks(t *testing.T, w *world) {
	const least = 150
	rows, names := 0, map[string]bool{}
	for _, c := range chapters {
		for _, r := range c.table {
			if names[r.name] {
				t.Errorf("two attacks are called %s", r.name)
			}
			names[r.name] = true
			rows++
			t.Run(r.name, func(t *testing.T) { checkKnown(t, r.name, w.attack(t, r)) })
		}
	}
	if rows < least {
		t.Errorf("there are %d attacks, want %d", rows, least)
	}
	t.Logf("%d attacks", rows)
	// Whatever was tried, an honest sender is served.
	for _, problem := range w.attack(t, try("honest", "", send(text(allowed)), judged("text to allowed"), "")) {
		t.Errorf("after all attacks: %s", problem)
	}
}

// checkKnown fails the test if something went wrong that is not known, or if
// something known went right.
func checkKnown(t *testing.T, name string, problems []string) {
	t.Helper()
	why, isKnown := known[name]
	for _, problem := range problems {
		if isKnown {
			t.Logf("known (%s): %s", why, problem)
		} else {
			t.Error(problem)
		}
	}
	if isKnown && len(problems) == 0 {
		t.Error("this is listed in known_test.go and works: strike it from the list")
	}
}

// attack sends one row and compares what reaches the upstream with what must. It
// lists what went wrong.
func (w *world) attack(t *testing.T, r row) (problems []string) {
	t.Helper()
	failf := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	answers := exchange(t, w.doors[r.at], r.raw, len(r.want), r.hangsUp)
	got := w.received()

	arriving, sends := 0, []string{}
	for _, o := range r.want {
		if o.arrives {
			arriving++
			sends = append(sends, o.sends...)
		}
	}
	found := map[string]bool{}
	whole := 0
	for _, req := range got {
		if req.whole {
			whole++
		}
		for _, f := range req.fields {
			if strings.HasPrefix(strings.ReplaceAll(strings.ToLower(f.name), "_", "-"), "x-waguard") {
				failf("the upstream gets the field %s of the gateway's namespace", f.name)
			}
		}
		if host := req.values("Host"); r.at == overTLS && !slices.Equal(host, []string{w.tls.addr()}) {
			failf("the upstream gets the host %q, want its own", host)
		}
		for _, s := range req.sends() {
			name := describe(s)
			if !found[name] && !slices.Contains(sends, name) {
				failf("the upstream can find a send that was not judged: %s\n(%s: %+v)\nin %s %.300s\n%.500q\n%.2000q",
					name, s.How, s, req.method, req.target, req.fields, req.body)
			}
			found[name] = true
		}
	}
	for _, s := range sends {
		if !found[s] {
			failf("the upstream does not find the send %q, which should arrive", s)
		}
	}
	if whole != arriving {
		failf("%d requests reach the upstream, want %d", whole, arriving)
	}
	if len(answers) != len(r.want) {
		failf("%d answers, want %d: %v", len(answers), len(r.want), answers)
		return problems
	}
	for i, o := range r.want {
		problems = append(problems, o.compare(answers[i])...)
	}
	return problems
}

// compare lists in what an answer is another than it should be.
func (o outcome) compare(a answer) (problems []string) {
	failf := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if o.status == 0 && (a.status == 499 || a.status == http.StatusBadGateway) {
		return nil
	}
	if a.status != o.status {
		failf("status %d, want %d: %v", a.status, o.status, a)
	}
	if o.arrives {
		if verdict := map[bool]string{true: "allow"}[len(o.sends) > 0]; a.decision != verdict {
			failf("decision %q, want %q", a.decision, verdict)
		}
		return problems
	}
	rule := o.rule
	if o.first != "" {
		rule = o.first
	}
	if a.rule != rule || len(a.body) > 0 && a.named != o.rule {
		failf("rule %q in the header, %q in the body, want %q and %q: %v", a.rule, a.named, rule, o.rule, a)
	}
	for _, secret := range []string{"SECRET", "15199900", "6600112233", "eyJ"} {
		if bytes.Contains(a.body, []byte(secret)) {
			failf("the answer holds %s: %s", secret, a.body)
		}
	}
	return problems
}

// describe names a send as the tables do: what, and to whom.
func describe(s generous.Send) string {
	if s.Receipt {
		return "receipt"
	}
	what := s.Type
	if s.Template != "" || s.Language != "" {
		what += " " + s.Template + "/" + s.Language
	}
	if s.Category != "" && s.Category != "service" {
		what += " as " + s.Category
	}
	if s.Edge != "messages" {
		what += " through " + s.Edge
	}
	who, ok := spellings[s.To+s.Recipient]
	if !ok {
		who = fmt.Sprintf("FORBIDDEN %q", s.To+s.Recipient)
	}
	if s.RecipientType != "" && s.RecipientType != "individual" {
		who = s.RecipientType + " " + who
	}
	return what + " to " + who
}

// message is a body of the Cloud API with the given fields.
func message(fields string) string { return `{"messaging_product":"whatsapp",` + fields + `}` }

func text(to string) string {
	return message(`"to":"` + to + `","type":"text","text":{"body":"hi"}`)
}

func template(to, name string) string {
	return message(`"to":"` + to + `","type":"template","template":{"name":"` + name + `","language":{"code":"de"}}`)
}

func image(to string) string {
	return message(`"to":"` + to + `","type":"image","image":{"id":"1"}`)
}

// textForm is a form with the fields of a text.
func textForm(to string) string {
	return "messaging_product=whatsapp&to=" + to + "&type=text&text=%7B%22body%22%3A%22hi%22%7D"
}

// Refusals that many rows share.
var (
	windowClosed  = refused(400, "WINDOW_CLOSED")
	ambiguousPath = refused(400, "PATH_AMBIGUOUS")
	unreadable    = refused(400, "UNREADABLE")
	override      = refused(400, "METHOD_OVERRIDE")
	badParameter  = refused(400, "PARAMETER_INVALID")
	badRecipient  = refused(400, "RECIPIENT_INVALID")
	badEncoding   = refused(415, "ENCODING_UNSUPPORTED")
	badBatch      = refused(400, "BATCH_REFUSED")
	closedInBatch = refusedBatch("WINDOW_CLOSED")
	optedOut      = refused(400, "OPTED_OUT_MARKETING")
)
