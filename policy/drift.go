package policy

import "fmt"

// TemplateDrift says that a template's category is, or is announced to become, another one
// than the template had when it was first known, or than an operator accepted last. Zero
// where it is the same.
type TemplateDrift struct {
	// Before is that category.
	Before Category `json:"before,omitempty" cbor:"1,keyasint,omitempty"`
	// Since is when the category became another, at the earliest.
	Since Moment `json:"since,omitempty" cbor:"2,keyasint,omitempty"`
	// Accepted is when an operator accepted Before; zero where nobody has.
	Accepted Moment `json:"accepted,omitempty" cbor:"3,keyasint,omitempty"`
}

// TemplateAccepted: an operator lets a template go on under the category it has now.
type TemplateAccepted struct {
	WABA     string
	Template TemplateRef
	At       Moment
	Category Category
	// By is who did it.
	By string
}

func (TemplateAccepted) event() {}

// Drifted reports that the template's category at now asks for another consent than the
// one it had before. Of two categories the costlier one always does.
func (t TemplateFacts) Drifted(now Moment) bool {
	is := t.CategoryAt(now)
	return t.Drift.Before != "" && is != CategoryUnknown && is.Scope() != t.Drift.Before.Scope()
}

// ForDrift leaves out how the category changed, where that makes no difference.
func (f *Facts) ForDrift(p *Policy, s *Send, now Moment) {
	if !p.HoldDrift || s.Kind != TemplateMessage || !f.Template.Drifted(now) {
		f.Template.Drift = TemplateDrift{}
	}
}

// categoryDrifted holds a template back whose category has changed until somebody accepts
// that: it asks for another consent, and may cost more.
func (c *Case) categoryDrifted() bool {
	t := &c.Facts.Template
	if !c.Policy.HoldDrift || c.Send.Kind != TemplateMessage || !t.Drifted(c.Now) {
		return false
	}
	since := t.Drift.Since
	if t.NextFrom != 0 && c.Now >= t.NextFrom {
		since = t.NextFrom
	}
	when := ""
	if since != 0 {
		when = " since " + since.String()
	}
	before := "which it was before"
	if t.Drift.Accepted != 0 {
		before = "which was accepted at " + t.Drift.Accepted.String()
	}
	return c.refuse(RuleCategoryChanged,
		fmt.Sprintf("the template %q (%s) is %s%s, not %s, %s, and nobody has accepted that", c.Send.Template.Name, c.Send.Template.Language, t.CategoryAt(c.Now), when, t.Drift.Before, before),
		"see it with `waguard templates --drift`, and accept it with `waguard templates accept`, or appeal in WhatsApp Manager, or use another template")
}
