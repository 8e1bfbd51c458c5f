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
	status  int
	rule    string   // of the gateway; "" where it was not asked
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

// rejected: the HTTP server does not take it for a request.
func rejected(status int) []outcome { return []outcome{{status: status}} }

// harmless: it passes, and nobody can find a send in it.
func harmless() []outcome { return []outcome{{status: http.StatusOK, arrives: true}} }

// judged: it passes, and the sends that were judged are all anybody can find.
func judged(sends ...string) []outcome {
	return []outcome{{status: http.StatusOK, arrives: true, sends: sends}}
}

// broken: there is no answer, since the request never came to its end.
func broken() []outcome { return nil }

func then(outcomes ...[]outcome) []outcome { return slices.Concat(outcomes...) }

// tables are all attacks.
var tables = [][]row{pathAttacks, methodAttacks, encodingAttacks, batchAttacks, jsonAttacks, headerAttacks, numberAttacks, boundAttacks}

func TestAttacks(t *testing.T) {
	w := newWorld(t)
	const least = 150
	rows, names := 0, map[string]bool{}
	for _, table := range tables {
		for _, r := range table {
			if names[r.name] {
				t.Errorf("two attacks are called %s", r.name)
			}
			names[r.name] = true
			rows++
			t.Run(r.name, func(t *testing.T) { w.attack(t, r) })
		}
	}
	if rows < least {
		t.Errorf("there are %d attacks, want %d", rows, least)
	}
	t.Logf("%d attacks", rows)
	// Whatever was tried, an honest sender is served.
	w.attack(t, try("honest", "", send(text(allowed)), judged("text to allowed"), ""))
}

// attack sends one row and compares what reaches the upstream with what must.
func (w *world) attack(t *testing.T, r row) {
	t.Helper()
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
		checkNamespace(t, &req)
		for _, s := range req.sends() {
			name := describe(s)
			found[name] = true
			if !slices.Contains(sends, name) {
				t.Errorf("the upstream can find a send that was not judged: %s\n(%s: %+v)\nin %s %s\n%v\n%.2000q",
					name, s.How, s, req.method, req.target, req.fields, req.body)
			}
		}
	}
	for _, s := range sends {
		if !found[s] {
			t.Errorf("the upstream does not find the send %q, which should arrive", s)
		}
	}
	if whole != arriving {
		t.Errorf("%d requests reach the upstream, want %d", whole, arriving)
	}

	if len(answers) != len(r.want) {
		t.Fatalf("%d answers, want %d: %v", len(answers), len(r.want), answers)
	}
	for i, o := range r.want {
		checkAnswer(t, answers[i], o)
	}
}

func checkAnswer(t *testing.T, a answer, want outcome) {
	t.Helper()
	if a.status != want.status {
		t.Errorf("status %d, want %d: %v", a.status, want.status, a)
	}
	if want.arrives {
		if verdict := map[bool]string{true: "allow"}[len(want.sends) > 0]; a.decision != verdict {
			t.Errorf("decision %q, want %q", a.decision, verdict)
		}
		return
	}
	if a.rule != want.rule || len(a.body) > 0 && a.named != want.rule {
		t.Errorf("rule %q in the header, %q in the body, want %q: %v", a.rule, a.named, want.rule, a)
	}
	for _, secret := range []string{"SECRET", "1991", "1511234", "990000"} {
		if bytes.Contains(a.body, []byte(secret)) {
			t.Errorf("the answer holds %s: %s", secret, a.body)
		}
	}
}

// checkNamespace fails the test if a field of the gateway's namespace, under any
// spelling of its name, came through.
func checkNamespace(t *testing.T, r *received) {
	t.Helper()
	for _, f := range r.fields {
		if strings.HasPrefix(strings.ReplaceAll(strings.ToLower(f.name), "_", "-"), "x-waguard") {
			t.Errorf("the upstream gets the field %s of the gateway's namespace", f.name)
		}
	}
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
	optedOut      = refused(400, "OPTED_OUT_MARKETING")
)
