package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

const suspectedOut = "refuse OPT_OUT_SUSPECTED 400/131050 marketing by "

// reviews lists what waits for a decision.
func (w *world) reviews(t testing.TB) *adminapi.Reviews {
	t.Helper()
	var list adminapi.Reviews
	w.admin(t, adminapi.RouteReviews.Path, `{}`, &list)
	return &list
}

// waits is how many messages wait for a decision.
func waits(want int) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if list := w.reviews(t); list.Waiting != want || len(list.Reviews) != want {
			t.Errorf("%+v waits, want %d", list, want)
		}
	}
}

// decided lets somebody decide about the oldest message that waits.
func decided(decision, scope string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		r := w.reviews(t).Reviews[0]
		if scope != "" {
			scope = `"scope":"` + scope + `",`
		}
		var answer adminapi.Review
		w.admin(t, adminapi.RouteReviewDecide.Path, `{"id":"`+r.ID+`","decision":"`+decision+`",`+scope+`"reason":"read it","actor":"ana"}`, &answer)
		if answer != r {
			t.Errorf("decided about %+v, want %+v", answer, r)
		}
	}
}

// TestReviewStories: what may be an opt-out stops marketing and nothing else, until
// somebody has decided.
func TestReviewStories(t *testing.T) {
	const later = time.Minute
	pair := "business " + shop + " {\nwaba " + waba + "\n}\nbusiness " + support + " {\nwaba " + waba + "\n}"
	begin := func(then ...step) steps { return append(steps{list, ana.optsIn("all"), after(2 * later)}, then...) }
	for _, s := range []story{
		{name: "marketing-waits", steps: begin(
			ana.writes("Stop sending me these offers every day"), waits(1), template(ana, "sale", suspectedOut+"user"),
			template(ana, "parcel_ready", "allow CONSENT utility by user"), template(ana, "login_code", "allow CONSENT authentication by user"), text(ana, passes),
			after(day), template(ana, "sale", suspectedOut+"business"), template(ana, "parcel_ready", "allow CONSENT utility by business"),
		)},
		{name: "dismissed", steps: begin(
			ana.writes("where does the tram stop?"), ana.writes("I said stop!"), waits(1), decided("dismiss", ""), waits(0),
			template(ana, "sale", "allow CONSENT marketing by user"), after(later), ana.writes("enough"), waits(1), template(ana, "sale", suspectedOut+"user"),
		)},
		{name: "opted-out", steps: begin(
			ana.writes("I said stop!"), decided("opt_out", ""), waits(0), ana.consentIs("opted_out opted_out opted_out"), template(ana, "sale", stoppedOffers+"user"),
		)},
		{name: "opted-out/marketing", steps: begin(
			ana.writes("I said stop!"), decided("opt_out", "marketing"), waits(0), ana.consentIs("opted_out opted_in opted_in"), template(ana, "parcel_ready", "allow CONSENT utility by user"),
		)},
		{name: "stopped-since", steps: begin(ana.writes("I said stop!"), after(later), ana.writes("STOP"), waits(0), template(ana, "sale", stoppedOffers+"user"))},
		{name: "started-since", steps: begin(ana.writes("I said stop!"), after(later), ana.writes("START"), waits(0), template(ana, "sale", "allow CONSENT marketing by user"))},
		{name: "no-is-an-answer", steps: begin(ana.writes("No, thanks"), waits(0), template(ana, "sale", "allow CONSENT marketing by user"))},
		{name: "reply-button-stop", steps: begin(ana.says(shop, graphsim.ButtonReply("7", "Stop", "wamid.HBgN")), waits(1), template(ana, "sale", suspectedOut+"user"))},
		{name: "other-number-of-the-account", whatsapp: pair, steps: begin(ana.says(support, graphsim.Text("I said stop!")), waits(1), template(ana, "sale", suspectedOut+"business"))},
	} {
		t.Run(s.name, func(t *testing.T) {
			if s.whatsapp == "" {
				s.whatsapp = inGermany
			}
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: s.whatsapp}})
			for _, step := range s.steps {
				step(t, w)
			}
		})
	}
}

// TestReviewCommand: somebody lists what waits and decides by command; what is decided
// is in the history with who decided and why, and nothing names a person in clear.
func TestReviewCommand(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	for _, step := range (steps{list, ana.optsIn("all"), after(2 * time.Minute), ana.writes("Please stop writing to me at work"), after(time.Minute), ben.writes("I said stop!")}) {
		step(t, w)
	}
	p := &process{Process: gatewaytest.Process{File: w.log}}
	do := func(code int, args ...string) string {
		t.Helper()
		stdout, stderr, got := p.do(t, append(args, "--address", w.Admin)...)
		if got != code {
			t.Fatalf("%v: code %d, want %d: %s%s", args, got, code, stdout, stderr)
		}
		for _, secret := range w.secrets {
			if strings.Contains(stdout+stderr, secret) {
				t.Errorf("%v shows %q", args, secret)
			}
		}
		return stdout + stderr
	}
	table := do(0, "consent", "review")
	for _, want := range []string{"TIME", "CONTACT", "ID", "Example Shop", "chat_keyword"} {
		if !strings.Contains(table, want) {
			t.Errorf("the list lacks %q:\n%s", want, table)
		}
	}
	waiting := w.reviews(t)
	if waiting.Waiting != 2 {
		t.Fatalf("%+v waits", waiting)
	}
	if one := do(0, "consent", "review", "--contact", "+4915112345678"); !strings.Contains(one, waiting.Reviews[0].ID) || strings.Contains(one, waiting.Reviews[1].ID) {
		t.Errorf("of Ana there waits\n%s", one)
	}
	if got := do(0, "consent", "get", "--business", shop, "--contact", "+4915112345678"); !strings.Contains(got, "may have opted out") {
		t.Errorf("what is known of Ana doesn't say so:\n%s", got)
	}
	id := waiting.Reviews[0].ID
	do(2, "consent", "review", "--dismiss", id)
	do(2, "consent", "review", "--dismiss", id, "--opt-out", id, "--reason", "x")
	do(2, "consent", "review", "--reason", "x")
	do(0, "consent", "review", "--dismiss", id, "--reason", "only wants none at work", "--actor", "ana")
	if again := do(4, "consent", "review", "--opt-out", id, "--reason", "late"); !strings.Contains(again, "somebody has decided") {
		t.Errorf("decided twice: %s", again)
	}
	do(0, "consent", "review", "--opt-out", waiting.Reviews[1].ID, "--scope", "marketing", "--reason", "means it", "--actor", "ana")
	if rest := do(0, "consent", "review"); !strings.Contains(rest, "Nothing waits") {
		t.Errorf("there still waits\n%s", rest)
	}
	history := do(0, "consent", "history", "--business", shop, "--contact", "+4915112345678")
	for _, want := range []string{"dismissed", "review", "only wants none at work", "ana (", "suspected"} {
		if !strings.Contains(history, want) {
			t.Errorf("the history lacks %q:\n%s", want, history)
		}
	}
	if lines := w.logLines(t, "whatsapp", "a message may be an opt-out; marketing to the person waits until somebody decides with waguard consent review"); len(lines) != 2 {
		t.Errorf("logged %v", lines)
	}
}
