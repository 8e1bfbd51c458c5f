package adminapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// WhyRequest asks what was, or would have been, decided about a send at a moment; or about
// one of the ledger.
type WhyRequest struct {
	// ID is that of a decision. It goes with nothing else.
	ID string `json:"id,omitempty"`
	// At is RFC 3339, a date, or an age such as 24h. Default: now.
	At            string `json:"at,omitempty"`
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	// Contact is a phone number with plus and country code, or a user id.
	Contact string `json:"contact,omitempty"`
	// Template is what would have been sent, or Send, the message as its sender posts
	// it, which names the contact itself. Without either it is a text.
	Template  *WhyTemplate    `json:"template,omitempty"`
	Send      json.RawMessage `json:"send,omitempty"`
	Reference string          `json:"reference,omitempty"`
}

// WhyTemplate names a template.
type WhyTemplate struct {
	Name     string `json:"name"`
	Language string `json:"language"`
}

// Why is a decision, and what it rests on.
type Why struct {
	// ID is that of a decision of the ledger.
	ID            string    `json:"id,omitempty"`
	At            time.Time `json:"at"`
	PhoneNumberID string    `json:"phone_number_id"`
	Business      string    `json:"business,omitempty"`
	// Monitored: the business was in monitor mode, and what is refused passed.
	Monitored bool `json:"monitored,omitempty"`
	// Shadow is what a policy on trial says; where it is the one that decided, what the other
	// one does.
	Shadow *store.Shadow `json:"shadow,omitempty"`
	Verdict
	// Rules are those that were asked, in their order.
	Rules []WhyRule `json:"rules"`
	// Persons are the people the send may have gone to, as they were known.
	Persons  []WhyPerson   `json:"persons,omitempty"`
	Template *WhyKnown     `json:"template,omitempty"`
	Policy   *WhyPolicy    `json:"policy,omitempty"`
	Later    *WhyLater     `json:"later,omitempty"`
	Facts    *policy.Facts `json:"facts"`
	// KnownSince is the first moment that can be asked about; missing where it is any.
	KnownSince *time.Time `json:"known_since,omitempty"`
}

// Verdict is what was decided.
type Verdict struct {
	Verdict    policy.Verdict    `json:"verdict"`
	Rule       policy.Rule       `json:"rule"`
	Category   policy.Category   `json:"category,omitempty"`
	Initiation policy.Initiation `json:"initiation,omitempty"`
	Reason     string            `json:"reason"`
	Remedy     string            `json:"remedy,omitempty"`
	RetryAt    *time.Time        `json:"retry_at,omitempty"`
}

// WhyRule is a rule that was asked.
type WhyRule struct {
	// About says what the rule is about, Codes are those it decides by.
	About string        `json:"about"`
	Codes []policy.Rule `json:"codes"`
	// Person is the place of the person it was asked about, counted from 1; missing for a
	// rule about the send itself.
	Person int `json:"person,omitempty"`
	// Decided is the code it decided by; missing where it left that to the next rule.
	Decided policy.Rule `json:"decided,omitempty"`
}

// WhyPerson is a person as they were known.
type WhyPerson struct {
	Contact      policy.ContactID `json:"contact"`
	WindowOpen   bool             `json:"window_open"`
	WindowOpened *time.Time       `json:"window_opened,omitempty"`
	WindowUntil  *time.Time       `json:"window_until,omitempty"`
	// Consent is by scope.
	Consent map[string]ScopeConsent `json:"consent"`
	// Records are the consent records that were known, newest first. Their ids are those
	// that waguard audit proof takes.
	Records []ConsentRecord `json:"records"`
}

// WhyKnown is a template as it was known.
type WhyKnown struct {
	Name     string                `json:"name"`
	Language string                `json:"language"`
	Found    bool                  `json:"found"`
	Status   policy.TemplateStatus `json:"status,omitempty"`
	Category policy.Category       `json:"category,omitempty"`
	// ListedAt is when all templates of the account were last seen.
	ListedAt *time.Time `json:"listed_at,omitempty"`
}

// WhyPolicy is what held for the number.
type WhyPolicy struct {
	// Digest names it as ledger entries do; missing for the default one.
	Digest   string        `json:"digest,omitempty"`
	Since    *time.Time    `json:"since,omitempty"`
	Settings policy.Policy `json:"settings"`
}

// WhyLater is what came in after the moment and is about the time before it.
type WhyLater struct {
	Records []ConsentRecord `json:"records,omitempty"`
	// WindowOpened is when a message opened the window of which the gateway heard at
	// Arrived; Then is what is decided with it.
	WindowOpened *time.Time `json:"window_opened,omitempty"`
	Arrived      *time.Time `json:"arrived,omitempty"`
	Then         *Verdict   `json:"then,omitempty"`
}

// Why explains a decision.
func (c *Client) Why(ctx context.Context, r WhyRequest) (*Why, error) {
	return answer[Why](ctx, c, RouteWhy, r)
}
