package policy

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// factsFor are the facts of a moment as they are kept with a decision under a policy: see
// package gateway.
func factsFor(raw *Facts, s *Send, p *Policy, now Moment) *Facts {
	f := *raw
	f.Persons = slices.Clone(raw.Persons)
	clocks, countries := make([][]Clock, len(f.Persons)), make([]string, len(f.Persons))
	for i := range f.Persons {
		clocks[i], countries[i] = f.Persons[i].Clocks, f.Persons[i].Country
		f.Persons[i].Clocks, f.Persons[i].Country = nil, ""
	}
	if len(p.Rules) == 0 {
		f.Sender = ""
	}
	if !p.Messaging.On() {
		f.Portfolio = PortfolioFacts{}
	}
	f.Counted(p, s, now)
	f.Limited(p, s, now)
	f.InPortfolio(p, s, now)
	f.ForDrift(p, s, now)
	f.WelcomeDue(p, s, now)
	for _, zone := range f.QuietZones(p, s, now) {
		for i := range f.Persons {
			if zone != "" {
				f.Persons[i].Clocks = append(f.Persons[i].Clocks, Clock{zone, eastOf(zone)})
				continue
			}
			f.Persons[i].Clocks = append(f.Persons[i].Clocks, clocks[i]...)
		}
	}
	f.InCountries(p, s, now, func(person int) string { return countries[person] })
	return &f
}

// eastOf is what the zones of these tests are called by.
func eastOf(zone string) (east int) {
	fmt.Sscanf(zone, "zone%d", &east)
	return east
}

func genRules() *rapid.Generator[[]CustomRule] {
	return rapid.SampledFrom([][]CustomRule{
		nil, nil, nil,
		{{ID: "de", Expression: `contact.country == "DE"`, Reason: "no"}},
		{{ID: "late", Expression: `now_local.hour >= 20`, Reason: "no"}},
		{{ID: "crm", Expression: `sender.name == "crm"`, Reason: "no"}},
	})
}

// genWholePolicy is a policy with everything that facts may be read for.
func genWholePolicy() *rapid.Generator[Policy] {
	return rapid.Custom(func(t *rapid.T) Policy {
		p := genPolicy().Draw(t, "policy")
		p.HoldDrift = rapid.Bool().Draw(t, "hold drift")
		p.Rules = genRules().Draw(t, "rules")
		if rapid.IntRange(0, 3).Draw(t, "in a zone") == 0 {
			p.QuietHours = append(slices.Clone(p.QuietHours), Quiet{Scopes: ScopesOf(AllScopes...), From: 0, To: 12 * 60, Zone: "zone120"})
		}
		return p
	})
}

