package storetest

import (
	"reflect"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func testFacts(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.apply(opened(start, ann, annUser), opened(start+minute, annUser), opened(start, bob))

	facts := f.facts(store.Query{PhoneNumberID: number1, Who: who(ann, annUser)})
	if len(facts.Persons) != 2 || !facts.OnePerson {
		t.Fatalf("linked identities: got %d persons, OnePerson %v; want 2, true", len(facts.Persons), facts.OnePerson)
	}
	for i, p := range facts.Persons {
		if p.Opened != start+minute {
			t.Errorf("identity %d: window opened at %s, want %s", i, p.Opened, start+minute)
		}
		if p.Contact != facts.Persons[0].Contact {
			t.Errorf("identity %d has another contact", i)
		}
	}
	if facts := f.facts(store.Query{PhoneNumberID: number2, Who: who(ann)}); facts.Persons[0].Opened != 0 {
		t.Errorf("a window of another number counts: %s", facts.Persons[0].Opened)
	}

	unknown := f.facts(store.Query{PhoneNumberID: number1, Who: who(stranger)})
	if want := (policy.PersonFacts{Contact: f.Pseudonym(stranger)}); !reflect.DeepEqual(unknown.Persons[0], want) {
		t.Errorf("a stranger: got %+v, want %+v", unknown.Persons[0], want)
	}

	for _, c := range []struct {
		name string
		who  []policy.Identity
		want bool
	}{
		{"nobody", nil, false},
		{"one", who(stranger), true},
		{"linked", who(ann, annUser), true},
		{"not-linked", who(bob, annUser), false},
		{"unknown-user", who(ann, bobUser), false},
		{"second-reading", who(bob, ann, annUser), true},
		{"no-reading", who(bob, stranger, annUser), false},
		{"two-readings", who(ann, bob), false},
	} {
		if got := f.facts(store.Query{PhoneNumberID: number1, Who: c.who}).OnePerson; got != c.want {
			t.Errorf("OnePerson/%s: got %v, want %v", c.name, got, c.want)
		}
	}
	if f.Pseudonym(ann) == f.Pseudonym(policy.Identity{Kind: policy.BSUID, Value: ann.Value}) {
		t.Error("identities of two kinds have one pseudonym")
	}
	if f.OpaquePseudonym(number1, "x") == f.OpaquePseudonym(number2, "x") {
		t.Error("opaque values of two numbers have one pseudonym")
	}
}

func testConsent(t *testing.T, open Open) {
	f := newFixture(t, open)
	state := func(w policy.Identity, number string, terms *policy.Terms) policy.ConsentState {
		p, err := f.Person(t.Context(), w, number, terms)
		if err != nil {
			t.Fatal(err)
		}
		return p.Consent[policy.Marketing].State
	}
	f.apply(said(policy.OptedIn, start, ann))
	if got := state(ann, number1, nil); got != policy.OptedIn {
		t.Errorf("after START: %s", got)
	}
	if got := state(ann, number2, shared); got != policy.OptedIn {
		t.Errorf("for a number of the same account: %s", got)
	}
	if got := state(ann, number2, nil); got != policy.ConsentUnknown {
		t.Errorf("for another number, where opt-ins don't spread: %s", got)
	}
	if got := state(ann, number3, shared); got != policy.ConsentUnknown {
		t.Errorf("for a number of another account: %s", got)
	}
	// The opt-out comes in after a later opt-in: it changes nothing.
	f.apply(said(policy.OptedOut, start-minute, ann))
	if got := state(ann, number1, nil); got != policy.OptedIn {
		t.Errorf("after an older STOP: %s", got)
	}
	f.apply(said(policy.OptedOut, start+minute, ann))
	if got := state(ann, number1, nil); got != policy.OptedOut {
		t.Errorf("after STOP: %s", got)
	}
	f.apply(policy.ConsentChanged{PhoneNumberID: number1, Who: who(bob), At: start, State: policy.ConsentPending, Scopes: []policy.Scope{policy.Marketing}, Source: policy.SourceOperator})
	p := f.person(bob)
	if p.Consent[policy.Marketing].State != policy.ConsentPending || p.Consent[policy.Transactional].State != policy.ConsentUnknown {
		t.Errorf("asked for marketing: %+v", p.Consent)
	}
	f.apply(policy.CallPermission{PhoneNumberID: number1, Who: who(bob), At: start, Until: policy.Forever})
	if got := f.person(bob).CallUntil; got != policy.Forever {
		t.Errorf("calls permitted until %d, want for ever", got)
	}
	f.apply(policy.CallPermission{PhoneNumberID: number1, Who: who(bob), At: start + 1})
	if got := f.person(bob).CallUntil; got != 0 {
		t.Errorf("after the permission was withdrawn, calls are permitted until %s", got)
	}
	if err := f.Apply(t.Context(), []policy.Event{opened(start, stranger), policy.ConsentChanged{Who: who(ann), State: policy.OptedIn, Scopes: []policy.Scope{99}, At: start}}); err == nil {
		t.Error("a consent to a scope that doesn't exist was accepted")
	}
	if got := f.person(stranger).Opened; got != 0 {
		t.Error("half of the events of a failed Apply were applied")
	}
}

func testIdentities(t *testing.T, open Open) {
	f := newFixture(t, open)
	newPhone := phone("15550100003")
	f.apply(said(policy.OptedOut, start, ann), opened(start, ann), said(policy.OptedIn, start, annUser), opened(start, bob))

	// An opt-in of before the two were known to be one person undoes nothing.
	f.apply(policy.IdentityLinked{Who: who(ann, annUser), At: start + minute})
	for _, w := range who(ann, annUser) {
		p := f.person(w)
		if p.Consent[policy.Marketing].State != policy.OptedOut {
			t.Errorf("linked to an opt-out: %s is %s", w, p.Consent[policy.Marketing].State)
		}
		if p.Opened != start {
			t.Errorf("linked to an open window: %s opened %s", w, p.Opened)
		}
	}

	// Consent follows to a new number, the window doesn't.
	f.apply(policy.IdentityChanged{Old: who(ann), New: who(newPhone), At: start + 2*minute})
	p := f.person(newPhone)
	if p.Consent[policy.Marketing].State != policy.OptedOut || p.Opened != 0 {
		t.Errorf("after a change of number: consent %s, window opened %s; want opted_out, never", p.Consent[policy.Marketing].State, p.Opened)
	}
	if a, b := f.person(ann).Contact, p.Contact; a != b {
		t.Errorf("one person has contacts %s and %s", a, b)
	}

	// A recycled number starts from nothing; the others keep what was said.
	f.apply(said(policy.OptedOut, start+3*minute, ann, annUser))
	f.apply(policy.NewPerson{Who: ann, At: start + 4*minute})
	if p := f.person(ann); p.Consent[policy.Marketing].State != policy.ConsentUnknown || p.Opened != 0 || p.Contact != f.Pseudonym(ann) {
		t.Errorf("a new person: %+v", p)
	}
	if got := f.person(annUser).Consent[policy.Marketing].State; got != policy.OptedOut {
		t.Errorf("who had the number before: %s", got)
	}
	// What the former person said stays in sight, marked.
	if got := f.history(ann); len(got) < 2 || got[0].Handover != store.HandedOver || got[0].Former || !got[1].Former {
		t.Errorf("the history of a name that went to a new person: %+v", got)
	}
	if at, err := f.NewSince(t.Context(), ann); err != nil || at != start+4*minute {
		t.Errorf("given to a new person at %s, %v", at, err)
	}
	if got := f.person(bob); got.Opened != start || got.Contact != f.Pseudonym(bob) {
		t.Errorf("somebody else: %+v", got)
	}

	// The other names of a recycled number still belong together.
	parent := policy.Identity{Kind: policy.ParentBSUID, Value: "US.ENT.1"}
	f.apply(opened(start, bob, bobUser, parent), policy.NewPerson{Who: bob, At: start + minute})
	if a, b := f.person(bobUser), f.person(parent); !reflect.DeepEqual(a, b) || a.Opened != start {
		t.Errorf("the user ids of a person fell apart: %+v, %+v", a, b)
	}
}

func testNewPersonUndone(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.apply(opened(start, ann, annUser), said(policy.OptedIn, start+minute, ann, annUser))
	before := f.person(ann)
	f.apply(policy.NewPerson{Who: ann, At: start + 2*minute, Actor: "eve"})
	if got := f.person(ann); got.Consent[policy.Marketing].State != policy.ConsentUnknown {
		t.Fatalf("a new person: %+v", got)
	}
	f.apply(policy.NewPersonUndone{Who: ann, Since: start + 2*minute, At: start + 3*minute, Actor: "bob"})
	if got := f.person(ann); !reflect.DeepEqual(got, before) {
		t.Errorf("taken back: %+v, before %+v", got, before)
	}
	if at, err := f.NewSince(t.Context(), ann); err != nil || at != 0 {
		t.Errorf("given to a new person at %s, %v", at, err)
	}
	got := f.history(ann)
	if len(got) != 3 || got[0].Handover != store.HandoverUndone || got[0].Actor != "bob" || got[1].Handover != store.HandedOver || got[1].Actor != "eve" || got[2].Former || got[2].State != policy.OptedIn {
		t.Errorf("the history: %+v", got)
	}
	// Taking back reaches no further than what it takes back, before or after.
	f.apply(policy.NewPerson{Who: ann, At: start + 4*minute}, policy.NewPerson{Who: ann, At: start + 5*minute}, policy.NewPersonUndone{Who: ann, Since: start + 5*minute, At: start + 6*minute})
	if at, err := f.NewSince(t.Context(), ann); err != nil || at != start+4*minute {
		t.Errorf("given to a new person at %s, %v; want the one before", at, err)
	}
}

func testHistory(t *testing.T, open Open) {
	f := newFixture(t, open)
	in := said(policy.OptedIn, start, ann, annUser)
	in.Ref = "wamid.HBgLMTU1NTAxMDAwMDE"
	out := said(policy.OptedOut, start+minute, annUser)
	out.Scopes, out.Ref = []policy.Scope{policy.Transactional, policy.Marketing, policy.Marketing}, "ticket 17"
	f.apply(in, out, in, out)
	f.apply(in)
	for _, w := range who(ann, annUser) {
		words := f.history(w)
		if len(words) != 2 {
			t.Fatalf("%s has %d words on record, want 2: %+v", w, len(words), words)
		}
		if words[0].State != policy.OptedOut || words[0].At != start+minute || words[0].Ref != "ticket 17" || words[0].PhoneNumberID != number1 {
			t.Errorf("newest word: %+v", words[0])
		}
		if s := words[0].Scopes; len(s) != 2 || s[0] != policy.Marketing || s[1] != policy.Transactional {
			t.Errorf("scopes of the newest word: %v", s)
		}
		if words[0].Alias != f.Pseudonym(annUser) {
			t.Errorf("the newest word is under %s, want the name it was said under", words[0].Alias)
		}
		if words[1].State != policy.OptedIn || words[1].Source != policy.SourceKeyword {
			t.Errorf("oldest word: %+v", words[1])
		}
		if words[1].Ref == "" || words[1].Ref == in.Ref {
			t.Errorf("a wamid is kept as %q, want a pseudonym", words[1].Ref)
		}
	}
	if words := f.history(stranger); len(words) != 0 {
		t.Errorf("a stranger has %d words on record", len(words))
	}
	// Two words at one time that differ are two.
	f.apply(said(policy.OptedIn, start, bob), said(policy.OptedOut, start, bob))
	if words := f.history(bob); len(words) != 2 {
		t.Errorf("two words at one time: %d on record", len(words))
	}
}
