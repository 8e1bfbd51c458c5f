package policy

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawn is a pseudonym as a key makes it.
func drawn(i Identity) Alias {
	sum := sha256.Sum256(fmt.Append(nil, i.Kind, i.Value))
	return Alias(sum[:16])
}

// somebody are people by some numbers and user ids, which may be one person's.
var somebody = []Identity{{Phone, "491511"}, {Phone, "491512"}, {BSUID, "DE.1"}, {BSUID, "DE.2"}, {ParentBSUID, "DE.ENT.1"}, {ParentBSUID, "DE.ENT.2"}}

// genHeard draws what is heard of people.
func genHeard() *rapid.Generator[Change] {
	return rapid.Custom(func(t *rapid.T) Change {
		who := rapid.SliceOfNDistinct(rapid.SampledFrom(somebody), 1, 3, func(i Identity) Identity { return i }).Draw(t, "who")
		at := genMoment().Draw(t, "at")
		var e Event
		switch rapid.SampledFrom([]string{"writes", "agrees", "linked", "status", "changes"}).Draw(t, "what") {
		case "writes":
			e = ServiceWindowOpened{PhoneNumberID: "1", Who: who, At: at}
		case "agrees":
			e = ConsentChanged{PhoneNumberID: "1", Who: who, At: at, State: OptedIn, Scopes: AllScopes, Source: SourceOperator}
		case "linked":
			e = IdentityLinked{Who: who, At: at}
		case "status":
			e = StatusChanged{PhoneNumberID: "1", Who: who, At: at}
		case "changes":
			e = IdentityChanged{Old: who[:1], New: who[1:], At: at}
		}
		ch, ok := ChangeOf(e, drawn)
		if !ok {
			ch = Change{Event: IdentityLinked{At: at}, Names: []Alias{drawn(who[0])}, First: []Alias{drawn(who[0])}}
		}
		return ch
	})
}

// subset reports that all of a are in b.
func subset(a, b []Lot) bool {
	return !slices.ContainsFunc(a, func(l Lot) bool { return !slices.Contains(b, l) })
}

// Whoever is in stays in: what is heard of people takes no lot from anybody, and all names of a
// person have the same ones.
func TestLotsStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		heard := rapid.SliceOfN(genHeard(), 1, 12).Draw(t, "heard")
		c := new(Contact)
		before := make(map[Alias][]Lot)
		for _, ch := range heard {
			for _, a := range ch.First { // which may have been written to before anybody heard of them
				if !c.Has(a) {
					before[a] = c.Lots(a)
				}
			}
			c.Apply(&ch)
			for _, m := range c.Members {
				lots := c.Lots(m.Alias)
				if len(lots) == 0 || slices.Contains(lots, NoLot) || !subset(before[m.Alias], lots) {
					t.Fatalf("%s had the lots %d, and has %d", m.Alias, before[m.Alias], lots)
				}
				before[m.Alias] = lots
				for _, a := range c.Names(m.Alias) {
					if other := c.Lots(a); !slices.Equal(other, lots) {
						t.Fatalf("%s and %s are one person, with the lots %d and %d", m.Alias, a, lots, other)
					}
				}
			}
		}
		// In which order they come makes no difference.
		shuffled := new(Contact)
		for _, ch := range rapid.Permutation(heard).Draw(t, "in another order") {
			shuffled.Apply(&ch)
		}
		// Nor does it who hears of what, when they come together.
		at := rapid.IntRange(0, len(heard)).Draw(t, "one hears")
		one, other := new(Contact), new(Contact)
		for i, ch := range heard {
			if i < at {
				one.Apply(&ch)
			} else {
				other.Apply(&ch)
			}
		}
		one.Merge(other)
		for a, lots := range before {
			if got := shuffled.Lots(a); !slices.Equal(got, lots) {
				t.Fatalf("in another order %s has the lots %d, else %d", a, got, lots)
			}
			if got := one.Lots(a); !slices.Equal(got, lots) {
				t.Fatalf("of two halves %s has the lots %d, else %d", a, got, lots)
			}
		}
	})
}

// Who has which lots, by what was heard of them.
func TestLots(t *testing.T) {
	number, other, user, parent := somebody[0], somebody[1], somebody[2], somebody[4]
	heard := func(who ...Identity) Event { return ServiceWindowOpened{PhoneNumberID: "1", Who: who, At: 1000} }
	for name, c := range map[string]struct {
		heard []Event
		who   Identity
		want  []Identity
	}{
		"nobody was heard of":            {nil, number, []Identity{number}},
		"a number":                       {[]Event{heard(number)}, number, []Identity{number}},
		"a number with its user ids":     {[]Event{heard(number, user, parent)}, number, []Identity{number}},
		"by the user id":                 {[]Event{heard(number, user, parent)}, parent, []Identity{number}},
		"a number, and then both":        {[]Event{heard(number), heard(user, number)}, user, []Identity{number}},
		"a user id, and then both":       {[]Event{heard(user), heard(number, user)}, number, []Identity{number, user}},
		"both, and then the user id":     {[]Event{heard(number, user), heard(user)}, number, []Identity{number, user}},
		"user ids of one and of several": {[]Event{heard(user, parent)}, parent, []Identity{user}},
		"another number":                 {[]Event{heard(number, user), IdentityChanged{Old: []Identity{number}, New: []Identity{other}, At: 2000}}, other, []Identity{number}},
		"another number that writes":     {[]Event{heard(number, user), IdentityChanged{Old: []Identity{number}, New: []Identity{other}, At: 2000}, heard(other, user)}, user, []Identity{number, other}},
		"the number is somebody else's":  {[]Event{heard(number, user), NewPerson{Who: number, At: 3000, Recorded: 3000}}, user, []Identity{user}},
		"somebody else's number":         {[]Event{heard(number, user), NewPerson{Who: number, At: 3000, Recorded: 3000}}, number, []Identity{number}},
	} {
		t.Run(name, func(t *testing.T) {
			contact := new(Contact)
			for _, e := range c.heard {
				ch, _ := ChangeOf(e, drawn)
				contact.Apply(&ch)
			}
			var want []Lot
			for _, i := range c.want {
				want = append(want, drawn(i).Lot())
			}
			slices.Sort(want)
			if got := contact.Lots(drawn(c.who)); !slices.Equal(got, want) {
				t.Errorf("the lots are %d, want %d", got, want)
			}
		})
	}
	gone := Named{Name: drawn(number), Contact: new(Contact), Erased: Erasure{At: 1}}
	facts := gone.Facts(DefaultTerms().For("1", func(string) string { return "" }))
	if lots := gone.Lots(); !slices.Equal(lots, []Lot{NoLot}) || !slices.Equal(facts.LotsOf(), lots) {
		t.Errorf("who was erased has the lots %d and %d", lots, facts.LotsOf())
	}
	if lots := (&PersonFacts{Contact: drawn(user)}).LotsOf(); !slices.Equal(lots, []Lot{drawn(user).Lot()}) {
		t.Errorf("where nobody asked the lots are %d", lots)
	}
	if Alias.Lot(Alias{}) != NoLot || Alias.Lot(Alias{15: 1}) == NoLot {
		t.Error("the name of nobody has no lot, and every other one has")
	}
}
