package policy

import (
	"testing"
	"time"
)

func from(iso string) aspect { return func(p *PersonFacts) { p.Country = iso } }

// To some countries some templates don't go: by what Meta doesn't deliver, and by what the
// operator says. Replies go where somebody wrote from.
func TestCountryRules(t *testing.T) {
	in := optedIn(day, AllScopes...)
	to := func(c Category, iso string) Facts { return toOne(in, from(iso)).of(c) }
	off := Policy{NoCountryPack: true}
	refuse := Policy{Countries: []CountryRule{{Scopes: ScopesOf(Marketing), Countries: []string{"FR", "ES"}}}}
	only := Policy{Countries: []CountryRule{{ScopesOf(Marketing), true, []string{"DE"}}, {ScopesOf(Marketing), true, []string{"AT", "FR"}}}}
	both := Policy{Countries: append(only.Countries[:2:2], refuse.Countries...)}
	essential := Policy{EssentialTemplates: []string{"order_update"}}
	april := MomentOf(time.Date(2025, 4, 1, 0, 0, 0, 0, time.UTC))
	judge(t, []ruling{
		{name: "us/marketing", send: template(), facts: to(CategoryMarketing, "US"), want: RuleCountryBlock},
		{name: "us/marketing-edge", send: template().with(throughMarketing), facts: to(CategoryMarketing, "US"), want: RuleCountryBlock},
		{name: "us/marketing/first-moment", send: template(), facts: to(CategoryMarketing, "US"), now: april, want: RuleCountryBlock},
		{name: "us/marketing/before", send: template(), facts: to(CategoryMarketing, "US"), now: april - 1, want: RuleConsent},
		{name: "us/marketing/nobody-agreed", send: template(), facts: toOne(from("US")).of(CategoryMarketing), want: RuleCountryBlock},
		{name: "us/marketing/opted-out", send: template(), facts: toOne(from("US"), optedOutOf(day, Marketing)).of(CategoryMarketing), want: RuleOptedOutMarketing},
		{name: "us/marketing/pack-off", send: template(), facts: to(CategoryMarketing, "US"), policy: off, want: RuleConsent},
		{name: "us/utility", send: template(), facts: to(CategoryUtility, "US"), want: RuleConsent},
		{name: "us/unknown-category", send: template(), facts: to(CategoryUnknown, "US"), want: RuleConsent},
		{name: "canada/marketing", send: template(), facts: to(CategoryMarketing, "CA"), want: RuleConsent},
		{name: "untold/marketing", send: template(), facts: to(CategoryMarketing, ""), want: RuleConsent},
		{name: "not-served/utility", send: template(), facts: to(CategoryUtility, "CU"), want: RuleCountryBlock},
		{name: "not-served/essential", send: template().with(aboutTransaction), facts: toOne(in, optedOutOf(hour, AllScopes...), from("IR")).of(CategoryUtility), policy: essential, want: RuleCountryBlock},
		{name: "not-served/reply", send: text(), facts: toOne(wrote(hour), from("IR")), want: RuleWindowOpen},

		{name: "refuse/listed", send: template(), facts: to(CategoryMarketing, "FR"), policy: refuse, want: RuleCountryBlock},
		{name: "refuse/another", send: template(), facts: to(CategoryMarketing, "DE"), policy: refuse, want: RuleConsent},
		{name: "refuse/another-kind", send: template(), facts: to(CategoryUtility, "FR"), policy: refuse, want: RuleConsent},
		{name: "refuse/unknown-kind", send: template(), facts: to(CategoryUnknown, "FR"), policy: refuse, want: RuleCountryBlock},
		{name: "refuse/untold", send: template(), facts: to(CategoryMarketing, ""), policy: refuse, want: RuleConsent},
		{name: "only/listed", send: template(), facts: to(CategoryMarketing, "DE"), policy: only, want: RuleConsent},
		{name: "only/listed-in-another-line", send: template(), facts: to(CategoryMarketing, "AT"), policy: only, want: RuleConsent},
		{name: "only/another", send: template(), facts: to(CategoryMarketing, "PL"), policy: only, want: RuleCountryBlock},
		{name: "only/another-kind", send: template(), facts: to(CategoryUtility, "PL"), policy: only, want: RuleConsent},
		{name: "only/untold", send: template(), facts: to(CategoryMarketing, ""), policy: only, want: RuleCountryBlock},
		{name: "only-and-refuse", send: template(), facts: to(CategoryMarketing, "FR"), policy: both, want: RuleCountryBlock},
		{name: "group", send: template().with(toGroup), facts: toOne(from("US")).of(CategoryMarketing), policy: Policy{AllowGroups: true}, want: RuleGroupsAllowed},
	})
}