// What is decided again under another policy is what that policy had decided, from all that
// was known then; or it is said that it can't be told. Where nothing is missing, nothing is
// guessed.
func TestAnotherPolicyDecidesAsItHad(t *testing.T) {
	told, differs := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s, now := genSend().Draw(t, "send"), genMoment().Draw(t, "now")
		raw := genFacts(&s).Draw(t, "facts")
		raw.Sender = rapid.SampledFrom([]string{"crm", "shop"}).Draw(t, "sender")
		raw.Portfolio = PortfolioFacts{ID: "waba/1", Told: ToldLimit{Number: 2, At: 1}}
		for range rapid.IntRange(0, 3).Draw(t, "used") {
			raw.Portfolio.Usage.Move(0, now-1)
		}
		raw.SiblingRefused = rapid.IntRange(0, 9).Draw(t, "sibling refused") == 9
		before := genWholePolicy().Draw(t, "before")
		after := before
		if rapid.Bool().Draw(t, "all else") {
			after = genWholePolicy().Draw(t, "after")
		} else { // one thing is another
			other := genWholePolicy().Draw(t, "other")
			i := rapid.IntRange(0, reflect.TypeFor[Policy]().NumField()-1).Draw(t, "field")
			reflect.ValueOf(&after).Elem().Field(i).Set(reflect.ValueOf(&other).Elem().Field(i))
			after.RequestLimit, after.RequestPeriod = before.RequestLimit, before.RequestPeriod
		}
		h := &Background{Before: &before, Sender: raw.Sender, East: eastOf}
		if rapid.Bool().Draw(t, "the market tells") {
			h.Countries = func(i int) ([]string, bool) { return []string{raw.Persons[i].Country, "FR"}, true }
			h.ZonesOf = func(string) (zones []string) {
				for i := range raw.Persons {
					for _, k := range raw.Persons[i].Clocks {
						zones = append(zones, fmt.Sprintf("zone%d", k.East))
					}
				}
				return zones
			}
			for i := range raw.Persons {
				if len(raw.Persons[i].Clocks) == 0 {
					h.ZonesOf = nil // people without a clock don't occur
				}
			}
		}
		if rapid.Bool().Draw(t, "the ledger tells") {
			h.SentTo = func(i int) SentAgain { return SentAgain{Sent: raw.Persons[i].Sent} }
		}
		for i := range raw.Persons {
			if len(raw.Persons[i].Clocks) == 0 { // a send always has some where they are asked for
				raw.Persons[i].Clocks = []Clock{{East: 60}}
			}
		}
		kept := factsFor(&raw, &s, &before, now)
		var want Decision
		if raw.SiblingRefused {
			alone := *factsFor(&raw, &s, &after, now)
			alone.SiblingRefused = false
			want = Decide(&s, &alone, &after, now.Time())
		} else {
			want = Decide(&s, factsFor(&raw, &s, &after, now), &after, now.Time())
		}
		again := DecideAgain(&s, kept, &after, now.Time(), h)
		if reflect.DeepEqual(before, after) {
			if d := Decide(&s, kept, &before, now.Time()); !again.Told() || !reflect.DeepEqual(again.Decision, d) {
				t.Fatalf("the same policy decides %+v, and decided %+v", again, d)
			}
			return
		}
		if !again.Told() {
			return
		}
		told++
		if was := Decide(&s, kept, &before, now.Time()); !was.Same(&want) {
			differs++
		}
		if raw.SiblingRefused {
			if again.Decision.Verdict != want.Verdict {
				t.Fatalf("of a batch: again %+v, the policy had decided %+v", again.Decision, want)
			}
			return
		}
		if !again.Decision.Same(&want) {
			t.Fatalf("again %+v, the policy had decided %+v; they differ in %v", again.Decision, want, before.Differences(&after))
		}
	})
	if told == 0 || differs == 0 {
		t.Errorf("%d were told, %d differed: nothing was tried", told, differs)
	}
}

// What is missing is said in words.
func TestMissingIsSaid(t *testing.T) {
	for _, m := range AllMissing() {
		if m.Says() == string(m) {
			t.Errorf("%s has no words", m)
		}
	}
}

