package policy

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What may be an opt-out holds marketing back and nothing else.
func TestSuspectedOptOutRefusesMarketing(t *testing.T) {
	all := optedIn(2*day, AllScopes...)
	suspected := suspectedAt(hour)
	ds := Policy{DirectSend: true}
	judge(t, []ruling{
		{name: "marketing", send: template(), facts: toOne(all, suspected).of(CategoryMarketing), want: RuleOptOutSuspected},
		{name: "marketing/window-open", send: template(), facts: toOne(all, suspected, wrote(hour)).of(CategoryMarketing), want: RuleOptOutSuspected},
		{name: "marketing/through-marketing-messages", send: template().with(throughMarketing), facts: toOne(all, suspected).of(CategoryMarketing), want: RuleOptOutSuspected},
		{name: "marketing/lite", send: template(), facts: toOne(all, suspected).of(CategoryMarketingLite), want: RuleOptOutSuspected},
		{name: "unknown-category", send: template(), facts: toOne(all, suspected).of(CategoryUnknown), want: RuleOptOutSuspected},
		{name: "direct-send/no-category", send: direct(""), facts: toOne(all, suspected), policy: ds, want: RuleOptOutSuspected},

		{name: "utility", send: template(), facts: toOne(all, suspected).of(CategoryUtility), want: RuleConsent},
		{name: "authentication", send: template(), facts: toOne(all, suspected).of(CategoryAuthentication), want: RuleConsent},
		{name: "direct-send/utility", send: direct(CategoryUtility), facts: toOne(all, suspected), policy: ds, want: RuleConsent},
		{name: "reply", send: text(), facts: toOne(all, suspected, wrote(hour), onlyOptedOut), want: RuleWindowOpen},
		{name: "reply/window-closed", send: text(), facts: toOne(all, suspected, wrote(day)), want: RuleWindowClosed},
		{name: "call/permitted", send: call(), facts: toOne(all, suspected, permitsCalls(Forever)), want: RuleCallPermission},

		// What is refused without it is refused for that.
		{name: "marketing/no-consent", send: template(), facts: toOne(suspected).of(CategoryMarketing), want: RuleNoConsent},
		{name: "marketing/opted-out", send: template(), facts: toOne(all, suspected, optedOutOf(hour, Marketing)).of(CategoryMarketing), want: RuleOptedOutMarketing},
		{name: "marketing/pending", send: template(), facts: toOne(suspected, asked(hour, Marketing)).of(CategoryMarketing), want: RuleConsentPending},
	})
	send, facts := template(), toOne(all, suspected).of(CategoryMarketing)
	d := Decide(&send, &facts, &Policy{}, noon.Time())
	for what, text := range map[string]string{ago(hour).String(): d.Reason, "may be an opt-out": d.Reason, "waguard consent review": d.Remedy} {
		if !strings.Contains(text, what) {
			t.Errorf("%q doesn't say %q", text, what)
		}
	}
}

// Of a number that can be read in two ways, the one who was not meant counts.
func TestSuspectedOptOutOfTheOtherReading(t *testing.T) {
	all := optedIn(2*day, AllScopes...)
	other := person(all, suspectedAt(hour))
	other.Contact = name(2)
	facts := func(c Category) Facts { return Facts{Persons: []PersonFacts{person(all), other}}.of(c) }
	bare := template().with(toTwoReadings).with(func(s *Send) { s.Bare = BareNational })
	judge(t, []ruling{
		{name: "marketing", send: bare, facts: facts(CategoryMarketing), want: RuleOptOutSuspected},
		{name: "utility", send: bare, facts: facts(CategoryUtility), want: RuleConsent},
		{name: "both/marketing", send: bare, facts: facts(CategoryMarketing), policy: Policy{BareNumbers: BareBoth}, want: RuleOptOutSuspected},
	})
}

func suspects(n byte, d time.Duration) update {
	return says(n, OptOutSuspected, d, Marketing).heard(false)
}

func dismisses(n byte, until Moment) update {
	return update{What: "say", A: name(n), Number: "1", State: OptOutDismissed, Scopes: marketing, Reviewed: until, Source: SourceReview}
}

