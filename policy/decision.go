package policy

// Verdict is what a decision says about a send.
type Verdict string

const (
	// Allow: the send may leave.
	Allow Verdict = "allow"
	// Refuse: the send must not leave.
	Refuse Verdict = "refuse"
)

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
	// Claims are what the send uses up, such as the confirmation after an opt-out.
	// They must be taken durably before it leaves. Records keep what was taken
	// beside the entry; key 7 of older ones says that there was a confirmation.
	Claims []Claim `json:"claims,omitempty" cbor:"-"`
	// Retry is from when on the same send may pass, as far as its refusal is a matter of
	// time; zero where it isn't.
	Retry Moment `json:"retry_at,omitempty" cbor:"9,keyasint,omitempty"`
	// Person is the place in [Facts.Persons] of the person the send is for, where
	// its phone number can be read in several ways; else 0.
	Person int `json:"person,omitempty" cbor:"8,keyasint,omitempty"`
	// Welcome: it is the first template after the person agreed.
	Welcome bool `json:"welcome,omitempty" cbor:"12,keyasint,omitempty"`
	// RuleID names the rule of the operator's own that refused.
	RuleID string `json:"rule_id,omitempty" cbor:"10,keyasint,omitempty"`
	// Warnings are what such rules say of the send beside.
	Warnings []RuleWarning `json:"warnings,omitempty" cbor:"11,keyasint,omitempty"`
}

// Exception reports that d lets through what the rules would stop, for a reason of
// its own: every use of one is to be seen.
func (d *Decision) Exception() bool {
	return d.Rule == RuleConfirmation || d.Rule == RuleEssential || d.Rule == RuleCodeRequested
}
