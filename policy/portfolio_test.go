package policy

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A portfolio writes to as many people outside of their windows as its limit says.
func TestMessagingLimit(t *testing.T) {
	started := func(ago time.Duration) aspect { return func(p *PersonFacts) { p.Started = noon.Add(-ago) } }
	two := Policy{Messaging: MessagingLimit{Number: 2}}
	reserve := Policy{Messaging: MessagingLimit{Number: 2, Reserve: 1}}
	learn := Policy{Messaging: MessagingLimit{Learn: true}}
	all := []aspect{optedIn(day, Marketing), optedIn(day, Transactional), optedIn(day, Authentication)}
	for _, c := range []struct {
		name    string
		who     []aspect
		of      Category
		policy  Policy
		used    int
		told    int
		refused bool
		left    int // where it takes something
	}{
		{"first", nil, CategoryMarketing, two, 0, 0, false, 2},
		{"last", nil, CategoryMarketing, two, 1, 0, false, 1},
		{"one-too-many", nil, CategoryMarketing, two, 2, 0, true, 0},
		{"one-too-many-utility", nil, CategoryUtility, two, 2, 0, true, 0},
		{"counts-already", []aspect{started(hour)}, CategoryMarketing, two, 2, 0, false, Unlimited},
		{"counted-the-day-before", []aspect{started(25 * hour)}, CategoryMarketing, two, 2, 0, true, 0},
		{"reserve-marketing", nil, CategoryMarketing, reserve, 1, 0, true, 0},
		{"reserve-unknown", nil, CategoryUnknown, reserve, 1, 0, true, 0},
		{"reserve-utility", nil, CategoryUtility, reserve, 1, 0, false, 1},
		{"reserve-authentication", nil, CategoryAuthentication, reserve, 1, 0, false, 1},
		{"nothing-told", nil, CategoryMarketing, learn, 5, 0, false, Unlimited},
		{"told", nil, CategoryMarketing, learn, 5, 5, true, 0},
		{"told-no-limit", nil, CategoryMarketing, learn, 5, Unlimited, false, Unlimited},
	} {
		s := template()
		f := toOne(slices.Concat(all, c.who)...).of(c.of)
		f.Portfolio = PortfolioFacts{ID: "waba/1", Used: c.used, Told: ToldLimit{Number: c.told}, Again: noon.Add(hour)}
		d := Decide(&s, &f, &c.policy, noon.Time())
		if refused := d.Rule == RuleMessagingLimit; refused != c.refused || refused && d.Retry != noon.Add(hour) || !refused && d.Verdict != Allow {
			t.Errorf("%s: %s %s, retry %s", c.name, d.Rule, d.Reason, d.Retry)
		}
		i := slices.IndexFunc(d.Claims, func(k Claim) bool { return k.Kind == ClaimConversation })
		if c.refused != (i < 0) || i >= 0 && d.Claims[i].Left != c.left {
			t.Errorf("%s: claims %+v", c.name, d.Claims)
		}
		// An open window, and no limit at all, take nothing.
		open := toOne(slices.Concat(all, c.who, []aspect{wrote(hour)})...).of(c.of)
		open.Portfolio = f.Portfolio
		for _, d := range []Decision{Decide(&s, &open, &c.policy, noon.Time()), Decide(&s, &f, &Policy{}, noon.Time())} {
			if d.Verdict != Allow || slices.ContainsFunc(d.Claims, func(k Claim) bool { return k.Kind == ClaimConversation }) {
				t.Errorf("%s: in an open window or without a limit %s, %+v", c.name, d.Rule, d.Claims)
			}
		}
	}
}

// However claims are taken and given back, and in whatever order, no more than the limit are
// written to in any 24 hours, and none is refused while fewer were in the last 24 and a
// quarter.
func TestTakeConversation(t *testing.T) {
	const limit = 4
	rapid.Check(t, func(t *rapid.T) {
		type sent struct {
			who int
			at  Moment
		}
		var u Usage
		var left []sent
		now := noon
		people := [8]*Contact{}
		for i := range people {
			people[i] = new(Contact)
		}
		change := func(who int, k *Taken, how func(*Taken, *Contact, string)) {
			before := people[who].Started(k.Key, k.Portfolio)
			how(k, people[who], "1")
			u.Move(before, people[who].Started(k.Key, k.Portfolio))
		}
		within := func(d time.Duration, to Moment) int {
			who := map[int]struct{}{}
			for _, s := range left {
				if s.at > to.Add(-d) && s.at <= to {
					who[s.who] = struct{}{}
				}
			}
			return len(who)
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(rapid.SampledFrom([]time.Duration{0, time.Millisecond, 10 * time.Minute, 3 * time.Hour, 12 * time.Hour}).Draw(t, "pass"))
			who := rapid.IntRange(0, len(people)-1).Draw(t, "who")
			k := Claim{Kind: ClaimConversation, Key: name(byte(who + 1)), Portfolio: "waba/1", Limit: limit}
			got, ok := k.TakeConversation(u, people[who], now)
			if !ok {
				if n := within(portfolioPeriod+usageSlot, now); n < limit {
					t.Fatalf("refused, and %d were written to", n)
				}
				continue
			}
			change(who, &got, (*Taken).Record)
			if rapid.IntRange(0, 4).Draw(t, "fails") == 0 {
				change(who, &got, (*Taken).Release)
				if rapid.Bool().Draw(t, "again") {
					change(who, &got, (*Taken).Retake)
				} else {
					continue
				}
			}
			now = max(now, got.At)
			left = append(left, sent{who, got.At})
			if n := within(portfolioPeriod, got.At); n > limit {
				t.Fatalf("%d are written to within a day", n)
			}
			if at := u.At(now); at > limit {
				t.Fatalf("%d count", at)
			}
		}
		if again := u.again(limit, now); u.At(now) >= limit && (u.At(again) >= limit || u.At(again-1) < limit) {
			t.Fatalf("%v has room from %s on", u, again)
		}
	})
}
