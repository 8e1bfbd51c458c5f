package storetest

import (
	"slices"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// bare is a send whose number has no plus and two readings; it is judged by the
// first.
func (f *fixture) bare(at policy.Moment, digits string, to ...policy.Identity) *store.Entry {
	e := f.newEntry(at, to...)
	e.Send.Bare, e.Send.Digits = policy.BareInternational, digits
	e.Facts = f.facts(store.Query{PhoneNumberID: number1, Who: to, Digits: digits})
	return e
}

// What Meta's answer shows about a number without plus is linked with whom the
// send was judged by, or is somebody else's and remembered.
func testBareNumbers(t *testing.T, open Open) {
	f := newFixture(t, open)
	const digits = "5550100001"
	abroad, home := phone("5550100001"), phone("15550100001")
	shown := func() policy.Shown {
		t.Helper()
		return f.facts(store.Query{PhoneNumberID: number1, Who: who(abroad, home), Digits: digits}).Shown
	}
	f.apply(opened(start, abroad))
	if p := f.facts(store.Query{PhoneNumberID: number1, Who: who(abroad, home), Digits: digits}); !p.Persons[0].Known || p.Persons[1].Known {
		t.Errorf("known: %+v", p.Persons)
	}

	accepted := func(at policy.Moment, elsewhere bool, learned ...policy.Identity) store.Outcome {
		return store.Outcome{State: store.Accepted, At: at, Wamid: "wamid." + at.String(), Learned: learned, Elsewhere: elsewhere, Digits: digits}
	}
	id := f.reserve(f.bare(start, digits, abroad, home))
	f.settle(id, accepted(start, false, abroad))
	if e := f.entry(id); e.SentToAnother() || shown() != policy.NotShown {
		t.Errorf("as expected: reached another %v, shown %d", e.SentToAnother(), shown())
	}

	homeUser := bsuid("US.5005")
	id = f.reserve(f.bare(start+1, digits, abroad, home))
	f.settle(id, accepted(start+1, true, home, homeUser))
	e := f.entry(id)
	if !e.SentToAnother() || *e.Outcome.ReachedOther != f.person(home).Contact {
		t.Errorf("the send reached %v, want the person %s", e.Outcome.ReachedOther, f.person(home).Contact)
	}
	if f.person(home).Contact == f.person(abroad).Contact || f.person(home).Contact != f.person(homeUser).Contact {
		t.Error("a number that was misread is linked with whom it was read as, or what the answer names isn't with itself")
	}
	if f.person(home).Opened != 0 || shown() != 2 {
		t.Errorf("the other person's window opened at %s; shown %d, want 2", f.person(home).Opened, shown())
	}
	for name, filter := range map[string]store.Filter{
		"all": {}, "rule": {Rule: policy.RuleSentToAnother}, "reached": {Contact: home}, "judged": {Contact: abroad},
	} {
		wantIDs(t, "violations/"+name, f.Violations(t.Context(), filter), &e)
	}
	wantIDs(t, "ledger/reached", f.Ledger(t.Context(), store.Filter{Contact: home}), &e)
	wantIDs(t, "ledger/rule", f.Ledger(t.Context(), store.Filter{Rule: policy.RuleSentToAnother}), &e)

	// A failed send's opt-out is that of whom it reached.
	f.apply(policy.StatusChanged{PhoneNumberID: number1, Wamid: "wamid." + (start + 1).String(), At: start + 2, Status: policy.StatusFailed, ErrorCode: 131050})
	if f.person(home).Consent[policy.Marketing].State != policy.OptedOut || f.person(abroad).Consent[policy.Marketing].State == policy.OptedOut {
		t.Error("the opt-out is not that of the person the message went to")
	}

	f.reopen()
	if shown() != 2 {
		t.Errorf("after a restart shown %d, want 2", shown())
	}
	wantIDs(t, "violations/after-restart", f.Violations(t.Context(), store.Filter{}), &e)
	if got := f.facts(store.Query{PhoneNumberID: number1, Who: who(abroad), Digits: digits}).Shown; got != policy.ShownNone {
		t.Errorf("none of the readings: shown %d", got)
	}
	if got := f.facts(store.Query{PhoneNumberID: number2, Who: who(abroad, home), Digits: digits}).Shown; got != policy.NotShown {
		t.Errorf("for another business number: shown %d", got)
	}
	// The newest answer counts.
	id = f.reserve(f.bare(start+3, digits, abroad, home))
	f.settle(id, accepted(start+3, false, abroad))
	if shown() != 1 {
		t.Errorf("after an answer that names the first: shown %d", shown())
	}

	// Known to be one person: no violation, whatever the spelling.
	f.apply(policy.IdentityLinked{Who: who(ann, annUser), At: start}, policy.IdentityLinked{Who: who(bob, annUser), At: start})
	id = f.reserve(f.newEntry(start+4, ann))
	f.settle(id, store.Outcome{State: store.Accepted, At: start + 4, Learned: who(bob), Elsewhere: true})
	if e := f.entry(id); e.SentToAnother() {
		t.Error("another name of the same person is reported as somebody else")
	}
}

// A user id is looked up as one of either kind: the one that is known, and with
// both known what the other one opted out of.
func testUserIDs(t *testing.T, open Open) {
	f := newFixture(t, open)
	own := bsuid("US.1182")
	parent := policy.Identity{Kind: policy.ParentBSUID, Value: own.Value}
	meant := func() []policy.Identity {
		t.Helper()
		ids, err := f.Meant(t.Context(), own)
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	if got := meant(); !slices.Equal(got, who(own)) {
		t.Errorf("nobody is known: %v", got)
	}
	f.apply(opened(start, parent, ann))
	if p := f.person(own); p.Opened != start || p.Contact != f.person(ann).Contact || !slices.Equal(meant(), who(parent)) {
		t.Errorf("known as a parent id: %+v", p)
	}
	f.apply(opened(start+1, own, bob))
	if f.person(own).Contact == f.person(parent).Contact {
		t.Error("a user id and a parent id with one spelling are one person")
	}
	f.apply(said(policy.OptedOut, start+2, parent))
	if p := f.person(own); p.Consent[policy.Marketing].State != policy.OptedOut || p.Opened != start+1 {
		t.Errorf("the other one opted out: %+v", p)
	}
	if p := f.person(bob); p.Consent[policy.Marketing].State == policy.OptedOut {
		t.Error("the opt-out of one is the word of the other")
	}
	if len(meant()) != 2 {
		t.Errorf("both are known: %v", meant())
	}
}
