package policy

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestFreeEntry: the first answer within a day of a message through an ad opens 72 free
// hours, in whatever order all of it becomes known; Meta's word beats what is expected.
func TestFreeEntry(t *testing.T) {
	const number = "1"
	h := func(hours int) Moment { return Moment(0).Add(time.Duration(1000+hours) * time.Hour) }
	ad := func(at int) update { return update{What: "ad", At: h(at)} }
	answer := func(ad, at int, message byte, change func(*AdAnswer)) update {
		a := AdAnswer{Ad: h(ad), At: h(at), Message: Alias{message}}
		if change != nil {
			change(&a)
		}
		return update{What: "answer", Answer: a}
	}
	told := func(at, until int) update {
		f := ToldFree{At: h(at)}
		if until != 0 {
			f.Until = h(until)
		}
		return update{What: "free", Free: f}
	}
	delivered := func(at int) func(*AdAnswer) { return func(a *AdAnswer) { a.Delivered = h(at) } }
	failed := func(a *AdAnswer) { a.Failed = true }
	charged := func(a *AdAnswer) { a.Charged = true }
	never := 0
	for name, c := range map[string]struct {
		updates []update
		until   int // of the window
		waiting int // since when an ad waits for its answer
	}{
		"nothing":                      {nil, never, never},
		"an ad":                        {[]update{ad(10)}, never, 10},
		"the newest of two ads":        {[]update{ad(10), ad(12)}, never, 12},
		"answered":                     {[]update{ad(10), answer(10, 11, 1, nil)}, 11 + 72, never},
		"from the delivery on":         {[]update{ad(10), answer(10, 11, 1, delivered(13))}, 13 + 72, never},
		"by the first answer":          {[]update{ad(10), answer(10, 11, 1, nil), answer(10, 15, 2, nil)}, 11 + 72, never},
		"the first one failed":         {[]update{ad(10), answer(10, 11, 1, failed), answer(10, 15, 2, nil)}, 15 + 72, never},
		"all failed":                   {[]update{ad(10), answer(10, 11, 1, failed)}, never, 10},
		"charged for":                  {[]update{ad(10), answer(10, 11, 1, charged)}, never, never},
		"another ad, not answered":     {[]update{ad(10), answer(10, 11, 1, nil), ad(20)}, 11 + 72, 20},
		"another ad, answered":         {[]update{ad(10), answer(10, 11, 1, nil), ad(20), answer(20, 22, 2, nil)}, 22 + 72, never},
		"told the end":                 {[]update{ad(10), answer(10, 11, 1, nil), told(12, 80)}, 80, never},
		"told a later end":             {[]update{ad(10), answer(10, 11, 1, nil), told(12, 178)}, 178, never},
		"told the end of another":      {[]update{ad(100), answer(100, 101, 1, nil), told(12, 80)}, 101 + 72, never},
		"told alone":                   {[]update{told(12, 84)}, 84, never},
		"told without an end":          {[]update{told(12, 0), told(40, 0)}, 12 + 72, never},
		"told of a window known":       {[]update{ad(10), answer(10, 11, 1, nil), told(12, 0), told(60, 0)}, 11 + 72, never},
		"told of one later":            {[]update{told(12, 84), told(100, 0)}, 100 + 72, never},
		"an answer that nobody saw":    {[]update{ad(10), told(12, 0)}, 12 + 72, never},
		"an answer to what nobody saw": {[]update{answer(10, 11, 1, nil)}, never, never},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				contact, half := new(Contact), new(Contact)
				for _, u := range rapid.Permutation(append(c.updates, c.updates...)).Draw(t, "order") {
					u.A, u.Number = name1, number
					if rapid.Bool().Draw(t, "elsewhere") {
						u.apply(half)
					} else {
						u.apply(contact)
					}
				}
				contact.Merge(half)
				p := contact.Person(name1, ours(number))
				want := func(hours int) Moment {
					if hours == never {
						return 0
					}
					return h(hours)
				}
				if p.FreeUntil != want(c.until) || p.AdAt != want(c.waiting) {
					t.Errorf("until %s, waiting since %s; want %s, %s", p.FreeUntil, p.AdAt, want(c.until), want(c.waiting))
				}
			})
		})
	}
}

