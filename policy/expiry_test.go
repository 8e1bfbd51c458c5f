package policy

import (
	"testing"
	"time"
)

// An opt-in lapses after a time of silence; whoever writes renews it.
func TestConsentExpires(t *testing.T) {
	year := Policy{ConsentExpires: []Expiry{{ScopesOf(Marketing), 365 * day}}}
	two := Policy{ConsentExpires: []Expiry{{ScopesOf(AllScopes...), 730 * day}, {ScopesOf(Marketing), 365 * day}}}
	asks := year
	asks.ConsentRequests, asks.RequestLimit, asks.RequestPeriod = []ConsentRequest{{Template: "order_update"}}, 1, 30*day
	capped := year
	capped.Caps = []Cap{{Scopes: ScopesOf(Marketing), Limit: 1, Period: day}}
	essential := Policy{ConsentExpires: []Expiry{{ScopesOf(Transactional), 365 * day}}, EssentialTemplates: []string{"order_update"}}
	old := func(aspects ...aspect) Facts {
		return toOne(append([]aspect{optedIn(365*day, AllScopes...)}, aspects...)...)
	}
	judge(t, []ruling{
		{name: "old", send: template(), facts: old().of(CategoryMarketing), policy: year, want: RuleConsentExpired},
		{name: "old/a-moment-before", send: template(), facts: old().of(CategoryMarketing), policy: year, now: noon.Add(-time.Millisecond), want: RuleConsent},
		{name: "old/not-configured", send: template(), facts: old().of(CategoryMarketing), want: RuleConsent},
		{name: "old/another-kind", send: template(), facts: old().of(CategoryUtility), policy: year, want: RuleConsent},
		{name: "old/unknown-kind", send: template(), facts: old(), policy: year, want: RuleConsentExpired},
		{name: "old/unknown-kind/opted-out-of-another", send: template(), facts: old(optedOutOf(day, Transactional)), policy: year, want: RuleOptedOut},
		{name: "old/of-two-the-shorter", send: template(), facts: old().of(CategoryMarketing), policy: two, want: RuleConsentExpired},
		{name: "old/of-two-the-longer", send: template(), facts: old().of(CategoryUtility), policy: two, want: RuleConsent},
		{name: "wrote-since", send: template(), facts: old(wrote(364 * day)).of(CategoryMarketing), policy: year, want: RuleConsent},
		{name: "wrote-since/and-long-ago", send: template(), facts: toOne(optedIn(800*day, Marketing), wrote(365*day)).of(CategoryMarketing), policy: year, want: RuleConsentExpired},
		{name: "wrote-nothing-but-an-opt-out", send: template(), facts: old(wrote(day), onlyOptedOut).of(CategoryMarketing), policy: year, want: RuleConsentExpired},
		{name: "opted-out", send: template(), facts: old(optedOutOf(day, Marketing)).of(CategoryMarketing), policy: year, want: RuleOptedOutMarketing},
		{name: "perhaps-opted-out", send: template(), facts: old(suspectedAt(day)).of(CategoryMarketing), policy: year, want: RuleOptOutSuspected},
		{name: "asked-again", send: template(), facts: old().of(CategoryMarketing), policy: asks, want: RuleConsentRequest},
		{name: "old/under-a-cap", send: template(), facts: old(func(p *PersonFacts) { p.Sent = []Sent{{Scope: Marketing, At: noon.Add(-hour)}} }).of(CategoryMarketing), policy: capped, want: RuleConsentExpired},
		{name: "reply", send: text(), facts: old(wrote(hour)), policy: year, want: RuleWindowOpen},
		// An opt-out opens no door that was shut before.
		{name: "essential", send: template().with(aboutTransaction), facts: toOne(optedIn(100*day, AllScopes...), optedOutOf(day, AllScopes...)).of(CategoryUtility), policy: essential, want: RuleEssential},
		{name: "essential/old", send: template().with(aboutTransaction), facts: old(optedOutOf(day, AllScopes...)).of(CategoryUtility), policy: essential, want: RuleOptedOut},
	})
}
