package policy

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// requested are the times ago at which the person was asked for consent.
func requested(ago ...time.Duration) aspect {
	return func(p *PersonFacts) {
		for _, d := range ago {
			p.Sent = withSent(p.Sent, Sent{Scope: Marketing, At: noon.Add(-d), Kind: SentRequest})
		}
	}
}

// Who has said nothing may be asked for consent, as often as the limit says. Who said
// no is not asked again, whatever they said yes to.
func TestConsentRequests(t *testing.T) {
	once := Policy{RequestLimit: 1, RequestPeriod: 30 * day, ConsentRequests: []ConsentRequest{{"may_we", ScopesOf(Marketing)}, {"may_we_what", 0}}}
	twice := once
	twice.RequestLimit = 2
	groups := once
	groups.AllowGroups = true
	ask, askWhat := template().with(named("may_we")), template().with(named("may_we_what"))
	judge(t, []ruling{
		{name: "unknown", send: ask, facts: toOne().of(CategoryMarketing), policy: once, want: RuleConsentRequest},
		{name: "unknown/utility", send: ask, facts: toOne().of(CategoryUtility), policy: once, want: RuleConsentRequest},
		{name: "unknown/category-unknown", send: ask, facts: toOne(), policy: once, want: RuleConsentRequest},
		{name: "pending", send: ask, facts: toOne(asked(day, Marketing)).of(CategoryMarketing), policy: once, want: RuleConsentRequest},
		{name: "another-template", send: template(), facts: toOne().of(CategoryMarketing), policy: once, want: RuleNoConsent},
		{name: "not-configured", send: ask, facts: toOne().of(CategoryMarketing), want: RuleNoConsent},
		{name: "opted-in-to-another", send: ask, facts: toOne(optedIn(day, Transactional)).of(CategoryMarketing), policy: once, want: RuleConsentRequest},
		{name: "opted-in", send: ask, facts: toOne(optedIn(day, Marketing), requested(hour)).of(CategoryMarketing), policy: once, want: RuleConsent},

		{name: "limit/second", send: ask, facts: toOne(requested(day)).of(CategoryMarketing), policy: once, want: RuleConsentRequestLimit},
		{name: "limit/second-by-another-template", send: askWhat, facts: toOne(requested(day)).of(CategoryMarketing), policy: once, want: RuleConsentRequestLimit},
		{name: "limit/in-an-open-window", send: ask, facts: toOne(requested(day), wrote(hour)).of(CategoryUtility), policy: once, want: RuleConsentRequestLimit},
		{name: "limit/opted-in-to-another", send: ask, facts: toOne(requested(day), optedIn(day, Transactional)).of(CategoryUtility), policy: once, want: RuleConsentRequestLimit},
		{name: "limit/two/second", send: ask, facts: toOne(requested(day)).of(CategoryMarketing), policy: twice, want: RuleConsentRequest},
		{name: "limit/two/third", send: ask, facts: toOne(requested(day, hour)).of(CategoryMarketing), policy: twice, want: RuleConsentRequestLimit},
		{name: "limit/period-is-over", send: ask, facts: toOne(requested(30 * day)).of(CategoryMarketing), policy: once, want: RuleConsentRequest},
		{name: "limit/period-is-not-over", send: ask, facts: toOne(requested(30*day - time.Millisecond)).of(CategoryMarketing), policy: once, want: RuleConsentRequestLimit},

		{name: "no", send: ask, facts: toOne(optedOutOf(day, Marketing)).of(CategoryMarketing), policy: once, want: RuleOptedOutMarketing},
		{name: "no/to-everything", send: ask, facts: toOne(optedOutOf(day, AllScopes...)).of(CategoryUtility), policy: once, want: RuleOptedOutMarketing},
		{name: "no/asked-by-a-utility-template", send: ask, facts: toOne(optedOutOf(day, Marketing), optedIn(day, Transactional)).of(CategoryUtility), policy: once, want: RuleOptedOutMarketing},
		{name: "no/to-what-it-is", send: ask, facts: toOne(optedOutOf(day, Transactional)).of(CategoryUtility), policy: once, want: RuleOptedOut},
		{name: "no/to-another", send: ask, facts: toOne(optedOutOf(day, Authentication)).of(CategoryMarketing), policy: once, want: RuleConsentRequest},
		{name: "no/to-anything-where-it-may-ask-for-it", send: askWhat, facts: toOne(optedOutOf(day, Authentication)).of(CategoryMarketing), policy: once, want: RuleOptedOut},
		{name: "no/in-an-open-window", send: ask, facts: toOne(optedOutOf(2*hour, AllScopes...), wrote(hour)).of(CategoryUtility), policy: once, want: RuleOptedOutMarketing},
		{name: "perhaps-no", send: ask, facts: toOne(suspectedAt(hour)).of(CategoryMarketing), policy: once, want: RuleNoConsent},
		{name: "group", send: ask.with(toGroup), facts: toOne(requested(hour)).of(CategoryMarketing), policy: groups, want: RuleGroupsAllowed},
	})
}

// TestConsentRequestTakes: a request takes one of those the person may get, and says
// when the next may leave.
func TestConsentRequestTakes(t *testing.T) {
	p := Policy{RequestLimit: 1, RequestPeriod: 30 * day, ConsentRequests: []ConsentRequest{{Template: "order_update"}}}
	s, f := template(), toOne().of(CategoryMarketing)
	want := []Claim{{Kind: ClaimRequest, Key: name(1), Limit: 1, Period: 30 * day, Scope: Marketing, Left: 1}}
	if d := Decide(&s, &f, &p, noon.Time()); !slices.Equal(d.Claims, want) {
		t.Errorf("takes %+v, want %+v", d.Claims, want)
	}
	p.Caps = []Cap{{Scopes: ScopesOf(Marketing), Limit: 1, Period: day}}
	if d := Decide(&s, &f, &p, noon.Time()); len(d.Claims) != 2 {
		t.Errorf("under a cap it takes %+v", d.Claims)
	}
	f.Persons[0].Sent = []Sent{{Scope: Marketing, At: noon.Add(-hour)}}
	if d := Decide(&s, &f, &p, noon.Time()); d.Rule != RuleFrequencyCap {
		t.Errorf("a request too many for the cap: %s", d.Rule)
	}
	p.Caps = nil
	f = toOne(requested(day)).of(CategoryMarketing)
	if d := Decide(&s, &f, &p, noon.Time()); d.Retry != noon.Add(29*day) || !strings.Contains(d.Remedy, d.Retry.String()) {
		t.Errorf("again at %s: %s", d.Retry, d.Remedy)
	}
	f = toOne().of(CategoryMarketing)
	f.Rival = RequestRival
	if d := Decide(&s, &f, &p, noon.Time()); d.Rule != RuleConsentRequestLimit || d.Retry != 0 {
		t.Errorf("while others ask: %s", d.Rule)
	}
}
