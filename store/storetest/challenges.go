package storetest

import (
	"errors"
	"testing"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// testChallenges: who is asked is pending, who answers in time is opted in, once, with
// what was shown when they were asked; a no holds at any time.
func testChallenges(t *testing.T, open Open) {
	f := newFixture(t, open)
	now := func() policy.Moment { return policy.MomentOf(f.clock.now()) }
	ask := func(who policy.Identity) store.ChallengeID {
		t.Helper()
		c := store.Challenge{
			PhoneNumberID: number1, Scopes: []policy.Scope{policy.Marketing}, Source: "sms", Ref: "flyer 7",
			Evidence: &consent.Evidence{Programme: "offers"}, Lacks: []consent.Field{consent.FieldText}, Actor: "ana", Expires: now() + 60*minute,
		}
		if err := f.Ask(t.Context(), who, &c); err != nil {
			t.Fatal(err)
		}
		return c.ID
	}
	answer := func(id store.ChallengeID, state policy.ConsentState, want error) *store.Challenge {
		t.Helper()
		c, err := f.Answer(t.Context(), id, state, "sms system")
		if !errors.Is(err, want) {
			t.Fatalf("answered with %v, want %v", err, want)
		}
		return c
	}
	is := func(who policy.Identity, want policy.ConsentState) {
		t.Helper()
		if got := f.person(who).Consent[policy.Marketing].State; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	f.clock.set(start)
	id := ask(ann)
	is(ann, policy.ConsentPending)
	f.reopen()
	f.clock.set(start + 60*minute)
	first := answer(id, policy.OptedIn, nil)
	is(ann, policy.OptedIn)
	f.clock.set(start + 90*minute)
	if again := answer(id, policy.OptedIn, nil); again.Confirmed != first.Confirmed || first.Confirmed != start+60*minute {
		t.Errorf("confirmed at %s, and again at %s", first.Confirmed, again.Confirmed)
	}
	records := f.history(ann)
	if len(records) != 2 || records[0].State != policy.OptedIn || records[0].Evidence == nil || records[0].Evidence.Programme != "offers" || records[0].Actor != "sms system" || len(records[0].Lacks) != 1 {
		t.Errorf("the history is %+v", records)
	}

	late := ask(bob)
	f.clock.set(start + 90*minute + 60*minute + 1)
	answer(late, policy.OptedIn, store.ErrExpired)
	is(bob, policy.ConsentPending)
	answer(late, policy.OptedOut, nil)
	is(bob, policy.OptedOut)
	answer(store.ChallengeID{1}, policy.OptedIn, store.ErrNotFound)

	// What was asked for before an opt-out, and is answered after it, is an opt-in of now.
	asked := ask(annUser)
	f.clock.set(now() + minute)
	f.apply(said(policy.OptedOut, now(), annUser))
	f.clock.set(now() + 2*minute)
	answer(asked, policy.OptedIn, nil)
	is(annUser, policy.OptedIn)
}
