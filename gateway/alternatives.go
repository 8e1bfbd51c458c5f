package gateway

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/text/language"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Whoever is refused is told which approved templates would pass now. Whether one says
// what the refused message would have said is for the sender to judge.

const (
	// mostAlternatives is how many are told.
	mostAlternatives = 3
	// mostTried is how many are judged to find them.
	mostTried = 64
)

// withoutAlternative are the rules after which none is told: a person who said no is not
// to be reached by another way, and to the others no template is an answer.
var withoutAlternative = []policy.Rule{
	policy.RuleOptedOut, policy.RuleOptedOutMarketing, policy.RuleOptOutSuspected,
	policy.RuleBatch, policy.RuleSenderUnknown, policy.RuleSessionOnly, policy.RuleGroupsRefused,
	policy.RuleCallNotPermitted, policy.RuleRecipientConflict, policy.RuleRecipientInvalid,
}

// alternatives are the templates that would pass now in place of a refused send, cheapest
// first.
func (g *Gateway) alternatives(ctx context.Context, st store.Store, s *policy.Send, e *store.Entry) ([]cloudapi.Alternative, error) {
	b, served := g.Businesses.Of(s.PhoneNumberID)
	switch {
	case !served, !e.Violation(), slices.Contains(withoutAlternative, e.Decision.Rule):
		return nil, nil
	case s.Kind != policy.FreeForm && s.Kind != policy.TemplateMessage && s.Kind != policy.DirectSend, s.Group:
		return nil, nil
	case saidNo(e):
		return nil, nil
	}
	j, err := g.instead(ctx, st, b, s, e)
	if err != nil {
		return nil, err
	}
	var found []cloudapi.Alternative
	for i, t := range j.candidates(e.Decision.Category) {
		if i == mostTried || len(found) == mostAlternatives || len(found) > 0 && found[0].LanguageFrom != t.languageFrom {
			break
		}
		instead := j.decide(t.Ref, t.Facts)
		if len(g.Budgets) > 0 { // which may have nothing left for it
			there := j.now.In(b.Zone)
			instead.Market, _ = marketOf(&instead.Send, &instead.Decision, there)
			if err := g.price(ctx, instead, b, e.Tags, there, st.Meters); err != nil {
				return nil, err
			}
		}
		if d := instead.Decision; d.Verdict == policy.Allow && d.Rule != policy.RuleEssential {
			found = append(found, cloudapi.Alternative{Name: t.Ref.Name, Language: t.Ref.Language, Category: d.Category, Rule: d.Rule, LanguageFrom: t.languageFrom})
		}
	}
	return found, nil
}

// propose finds the alternatives of a send on its way, none where they can't be found out:
// the refusal holds without them.
func (d *Sends) propose(ctx context.Context, st store.Store, j *Judged) {
	var err error
	if j.alternatives, err = d.alternatives(ctx, st, j.Send, j.Entry); err != nil {
		d.often(zapcore.WarnLevel, "could not look for templates that would pass in place of a refused send", zap.Error(err))
	}
}

// saidNo reports that the person opted out of the kind of message that was refused,
// whichever rule spoke first.
func saidNo(e *store.Entry) bool {
	return slices.ContainsFunc(e.Facts.Persons, func(p policy.PersonFacts) bool {
		return p.Consent[e.Decision.Category.Scope()].State == policy.OptedOut
	})
}

// inPlace is a send for which a template is looked for.
type inPlace struct {
	b    *Business
	send *policy.Send
	// entry is the decision about it.
	entry *store.Entry
	// facts are what is known of the persons, none of it left out.
	facts     policy.Facts
	templates []store.KnownTemplate
	now       time.Time
}

