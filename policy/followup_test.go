package policy

import (
	"testing"
	"time"
)

// A person who wrote and got no answer may be sent one template of plain text, until they
// write again.
func TestFollowup(t *testing.T) {
	on := Policy{Followup: true}
	followedUp := func(d time.Duration) aspect {
		return func(p *PersonFacts) {
			p.Sent = withSent(p.Sent, Sent{Scope: Transactional, At: ago(d), Kind: SentFollowup})
		}
	}
	parts := func(f Facts, parts TemplateParts) Facts {
		f.Template.Parts = parts
		return f
	}
	plain := TemplateParts{Known: true}
	required, asks := on, on
	required.RequireInWindowConsent = true
	asks.ConsentRequests, asks.RequestLimit, asks.RequestPeriod = []ConsentRequest{{Template: "order_update"}}, 1, 30*day
	capped := on
	capped.Caps = []Cap{{Scopes: ScopesOf(Transactional), Limit: 1, Period: 7 * day}}
	media := func(s *Send) { s.Media = true }
	buttons := func(s *Send) { s.Buttons = true }
	judge(t, []ruling{
		{name: "off", send: template(), facts: toOne(wrote(25 * hour)).of(CategoryUtility), want: RuleNoConsent},
		{name: "first", send: template(), facts: toOne(wrote(25 * hour)).of(CategoryUtility), policy: on, want: RuleFollowup},
		{name: "first/of-unknown-category", send: template(), facts: toOne(wrote(25 * hour)), policy: on, want: RuleFollowup},
		{name: "second", send: template(), facts: toOne(wrote(50*hour), followedUp(hour)).of(CategoryUtility), policy: on, want: RuleFollowupLimit},
		{name: "second/of-another-kind", send: template(), facts: toOne(wrote(50*hour), followedUp(hour)).of(CategoryMarketing), policy: on, want: RuleFollowupLimit},
		{name: "wrote-again", send: template(), facts: toOne(wrote(25*hour), followedUp(26*hour)).of(CategoryUtility), policy: on, want: RuleFollowup},
		{name: "wrote-never", send: template(), facts: toOne().of(CategoryUtility), policy: on, want: RuleNoConsent},
		{name: "window/-1ms", send: template(), facts: toOne(wrote(day)).of(CategoryUtility), policy: on, now: noon - 1, want: RuleWindowOpen},
		{name: "window/0", send: template(), facts: toOne(wrote(day)).of(CategoryUtility), policy: on, want: RuleFollowup},
		{name: "window/open/marketing", send: template(), facts: toOne(wrote(hour)).of(CategoryMarketing), policy: on, want: RuleNoConsent},
		{name: "media", send: template().with(media), facts: toOne(wrote(25 * hour)).of(CategoryUtility), policy: on, want: RuleFollowupFormat},
		{name: "media/second", send: template().with(media), facts: toOne(wrote(50*hour), followedUp(hour)).of(CategoryUtility), policy: on, want: RuleFollowupFormat},
		{name: "buttons", send: template().with(buttons), facts: toOne(wrote(25 * hour)).of(CategoryUtility), policy: on, want: RuleFollowupFormat},
		{name: "listed/plain", send: template(), facts: parts(toOne(wrote(25*hour)).of(CategoryUtility), plain), policy: on, want: RuleFollowup},
		{name: "listed/media", send: template(), facts: parts(toOne(wrote(25*hour)).of(CategoryUtility), TemplateParts{Known: true, Media: true}), policy: on, want: RuleFollowupFormat},
		{name: "listed/buttons", send: template(), facts: parts(toOne(wrote(25*hour)).of(CategoryUtility), TemplateParts{Known: true, Buttons: true}), policy: on, want: RuleFollowupFormat},
		{name: "listed/buttons/opted-in", send: template().with(buttons), facts: parts(toOne(wrote(25*hour), optedIn(day, Transactional)).of(CategoryUtility), TemplateParts{Known: true, Buttons: true}), policy: on, want: RuleConsent},
		{name: "opted-in/as-often-as-they-like", send: template(), facts: toOne(wrote(50*hour), followedUp(hour), optedIn(day, Transactional)).of(CategoryUtility), policy: on, want: RuleConsent},
		{name: "opted-in-to-another-kind", send: template(), facts: toOne(wrote(25*hour), optedIn(day, Marketing)).of(CategoryUtility), policy: on, want: RuleFollowup},
		{name: "opted-out", send: template(), facts: toOne(wrote(25*hour), optedOutOf(25*hour, AllScopes...)).of(CategoryUtility), policy: on, want: RuleOptedOut},
		{name: "opted-out/of-replies", send: template(), facts: toOne(wrote(25*hour), optedOutOf(25*hour, Transactional)).of(CategoryMarketing), policy: on, want: RuleNoConsent},
		{name: "opted-out/of-marketing", send: template(), facts: toOne(wrote(25*hour), optedOutOf(25*hour, Marketing)).of(CategoryUtility), policy: on, want: RuleFollowup},
		{name: "opted-out/of-marketing/of-unknown-category", send: template(), facts: toOne(wrote(25*hour), optedOutOf(25*hour, Marketing)), policy: on, want: RuleOptedOutMarketing},
		{name: "perhaps-opted-out", send: template(), facts: toOne(wrote(25*hour), suspectedAt(25*hour)).of(CategoryUtility), policy: on, want: RuleNoConsent},
		{name: "pending", send: template(), facts: toOne(wrote(25*hour), asked(26*hour, Transactional)).of(CategoryUtility), policy: on, want: RuleConsentPending},
		{name: "pending/for-another-kind", send: template(), facts: toOne(wrote(25*hour), asked(26*hour, Marketing)).of(CategoryUtility), policy: on, want: RuleNoConsent},
		{name: "replies-need-an-opt-in", send: template(), facts: toOne(wrote(25 * hour)).of(CategoryUtility), policy: required, want: RuleNoConsent},
		{name: "asks-for-consent", send: template(), facts: toOne(wrote(25 * hour)).of(CategoryUtility), policy: asks, want: RuleConsentRequest},
		{name: "capped", send: template(), facts: toOne(wrote(25*hour), func(p *PersonFacts) { p.Sent = []Sent{{Scope: Transactional, At: ago(day)}} }).of(CategoryUtility), policy: capped, want: RuleFrequencyCap},
		{name: "session-only", send: template(), facts: toOne(wrote(25 * hour)).of(CategoryUtility), policy: Policy{Followup: true, SessionOnly: true}, want: RuleSessionOnly},
		{name: "restored", send: template(), facts: restored(toOne(wrote(25*hour)).of(CategoryUtility), hour), policy: on, want: RuleNoConsent},
		{name: "restored/wrote-since", send: template(), facts: restored(toOne(wrote(25*hour)).of(CategoryUtility), 26*hour), policy: on, want: RuleFollowup},
		{name: "free-form", send: text(), facts: toOne(wrote(25 * hour)), policy: on, want: RuleWindowClosed},
	})
}

