package policy

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// capCase is a template of a category to somebody who got messages before.
type capCase struct {
	name     string
	caps     []Cap
	category Category
	sent     []Sent
	change   func(*PersonFacts)
	rule     Rule
	again    Moment // zero: no matter of time
}

// TestCaps is the table of how often a person is written to.
func TestCaps(t *testing.T) {
	t.Parallel()
	const day, ms = 24 * time.Hour, time.Millisecond
	now := noon
	offers := []Cap{{Scopes: ScopesOf(Marketing), Limit: 2, Period: 7 * day}}
	both := append(slices.Clone(offers), Cap{Scopes: ScopesOf(Marketing), Limit: 1, Period: day})
	all := []Cap{{Scopes: ScopesOf(AllScopes...), Limit: 3, Period: day}}
	at := func(scope Scope, ago ...time.Duration) (sent []Sent) {
		for _, d := range ago {
			sent = withSent(sent, Sent{Scope: scope, At: now.Add(-d)})
		}
		return sent
	}
	for _, c := range []capCase{
		{"no cap", nil, CategoryMarketing, at(Marketing, ms, 2*ms, 3*ms), nil, RuleConsent, 0},
		{"the first", offers, CategoryMarketing, nil, nil, RuleConsent, 0},
		{"the second", offers, CategoryMarketing, at(Marketing, day), nil, RuleConsent, 0},
		{"one too many", offers, CategoryMarketing, at(Marketing, day, 2*day), nil, RuleFrequencyCap, now.Add(5 * day)},
		{"two too many", offers, CategoryMarketing, at(Marketing, day, 2*day, 3*day), nil, RuleFrequencyCap, now.Add(5 * day)},
		{"by marketing messages", offers, CategoryMarketingLite, at(Marketing, day, 2*day), nil, RuleFrequencyCap, now.Add(5 * day)},
		{"the period is over to the millisecond", offers, CategoryMarketing, at(Marketing, day, 7*day), nil, RuleConsent, 0},
		{"and is not", offers, CategoryMarketing, at(Marketing, day, 7*day-time.Millisecond), nil, RuleFrequencyCap, now.Add(time.Millisecond)},
		{"another kind passes", offers, CategoryUtility, at(Marketing, day, 2*day), nil, RuleConsent, 0},
		{"and does not count", offers, CategoryMarketing, at(Transactional, ms, 2*ms, 3*ms, 4*ms), nil, RuleConsent, 0},
		{"but under a cap on all", all, CategoryMarketing, at(Transactional, 1*time.Hour, 2*time.Hour, 3*time.Hour), nil, RuleFrequencyCap, now.Add(21 * time.Hour)},
		{"of two caps the later", both, CategoryMarketing, at(Marketing, time.Hour, 2*day), nil, RuleFrequencyCap, now.Add(5 * day)},
		{"of two caps one", both, CategoryMarketing, at(Marketing, time.Hour), nil, RuleFrequencyCap, now.Add(23 * time.Hour)},
		{"no is no, whatever the cap", offers, CategoryMarketing, at(Marketing, day, 2*day), func(p *PersonFacts) { p.Consent[Marketing].State = OptedOut }, RuleOptedOutMarketing, 0},
		{"so is nothing", offers, CategoryMarketing, at(Marketing, day, 2*day), func(p *PersonFacts) { p.Consent[Marketing] = Consent{} }, RuleNoConsentCategory, 0},
		{"and a suspicion", offers, CategoryMarketing, at(Marketing, day, 2*day), func(p *PersonFacts) { p.Suspected = now.Add(-day) }, RuleOptOutSuspected, 0},
		{"a reply with a template counts", all, CategoryUtility, at(Transactional, ms, 2*ms, 3*ms), func(p *PersonFacts) {
			p.Consent[Transactional], p.Opened, p.Spoke = Consent{}, now.Add(-time.Hour), now.Add(-time.Hour)
		}, RuleFrequencyCap, now.Add(day - 3*ms)},
	} {
		s := Send{Kind: TemplateMessage, PhoneNumberID: "1", To: []Identity{phone}, Template: TemplateRef{Name: "offer", Language: "en"}}
		if c.category == CategoryMarketingLite {
			s.Edge = EdgeMarketing
		}
		category := c.category
		if category == CategoryMarketingLite {
			category = CategoryMarketing
		}
		f := Facts{Persons: []PersonFacts{{Contact: name(1), Sent: c.sent, Known: true}}, Template: TemplateFacts{Found: true, Status: "APPROVED", Category: category}}
		for scope := range f.Persons[0].Consent {
			f.Persons[0].Consent[scope] = Consent{State: OptedIn, Since: now.Add(-100 * day), Source: "website", LastOptIn: now.Add(-100 * day)}
		}
		if c.change != nil {
			c.change(&f.Persons[0])
		}
		p := Policy{Caps: c.caps}
		d := Decide(&s, &f, &p, now.Time())
		if d.Rule != c.rule || d.Retry != c.again {
			t.Errorf("%s: %s (%s), again at %s; want %s, %s", c.name, d.Rule, d.Reason, d.Retry, c.rule, c.again)
		}
		capped := slices.ContainsFunc(c.caps, func(k Cap) bool { return k.covers(category.Scope()) })
		if takes := len(d.Claims) > 0; takes != (capped && d.Verdict == Allow) {
			t.Errorf("%s: takes %v", c.name, d.Claims)
		}
		counted := f
		counted.Persons = slices.Clone(f.Persons)
		counted.Counted(&p, &s, now)
		if again := Decide(&s, &counted, &p, now.Time()); !reflect.DeepEqual(again, d) {
			t.Errorf("%s: by what is kept of the facts it is decided %+v", c.name, again)
		}
		if d.Rule == RuleFrequencyCap && !strings.Contains(d.Remedy, c.again.String()) {
			t.Errorf("%s: the remedy doesn't say when: %s", c.name, d.Remedy)
		}
	}
}

// TestTakeMessages: as many as a cap allows can be taken, in whatever order they are
// taken and given back, and by whatever name.
func TestTakeMessages(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := Claim{Kind: rapid.SampledFrom([]ClaimKind{ClaimMessage, ClaimRequest}).Draw(t, "kind"), Key: name(1), Limit: rapid.IntRange(1, 4).Draw(t, "limit"), Period: time.Hour, Scope: Marketing, Counts: ScopesOf(Marketing)}
		fold := DefaultTerms().For("1", func(string) string { return "" })
		c := new(Contact)
		c.Link(name(1), name(2), SamePerson, 1)
		var held []Taken
		now := noon
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				now = now.Add(rapid.SampledFrom([]time.Duration{time.Millisecond, 10 * time.Minute, 50 * time.Minute}).Draw(t, "later"))
			case 1:
				if len(held) > 0 {
					i := rapid.IntRange(0, len(held)-1).Draw(t, "which")
					held[i].Release(c, "1")
					held = slices.Delete(held, i, i+1)
				}
			default:
				k.Key = rapid.SampledFrom([]Alias{name(1), name(2)}).Draw(t, "name")
				within := 0
				for _, taken := range held {
					if taken.At > now.Add(-k.Period) {
						within++
					}
				}
				taken, ok := k.Take(c, fold, now)
				if ok != (within < k.Limit) {
					t.Fatalf("%d of %d are taken, and another one is: %v", within, k.Limit, ok)
				}
				if ok {
					taken.Record(c, "1")
					held = append(held, taken)
				}
			}
		}
		other := c.Clone()
		other.Merge(c)
		if !reflect.DeepEqual(other, c) {
			t.Fatalf("joined with itself: %+v, before %+v", other, c)
		}
	})
}
