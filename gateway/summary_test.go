package gateway

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// enter enters a send some time before the clock's, as it was decided.
func (o *office) enter(t *testing.T, ago time.Duration, number string, who string, rule policy.Rule, change func(*store.Entry)) *store.Entry {
	t.Helper()
	at := policy.MomentOf(o.now.Add(-ago))
	e := &store.Entry{ID: store.NewID(at), At: at, Outcome: store.Outcome{State: store.Reserved}, Sender: "crm"}
	e.Send.PhoneNumberID, e.Send.Type, e.Send.Kind = number, "template", policy.TemplateMessage
	e.Send.Template = policy.TemplateRef{Name: "sale", Language: "en"}
	e.Facts.Persons = []policy.PersonFacts{{Contact: o.store.Pseudonym(names(who)[0])}}
	e.Decision = policy.Decision{Verdict: policy.Allow, Rule: policy.RuleConsent, Category: policy.CategoryMarketing}
	if rule != "" {
		e.Decision = policy.Decision{Verdict: policy.Refuse, Rule: rule, Category: policy.CategoryMarketing, Reason: "because", Remedy: "import opt-ins"}
		e.Outcome.State = store.Refused
	}
	if b, ok := o.Businesses.Of(number); ok && b.Monitor && rule != "" {
		e.Monitored, e.Outcome.State = true, store.Reserved
	}
	if change != nil {
		change(e)
	}
	if err := o.store.Reserve(t.Context(), e).Wait(); err != nil {
		t.Fatal(err)
	}
	return e
}

