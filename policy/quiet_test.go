package policy

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// livesBy are the clocks a person may live by, in hours before UTC.
func livesBy(hours ...int) aspect {
	return func(p *PersonFacts) {
		for _, h := range hours {
			p.Clocks = append(p.Clocks, Clock{East: h * 60})
		}
	}
}

// Nobody gets templates at night, wherever they may be. It is noon in Greenwich.
func TestQuietHours(t *testing.T) {
	night := Policy{QuietHours: []Quiet{{Scopes: ScopesOf(Marketing), From: 21 * 60, To: 8 * 60}}}
	all := Policy{QuietHours: []Quiet{{Scopes: ScopesOf(AllScopes...), From: 21 * 60, To: 8 * 60}}, EssentialTemplates: []string{"order_update"}}
	noonday := Policy{QuietHours: []Quiet{{Scopes: ScopesOf(Marketing), From: 12 * 60, To: 14 * 60}}}
	berlin := Policy{QuietHours: []Quiet{{Scopes: ScopesOf(Marketing), From: 13 * 60, To: 15 * 60, Zone: "Europe/Berlin"}}}
	in := optedIn(100*day, AllScopes...)
	to := func(c Category, aspects ...aspect) Facts { return toOne(append(aspects, in)...).of(c) }
	inBerlin := func(p *PersonFacts) { p.Clocks = append(p.Clocks, Clock{Zone: "Europe/Berlin", East: 60}) }
	judge(t, []ruling{
		{name: "day", send: template(), facts: to(CategoryMarketing, livesBy(0)), policy: night, want: RuleConsent},
		{name: "night", send: template(), facts: to(CategoryMarketing, livesBy(10)), policy: night, want: RuleQuietHours},
		{name: "first-minute", send: template(), facts: to(CategoryMarketing, livesBy(9)), policy: night, want: RuleQuietHours},
		{name: "minute-before", send: template(), facts: to(CategoryMarketing, livesBy(9)), policy: night, now: noon.Add(-time.Millisecond), want: RuleConsent},
		{name: "last-minute", send: template(), facts: to(CategoryMarketing, livesBy(-4)), policy: night, now: noon.Add(-time.Millisecond), want: RuleQuietHours},
		{name: "minute-after", send: template(), facts: to(CategoryMarketing, livesBy(-4)), policy: night, want: RuleConsent},
		{name: "over-midnight", send: template(), facts: to(CategoryMarketing, livesBy(14)), policy: night, want: RuleQuietHours},
		{name: "within-a-day", send: template(), facts: to(CategoryMarketing, livesBy(1)), policy: noonday, want: RuleQuietHours},
		{name: "within-a-day/outside", send: template(), facts: to(CategoryMarketing, livesBy(2)), policy: noonday, want: RuleConsent},
		{name: "night-in-one-of-several-zones", send: template(), facts: to(CategoryMarketing, livesBy(0, -4, -5)), policy: night, want: RuleQuietHours},
		{name: "no-zone-known", send: template(), facts: to(CategoryMarketing), policy: night, want: RuleConsent},
		{name: "by-a-zone-of-its-own", send: template(), facts: to(CategoryMarketing, inBerlin), policy: berlin, want: RuleQuietHours},
		{name: "by-a-zone-of-its-own/recipient-elsewhere", send: template(), facts: to(CategoryMarketing, livesBy(1)), policy: berlin, want: RuleConsent},

		{name: "another-kind", send: template(), facts: to(CategoryUtility, livesBy(10)), policy: night, want: RuleConsent},
		{name: "unknown-kind", send: template(), facts: to(CategoryUnknown, livesBy(10)), policy: night, want: RuleQuietHours},
		{name: "all/utility", send: template(), facts: to(CategoryUtility, livesBy(10)), policy: all, want: RuleQuietHours},
		{name: "all/authentication", send: template(), facts: to(CategoryAuthentication, livesBy(10)), policy: all, want: RuleQuietHours},
		{name: "reply", send: text(), facts: to(CategoryNone, livesBy(10), wrote(hour)), policy: all, want: RuleWindowOpen},
		{name: "utility-reply", send: template(), facts: toOne(livesBy(10), wrote(hour)).of(CategoryUtility), policy: all, want: RuleQuietHours},
		{name: "essential", send: template().with(aboutTransaction), facts: toOne(livesBy(10), in, optedOutOf(day, AllScopes...)).of(CategoryUtility), policy: all, want: RuleQuietHours},
		{name: "no-is-no", send: template(), facts: to(CategoryMarketing, livesBy(10)).with(optedOutOf(day, Marketing)), policy: night, want: RuleOptedOutMarketing},
		{name: "so-is-nothing", send: template(), facts: toOne(livesBy(10)).of(CategoryMarketing), policy: night, want: RuleNoConsent},
	})
	for _, c := range []struct {
		name   string
		policy Policy
		clocks []int
		again  time.Duration // after noon
	}{
		{"one-zone", night, []int{10}, 10 * hour},
		{"the-last-of-several", night, []int{10, -5}, 0},
		{"several", night, []int{9, 12}, 11 * hour},
		{"noonday", noonday, []int{1}, hour},
	} {
		f := to(CategoryMarketing, livesBy(c.clocks...))
		s := template()
		d := Decide(&s, &f, &c.policy, noon.Time())
		if c.again == 0 {
			if !strings.Contains(d.Remedy, "later") || d.Retry <= noon {
				t.Errorf("%s: %+v", c.name, d)
			}
			continue
		}
		if d.Retry != noon.Add(c.again) || !strings.Contains(d.Remedy, d.Retry.String()) {
			t.Errorf("%s: again at %s (%s), want %s", c.name, d.Retry, d.Remedy, noon.Add(c.again))
		}
	}
}

// TestQuietHoursRetry: at the time that a refusal names the send passes, and no whole
// minute before.
func TestQuietHoursRetry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minute := rapid.IntRange(0, minutesOfDay-1)
		var p Policy
		for range rapid.IntRange(1, 2).Draw(t, "hours") {
			p.QuietHours = append(p.QuietHours, Quiet{Scopes: ScopesOf(Marketing), From: minute.Draw(t, "from"), To: minute.Draw(t, "to")})
		}
		f := toOne(optedIn(100*day, Marketing)).of(CategoryMarketing)
		for range rapid.IntRange(1, 3).Draw(t, "clocks") {
			f.Persons[0].Clocks = append(f.Persons[0].Clocks, Clock{East: 15 * rapid.IntRange(-48, 56).Draw(t, "east")})
		}
		s, now := template(), noon.Add(time.Duration(rapid.IntRange(0, 86_400_000).Draw(t, "ms"))*time.Millisecond)
		d := Decide(&s, &f, &p, now.Time())
		if d.Rule != RuleQuietHours {
			return
		}
		at := func(m Moment) Rule { d := Decide(&s, &f, &p, m.Time()); return d.Rule }
		last := d.Retry
		if last == 0 {
			last = now.Add(48 * hour)
		} else if got := at(last); got != RuleConsent {
			t.Fatalf("at %s, when it may be sent: %s", last, got)
		}
		for m := now; m < last; m = m.Add(7 * time.Minute) {
			if got := at(m); got != RuleQuietHours {
				t.Fatalf("at %s, before %s: %s", m, last, got)
			}
		}
	})
}
