package policy

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Digits without a plus sign: whom Meta showed them to be, whom webhooks call so,
// the international number, and only then the national one.
func TestBareNumbers(t *testing.T) {
	international := func(s *Send) { s.To, s.Bare = []Identity{phone, otherPhone}, BareInternational }
	national := func(s *Send) { s.To, s.Bare = []Identity{otherPhone, phone}, BareNational }
	alone := func(s *Send) { s.To, s.Bare = []Identity{phone}, BareInternational }
	known := func(p *PersonFacts) { p.Known = true }
	first := func(aspects ...aspect) PersonFacts { return person(aspects...) }
	second := func(aspects ...aspect) PersonFacts {
		p := person(aspects...)
		p.Contact = name(2)
		return p
	}
	two := func(a, b PersonFacts) Facts { return Facts{Persons: []PersonFacts{a, b}} }
	shown := func(f Facts, s Shown) Facts { f.Shown = s; return f }
	linked := func(f Facts) Facts { f.OnePerson = true; return f }
	both, refuse := Policy{BareNumbers: BareBoth}, Policy{BareNumbers: BareRefuse}
	all := AllScopes
	judge(t, []ruling{
		{name: "international/wrote", send: text().with(international), facts: two(first(wrote(hour), known), second()), want: RuleWindowOpen},
		{name: "international/other-wrote", send: text().with(international), facts: two(first(), second(wrote(hour), known)), want: RuleWindowClosed},
		{name: "international/consent", send: template().with(international), facts: two(first(optedIn(day, all...)), second()).of(CategoryMarketing), want: RuleConsent},
		{name: "international/other-pending", send: template().with(international), facts: two(first(optedIn(day, all...)), second(asked(hour, all...))).of(CategoryMarketing), want: RuleConsent},
		{name: "international/alone", send: text().with(alone), facts: toOne(wrote(hour)), want: RuleWindowOpen},
		{name: "national/wrote", send: text().with(national), facts: two(first(wrote(hour), known), second()), want: RuleWindowOpen},
		{name: "national/digits-known", send: text().with(national), facts: two(first(), second(wrote(hour), known)), want: RuleWindowOpen},
		{name: "national/digits-known-closed", send: text().with(national), facts: two(first(wrote(hour), known), second(known)), want: RuleWindowClosed},
		{name: "national/digits-unknown", send: text().with(national), facts: two(first(), second(wrote(hour))), want: RuleWindowClosed},

		// The other reading counts only where that person opted out.
		{name: "other-out/free-form", send: text().with(international), facts: two(first(wrote(hour)), second(optedOutOf(day, all...))), want: RuleOptedOut},
		{name: "other-out/of-marketing/free-form", send: text().with(international), facts: two(first(wrote(hour)), second(optedOutOf(day, Marketing))), want: RuleWindowOpen},
		{name: "other-out/of-marketing/marketing", send: template().with(international), facts: two(first(optedIn(day, all...)), second(optedOutOf(day, Marketing))).of(CategoryMarketing), want: RuleOptedOutMarketing},
		{name: "other-out/of-marketing/utility", send: template().with(international), facts: two(first(optedIn(day, all...)), second(optedOutOf(day, Marketing))).of(CategoryUtility), want: RuleConsent},
		{name: "other-out/of-marketing/unknown", send: template().with(international), facts: two(first(optedIn(day, all...)), second(optedOutOf(day, Marketing))).of(CategoryUnknown), want: RuleOptedOutMarketing},
		{name: "other-out/wrote-again", send: text().with(international), facts: two(first(wrote(hour)), second(optedOutOf(day, all...), wrote(hour))), want: RuleWindowOpen},
		{name: "other-out/could-be-confirmed", send: text().with(international), facts: two(first(wrote(hour)), second(optedOutOf(hour, all...), wrote(hour))), want: RuleOptedOut},
		{name: "other-out/of-the-same-person", send: text().with(international), facts: two(first(wrote(hour)), person(optedOutOf(day, all...))), want: RuleWindowOpen},
		{name: "national/digits-known-and-out", send: text().with(national), facts: two(first(wrote(hour)), second(optedOutOf(day, all...), known)), want: RuleWindowClosed},
		{name: "meant-out/confirmation", send: text().with(international).with(confirms), facts: two(first(optedOutOf(hour, all...), wrote(hour)), second()), want: RuleConfirmation},

		// Meta's own answer beats what the digits look like.
		{name: "shown/second", send: text().with(international), facts: shown(two(first(), second(wrote(hour))), 2), want: RuleWindowOpen},
		{name: "shown/first", send: text().with(national), facts: shown(two(first(wrote(hour)), second(known)), 1), want: RuleWindowOpen},
		{name: "shown/second-out-first", send: text().with(international), facts: shown(two(first(optedOutOf(day, all...)), second(wrote(hour))), 2), want: RuleOptedOut},
		{name: "shown/none", send: text().with(alone), facts: shown(toOne(wrote(hour)), ShownNone), want: RuleRecipientInvalid},

		{name: "both/wrote", send: text().with(international), facts: two(first(wrote(hour)), second(wrote(hour))), policy: both, want: RuleWindowOpen},
		{name: "both/other-closed", send: text().with(international), facts: two(first(wrote(hour)), second()), policy: both, want: RuleWindowClosed},
		{name: "both/alone", send: text().with(alone), facts: toOne(wrote(hour)), policy: both, want: RuleWindowOpen},
		{name: "refuse/two-readings", send: text().with(international), facts: two(first(wrote(hour)), second(wrote(hour))), policy: refuse, want: RuleRecipientInvalid},
		{name: "refuse/one-reading", send: text().with(alone), facts: toOne(wrote(hour)), policy: refuse, want: RuleRecipientInvalid},
		{name: "refuse/plus", send: text().with(func(s *Send) { s.To = []Identity{phone} }), facts: toOne(wrote(hour)), policy: refuse, want: RuleWindowOpen},

		{name: "two-names/meant", send: text().with(international).with(func(s *Send) { s.Recipient = user }), facts: linked(Facts{Persons: []PersonFacts{first(wrote(hour)), second(), first(wrote(hour))}}), want: RuleWindowOpen},
		{name: "two-names/other", send: text().with(international).with(func(s *Send) { s.Recipient = user }), facts: linked(Facts{Persons: []PersonFacts{first(wrote(hour)), second(wrote(hour)), second(wrote(hour))}}), want: RuleRecipientConflict},
	})
}