// restored are facts of a store that was restored from a backup of so long ago.
func restored(f Facts, ago time.Duration) Facts {
	f.Restored = noon.Add(-ago)
	return f
}

// The one template is taken once, and again after the person has written to the number.
func TestTakeFollowup(t *testing.T) {
	fold := DefaultTerms().For("1", func(string) string { return "a" })
	other := DefaultTerms().For("2", func(string) string { return "a" })
	c := new(Contact)
	c.Member(name(1)).Relation("1").Open(ago(50*hour), false)
	c.Member(name(1)).Relation("2").Open(ago(50*hour), false)
	k := Claim{Kind: ClaimFollowup, Key: name(1), Limit: 1, Scope: Transactional}
	taken, ok := k.Take(c, fold, ago(hour))
	if !ok {
		t.Fatal("the first can't be taken")
	}
	taken.Record(c, "1")
	if _, ok := k.Take(c, fold, noon); ok {
		t.Error("there is a second one")
	}
	if _, ok := k.Take(c, other, noon); !ok {
		t.Error("it is used up for another number, to which the person wrote too")
	}
	taken.Release(c, "1")
	if taken, ok = k.Take(c, fold, noon); !ok {
		t.Fatal("what was given back can't be taken")
	}
	taken.Record(c, "1")
	c.Member(name(1)).Relation("1").Open(noon.Add(hour), false)
	if _, ok := k.Take(c, fold, noon.Add(26*hour)); !ok {
		t.Error("there is none after the person wrote again")
	}
}