// What the ledger doesn't have, by what changes.
func TestWhatIsMissing(t *testing.T) {
	const noon = 12 * hour
	at := Moment(0).Add(400*24*hour + noon)
	template := Send{Edge: EdgeMessages, PhoneNumberID: "1", Kind: TemplateMessage, Type: "template", Template: TemplateRef{"sale", "en"}, To: []Identity{phone}}
	agreed := func(category Category) Facts {
		f := Facts{OnePerson: true, Template: TemplateFacts{Found: true, Status: TemplateApproved, Category: category}, Persons: []PersonFacts{{Contact: name(1)}}}
		for s := range f.Persons[0].Consent {
			f.Persons[0].Consent[s] = Consent{State: OptedIn, Since: 1, LastOptIn: 1}
		}
		return f
	}
	germany := func(int) ([]string, bool) { return []string{"DE"}, true }
	several := func(int) ([]string, bool) { return []string{"DE", "FR"}, true }
	zones := func(iso string) []string {
		return map[string][]string{"DE": {"zone60"}, "FR": {"zone60"}, "US": {"zone-480", "zone-300"}}[iso]
	}
	sent := func(list ...Sent) func(int) SentAgain {
		return func(int) SentAgain { return SentAgain{Sent: list} }
	}
	marketing := ScopesOf(Marketing)
	one := []Cap{{Scopes: marketing, Limit: 1, Period: 24 * hour}}
	for name, c := range map[string]struct {
		before, after Policy
		h             Background
		change        func(*Facts)
		want          Rule
		missing       []Missing
	}{
		"nothing changes":                  {want: RuleConsent},
		"session only":                     {after: Policy{SessionOnly: true}, want: RuleSessionOnly},
		"cap/no ledger":                    {after: Policy{Caps: one}, missing: []Missing{MissingFrequency}},
		"cap/the ledger tells/none":        {after: Policy{Caps: one}, h: Background{SentTo: sent()}, want: RuleConsent},
		"cap/the ledger tells/one":         {after: Policy{Caps: one}, h: Background{SentTo: sent(Sent{Scope: Marketing, At: at - 1})}, want: RuleFrequencyCap},
		"cap/the ledger tells/too old":     {after: Policy{Caps: one}, h: Background{SentTo: sent(Sent{Scope: Marketing, At: at.Add(-24 * hour)})}, want: RuleConsent},
		"cap/certain all the same":         {after: Policy{Caps: one}, h: Background{SentTo: func(int) SentAgain { return SentAgain{Since: at - 9, Sent: []Sent{{Scope: Marketing, At: at - 1}}} }}, want: RuleFrequencyCap},
		"cap/less was counted":             {before: Policy{Caps: []Cap{{Scopes: marketing, Limit: 9, Period: hour}}}, after: Policy{Caps: one}, missing: []Missing{MissingFrequency}},
		"cap/more was counted":             {before: Policy{Caps: []Cap{{Scopes: ScopesOf(AllScopes...), Limit: 9, Period: 48 * hour}}}, after: Policy{Caps: one}, want: RuleConsent},
		"cap/what would not have left":     {before: Policy{Caps: []Cap{{Scopes: marketing, Limit: 9, Period: 24 * hour}}}, after: Policy{Caps: one}, h: Background{SentTo: func(int) SentAgain { return SentAgain{Undone: []Sent{{Scope: Marketing, At: at - 1}}} }}, change: func(f *Facts) { f.Persons[0].Sent = []Sent{{Scope: Marketing, At: at - 1}} }, want: RuleConsent},
		"cap/what only it lets leave":      {before: Policy{Caps: []Cap{{Scopes: marketing, Limit: 9, Period: 24 * hour}}}, after: Policy{Caps: one}, h: Background{SentTo: func(int) SentAgain { return SentAgain{Added: []Sent{{Scope: Marketing, At: at - 1}}} }}, want: RuleFrequencyCap},
		"back-off on":                      {before: Policy{NoBackOff: true}, missing: []Missing{MissingMetaLimits}},
		"back-off off":                     {after: Policy{NoBackOff: true}, change: func(f *Facts) { f.Limits = []Limited{{Code: codeThroughput, At: at - 1}} }, want: RuleConsent},
		"messaging limit":                  {after: Policy{Messaging: MessagingLimit{Number: 5}}, missing: []Missing{MissingMessaging}},
		"a lower messaging limit":          {before: Policy{Messaging: MessagingLimit{Number: 9}}, after: Policy{Messaging: MessagingLimit{Number: 5}}, change: func(f *Facts) { f.Portfolio = PortfolioFacts{ID: "waba/1", Used: 5} }, want: RuleMessagingLimit},
		"drift":                            {after: Policy{HoldDrift: true}, missing: []Missing{MissingDrift}},
		"drift/never":                      {after: Policy{HoldDrift: true}, h: Background{Steady: true}, want: RuleConsent},
		"quiet/a named zone":               {after: Policy{QuietHours: []Quiet{{Scopes: marketing, From: 13 * 60, To: 14 * 60, Zone: "zone60"}}}, want: RuleQuietHours},
		"quiet/theirs/nobody knows":        {after: Policy{QuietHours: []Quiet{{Scopes: marketing, From: 13 * 60, To: 14 * 60}}}, missing: []Missing{MissingLocalTime}},
		"quiet/theirs/one country":         {after: Policy{QuietHours: []Quiet{{Scopes: marketing, From: 13 * 60, To: 14 * 60}}}, h: Background{Countries: germany, ZonesOf: zones}, want: RuleQuietHours},
		"quiet/theirs/two with one clock":  {after: Policy{QuietHours: []Quiet{{Scopes: marketing, From: 13 * 60, To: 14 * 60}}}, h: Background{Countries: several, ZonesOf: zones}, want: RuleQuietHours},
		"quiet/theirs/several clocks":      {after: Policy{QuietHours: []Quiet{{Scopes: marketing, From: 4 * 60, To: 5 * 60}}}, h: Background{Countries: func(int) ([]string, bool) { return []string{"US"}, true }, ZonesOf: zones}, missing: []Missing{MissingLocalTime}},
		"quiet/theirs/all clocks agree":    {after: Policy{QuietHours: []Quiet{{Scopes: marketing, From: 4 * 60, To: 8 * 60}}}, h: Background{Countries: func(int) ([]string, bool) { return []string{"US"}, true }, ZonesOf: zones}, want: RuleQuietHours},
		"country/nobody knows":             {after: Policy{Countries: []CountryRule{{Scopes: marketing, Countries: []string{"DE"}}}}, missing: []Missing{MissingCountry}},
		"country/the market is one":        {after: Policy{Countries: []CountryRule{{Scopes: marketing, Countries: []string{"DE"}}}}, h: Background{Countries: germany}, want: RuleCountryBlock},
		"country/the market is several":    {after: Policy{Countries: []CountryRule{{Scopes: marketing, Countries: []string{"DE"}}}}, h: Background{Countries: several}, missing: []Missing{MissingCountry}},
		"country/the market is none of it": {after: Policy{Countries: []CountryRule{{Scopes: marketing, Countries: []string{"BR"}}}}, h: Background{Countries: several}, want: RuleConsent},
		"a rule on countries":              {after: Policy{Rules: []CustomRule{{ID: "de", Expression: `contact.country.startsWith("D")`, Reason: "no"}}}, missing: []Missing{MissingCountry}},
		"a rule on the sender":             {after: Policy{Rules: []CustomRule{{ID: "crm", Expression: `sender.name == "crm"`, Reason: "no"}}}, h: Background{Sender: "crm"}, want: RuleCustom},
		"terms":                            {h: Background{Terms: true}, missing: []Missing{MissingConsent}},
		"terms/session only":               {after: Policy{SessionOnly: true}, h: Background{Terms: true}, want: RuleSessionOnly},
		"a batch that was refused":         {after: Policy{WindowMargin: hour}, change: func(f *Facts) { f.SiblingRefused = true }, missing: []Missing{MissingBatch}},
		"refused with and without":         {after: Policy{SessionOnly: true}, change: func(f *Facts) { f.SiblingRefused = true }, want: RuleBatch},
		"a race":                           {before: Policy{Caps: one}, after: Policy{Caps: []Cap{{Scopes: marketing, Limit: 2, Period: 24 * hour}}}, change: func(f *Facts) { f.Rival = RequestRival }, missing: []Missing{MissingRace}},
		"budgets nobody knows of":          {after: Policy{WindowMargin: hour}, h: Background{Spent: []BudgetFacts{{Name: "crm", Refuses: true, Price: 1}}}, missing: []Missing{MissingBudget}},
		"a reference":                      {h: Background{References: true}, want: RuleConsent},
	} {
		f := agreed(CategoryMarketing)
		if c.change != nil {
			c.change(&f)
		}
		c.h.Before = &c.before
		c.h.East = eastOf
		got := DecideAgain(&template, &f, &c.after, at.Time(), &c.h)
		if !slices.Equal(got.Missing, c.missing) || c.missing == nil && got.Decision.Rule != c.want {
			t.Errorf("%s: %s, missing %v; want %s, missing %v", name, got.Decision.Rule, got.Missing, c.want, c.missing)
		}
	}
}
