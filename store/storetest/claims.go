package storetest

import (
	"errors"
	"sync"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// confirmation is a send that uses up the one confirmation of an opt-out.
func (f *fixture) confirmation(at policy.Moment, number string, to ...policy.Identity) *store.Entry {
	e := f.newEntry(at, to...)
	e.Send.PhoneNumberID, e.Terms = number, shared
	e.Decision = policy.Decision{Verdict: policy.Allow, Rule: policy.RuleConfirmation, Category: policy.CategoryService}
	for i := range e.Facts.Persons {
		e.Decision.Claims = append(e.Decision.Claims, policy.Claim{Key: e.Facts.Persons[i].Contact, Limit: 1})
	}
	return e
}

func testConfirmation(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.apply(opened(start, ann, annUser), said(policy.OptedOut, start, ann))
	at := start + minute
	claim := func(what string, want error, number string, to policy.Identity) store.ID {
		t.Helper()
		e := f.confirmation(at, number, to)
		if err := f.Reserve(t.Context(), e).Wait(); !errors.Is(err, want) {
			t.Fatalf("%s: %v, want %v", what, err, want)
		}
		if _, err := f.Entry(t.Context(), e.ID); (err == nil) != (want == nil) {
			t.Errorf("%s: reading the entry: %v", what, err)
		}
		at++
		return e.ID
	}
	id := claim("the first", nil, number1, ann)
	if got := f.person(annUser).Confirmed; got != start+minute {
		t.Errorf("confirmed at %s, want %s", got, start+minute)
	}
	claim("a second", store.ErrClaimed, number1, ann)
	claim("by another name", store.ErrClaimed, number1, annUser)
	claim("from another number of the group", store.ErrClaimed, number2, ann)
	claim("to somebody else", nil, number1, bob)

	for _, state := range []store.OutcomeState{store.Unknown, store.Accepted} {
		f.settle(id, store.Outcome{State: state, At: at})
		claim("after "+string(state), store.ErrClaimed, number1, ann)
	}
	f.settle(id, store.Outcome{State: store.Rejected, At: at})
	if got := f.person(ann).Confirmed; got != 0 {
		t.Errorf("after a rejection, confirmed at %s", got)
	}
	id2 := claim("after a rejection", nil, number2, ann)
	f.settle(id, store.Outcome{State: store.NotSent, At: at})
	claim("after another send was rejected again", store.ErrClaimed, number1, ann)
	f.settle(id2, store.Outcome{State: store.NotSent, At: at})
	f.settle(id2, store.Outcome{State: store.Unknown, At: at})
	claim("after a rejection that was taken back", store.ErrClaimed, number1, ann)

	f.apply(said(policy.OptedIn, at+minute, ann), said(policy.OptedOut, at+2*minute, ann))
	at += 3 * minute
	f.clock.set(at)
	claim("of the next opt-out", nil, number1, ann)
	claim("of the next opt-out again", store.ErrClaimed, number1, ann)
	f.reopen()
	claim("after reopening", store.ErrClaimed, number1, ann)

	// Only what leaves uses anything up.
	e := f.confirmation(at, number1, stranger)
	e.Outcome.State = store.Refused
	f.reserve(e)
	claim("after a refusal", nil, number1, stranger)
}

func testClaimsRace(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.apply(opened(start, ann, annUser), said(policy.OptedOut, start, ann))
	const senders = 17
	for round := range 5 {
		entries := make([]*store.Entry, senders)
		for i := range entries {
			entries[i] = f.confirmation(start+policy.Moment(round)*minute+policy.Moment(i)+1, pair[i%2], []policy.Identity{ann, annUser}[i%2])
		}
		errs := make([]error, senders)
		var wg sync.WaitGroup
		for i := range entries {
			wg.Go(func() { errs[i] = f.Reserve(t.Context(), entries[i]).Wait() })
		}
		wg.Wait()
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner >= 0:
				t.Fatalf("round %d: two confirmations were reserved", round)
			case err == nil:
				winner = i
			case !errors.Is(err, store.ErrClaimed):
				t.Errorf("round %d: %v, want ErrClaimed", round, err)
			}
		}
		if winner < 0 {
			t.Fatalf("round %d: no confirmation was reserved", round)
		}
		f.settle(entries[winner].ID, store.Outcome{State: store.NotSent, At: start})
	}
}
