// Package lab counts what would be otherwise under another policy: how many sends, which,
// by which rules, and what that saves or costs.
//
// It decides nothing, and reads nothing: whoever compares hands in what was and what would
// be, one send after the other.
package lab

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// Effects of a decision, as lists, logs and metrics name them: what is refused under
// monitor mode leaves all the same.
const (
	Allow   = "allow"
	Refuse  = "refuse"
	Monitor = "monitor"
)

// Answer is what one policy says of a send.
type Answer struct {
	// Effect is allow, refuse or monitor.
	Effect string      `json:"effect"`
	Rule   policy.Rule `json:"rule"`
	// RuleID names a rule of the operator's own.
	RuleID string `json:"rule_id,omitempty"`
}

// Leaves reports that the send is passed on.
func (a *Answer) Leaves() bool { return a.Effect != Refuse }

// AnswerOf is a decision's, where monitored: what it refuses leaves.
func AnswerOf(d *policy.Decision, monitored bool) Answer {
	a := Answer{Effect: string(d.Verdict), Rule: d.Rule, RuleID: d.RuleID}
	if d.Verdict == policy.Refuse && monitored {
		a.Effect = Monitor
	}
	return a
}

// Send is one that was judged by two policies.
type Send struct {
	// ID is that of the decision, Contact the pseudonym of its person.
	ID            string           `json:"id"`
	At            time.Time        `json:"time"`
	PhoneNumberID string           `json:"phone_number_id"`
	Contact       policy.ContactID `json:"contact,omitzero"`
	// Kind is the type of the message, or template; Template is its name.
	Kind     string          `json:"kind"`
	Template string          `json:"template,omitempty"`
	Language string          `json:"language,omitempty"`
	Category policy.Category `json:"category,omitempty"`
	// Price is what a message was expected to cost; Went: it left, by what is known.
	Price billing.Quote `json:"-"`
	Went  bool          `json:"-"`
	// From is what was, To what would be, and Reason why.
	From   Answer `json:"from"`
	To     Answer `json:"to"`
	Reason string `json:"reason,omitempty"`
	// Missing is why nobody can tell what would be; To is nothing then.
	Missing []policy.Missing `json:"missing,omitempty"`
}

// Change is how a send's answer changes.
type Change string

// How an answer changes. What leaves, and what doesn't, is what matters to people: a send
// that is refused for another reason is not sent either way.
const (
	Same     Change = "same"
	Stopped  Change = "stopped"  // it left, and would not
	Released Change = "released" // it did not leave, and would
	Reworded Change = "reworded" // it is the same to the person, by another rule
	Untold   Change = "untold"   // nobody can tell
)

// Changes are all of them.
var Changes = []Change{Same, Stopped, Released, Reworded, Untold}

// Change is how the send's answer changes.
func (s *Send) Change() Change {
	switch {
	case len(s.Missing) > 0:
		return Untold
	case s.From == s.To:
		return Same
	case s.From.Leaves() && !s.To.Leaves():
		return Stopped
	case !s.From.Leaves() && s.To.Leaves():
		return Released
	}
	return Reworded
}

// Counts are how many sends change how.
type Counts struct {
	Sends    int `json:"sends"`
	Same     int `json:"same"`
	Stopped  int `json:"stopped"`
	Released int `json:"released"`
	Reworded int `json:"reworded"`
	Untold   int `json:"untold"`
}

func (c *Counts) add(ch Change) {
	c.Sends++
	switch ch {
	case Same:
		c.Same++
	case Stopped:
		c.Stopped++
	case Released:
		c.Released++
	case Reworded:
		c.Reworded++
	case Untold:
		c.Untold++
	}
}

// Changed is how many change.
func (c *Counts) Changed() int { return c.Stopped + c.Released + c.Reworded }

// Money is what changes cost in one currency.
type Money struct {
	Currency billing.Currency `json:"currency"`
	// Saved is what messages cost that would not leave, Spent what those would that did not.
	Saved billing.Amount `json:"saved"`
	Spent billing.Amount `json:"spent"`
	// Unpriced are changes in it whose price nobody knows.
	Unpriced int `json:"unpriced,omitempty"`
}

// RuleChange are sends whose answer changes in one way.
type RuleChange struct {
	Change Change `json:"change"`
	From   Answer `json:"from"`
	To     Answer `json:"to"`
	Sends  int    `json:"sends"`
}

// Group are the sends of a business phone number or of a template.
type Group struct {
	// PhoneNumberID or Template says whose they are.
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	Template      string `json:"template,omitempty"`
	Counts
}

// MissingCount is how many sends can't be told of for want of something.
type MissingCount struct {
	What  policy.Missing `json:"what"`
	Says  string         `json:"says"`
	Sends int            `json:"sends"`
}

// Comparison is what would be otherwise under another policy.
type Comparison struct {
	Counts
	// People are how many different ones would get less or more than they did, as far as
	// that was counted: up to MostPeople.
	People  int          `json:"people"`
	Money   []Money      `json:"money"`
	Rules   []RuleChange `json:"rules"`
	Numbers []Group      `json:"numbers"`
	// Templates are those with the most changes; what is no template is not among them.
	Templates []Group        `json:"templates"`
	Missing   []MissingCount `json:"missing"`
	// Examples are the newest of each way in which answers change.
	Examples []Send `json:"examples"`
}

const (
	// MostPeople is how many people are told apart.
	MostPeople = 1_000_000
	// mostTemplates is how many templates are told of one by one.
	mostTemplates = 200
	// mostRules bounds the ways in which answers change that have examples.
	mostRules = 500
)