var name1 = name(1)

// TestFreeEntryAt: at its very end the window is closed, and a day after an ad an answer opens
// none.
func TestFreeEntryAt(t *testing.T) {
	at := Moment(0).Add(1000 * time.Hour)
	for name, c := range map[string]struct {
		p    PersonFacts
		now  Moment
		want bool
	}{
		"nothing":                  {PersonFacts{}, at, false},
		"open":                     {PersonFacts{FreeUntil: at}, at - 1, true},
		"at its end":               {PersonFacts{FreeUntil: at}, at, false},
		"an ad":                    {PersonFacts{AdAt: at}, at, true},
		"an ad of nearly a day":    {PersonFacts{AdAt: at}, at.Add(24*time.Hour) - 1, true},
		"an ad of a day":           {PersonFacts{AdAt: at}, at.Add(24 * time.Hour), false},
		"an ad of a day, and open": {PersonFacts{AdAt: at, FreeUntil: at.Add(50 * time.Hour)}, at.Add(24 * time.Hour), true},
	} {
		if got := c.p.FreeEntryAt(c.now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for kind, message := range map[Kind]bool{FreeForm: true, TemplateMessage: true, DirectSend: true, CallPermissionRequest: true, Receipt: false, Call: false, CallControl: false} {
		for _, group := range []bool{false, true} {
			f := Facts{Persons: []PersonFacts{{FreeUntil: at + 1, AdAt: at - 1}}}
			f.Counted(new(Policy), &Send{Kind: kind, Group: group}, at)
			if got := f.Persons[0].FreeEntryAt(at); got != (message && !group) {
				t.Errorf("%s, to a group %v: %v", kind, group, got)
			}
		}
	}
}

// TestFreeEntryOfANumber: the window is between a person and one business phone number, and
// whoever gets the person's number later has none.
func TestFreeEntryOfANumber(t *testing.T) {
	at := Moment(0).Add(1000 * time.Hour)
	k := new(Contact)
	k.Member(name1).Relation("1").Advertise(at)
	k.AnswerAd(name1, "1", AdAnswer{Ad: at, At: at + 1, Message: Alias{1}})
	if p := k.Person(name1, ours("2")); p.FreeUntil != 0 || p.AdAt != 0 {
		t.Errorf("from another number: %+v", p)
	}
	k.Link(name1, name(2), SamePerson, at)
	if p := k.Person(name(2), ours("1")); p.FreeUntil != (at + 1).Add(FreeEntryLength) {
		t.Errorf("by another name: %+v", p)
	}
	k.Member(name1).GiveAway(at+5, at+5)
	if p := k.Person(name1, ours("1")); p.FreeUntil != 0 || p.AdAt != 0 {
		t.Errorf("somebody new: %+v", p)
	}
}

// TestToldFree: what statuses say of a free entry point.
func TestToldFree(t *testing.T) {
	for name, c := range map[string]struct {
		e        StatusChanged
		free, no bool
	}{
		"nothing":           {StatusChanged{}, false, false},
		"an end":            {StatusChanged{FreeUntil: 9}, true, false},
		"type":              {StatusChanged{Pricing: &Pricing{Type: "free_entry_point", Category: "referral_conversion"}}, true, false},
		"category":          {StatusChanged{Pricing: &Pricing{Category: "referral-conversion", Model: "CBP"}}, true, false},
		"regular":           {StatusChanged{Pricing: &Pricing{Type: "regular", Category: "service"}}, false, true},
		"free otherwise":    {StatusChanged{Pricing: &Pricing{Type: "free_customer_service", Category: "service"}}, false, true},
		"nothing but model": {StatusChanged{Pricing: &Pricing{Model: "PMP"}}, false, false},
	} {
		c.e.PhoneNumberID, c.e.At = "1", 5
		told, free := c.e.toldFree()
		if free != c.free || c.e.Pricing.NoFreeEntry() != c.no || told.At != 5 || told.Until != c.e.FreeUntil {
			t.Errorf("%s: %+v %v %v", name, told, free, c.e.Pricing.NoFreeEntry())
		}
	}
}