// instead looks up what is needed to judge templates in place of a send, at the moment
// that was decided at.
func (g *Gateway) instead(ctx context.Context, st store.Store, b *Business, s *policy.Send, e *store.Entry) (*inPlace, error) {
	b = b.deciding(e)
	j := &inPlace{b: b, send: s, entry: e, now: e.At.Time()}
	waba, err := g.waba(ctx, st, s.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	if j.templates, err = g.registry.templates(ctx, st, waba, g.Now()); err != nil || len(j.templates) == 0 {
		return j, err
	}
	j.facts, err = st.Facts(ctx, store.Query{PhoneNumberID: s.PhoneNumberID, Terms: b.Terms, Who: s.Identities(), Digits: s.Digits, WABA: b.WABA, Portfolio: b.portfolio()})
	return j, err
}

// decide judges a template in place of the send.
func (j *inPlace) decide(ref policy.TemplateRef, known policy.TemplateFacts) *store.Entry {
	s := *j.send
	s.Kind, s.Type, s.Template = policy.TemplateMessage, "template", ref
	s.Stated, s.Confirms, s.Media, s.Buttons = "", false, false, false
	e := &store.Entry{At: j.entry.At, Business: j.entry.Business, Policy: j.entry.Policy, Terms: j.entry.Terms, WABA: j.entry.WABA, Facts: j.facts, Send: s}
	e.Facts.Persons = slices.Clone(j.facts.Persons)
	for i := range e.Facts.Persons {
		e.Facts.Persons[i].Clocks = nil
	}
	e.Facts.Template, e.Facts.Rival, e.Facts.RivalOf, e.Facts.Sender = known, j.entry.Facts.Rival, j.entry.Facts.RivalOf, j.entry.Facts.Sender
	j.b.tellRules(&s, &e.Facts, j.now)
	e.Decision, e.Decided = policy.Decide(&s, &e.Facts, &e.Policy, j.now), true
	return e
}

// candidate is a template that may do.
type candidate struct {
	*store.KnownTemplate
	category     policy.Category
	languageFrom string
	exact        bool
}

// Where the language comes from in which a template is proposed.
const (
	languageOfTemplate = "template" // the one that the send names
	languageOfCountry  = "country"  // that of the number's country: a guess
	languageOther      = "other"    // none was found in a language that is the person's, as far as can be told
)

// costs orders categories by what Meta's rate cards ask for them.
var costs = map[policy.Category]int{policy.CategoryUtility: 1, policy.CategoryAuthentication: 2, policy.CategoryMarketingLite: 3, policy.CategoryMarketing: 4}

// candidates are the templates to try in place of a send of a category: those in the
// language first, and of those the cheapest. A template for one-time codes says nothing
// but a code, and nothing else says one.
func (j *inPlace) candidates(asked policy.Category) []candidate {
	wanted, from := j.language()
	base, known := baseOf(wanted)
	var list []candidate
	for i := range j.templates {
		t := &j.templates[i]
		c := candidate{t, t.Facts.CategoryAt(j.entry.At), languageOther, t.Ref.Language == wanted}
		if t.Ref == j.send.Template || (c.category == policy.CategoryAuthentication) != (asked == policy.CategoryAuthentication) {
			continue
		}
		if theirs, ok := baseOf(t.Ref.Language); ok && known && theirs == base {
			c.languageFrom = from
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(
			policy.CompareBools(a.languageFrom == languageOther, b.languageFrom == languageOther),
			cmp.Compare(costs[a.category], costs[b.category]), policy.CompareBools(!a.exact, !b.exact))
	})
	return list
}

// language is the person's, as far as can be told, and how: that of the template the send
// names, else one of the number's country.
func (j *inPlace) language() (code, from string) {
	if j.send.Template.Language != "" {
		return j.send.Template.Language, languageOfTemplate
	}
	country := countryOf(j.send.For(&j.entry.Decision))
	if country == "" {
		return "", languageOther
	}
	return "und-" + country, languageOfCountry
}

// baseOf is the language of a code such as pt_BR, whatever the country; that of und-BR is
// the one which most there speak.
func baseOf(code string) (language.Base, bool) {
	tag, err := language.Parse(code)
	if code == "" || err != nil {
		return language.Base{}, false
	}
	base, sure := tag.Base()
	return base, sure > language.No
}
