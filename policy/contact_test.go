package policy

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Merge is a join: commutative, associative, idempotent. Nothing else makes
// events commute (A4).
func TestMergeIsAJoin(t *testing.T) {
	join := func(a, b *Contact) *Contact {
		c := a.Clone()
		c.Merge(b)
		return c
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := genContact().Draw(t, "a"), genContact().Draw(t, "b"), genContact().Draw(t, "c")
		same(t, "a·b and b·a", join(a, b), join(b, a))
		same(t, "(a·b)·c and a·(b·c)", join(join(a, b), c), join(a, join(b, c)))
		same(t, "a·a and a", join(a, a), a)
		same(t, "(a·b)·b and a·b", join(join(a, b), b), join(a, b))
		same(t, "a·nothing and a", join(a, new(Contact)), a)
		same(t, "nothing·a and a", join(new(Contact), a), a)
		a.Merge(a)
	})
}

// The same updates give the same contact in any order, however often each comes.
func TestUpdatesCommute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		updates := rapid.SliceOfN(genUpdate(), 0, 14).Draw(t, "updates")
		repeated := updates
		if len(updates) > 0 {
			repeated = append(slices.Clone(updates), rapid.SliceOfN(rapid.SampledFrom(updates), 0, 5).Draw(t, "again")...)
		}
		shuffled := rapid.Permutation(repeated).Draw(t, "another order")
		same(t, "one order and another", applied(updates), applied(shuffled))
	})
}

// Two halves of the updates applied to two contacts and merged are the same as
// all of them applied to one.
func TestMergeOfHalves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		updates := rapid.SliceOfN(genUpdate(), 0, 14).Draw(t, "updates")
		var left, right Contact
		for _, u := range updates {
			if rapid.Bool().Draw(t, "left") {
				u.apply(&left)
			} else {
				u.apply(&right)
			}
		}
		left.Merge(&right)
		same(t, "the halves and the whole", &left, applied(updates))
	})
}

func TestContactSurvivesCBOR(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genContact().Draw(t, "contact")
		var got Contact
		throughCBOR(t, c, &got)
		for _, n := range someNames {
			if before, after := c.Person(n, ours("1")), got.Person(n, ours("1")); !reflect.DeepEqual(before, after) {
				t.Fatalf("%+v is read back as %+v", before, after)
			}
		}
		got.Merge(c)
		same(t, "the record and its contact", &got, c)
	})
}

func TestCloneSharesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		updates := rapid.SliceOfN(genUpdate(), 1, 14).Draw(t, "updates")
		c := applied(updates)
		for _, u := range rapid.SliceOfN(genUpdate(), 1, 14).Draw(t, "more") {
			u.apply(c.Clone())
		}
		same(t, "the contact and its cloned self", c, applied(updates))
	})
}

func TestRelation(t *testing.T) {
	t.Run("calls/newest-word-holds", func(t *testing.T) {
		var r Relation
		r.PermitCalls(ago(hour), 0)
		r.PermitCalls(ago(2*hour), Forever)
		if r.CallUntil != 0 {
			t.Errorf("calls permitted until %d by an older word", r.CallUntil)
		}
	})
	t.Run("calls/same-time-stricter-word-holds", func(t *testing.T) {
		var a, b Relation
		a.PermitCalls(noon, Forever)
		a.PermitCalls(noon, 0)
		b.PermitCalls(noon, 0)
		b.PermitCalls(noon, Forever)
		if a.CallUntil != 0 || b.CallUntil != 0 {
			t.Errorf("until %d and %d, want never", a.CallUntil, b.CallUntil)
		}
	})
	t.Run("say/same-time-two-sources", func(t *testing.T) {
		var a, b Relation
		a.Record(ConsentRecord{State: OptedOut, Scopes: AllScopes, At: noon, Source: SourceKeyword})
		a.Record(ConsentRecord{State: OptedOut, Scopes: AllScopes, At: noon, Source: SourcePreference})
		b.Record(ConsentRecord{State: OptedOut, Scopes: AllScopes, At: noon, Source: SourcePreference})
		b.Record(ConsentRecord{State: OptedOut, Scopes: AllScopes, At: noon, Source: SourceKeyword})
		if !reflect.DeepEqual(a.Consent, b.Consent) {
			t.Errorf("%v in one order, %v in the other", a.Consent, b.Consent)
		}
	})
	t.Run("say/unknown-is-no-word", func(t *testing.T) {
		var r Relation
		r.Record(ConsentRecord{State: ConsentUnknown, Scopes: AllScopes, At: noon, Source: SourceOperator})
		if !reflect.DeepEqual(r, Relation{}) {
			t.Errorf("recorded %+v", r)
		}
	})
	// An opt-out without a usable time left no trace.
	t.Run("say/opt-out-of-unknown-time", func(t *testing.T) {
		for _, at := range []Moment{0, -5} {
			var c Contact
			r := c.Member(name(1)).Relation("1")
			r.Record(ConsentRecord{State: OptedOut, Scopes: AllScopes, At: at, Source: SourcePreference})
			if got := c.Person(name(1), ours("1")).Consent[Marketing].State; got != OptedOut {
				t.Errorf("at %d: %s, want %s", at, got, OptedOut)
			}
			r.Record(ConsentRecord{State: OptedIn, Scopes: AllScopes, At: ago(day), Source: SourceOperator})
			if got := c.Person(name(1), ours("1")).Consent[Marketing].State; got != OptedIn {
				t.Errorf("at %d and opted in since: %s, want %s", at, got, OptedIn)
			}
		}
	})
	t.Run("say/opt-in-of-unknown-time-is-none", func(t *testing.T) {
		var c Contact
		c.Member(name(1)).Relation("1").Record(ConsentRecord{State: OptedIn, Scopes: AllScopes, At: 0, Source: SourceOperator})
		if got := c.Person(name(1), ours("1")).Consent[Marketing].State; got != ConsentUnknown {
			t.Errorf("%s, want %s", got, ConsentUnknown)
		}
	})
}

func TestContactID(t *testing.T) {
	var c Contact
	if !c.ID().IsZero() {
		t.Errorf("nobody is called %s", c.ID())
	}
	c.Link(name(7), name(3), SamePerson, noon)
	if c.ID() != name(3) {
		t.Errorf("%s, want the smallest alias %s", c.ID(), name(3))
	}
	if !c.Has(name(7)) || c.Has(name(4)) {
		t.Error("Has is wrong about a member or a stranger")
	}
}

func TestLinkToItself(t *testing.T) {
	var c Contact
	c.Link(name(1), name(1), SamePerson, noon)
	if len(c.Members) != 1 || len(c.Links) != 0 {
		t.Errorf("%d members and %d links, want 1 and none", len(c.Members), len(c.Links))
	}
}

func same(t rapid.TB, what string, a, b *Contact) {
	t.Helper()
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("%s differ:\n%+v\n%+v", what, a, b)
	}
}
