package policy

import (
	"slices"
	"time"
)

// Decide judges one send. It is a function of its arguments alone: the same
// send, facts, policy and time always give the same decision. What it goes by,
// and in which order, is the list of rules.
//
// Where a phone number without plus sign can be read in two ways, the person it
// means is judged, and the other one only counts against the send: if they opted
// out. Where the policy says so both are judged, and the stricter answer holds.
func Decide(s *Send, f *Facts, p *Policy, now time.Time) Decision {
	return decide(s, f, p, now, nil)
}

// decide judges a send, and tells asked, where that is not nil, of each rule.
func decide(s *Send, f *Facts, p *Policy, now time.Time, asked func(Asked)) Decision {
	c := Case{Send: s, Facts: f, Policy: p, Now: MomentOf(now), asked: asked}
	c.Category = CategoryOf(s, f, c.Now)
	c.who = recipientsOf(s, f, p)
	c.billed = c.isBilled()
	c.decide()
	c.limits()
	c.custom()
	if c.decision.Verdict == Allow && len(f.Budgets) > 0 {
		c.decision.Warnings = append(c.decision.Warnings, c.warnOfBudgets()...)
	}
	d := c.decision
	d.Category, d.Person = c.Category, c.who.meant
	if c.Category != CategoryNone && !f.NoBusiness {
		d.Initiation = c.initiation()
	}
	if d.Rule == RuleConfirmation {
		d.Claims = c.confirmations()
	}
	if d.Verdict == Allow && (c.billed || c.countsForPair()) {
		d.Claims = append(d.Claims, c.takes()...)
		if c.welcomes() {
			d.Welcome, d.Claims = true, append(d.Claims, welcomeOf(c.Facts.Persons[c.who.meant].Contact))
		}
		if c.starts() {
			d.Claims = append(d.Claims, c.takesConversation())
		}
	}
	if d.Verdict == Allow && len(f.Budgets) > 0 {
		d.Claims = append(d.Claims, c.takesOfBudgets()...)
	}
	return d
}

// Case is one send with everything its decision rests on.
type Case struct {
	Send   *Send
	Facts  *Facts
	Policy *Policy
	Now    Moment
	// Category is what the send will be billed as, as far as can be told.
	Category Category

	// billed: by its category, and so in need of an opt-in to that. What isn't is a
	// reply or a call.
	billed bool
	// who says which of the persons count.
	who recipients
	// person is the one the rules on persons look at, window theirs.
	person *PersonFacts
	window Window
	// doubt ends the reason of an allowed template of which it is not certain that
	// Meta sends it.
	doubt string

	decision Decision
	// asked is told of each rule, where it is not nil.
	asked func(Asked)
}

func (c *Case) isBilled() bool {
	return c.Send.Kind == TemplateMessage || c.Send.Kind == DirectSend && c.Policy.DirectSend
}

func (c *Case) refuse(rule Rule, reason, remedy string) bool {
	c.decision = Decision{Verdict: Refuse, Rule: rule, Reason: reason, Remedy: remedy}
	return true
}

func (c *Case) allow(rule Rule, reason string) bool {
	c.decision = Decision{Verdict: Allow, Rule: rule, Reason: reason}
	return true
}

// decide goes through the rules.
func (c *Case) decide() {
	for i := range sendRules {
		if c.ask(&sendRules[i], -1) {
			return
		}
	}
	var strictest Decision
	for i := range c.Facts.Persons {
		if !c.who.counts(i) {
			continue
		}
		c.judgePerson(i)
		if c.decision.Verdict == Refuse {
			if c.Send.Bare != NotBare && c.who.phones > 1 && i < c.who.phones {
				c.who.nameReading(&c.decision)
			}
			return
		}
		// The first reading is the likeliest, but an exception made for another
		// one is an exception all the same: its claim must not get lost.
		if strictest.Verdict == "" || c.decision.Exception() && !strictest.Exception() {
			strictest = c.decision
		}
	}
	if c.otherReadingOptedOut() {
		return
	}
	c.decision = strictest
	c.decision.Reason += c.doubt
}

// judgePerson applies the rules on persons to one reading of the recipient. One of
// them decides.
func (c *Case) judgePerson(place int) {
	c.person = &c.Facts.Persons[place]
	c.window = WindowOf(c.person.Opened, c.Policy.WindowMargin)
	for i := range personRules {
		if c.ask(&personRules[i], place) {
			return
		}
	}
}

// ask asks a rule about the send, or about a person. It reports that the rule decides.
func (c *Case) ask(r *rule, person int) bool {
	decides := r.judge(c)
	if c.asked != nil {
		a := Asked{Doc: r.doc, Codes: r.codes, Person: person}
		if decides {
			a.Decision = new(c.decision)
		}
		c.asked(a)
	}
	return decides
}

// consent is what the person said on a scope.
func (c *Case) consent(s Scope) *Consent { return &c.person.Consent[s] }

// open reports whether the person's customer service window is open.
func (c *Case) open() bool { return c.window.OpenAt(c.Now) }

// CategoryOf is what the send will be billed as, as far as can be told before
// Meta does.
func CategoryOf(s *Send, f *Facts, now Moment) Category {
	if f.NoBusiness {
		return CategoryUnknown
	}
	switch s.Kind {
	case Receipt, Call, CallControl:
		return CategoryNone
	case TemplateMessage:
		c := f.Template.CategoryAt(now)
		if s.Edge == EdgeMarketing && c.Scope() == Marketing {
			return CategoryMarketingLite
		}
		return c
	case DirectSend:
		// Meta takes no other category here. What a body claims beyond that is
		// not believed.
		if s.Stated == CategoryUtility || s.Stated == CategoryAuthentication {
			return s.Stated
		}
		return CategoryUnknown
	}
	return CategoryService
}

func (c *Case) initiation() Initiation {
	if len(c.Facts.Persons) == 0 {
		return ByBusiness
	}
	for i := range c.Facts.Persons {
		if c.who.counts(i) && !WindowOf(c.Facts.Persons[i].Opened, c.Policy.WindowMargin).OpenAt(c.Now) {
			return ByBusiness
		}
	}
	return ByUser
}

// confirmations are the claims of a message that confirms an opt-out: of everybody
// it is judged by.
func (c *Case) confirmations() (claims []Claim) {
	for i := range c.Facts.Persons {
		k := confirmationOf(c.Facts.Persons[i].Contact)
		if c.who.counts(i) && !slices.Contains(claims, k) {
			claims = append(claims, k)
		}
	}
	return claims
}