// How long a suspicion holds.
func TestSuspicionsHold(t *testing.T) {
	for _, tc := range []struct {
		name    string
		updates []update
		want    Moment
	}{
		{"nothing", nil, 0},
		{"suspected", []update{suspects(1, hour)}, ago(hour)},
		{"suspected/twice", []update{suspects(1, 2*hour), suspects(1, hour)}, ago(hour)},
		{"suspected/opted-in-before", []update{records(day, Marketing), suspects(1, hour)}, ago(hour)},
		{"suspected/start", []update{suspects(1, 2*hour), startWord(hour)}, 0},
		{"suspected/start-promotions", []update{suspects(1, 2*hour), startOnly(hour, Marketing)}, 0},
		{"suspected/opted-in-to-another", []update{suspects(1, 2*hour), startOnly(hour, Transactional)}, ago(2 * hour)},
		{"suspected/recorded-later", []update{suspects(1, 2*hour), records(hour, Marketing)}, 0},
		{"suspected/list-of-last-year", []update{suspects(1, hour), records(day, Marketing).arriving(noon)}, ago(hour)},
		{"suspected/tap", []update{suspects(1, 2*hour), func() update { u := startOnly(hour, Marketing); u.Tap = true; return u }()}, ago(2 * hour)},
		{"dismissed", []update{suspects(1, hour), dismisses(1, ago(hour))}, 0},
		{"dismissed/what-came-before", []update{suspects(1, 2*hour), suspects(1, hour), dismisses(1, ago(hour))}, 0},
		{"dismissed/another-came-since", []update{suspects(1, 2*hour), dismisses(1, ago(2*hour)), suspects(1, hour)}, ago(hour)},
		{"dismissed/another-came-in-since", []update{suspects(1, hour), dismisses(1, ago(hour)), suspects(1, 2*hour).arriving(noon)}, ago(hour)},
		{"dismissed/of-another-number", []update{suspects(1, hour), func() update { u := dismisses(1, ago(hour)); u.Number = "2"; return u }()}, ago(hour)},
		{"other-number", []update{func() update { u := suspects(1, hour); u.Number = "2"; return u }()}, ago(hour)},
		{"other-account", []update{func() update { u := suspects(1, hour); u.Number = "3"; return u }()}, 0},
		{"other-name", []update{{What: "link", A: name(1), B: name(2), Kind: SamePerson, At: ago(day)}, suspects(2, hour)}, ago(hour)},
		{"former-person", []update{suspects(1, 2*hour), {What: "new", A: name(1), At: ago(hour), Recorded: ago(hour)}}, 0},
		{"new-person", []update{{What: "new", A: name(1), At: ago(2 * hour), Recorded: ago(2 * hour)}, suspects(1, hour)}, ago(hour)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := applied(tc.updates)
			if got := c.Person(name(1), ours("1")).Suspected; got != tc.want {
				t.Errorf("suspected %s, want %s", got, tc.want)
			}
		})
	}
}

// A suspicion pauses marketing and never lets anything through; dismissing one never
// lifts an opt-out.
func TestSuspicionsOnlyRefuse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		send, policy := genSend().Draw(t, "send"), genPolicy().Draw(t, "policy")
		facts := genFacts(&send).Draw(t, "facts")
		without := facts
		without.Persons = append([]PersonFacts(nil), facts.Persons...)
		for i := range without.Persons {
			without.Persons[i].Suspected = 0
		}
		with, plain := Decide(&send, &facts, &policy, noon.Time()), Decide(&send, &without, &policy, noon.Time())
		switch {
		case with.Rule == RuleOptOutSuspected:
			if with.Category.Scope() != Marketing {
				t.Errorf("a suspicion refuses a %s message", with.Category)
			}
		case with.Verdict == Refuse && (plain.Rule == RuleConsentRequest || plain.Rule == RuleFollowup):
			// Whoever may have said no is not asked, nor written to unasked.
		case with.Verdict != plain.Verdict:
			t.Errorf("%s %s with a suspicion, %s %s without", with.Verdict, with.Rule, plain.Verdict, plain.Rule)
		}
		c := genContact().Draw(t, "contact")
		before := c.Person(name(1), ours("1"))
		dismisses(1, noon).apply(c)
		after := c.Person(name(1), ours("1"))
		if after.Suspected > before.Suspected || after.Consent != before.Consent {
			t.Errorf("a dismissal makes %+v of %+v", after, before)
		}
	})
}

// Each suspicion is listed once, under however many names it came.
func TestSuspicions(t *testing.T) {
	c := new(Contact)
	told := ChangeOf
	change, _ := told(ConsentChanged{PhoneNumberID: "1", Who: []Identity{phone, user}, At: ago(hour), Recorded: ago(hour), State: OptOutSuspected, Scopes: marketing, Source: SourceKeyword},
		func(i Identity) Alias { return map[Identity]Alias{phone: name(1), user: name(2)}[i] })
	c.Apply(&change)
	suspects(1, 2*hour).apply(c)
	list := c.Suspicions()
	if len(list) != 1 || len(list[0].Names) != 2 || list[0].PhoneNumberID != "1" || list[0].At != ago(hour) {
		t.Fatalf("suspicions %+v", list)
	}
	// The dismissal names them by pseudonym and links nobody.
	links := len(c.Links)
	dismissal, _ := ChangeOf(ConsentChanged{PhoneNumberID: "1", Known: list[0].Names, At: noon, Recorded: noon, State: OptOutDismissed, Scopes: marketing, Source: SourceReview, Reviewed: list[0].Recorded}, nil)
	c.Apply(&dismissal)
	if list := c.Suspicions(); len(list) != 0 || len(c.Links) != links || c.Links[0].Last == noon {
		t.Errorf("after a dismissal %+v, links %+v", list, c.Links)
	}
}
