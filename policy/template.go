package policy

import "time"

// TemplateStatus is a template's standing at Meta: the status a list of
// templates shows, or the event of a status webhook.
type TemplateStatus string

// Template statuses that code outside of the table of standings names.
const (
	TemplateApproved TemplateStatus = "APPROVED"
	TemplatePaused   TemplateStatus = "PAUSED"
	TemplateDisabled TemplateStatus = "DISABLED"
	TemplateRejected TemplateStatus = "REJECTED"
	TemplatePending  TemplateStatus = "PENDING"
	TemplateDeleted  TemplateStatus = "DELETED"

	// TemplateEdited is the gateway's own: the template was edited through it, and
	// nobody has told since what Meta makes of the new version. What was known of
	// the old one no longer counts.
	TemplateEdited TemplateStatus = "EDITED"
)

// standing says whether a template may be sent under a status. Meta refuses by
// itself what it doesn't send (132001, 132015, 132016), so a refusal of ours is
// only right where there is no doubt.
type standing struct {
	rule   Rule   // RuleConsent where it may be sent, if the person agreed
	reason string // what the status says, behind "the template x (en)"
	remedy string
	// fresh is for how long the status counts that was read in an answer of Meta's
	// API. Later somebody may have changed it without the gateway's hearing of it.
	// A status that a webhook told counts until newer news: Meta would have told.
	fresh time.Duration
}

const (
	// reviewTime: Meta approves most templates within minutes, and at any moment.
	reviewTime = 5 * time.Minute
	// pauseTime is how long Meta's first pause lasts.
	pauseTime = 3 * time.Hour
	// catalogueTime is for how long the list of templates counts as known.
	catalogueTime = 24 * time.Hour
)

// mayBeSent is the standing of a template that may be sent.
var mayBeSent = standing{rule: RuleConsent}

const (
	inReview = "is waiting for Meta's review"
	// askAgain ends the remedies for a status that may have changed unheard.
	askAgain = "; if its status has changed, list the templates once through the gateway (GET /<waba id>/message_templates) or subscribe the app to message_template_status_update"
)

// standings has a row for every status Meta documents. What has none is new, and
// whether it may be sent is for Meta to say.
var standings = map[TemplateStatus]standing{
	TemplateApproved: mayBeSent,
	// A warning of a pause to come; still approved.
	"FLAGGED": mayBeSent,
	// What follows a pause, a disabling or an archive.
	"REINSTATED": mayBeSent,
	"UNPAUSED":   mayBeSent,
	"UNARCHIVED": mayBeSent,
	// It can't be edited, or can again. That says nothing about sending.
	"LOCKED":   mayBeSent,
	"UNLOCKED": mayBeSent,
	// An appeal is made against a rejection and against a new category alike; the
	// latter leaves the template approved.
	"IN_APPEAL": mayBeSent,
	// The deletion was asked for and has not happened.
	"PENDING_DELETION": mayBeSent,
	// A limit of the account or of edits. Meta doesn't say that it stops sends.
	"LIMIT_EXCEEDED": mayBeSent,
	// Meta may go on sending the old version while it reviews the new one.
	TemplateEdited: mayBeSent,

	TemplatePending: {RuleTemplateNotApproved, inReview, "wait until Meta has approved it" + askAgain, reviewTime},
	"IN_REVIEW":     {RuleTemplateNotApproved, inReview, "wait until Meta has approved it" + askAgain, reviewTime},
	TemplateRejected: {
		RuleTemplateNotApproved, "was rejected by Meta",
		"edit it and have it approved, appeal in WhatsApp Manager, or use another template" + askAgain, catalogueTime,
	},
	TemplateDeleted: {
		RuleTemplateNotApproved, "was deleted",
		"use another template" + askAgain, catalogueTime,
	},
	"ARCHIVED": {
		RuleTemplateNotApproved, "is archived, and Meta doesn't send archived templates",
		"take it out of the archive, or use another template" + askAgain, catalogueTime,
	},
	TemplatePaused: {
		RuleTemplatePaused, "was paused by Meta because of low quality",
		"wait until Meta resumes it (3 h the first time, 6 h the second), or use another template" + askAgain, pauseTime,
	},
	TemplateDisabled: {
		RuleTemplateDisabled, "was disabled by Meta",
		"edit it and have it approved again, or use another template" + askAgain, catalogueTime,
	},
}

// MayBeSent reports that Meta is not known to refuse a template with the status.
func (s TemplateStatus) MayBeSent() bool {
	st, known := standings[s]
	return !known || st.rule == RuleConsent
}

// TemplateFacts are what is known about the template a send names.
type TemplateFacts struct {
	// Listed reports that the whole template list of the WABA was seen, at
	// ListedAt, so that a template not Found does not exist. Records of old have
	// no ListedAt; their lists were taken for known for ever.
	Listed bool           `json:"listed,omitempty" cbor:"1,keyasint,omitempty"`
	Found  bool           `json:"found,omitempty" cbor:"2,keyasint,omitempty"`
	Status TemplateStatus `json:"status,omitempty" cbor:"3,keyasint,omitempty"`
	// Category is the template's category until NextFrom.
	Category Category `json:"category,omitempty" cbor:"4,keyasint,omitempty"`
	// Next is the category Meta announced to apply from NextFrom on.
	Next     Category `json:"next_category,omitempty" cbor:"5,keyasint,omitempty"`
	NextFrom Moment   `json:"next_from,omitempty" cbor:"6,keyasint,omitempty"`
	// ReadAt is when the Status was read in an answer of Meta's API. Zero: a
	// webhook told it.
	ReadAt   Moment `json:"read_at,omitempty" cbor:"7,keyasint,omitempty"`
	ListedAt Moment `json:"listed_at,omitempty" cbor:"8,keyasint,omitempty"`
	// NoAccount reports that nobody has told which WABA the business phone number
	// belongs to, so that nothing can be known about its templates.
	NoAccount bool `json:"no_account,omitempty" cbor:"9,keyasint,omitempty"`
	// Parts is what the template consists of.
	Parts TemplateParts `json:"parts,omitzero" cbor:"10,keyasint,omitempty"`
	// Drift is how the category differs from the one that was there before.
	Drift TemplateDrift `json:"drift,omitzero" cbor:"11,keyasint,omitempty"`
}

// TemplateParts are the parts of a template that are more than text.
type TemplateParts struct {
	// Known: somebody has told. Otherwise the others say nothing.
	Known bool `json:"known,omitempty" cbor:"1,keyasint,omitempty"`
	// Media: it has a header of media or a place. Buttons: it has buttons.
	Media   bool `json:"media,omitempty" cbor:"2,keyasint,omitempty"`
	Buttons bool `json:"buttons,omitempty" cbor:"3,keyasint,omitempty"`
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

// listedAt reports that a template not found does not exist, as far as anybody
// can know at now.
func (t TemplateFacts) listedAt(now Moment) bool {
	return t.Listed && (t.ListedAt == 0 || now < t.ListedAt.Add(catalogueTime))
}