func (o *office) summary(t *testing.T, s Selection) *Summary {
	t.Helper()
	sum, err := o.Summary(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestSummary: a summary says what enforcing would refuse, why, for whom and from
// whom, and what helps.
func TestSummary(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{officeShop: "UTC", officeSupport: "UTC"})
	o.Businesses.Listed[officeShop].Monitor = true
	const day = 24 * time.Hour
	for range 15 {
		o.enter(t, 3*day, officeShop, ana, "", nil)
	}
	for i := range 3 {
		o.enter(t, 2*day-time.Duration(i)*time.Hour, officeShop, ana, policy.RuleNoConsent, nil)
	}
	newest := o.enter(t, time.Hour, officeShop, ben, policy.RuleNoConsent, nil)
	o.enter(t, time.Hour, officeShop, ben, "", nil)
	o.enter(t, 10*day, officeShop, ana, policy.RuleOptedOut, nil) // before the period
	enforced := o.enter(t, time.Hour, officeSupport, ana, policy.RuleWindowClosed, func(e *store.Entry) {
		e.Send.Type, e.Send.Template, e.Send.Kind, e.Sender, e.Token = "text", policy.TemplateRef{}, policy.FreeForm, "desk", "a1b2c3d4e5"
	})

	s := o.summary(t, Selection{})
	if s.Sends != 21 || s.Refused != 1 || s.Passed != 4 || s.SentToAnother != 0 || s.People != 2 || s.PeopleAtLeast || s.Cut {
		t.Errorf("counted %+v", s)
	}
	if want := (Monitored{Numbers: 1, Sends: 20, WouldRefuse: 4, DaySends: 2, DayWouldRefuse: 1}); s.Monitored != want {
		t.Errorf("of the monitored: %+v, want %+v", s.Monitored, want)
	}
	if want := "Enforcing now would refuse 20.0 % of sends of the numbers in monitor mode: 4 of 20. In the last 24 hours of it: 50.0 %, 1 of 2."; s.Finding != want {
		t.Errorf("it finds %q, want %q", s.Finding, want)
	}
	if len(s.Rules) != 2 || s.Rules[0].Key != "NO_CONSENT" || s.Rules[0].Count != 4 || s.Rules[0].People != 2 || s.Rules[0].Newest.ID != newest.ID ||
		s.Rules[0].Last != newest.At || s.Rules[1].Newest.ID != enforced.ID || s.Rules[0].Newest.Decision.Remedy != "import opt-ins" {
		t.Errorf("by rule: %+v", s.Rules)
	}
	for name, got := range map[string][]Tally{"template sale": s.Templates, "crm": s.Senders, "Business " + officeShop: s.Numbers} {
		if len(got) != 2 || got[0].Key != name || got[0].Count != 4 || got[0].People != 2 || got[1].Count != 1 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if len(s.Causes) != 2 || s.Causes[0].Rule != policy.RuleNoConsent || s.Causes[0].Message != "template sale" || s.Causes[0].Sender != "crm" ||
		s.Causes[0].Number != "Business "+officeShop || s.Causes[0].Count != 4 || s.Causes[0].People != 2 || s.Causes[1].Sender != "desk (a1b2c3d4e5)" {
		t.Errorf("together: %+v", s.Causes)
	}

	// A part of it.
	if s := o.summary(t, Selection{PhoneNumberID: officeSupport}); s.Finding != "100.0 % of sends were refused: 1 of 1." {
		t.Errorf("of the enforcing number: %q", s.Finding)
	}
	if s := o.summary(t, Selection{Sender: "nobody"}); !strings.HasPrefix(s.Finding, "No sends") {
		t.Errorf("of nobody: %q", s.Finding)
	}
	if s := o.summary(t, Selection{From: "5d", To: "60h"}); s.Finding != "Enforcing now would refuse none of 15 sends." {
		t.Errorf("of a time without violations: %q", s.Finding)
	}
}

// TestSummaryIsBounded: of very many sends the newest are counted, and it is said
// since when.
func TestSummaryIsBounded(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{officeShop: "UTC"})
	for i := range 10 {
		o.enter(t, time.Duration(i+1)*time.Minute, officeShop, ana, policy.RuleNoConsent, nil)
	}
	s, err := o.summarise(t.Context(), o.store, store.Filter{To: o.Gateway.now()}, 4)
	if err != nil || !s.Cut || s.Sends != 4 || s.Refused != 4 || s.Oldest != policy.MomentOf(o.now.Add(-4*time.Minute)) {
		t.Errorf("of at most four: %+v, %v", s, err)
	}
	full := make(tallies)
	p := &people{}
	for i := range mostGroups + 5 {
		full.add(string(rune(i+1))+"x", policy.ContactID{1}, 1, p)
	}
	if others := full[otherGroup]; len(full) != mostGroups+1 || others == nil || others.Count != 5 {
		t.Errorf("%d groups, of others %+v", len(full), others)
	}
}

// TestShare: a share of sends is never rounded to nothing or to everything.
func TestShare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		part, whole int
		want        string
	}{{0, 5, "0 %"}, {1, 100_000, "less than 0.1 %"}, {310, 12_340, "2.5 %"}, {99_999, 100_000, "more than 99.9 %"}, {7, 7, "100.0 %"}} {
		if got := share(c.part, c.whole); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.part, c.whole, got, c.want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is written %q", n, got)
		}
	}
}

