package policy

import "fmt"

// TemplateStatus is a template's standing at Meta.
type TemplateStatus string

// Template statuses that differ for the rules. Statuses not listed here are
// kept as they come and are not approved.
const (
	TemplateApproved TemplateStatus = "APPROVED"
	TemplatePaused   TemplateStatus = "PAUSED"
	TemplateDisabled TemplateStatus = "DISABLED"
	TemplateRejected TemplateStatus = "REJECTED"
	TemplatePending  TemplateStatus = "PENDING"
	TemplateDeleted  TemplateStatus = "DELETED"
)

// sendable are the statuses under which Meta sends a template. FLAGGED warns of
// a pause to come, REINSTATED follows a pause, and a deletion that is pending
// is still an approved template.
var sendable = map[TemplateStatus]bool{
	TemplateApproved: true, "FLAGGED": true, "REINSTATED": true, "PENDING_DELETION": true,
}

// TemplateFacts are what is known about the template a send names.
type TemplateFacts struct {
	// Listed reports that the whole template list of the WABA is known, so that
	// a template not Found does not exist.
	Listed bool           `json:"listed,omitempty" cbor:"1,keyasint,omitempty"`
	Found  bool           `json:"found,omitempty" cbor:"2,keyasint,omitempty"`
	Status TemplateStatus `json:"status,omitempty" cbor:"3,keyasint,omitempty"`
	// Category is the template's category until NextFrom.
	Category Category `json:"category,omitempty" cbor:"4,keyasint,omitempty"`
	// Next is the category Meta announced to apply from NextFrom on.
	Next     Category `json:"next_category,omitempty" cbor:"5,keyasint,omitempty"`
	NextFrom Moment   `json:"next_from,omitempty" cbor:"6,keyasint,omitempty"`
}

// CategoryAt is the template's category at now, CategoryUnknown where nobody
// has told.
func (t TemplateFacts) CategoryAt(now Moment) Category {
	c := t.Category
	if t.NextFrom != 0 && now >= t.NextFrom {
		c = t.Next
	}
	switch c {
	case CategoryMarketing, CategoryMarketingLite, CategoryUtility, CategoryAuthentication:
		return c
	}
	// No template is free-form or no message at all, whatever somebody told us.
	return CategoryUnknown
}

// judgeTemplate refuses templates Meta would refuse: those known not to be
// approved and, once the whole list is known, those not in it. It reports
// false where the template may go.
func judgeTemplate(s *Send, t TemplateFacts) (Decision, bool) {
	switch {
	case !t.Found && t.Listed:
		return refuse(RuleTemplateUnknown,
			fmt.Sprintf("the template %q in language %q is not among the templates of this WhatsApp Business Account", s.Template.Name, s.Template.Language),
			"check the template's name and language code, or list the templates again through the gateway if it was just created"), true
	case !t.Found, t.Status == "", sendable[t.Status]:
		return Decision{}, false
	case t.Status == TemplatePaused:
		return refuse(RuleTemplatePaused,
			fmt.Sprintf("Meta has paused the template %q (%s) because of low quality", s.Template.Name, s.Template.Language),
			"wait until Meta resumes it (3 h the first time, 6 h the second) or use another template"), true
	case t.Status == TemplateDisabled:
		return refuse(RuleTemplateDisabled,
			fmt.Sprintf("Meta has disabled the template %q (%s)", s.Template.Name, s.Template.Language),
			"edit the template and have it approved again, or use another template"), true
	}
	return refuse(RuleTemplateNotApproved,
		fmt.Sprintf("the template %q (%s) is not approved: its status is %s", s.Template.Name, s.Template.Language, t.Status),
		"use an approved template"), true
}
