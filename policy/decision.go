package policy

// Verdict is what a decision says about a send.
type Verdict string

const (
	// Allow: the send may leave.
	Allow Verdict = "allow"
	// Refuse: the send must not leave.
	Refuse Verdict = "refuse"
)

// Rule is the stable code of the rule that decided. Texts may change, codes
// don't.
type Rule string

// Rules that allow.
const (
	RuleReceipt        Rule = "RECEIPT"              // names no recipient, is no message
	RuleCallControl    Rule = "CALL_CONTROL"         // acts on a call that exists
	RuleWindowOpen     Rule = "WINDOW_OPEN"          // the person wrote less than 24 h ago
	RuleConsent        Rule = "CONSENT"              // the person opted in to this category
	RuleConfirmation   Rule = "OPT_OUT_CONFIRMATION" // the one answer to an opt-out
	RuleEssential      Rule = "EXCEPTION_ESSENTIAL"  // an order update to someone who opted out
	RuleGroupsAllowed  Rule = "GROUPS_ALLOWED"       // groups are allowed by configuration
	RuleCallPermission Rule = "CALL_PERMISSION"      // the person permitted calls
)

// Rules that refuse.
const (
	RuleSenderUnknown       Rule = "SENDER_UNKNOWN"
	RuleWindowClosed        Rule = "WINDOW_CLOSED"
	RuleNoConsent           Rule = "NO_CONSENT"
	RuleNoConsentCategory   Rule = "NO_CONSENT_FOR_CATEGORY"
	RuleConsentPending      Rule = "CONSENT_PENDING"
	RuleOptedOut            Rule = "OPTED_OUT"
	RuleOptedOutMarketing   Rule = "OPTED_OUT_MARKETING"
	RuleCategoryUnknown     Rule = "TEMPLATE_CATEGORY_UNKNOWN"
	RuleTemplateUnknown     Rule = "TEMPLATE_UNKNOWN"
	RuleTemplateNotApproved Rule = "TEMPLATE_NOT_APPROVED"
	RuleTemplatePaused      Rule = "TEMPLATE_PAUSED"
	RuleTemplateDisabled    Rule = "TEMPLATE_DISABLED"
	RuleMarketingOnly       Rule = "MARKETING_TEMPLATES_ONLY"
	RuleGroupsRefused       Rule = "GROUPS_REFUSED"
	RuleCallNotPermitted    Rule = "CALL_NOT_PERMITTED"
	RuleRecipientConflict   Rule = "RECIPIENT_CONFLICT"
	RuleRecipientInvalid    Rule = "RECIPIENT_INVALID"
)

// RuleSentToAnother is no decision's: a send was allowed, and Meta's answer names
// another person than the one it was judged by.
const RuleSentToAnother Rule = "SENT_TO_ANOTHER"

// Initiation says who started the exchange a send belongs to.
type Initiation string

const (
	// ByUser: the customer service window was open.
	ByUser Initiation = "user"
	// ByBusiness: it was not.
	ByBusiness Initiation = "business"
)

// Decision is the answer to a send. A refusal is an answer, not an error.
type Decision struct {
	Verdict Verdict `json:"verdict" cbor:"1,keyasint"`
	Rule    Rule    `json:"rule" cbor:"2,keyasint"`
	// Reason says in plain words what was found. It names no person.
	Reason string `json:"reason,omitempty" cbor:"3,keyasint,omitempty"`
	// Remedy says what the sender can do about a refusal.
	Remedy     string     `json:"remedy,omitempty" cbor:"4,keyasint,omitempty"`
	Category   Category   `json:"category" cbor:"5,keyasint"`
	Initiation Initiation `json:"initiation,omitempty" cbor:"6,keyasint,omitempty"`
	// Claims reports that the send uses up something that can be used once: the
	// confirmation after an opt-out. It must be reserved durably before it
	// leaves.
	Claims bool `json:"claims,omitempty" cbor:"7,keyasint,omitempty"`
	// Person is the place in [Facts.Persons] of the person the send is for, where
	// its phone number can be read in several ways; else 0.
	Person int `json:"person,omitempty" cbor:"8,keyasint,omitempty"`
}

// Exception reports that d lets through what the rules would stop, for a reason of
// its own: every use of one is to be seen.
func (d *Decision) Exception() bool { return d.Rule == RuleConfirmation || d.Rule == RuleEssential }

func refuse(rule Rule, reason, remedy string) Decision {
	return Decision{Verdict: Refuse, Rule: rule, Reason: reason, Remedy: remedy}
}

func allow(rule Rule, reason string) Decision {
	return Decision{Verdict: Allow, Rule: rule, Reason: reason}
}