// TestFindEntries: an operator finds a send by decision, message and pseudonym.
func TestFindEntries(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{officeShop: "UTC"})
	o.Learn(t.Context(), []policy.Event{policy.NumberSeen{PhoneNumberID: officeShop, At: policy.MomentOf(o.now)}})
	refused := o.enter(t, time.Hour, officeShop, ana, policy.RuleNoConsent, nil)
	sent := o.enter(t, time.Minute, officeShop, ben, "", nil)
	if err := o.store.Settle(t.Context(), sent.ID, store.Outcome{State: store.Accepted, Wamid: "wamid.1"}).Wait(); err != nil {
		t.Fatal(err)
	}
	pseudonym := o.store.Pseudonym(names(ben)[0]).String()
	for _, c := range []struct {
		name string
		list *List
		s    Selection
		want *store.Entry
		err  string
	}{
		{"id", Ledger, Selection{ID: refused.ID.String()}, refused, ""},
		{"id/capitals", Ledger, Selection{ID: " " + strings.ToUpper(refused.ID.String())}, refused, ""},
		{"id/violation", Violations, Selection{ID: refused.ID.String()}, refused, ""},
		{"id/no-violation", Violations, Selection{ID: sent.ID.String()}, nil, ""},
		{"id/none", Ledger, Selection{ID: store.NewID(1).String()}, nil, ""},
		{"id/nonsense", Ledger, Selection{ID: "x"}, nil, "is not a decision id"},
		{"id/and-more", Ledger, Selection{ID: sent.ID.String(), Sender: "crm"}, nil, "leave out"},
		{"wamid", Ledger, Selection{Wamid: "wamid.1"}, sent, ""},
		{"wamid/none", Ledger, Selection{Wamid: "wamid.2"}, nil, ""},
		{"pseudonym", Ledger, Selection{Pseudonym: strings.ToUpper(pseudonym)}, sent, ""},
		{"pseudonym/beginning", Ledger, Selection{Pseudonym: pseudonym[:8]}, sent, ""},
		{"pseudonym/short", Ledger, Selection{Pseudonym: pseudonym[:7]}, nil, "the first 8 of them or more"},
		{"pseudonym/and-contact", Ledger, Selection{Pseudonym: pseudonym, Contact: ben}, nil, "give one of them"},
	} {
		p, err := o.Page(t.Context(), c.list, c.s)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %q", c.name, err, c.err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want == nil:
			if len(p.Entries) != 0 {
				t.Errorf("%s: found %+v", c.name, p.Entries)
			}
		case len(p.Entries) != 1 || p.Entries[0].ID != c.want.ID:
			t.Errorf("%s: found %d entries", c.name, len(p.Entries))
		}
	}
}

// TestSummaryAddsUp: whatever was sent, every table of a summary counts the same
// violations, and each person at most once in a group.
func TestSummaryAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		o := newOffice(t, map[string]string{officeShop: "UTC", officeSupport: "UTC"})
		o.Businesses.Listed[officeShop].Monitor = true
		rules := []policy.Rule{"", policy.RuleNoConsent, policy.RuleOptedOut, policy.RuleWindowClosed}
		sends, violations, monitored, would := rapid.IntRange(0, 30).Draw(r, "sends"), 0, 0, 0
		for i := range sends {
			number := rapid.SampledFrom([]string{officeShop, officeSupport}).Draw(r, "number")
			rule := rapid.SampledFrom(rules).Draw(r, "rule")
			o.enter(t, time.Duration(i)*time.Minute, number, rapid.SampledFrom([]string{ana, ben}).Draw(r, "who"), rule, func(e *store.Entry) {
				e.Sender = rapid.SampledFrom([]string{"crm", "desk", ""}).Draw(r, "sender")
				e.Send.Template.Name = rapid.SampledFrom([]string{"sale", "order"}).Draw(r, "template")
			})
			if rule != "" {
				violations++
			}
			if number == officeShop {
				monitored++
				if rule != "" {
					would++
				}
			}
		}
		s := o.summary(t, Selection{})
		if s.Sends != sends || s.Refused+s.Passed != violations || s.Passed != would || s.Monitored.Sends != monitored || s.Monitored.WouldRefuse != would {
			r.Errorf("of %d sends, %d violations, %d of %d monitored: %+v", sends, violations, would, monitored, s)
		}
		var ofRules []Tally
		for _, t := range s.Rules {
			ofRules = append(ofRules, t.Tally)
		}
		for name, list := range map[string][]Tally{"rules": ofRules, "templates": s.Templates, "senders": s.Senders, "numbers": s.Numbers} {
			sum := 0
			for _, t := range list {
				if sum += t.Count; t.People < 1 || t.People > min(t.Count, s.People) || t.First > t.Last {
					r.Errorf("%s: %+v of %d people", name, t, s.People)
				}
			}
			if sum != violations {
				r.Errorf("the %s count %d of %d violations", name, sum, violations)
			}
		}
	})
}
