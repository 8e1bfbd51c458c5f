package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A send is found by Meta's id of the message, and by the pseudonym of the person.
func testFind(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.apply(policy.NumberSeen{PhoneNumberID: number1, At: start}, policy.IdentityLinked{Who: who(ann, annUser), At: start})
	sent := func(at policy.Moment, wamid, opaque string, to ...policy.Identity) *store.Entry {
		e := f.newEntry(at, to...)
		if opaque != "" {
			e.Opaque = f.OpaquePseudonym(number1, opaque)
		}
		f.reserve(e)
		if wamid != "" {
			f.settle(e.ID, store.Outcome{State: store.Accepted, At: at, Wamid: wamid})
		}
		return e
	}
	status := func(wamid, opaque string, at policy.Moment) policy.Event {
		return policy.StatusChanged{PhoneNumberID: number1, Wamid: wamid, At: at, Status: policy.StatusDelivered, Opaque: opaque}
	}
	first := sent(start, "wamid.1", "", ann)
	early := sent(start+minute, "wamid.early", "", bob)
	opaque := sent(start+2*minute, "", "order", ann)
	many := make([]*store.Entry, 0, 20)
	for i := range 20 {
		many = append(many, sent(start+policy.Moment(i+60)*minute, fmt.Sprint("wamid.many", i), "", bob))
	}
	refused := f.newEntry(start+100*minute, stranger)
	refused.Decision = policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleOptedOut, Category: policy.CategoryMarketing}
	refused.Outcome.State = store.Refused
	f.reserve(refused)
	// Meta's clock says that the message was there long before it was sent by ours.
	f.apply(status("wamid.1", "", start+minute), status("wamid.early", "", start-60*minute), status("wamid.opaque", "order", start+3*minute))

	byAnnUser, byStranger := f.Pseudonym(annUser).String(), f.Pseudonym(stranger).String()
	for _, c := range []struct {
		name   string
		filter store.Filter
		want   []*store.Entry
	}{
		{"wamid", store.Filter{Wamid: "wamid.1"}, []*store.Entry{first}},
		{"wamid/of-the-number", store.Filter{Wamid: "wamid.1", PhoneNumberID: number1}, []*store.Entry{first}},
		{"wamid/of-another-number", store.Filter{Wamid: "wamid.1", PhoneNumberID: number2}, nil},
		{"wamid/no-status", store.Filter{Wamid: "wamid.many3"}, many[3:4]},
		{"wamid/status-of-another-clock", store.Filter{Wamid: "wamid.early"}, []*store.Entry{early}},
		{"wamid/by-opaque-value", store.Filter{Wamid: "wamid.opaque"}, []*store.Entry{opaque}},
		{"wamid/before", store.Filter{Wamid: "wamid.1", To: start}, nil},
		{"wamid/from", store.Filter{Wamid: "wamid.1", From: start + minute}, nil},
		{"wamid/unknown", store.Filter{Wamid: "wamid.none"}, nil},
		{"pseudonym", store.Filter{Pseudonym: f.Pseudonym(ann).String()}, []*store.Entry{opaque, first}},
		{"pseudonym/of-another-name", store.Filter{Pseudonym: byAnnUser}, []*store.Entry{opaque, first}},
		{"pseudonym/beginning", store.Filter{Pseudonym: byAnnUser[:9]}, []*store.Entry{opaque, first}},
		{"pseudonym/nobody-known", store.Filter{Pseudonym: byStranger}, []*store.Entry{refused}},
		{"pseudonym/nobody-known/beginning", store.Filter{Pseudonym: byStranger[:11]}, []*store.Entry{refused}},
		{"pseudonym/nobody", store.Filter{Pseudonym: "00000000"}, nil},
		{"pseudonym/limit", store.Filter{Pseudonym: byAnnUser, Limit: 1}, []*store.Entry{opaque}},
	} {
		wantIDs(t, c.name, f.Ledger(t.Context(), c.filter), c.want...)
	}
	wantIDs(t, "violations", f.Violations(t.Context(), store.Filter{Pseudonym: byStranger[:8]}), refused)

	// Of seventeen people two have pseudonyms with the same first digit.
	first16 := make(map[string]bool)
	for i := range 17 {
		who := phone(fmt.Sprint(15550200000 + i))
		f.apply(opened(start, who))
		digit := f.Pseudonym(who).String()[:1]
		if !first16[digit] {
			first16[digit] = true
			continue
		}
		for _, err := range f.Ledger(t.Context(), store.Filter{Pseudonym: digit}) {
			if !errors.Is(err, store.ErrAmbiguous) {
				t.Errorf("a pseudonym of two people: %v, want ErrAmbiguous", err)
			}
		}
		return
	}
}

// Heads tell of entries what is counted.
func testHeads(t *testing.T, open Open) {
	f := newFixture(t, open)
	allowed := f.newEntry(start, ann)
	allowed.Sender, allowed.Token = "crm", "a1"
	f.reserve(allowed)
	monitored := f.newEntry(start+minute, bob)
	monitored.Send.Kind, monitored.Send.Type, monitored.Send.Template = policy.TemplateMessage, "template", policy.TemplateRef{Name: "sale", Language: "en"}
	monitored.Decision = policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleNoConsent, Category: policy.CategoryMarketing}
	monitored.Monitored = true
	f.reserve(monitored)
	astray := f.newEntry(start+2*minute, ann)
	f.reserve(astray)
	f.settle(astray.ID, store.Outcome{State: store.Accepted, Wamid: "wamid.1", Learned: who(stranger), Elsewhere: true})
	var heads []store.Head
	for h, err := range f.Heads(t.Context(), store.Ledger, store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		heads = append(heads, *h)
	}
	want := []store.Head{
		{ID: astray.ID, PhoneNumberID: number1, Kind: policy.FreeForm, Type: "text", Verdict: policy.Allow, Rule: policy.RuleSentToAnother, DecidedBy: policy.RuleWindowOpen, SentToAnother: true, Contact: astray.Contact()},
		{
			ID: monitored.ID, PhoneNumberID: number1, Kind: policy.TemplateMessage, Type: "template", Template: monitored.Send.Template,
			Verdict: policy.Refuse, Rule: policy.RuleNoConsent, DecidedBy: policy.RuleNoConsent, Monitored: true, Contact: monitored.Contact(),
		},
		{ID: allowed.ID, PhoneNumberID: number1, Kind: policy.FreeForm, Type: "text", Sender: "crm", Token: "a1", Verdict: policy.Allow, Rule: policy.RuleWindowOpen, DecidedBy: policy.RuleWindowOpen, Contact: allowed.Contact()},
	}
	if !reflect.DeepEqual(heads, want) {
		t.Errorf("got %+v, want %+v", heads, want)
	}
	for name, c := range map[string]struct {
		journal store.Journal
		filter  store.Filter
		want    int
	}{
		"violations": {store.Violations, store.Filter{}, 2},
		"category":   {store.Ledger, store.Filter{Category: policy.CategoryMarketing}, 1},
		"outcome":    {store.Ledger, store.Filter{Outcome: store.Accepted}, 1},
		"limit":      {store.Ledger, store.Filter{Limit: 2}, 2},
	} {
		n := 0
		for _, err := range f.Heads(t.Context(), c.journal, c.filter) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != c.want {
			t.Errorf("%s: %d heads, want %d", name, n, c.want)
		}
	}
}