// What counts is told: the missing plus, and how to write the number.
func TestBareNumberAnswersNameThePlus(t *testing.T) {
	s := text().with(func(s *Send) { s.To, s.Bare = []Identity{phone, otherPhone}, BareInternational })
	out := person(optedOutOf(day, AllScopes...))
	out.Contact = name(2)
	for _, c := range []struct {
		facts  Facts
		policy Policy
	}{
		{Facts{Persons: []PersonFacts{person(wrote(hour)), out}}, Policy{}},
		{Facts{Persons: []PersonFacts{person(wrote(hour)), person(wrote(hour))}, Shown: ShownNone}, Policy{}},
		{Facts{Persons: []PersonFacts{person(wrote(hour)), person(wrote(hour))}}, Policy{BareNumbers: BareRefuse}},
		{Facts{Persons: []PersonFacts{person(wrote(hour)), person()}}, Policy{BareNumbers: BareBoth}},
		{Facts{Persons: []PersonFacts{person(wrote(hour)), out}}, Policy{BareNumbers: BareBoth}},
	} {
		d := Decide(&s, &c.facts, &c.policy, noon.Time())
		if d.Verdict != Refuse || !strings.Contains(d.Reason, "no plus sign") || !strings.Contains(d.Remedy, "write + and the country code") {
			t.Errorf("got %s: %s; %s", d.Rule, d.Reason, d.Remedy)
		}
	}
	f := Facts{Persons: []PersonFacts{person(), out}}
	if d := Decide(&s, &f, &Policy{}, noon.Time()); d.Rule != RuleWindowClosed || !strings.Contains(d.Remedy, "write + and the country code") {
		t.Errorf("got %s: %s; %s", d.Rule, d.Reason, d.Remedy)
	}
}

// The other reading only ever counts against a send, and by an opt-out alone: tag,
// claim and person are those of the one that is meant.
func TestOtherReadingOnlyCountsAgainst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, p, now := genSend().Draw(t, "send"), genPolicy().Draw(t, "policy"), genMoment().Draw(t, "now")
		s.To, s.Recipient, s.TwoNames, s.Bare, p.BareNumbers = []Identity{phone, otherPhone}, Identity{}, false, BareInternational, BareFirst
		both := genFacts(&s).Draw(t, "facts")
		both.Shown = NotShown
		one := both
		one.Persons = both.Persons[:1]
		alone := s
		alone.To = s.To[:1]

		with, without := Decide(&s, &both, &p, now.Time()), Decide(&alone, &one, &p, now.Time())
		if with.Verdict == Allow && (without.Verdict != Allow || with.Rule != without.Rule || !reflect.DeepEqual(with.Claims, without.Claims)) {
			t.Fatalf("alone %+v, with another reading %+v", without, with)
		}
		if with.Initiation != without.Initiation || with.Person != 0 {
			t.Fatalf("the other reading changes the tag from %+v to %+v", without, with)
		}
		out := both.Persons[1].Suspected != 0
		for _, c := range both.Persons[1].Consent {
			out = out || c.State == OptedOut
		}
		if with.Verdict == Refuse && without.Verdict == Allow && !out {
			t.Fatalf("somebody who neither opted out nor may have counts against the send: %+v", with)
		}
	})
}

// Under another name only opt-outs count, and only until the person opts in.
func TestHeed(t *testing.T) {
	for _, c := range []struct {
		name       string
		own, other PersonFacts
		want       ConsentState
	}{
		{"nothing", person(), person(optedOutOf(day, Marketing)), OptedOut},
		{"opted-in-before", person(optedIn(2*day, Marketing)), person(optedOutOf(day, Marketing)), OptedOut},
		{"opted-in-since", person(optedIn(hour, Marketing)), person(optedOutOf(day, Marketing)), OptedIn},
		{"at-one-moment", person(optedIn(day, Marketing)), person(optedOutOf(day, Marketing)), OptedOut},
		{"other-opted-in", person(), person(optedIn(day, Marketing)), ConsentUnknown},
		{"other-window", person(), person(wrote(hour)), ConsentUnknown},
	} {
		got := c.own
		got.Heed(&c.other)
		if got.Consent[Marketing].State != c.want || got.Opened != c.own.Opened || got.Consent[Marketing].LastOptIn != c.own.Consent[Marketing].LastOptIn {
			t.Errorf("%s: got %+v", c.name, got)
		}
	}
}
