package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestSummaryTellsWhenToEnforce: in monitor mode the summary says how much enforcing
// would refuse, why, and what helps; what was mended since shows.
func TestSummaryTellsWhenToEnforce(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: "business " + shop + " {\nname Shop\nmode monitor\nwaba " + waba + "\n}"}})
	list(t, w)
	ana.writes("Hello")(t, w)
	for range 3 {
		text(ana, passes)(t, w)
	}
	send(shop, ben.address()+`,"type":"text","text":{"body":"Hi"}`, "monitor WINDOW_CLOSED service by business")(t, w)
	s, err := api(t, w.Gateway).Summary(t.Context(), adminapi.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "Enforcing now would refuse 25.0 % of sends: 1 of 4."; s.Finding != want || s.Sends != 4 || s.Passed != 1 || s.Refused != 0 || s.People != 1 {
		t.Errorf("%+v, want %q", s, want)
	}
	if len(s.Rules) != 1 || s.Rules[0].Key != "WINDOW_CLOSED" || s.Rules[0].Newest == nil || s.Rules[0].Newest.Remedy == "" || len(s.Causes) != 1 || s.Causes[0].Business != "Shop" || s.Causes[0].Message != "text" {
		t.Errorf("%+v", s)
	}
	// A part that nothing can be said about, and a question that has no answer.
	if s, err = api(t, w.Gateway).Summary(t.Context(), adminapi.Selection{To: "2h"}); err != nil || !strings.HasPrefix(s.Finding, "No sends") {
		t.Errorf("before the first send: %+v, %v", s, err)
	}
	if _, err := api(t, w.Gateway).Summary(t.Context(), adminapi.Selection{Rule: "NO_CONSENT"}); err == nil || !strings.Contains(err.Error(), "compares violations with all sends") {
		t.Errorf("of one rule: %v", err)
	}
}

// TestSendsAreFound: a send is found by its decision, by Meta's id of the message,
// also long after, and by the pseudonym that lists show.
func TestSendsAreFound(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	ana.writes("Hello")(t, w)
	text(ana, passes)(t, w)
	sent := w.newest(t)
	sends := w.sim.Sends()
	wamid := sends[len(sends)-1].ID
	text(ben, windowClosed)(t, w)
	refused := w.newest(t)
	after(time.Hour)(t, w)
	text(ana, passes)(t, w)
	for name, c := range map[string]struct {
		list string
		s    adminapi.Selection
		want *adminapi.Line
	}{
		"id":                  {"ledger", adminapi.Selection{ID: sent.ID.String()}, sent},
		"id of a violation":   {"violations", adminapi.Selection{ID: refused.ID.String()}, refused},
		"id of no violation":  {"violations", adminapi.Selection{ID: sent.ID.String()}, nil},
		"wamid":               {"ledger", adminapi.Selection{Wamid: wamid}, sent},
		"wamid of nothing":    {"ledger", adminapi.Selection{Wamid: wamid + "x"}, nil},
		"pseudonym":           {"ledger", adminapi.Selection{Pseudonym: refused.Contact}, refused},
		"pseudonym, in part":  {"violations", adminapi.Selection{Pseudonym: refused.Contact[:10]}, refused},
		"pseudonym of nobody": {"ledger", adminapi.Selection{Pseudonym: "0123456789abcdef"}, nil},
	} {
		p := pageOf(t, w.Gateway, c.list, c.s)
		switch {
		case c.want == nil && len(p.Entries) > 0, c.want != nil && (len(p.Entries) != 1 || p.Entries[0].ID != c.want.ID):
			t.Errorf("%s: found %d entries", name, len(p.Entries))
		}
	}
}

// TestTemplatesAndNumbersAreTold: an operator sees what the gateway knows of its
// templates and numbers, and what it found wrong.
func TestTemplatesAndNumbersAreTold(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	list(t, w)
	ana.writes("Hello")(t, w)
	template(ana, "sale", noConsent+"marketing by user")(t, w)
	templates, err := api(t, w.Gateway).Templates(t.Context(), adminapi.TemplateSelection{Name: "sale"})
	if err != nil || len(templates.Templates) != 1 {
		t.Fatalf("%+v, %v", templates, err)
	}
	if got := templates.Templates[0]; !got.Known || got.Uses != 1 || got.Category == nil || got.Category.Value != "marketing" || got.Category.From != "answer" || got.Status == nil || got.Status.Value != "APPROVED" {
		t.Errorf("the template is %+v", got)
	}
	if len(templates.Accounts) != 1 || !templates.Accounts[0].Complete {
		t.Errorf("the accounts are %+v", templates.Accounts)
	}
	numbers, err := api(t, w.Gateway).Numbers(t.Context())
	if err != nil || len(numbers.Numbers) == 0 {
		t.Fatalf("%+v, %v", numbers, err)
	}
	for _, n := range numbers.Numbers {
		if n.PhoneNumberID == shop && (n.OpenWindows != 1 || n.Sends != 1 || n.LastWebhook == nil || n.LastSend == nil || n.Mode != "enforce") {
			t.Errorf("the number is %+v", n)
		}
	}
	d, err := api(t, w.Gateway).Diagnose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]adminapi.Finding)
	for _, f := range d.Findings {
		found[f.Check] = f
		if f.Status != adminapi.CheckOK && f.Remedy == "" {
			t.Errorf("nothing is said to be done about %+v", f)
		}
	}
	for check, want := range map[string]adminapi.CheckStatus{
		"store": adminapi.CheckOK, "file modes": adminapi.CheckOK, "clock": adminapi.CheckOK, "guard": adminapi.CheckOK,
		"webhook subscription": adminapi.CheckOK, "ports": adminapi.CheckNote, "webhooks": adminapi.CheckOK, "mode": adminapi.CheckOK, "templates": adminapi.CheckOK,
	} {
		if found[check].Status != want {
			t.Errorf("%s: %+v, want %s", check, found[check], want)
		}
	}
}