// Counter counts sends.
type Counter struct {
	// examples is how many of each way are kept.
	examples  int
	counts    Counts
	rules     map[ruleKey]*ruleCount
	numbers   map[string]*Counts
	templates map[string]*Counts
	money     map[billing.Currency]*Money
	missing   map[policy.Missing]int
	untold    []Send
	people    map[policy.ContactID]struct{}
}

type ruleKey struct {
	change   Change
	from, to Answer
}

type ruleCount struct {
	sends    int
	examples []Send
}

// NewCounter counts, and keeps some examples of each way in which answers change.
func NewCounter(examples int) *Counter {
	return &Counter{
		examples: examples, rules: make(map[ruleKey]*ruleCount), numbers: make(map[string]*Counts), templates: make(map[string]*Counts),
		money: make(map[billing.Currency]*Money), missing: make(map[policy.Missing]int), people: make(map[policy.ContactID]struct{}),
	}
}

// Add counts a send.
func (c *Counter) Add(s *Send) error {
	change := s.Change()
	c.counts.add(change)
	of(c.numbers, s.PhoneNumberID).add(change)
	if s.Template != "" {
		of(c.templates, s.Template).add(change)
	}
	switch change {
	case Same:
		return nil
	case Untold:
		for _, m := range s.Missing {
			c.missing[m]++
		}
		c.untold = c.keep(c.untold, s)
		return nil
	}
	k := ruleKey{change, s.From, s.To}
	if c.rules[k] == nil && len(c.rules) < mostRules {
		c.rules[k] = new(ruleCount)
	}
	if r := c.rules[k]; r != nil {
		r.sends++
		r.examples = c.keep(r.examples, s)
	}
	if change != Reworded && len(c.people) < MostPeople && s.Contact != (policy.ContactID{}) {
		c.people[s.Contact] = struct{}{}
	}
	return c.pay(s, change)
}

// of is the value of a map, which is made where there is none.
func of[K comparable, V any](m map[K]*V, k K) *V {
	v := m[k]
	if v == nil {
		v = new(V)
		m[k] = v
	}
	return v
}

// keep keeps the newest sends.
func (c *Counter) keep(list []Send, s *Send) []Send {
	if c.examples == 0 {
		return nil
	}
	at := len(list)
	for at > 0 && list[at-1].At.Before(s.At) {
		at--
	}
	if at == c.examples {
		return list
	}
	list = slices.Insert(list, at, *s)
	return list[:min(len(list), c.examples)]
}

// pay counts what a change saves or costs.
func (c *Counter) pay(s *Send, change Change) (err error) {
	saves := change == Stopped && s.Went
	if !saves && change != Released || s.Price.Currency == "" {
		return nil
	}
	m := of(c.money, s.Price.Currency)
	m.Currency = s.Price.Currency
	switch {
	case !s.Price.Known:
		m.Unpriced++
	case saves:
		m.Saved, err = m.Saved.Plus(s.Price.Unit)
	default:
		m.Spent, err = m.Spent.Plus(s.Price.Unit)
	}
	return err
}

// Comparison is what was counted.
func (c *Counter) Comparison() *Comparison {
	all := &Comparison{
		Counts: c.counts, People: len(c.people), Money: []Money{}, Rules: []RuleChange{}, Numbers: groups(c.numbers, func(g *Group, name string) { g.PhoneNumberID = name }),
		Templates: groups(c.templates, func(g *Group, name string) { g.Template = name }), Missing: []MissingCount{}, Examples: []Send{},
	}
	all.Templates = all.Templates[:min(len(all.Templates), mostTemplates)]
	for _, m := range c.money {
		all.Money = append(all.Money, *m)
	}
	slices.SortFunc(all.Money, func(a, b Money) int { return strings.Compare(string(a.Currency), string(b.Currency)) })
	for k, r := range c.rules {
		all.Rules = append(all.Rules, RuleChange{k.change, k.from, k.to, r.sends})
	}
	slices.SortFunc(all.Rules, func(a, b RuleChange) int {
		return cmp.Or(cmp.Compare(a.Change.rank(), b.Change.rank()), -cmp.Compare(a.Sends, b.Sends), a.From.compare(b.From), a.To.compare(b.To))
	})
	for _, r := range all.Rules {
		all.Examples = append(all.Examples, c.rules[ruleKey{r.Change, r.From, r.To}].examples...)
	}
	all.Examples = append(all.Examples, c.untold...)
	for _, m := range policy.AllMissing() {
		if n := c.missing[m]; n > 0 {
			all.Missing = append(all.Missing, MissingCount{m, m.Says(), n})
		}
	}
	slices.SortStableFunc(all.Missing, func(a, b MissingCount) int { return -cmp.Compare(a.Sends, b.Sends) })
	return all
}

// rank is where a change stands in lists: what people would notice comes first.
func (c Change) rank() int {
	return slices.Index([]Change{Stopped, Released, Reworded, Untold, Same}, c)
}

func (a Answer) compare(b Answer) int {
	return cmp.Or(strings.Compare(a.Effect, b.Effect), strings.Compare(string(a.Rule), string(b.Rule)), strings.Compare(a.RuleID, b.RuleID))
}

// groups are counts with their names: those with the most changes first.
func groups(counts map[string]*Counts, name func(*Group, string)) []Group {
	list := make([]Group, 0, len(counts))
	for of, c := range counts {
		g := Group{Counts: *c}
		name(&g, of)
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(-cmp.Compare(a.Changed(), b.Changed()), -cmp.Compare(a.Sends, b.Sends), strings.Compare(a.PhoneNumberID+a.Template, b.PhoneNumberID+b.Template))
	})
	return list
}
