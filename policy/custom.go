package policy

import (
	"slices"
	"time"

	"github.com/waguard/waguard/policy/rulelang"
)

// CustomRule is a rule of the operator's own. It can refuse what the others let through,
// or warn of it, and lets nothing through itself.
type CustomRule struct {
	// ID names it, Expression is what it asks: see package rulelang.
	ID         string `json:"id" cbor:"1,keyasint"`
	Expression string `json:"expression" cbor:"2,keyasint"`
	// Reason says why, to the sender.
	Reason string `json:"reason" cbor:"3,keyasint"`
	// Warn: it refuses nothing.
	Warn bool `json:"warn,omitempty" cbor:"4,keyasint,omitempty"`
}

// RuleWarning is what a rule of the operator's own says of a send that it lets through.
type RuleWarning struct {
	Rule   string `json:"rule_id" cbor:"1,keyasint"`
	Reason string `json:"reason" cbor:"2,keyasint"`
	// Failed: the rule could not be evaluated, and Reason says why.
	Failed bool `json:"failed,omitempty" cbor:"3,keyasint,omitempty"`
	// Budget: it is no rule that warns, but a budget.
	Budget bool `json:"budget,omitempty" cbor:"4,keyasint,omitempty"`
}

var customCodes = []Rule{RuleCustom, RuleError}

// customRules are those of the operator's own, asked about what all others let through.
var customRules = []rule{
	{customCodes, "what the operator's own rules refuse doesn't leave", (*Case).custom},
}

// UsesLocalClock reports that some rule of the operator's own looks at the recipient's
// clock.
func (p *Policy) UsesLocalClock() bool {
	return slices.ContainsFunc(p.Rules, func(r CustomRule) bool {
		e, err := rulelang.Of(r.Expression)
		return err == nil && e.UsesLocal()
	})
}

// customApplies reports that rules of the operator's own are asked about the send: it is
// a message or call to somebody.
func (c *Case) customApplies() bool {
	return len(c.Policy.Rules) > 0 && c.Send.Kind != Receipt && c.Send.Kind != CallControl
}

// custom asks the operator's own rules about a send that may leave, for everybody it may
// go to. The first that refuses decides, and what others warned of by then is kept. A
// rule that can't be evaluated refuses too, if it is one that does.
func (c *Case) custom() bool {
	if c.decision.Verdict != Allow || !c.customApplies() {
		return false
	}
	var warnings []RuleWarning
	var inputs []*rulelang.Input // in the places of the people they are about
	for i := range c.Facts.Persons {
		var in *rulelang.Input
		if c.who.counts(i) {
			in = c.input(&c.Facts.Persons[i])
		}
		inputs = append(inputs, in)
	}
	for i := range c.Policy.Rules {
		r := &c.Policy.Rules[i]
		holds, failed := c.holdsForAny(r, inputs)
		refuses := !r.Warn && (holds || failed != nil)
		if c.asked != nil && !refuses {
			c.asked(r.asked())
		}
		switch {
		case failed != nil && r.Warn:
			warnings = append(warnings, RuleWarning{Rule: r.ID, Reason: "the rule could not be evaluated: " + failed.Error(), Failed: true})
		case failed != nil:
			c.refuse(RuleError, "the rule "+r.ID+" of this business could not be evaluated: "+failed.Error(), "tell whoever runs the gateway: `rule "+r.ID+"` needs mending")
			return c.ruled(r, warnings)
		case holds && r.Warn:
			warnings = append(warnings, RuleWarning{Rule: r.ID, Reason: r.Reason})
		case holds:
			c.refuse(RuleCustom, r.Reason, "this is a rule of the business's own (`rule "+r.ID+"`): ask whoever runs the gateway")
			return c.ruled(r, warnings)
		}
	}
	c.decision.Warnings = warnings
	return false
}

// ruled ends a refusal by a rule of the operator's own.
func (c *Case) ruled(r *CustomRule, warnings []RuleWarning) bool {
	c.decision.RuleID, c.decision.Warnings = r.ID, warnings
	if c.asked != nil {
		a := r.asked()
		a.Decision = new(c.decision)
		c.asked(a)
	}
	return true
}

// asked is the rule as it is asked.
func (r *CustomRule) asked() Asked {
	return Asked{Doc: "the operator's own rule " + r.ID + ": " + r.Expression, Codes: customCodes, Person: -1}
}

// holdsForAny reports that a rule holds for somebody the send may go to, by a clock that
// they may have.
func (c *Case) holdsForAny(r *CustomRule, inputs []*rulelang.Input) (bool, error) {
	e, err := rulelang.Of(r.Expression)
	if err != nil {
		return false, err
	}
	for i, in := range inputs {
		if in == nil {
			continue
		}
		in.Local = rulelang.Clock{}
		clocks := 0
		for _, k := range c.Facts.Persons[i].Clocks {
			if k.Zone != "" || !e.UsesLocal() {
				continue
			}
			clocks++
			in.Local = rulelang.ClockAt(in.Now, k.East)
			if holds, err := e.Holds(in); holds || err != nil {
				return holds, err
			}
		}
		if clocks > 0 {
			continue
		}
		if holds, err := e.Holds(in); holds || err != nil {
			return holds, err
		}
	}
	return false, nil
}

// input is what rules of the operator's own can look at.
func (c *Case) input(p *PersonFacts) *rulelang.Input {
	w := WindowOf(p.Opened, c.Policy.WindowMargin)
	stands := &p.Consent[c.Category.Scope()]
	t := &c.Facts.Template
	in := &rulelang.Input{
		Send: rulelang.Send{
			Kind: c.Send.Kind.String(), Type: c.Send.Type, Category: string(c.Category), Endpoint: c.Send.Edge.String(),
			Initiation: string(ByBusiness), AllowedBy: string(c.decision.Rule), Group: c.Send.Group, Transaction: c.Send.Transaction,
		},
		Contact: rulelang.Contact{Known: p.Known, Country: p.Country, CountryKnown: p.Country != "", Suspected: p.Suspected != 0},
		Window:  rulelang.Window{Known: p.Opened != 0 && (w.OpenAt(c.Now) || !c.untoldOf(p)), Open: w.OpenAt(c.Now), Opened: timeOf(w.Opened), Closes: timeOf(w.Closes)},
		Consent: rulelang.Consent{
			State: stands.State.String(), Source: string(stands.Source), Since: timeOf(stands.Since), SinceKnown: stands.Since != 0,
			Marketing: p.Consent[Marketing].State.String(), Transactional: p.Consent[Transactional].State.String(), Authentication: p.Consent[Authentication].State.String(),
		},
		Business: rulelang.Business{Name: c.Policy.BusinessName, PhoneNumberID: c.Send.PhoneNumberID},
		Sender:   rulelang.Sender{Known: c.Facts.Sender != "", Name: c.Facts.Sender},
		Now:      c.Now.Time(),
	}
	if in.Window.Open {
		in.Send.Initiation = string(ByUser)
	}
	if c.Send.Kind == TemplateMessage {
		in.Template = rulelang.Template{
			Name: c.Send.Template.Name, Language: c.Send.Template.Language, Known: t.Found, Status: string(t.Status), Category: string(t.CategoryAt(c.Now)),
			ComponentsKnown: t.Parts.Known, HeaderMedia: c.Send.Media || t.Parts.Media, Buttons: c.Send.Buttons || t.Parts.Buttons,
		}
	}
	return in
}

// timeOf is a moment as rules see it: the beginning of 1970 for never, which can be
// reckoned with as others can.
func timeOf(m Moment) time.Time { return time.UnixMilli(int64(m)).UTC() }
