package policy

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The first template after a person agreed is the welcome, and no other send is.
func TestWelcome(t *testing.T) {
	capped := Policy{Caps: []Cap{{Scopes: ScopesOf(Marketing), Limit: 5, Period: day}}}
	for _, c := range []struct {
		name   string
		send   Send
		facts  Facts
		policy Policy
		want   bool
	}{
		{"the first", template(), toOne(optedIn(day, AllScopes...)).of(CategoryUtility), Policy{}, true},
		{"under a cap", template(), toOne(optedIn(day, AllScopes...)).of(CategoryMarketing), capped, true},
		{"a later one", template(), toOne(optedIn(day, AllScopes...), func(p *PersonFacts) { p.Welcomed = ago(hour) }).of(CategoryUtility), Policy{}, false},
		{"without an opt-in", template(), toOne(wrote(hour)).of(CategoryUtility), Policy{}, false},
		{"to a kind they didn't agree to", template(), toOne(wrote(hour), optedIn(day, Marketing)).of(CategoryUtility), Policy{}, false},
		{"refused", template(), toOne(optedIn(day, Marketing), optedOutOf(hour, Marketing)).of(CategoryMarketing), Policy{}, false},
		{"refused by a rule", template(), toOne(optedIn(day, AllScopes...)).of(CategoryUtility), own(refuses(`true`)), false},
		{"lapsed", template(), toOne(optedIn(day, AllScopes...)).of(CategoryUtility), Policy{ConsentExpires: []Expiry{{ScopesOf(AllScopes...), 12 * hour}}}, false},
		{"a reply", text(), toOne(wrote(hour), optedIn(day, AllScopes...)), Policy{}, false},
		{"to a group", template().with(toGroup), toOne(optedIn(day, AllScopes...)).of(CategoryUtility), Policy{AllowGroups: true}, false},
	} {
		c.facts.WelcomeDue(&c.policy, &c.send, noon)
		d := Decide(&c.send, &c.facts, &c.policy, noon.Time())
		claims := slices.ContainsFunc(d.Claims, func(k Claim) bool { return k.Kind == ClaimWelcome })
		if d.Welcome != c.want || claims != c.want {
			t.Errorf("%s: %s, the welcome: %v, claimed: %v; want %v", c.name, d.Rule, d.Welcome, claims, c.want)
		}
		c.facts.ForgoWelcome()
		if again := Decide(&c.send, &c.facts, &c.policy, noon.Time()); again.Welcome || again.Rule != d.Rule {
			t.Errorf("%s: it is another's welcome, and comes to %s, %v", c.name, again.Rule, again.Welcome)
		}
	}
}

// Once a welcome has left its time stays, whatever is taken, given back, and told of the
// person since; and never are there two.
func TestWelcomeNeverMoves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := applied(rapid.SliceOfN(genUpdateOf("say", "open", "link"), 0, 6).Draw(t, "before"))
		c.Link(name(1), name(2), SamePerson, 1)
		fold := ours("1")
		now := noon
		var held *Taken
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			now++
			switch rapid.SampledFrom([]string{"take", "take", "release", "retake", "learn"}).Draw(t, "step") {
			case "take":
				k := welcomeOf(rapid.SampledFrom([]Alias{name(1), name(2)}).Draw(t, "name"))
				taken, ok := k.Take(c, fold, now)
				if ok != (held == nil) {
					t.Fatalf("a welcome can be taken: %v, and one was: %v", ok, held != nil)
				}
				if ok {
					taken.Record(c, "1")
					held = &taken
				}
			case "release":
				if held != nil {
					held.Release(c, "1")
					held = nil
				}
			case "retake":
				if held != nil {
					held.Retake(c, "1")
				}
			case "learn":
				genUpdateOf("say", "open").Draw(t, "update").apply(c)
				other := c.Clone()
				c.Merge(other)
			}
			want := Moment(0)
			if held != nil {
				want = held.At
			}
			if got := c.Person(name(1), fold).Welcomed; got != want {
				t.Fatalf("welcomed at %d, want %d", got, want)
			}
		}
	})
}
