package policy

// AccountEvent: something happened to a business account, one of its numbers or
// templates that decides nothing by itself, but that operators should see beside
// the sends of the time: a restriction, a worse quality, a changed webhook. It
// names no person and quotes no message.
//
// Its fields are its key, but for its cost: the same event told again is the same event.
type AccountEvent struct {
	At Moment `json:"at" cbor:"1,keyasint"`
	// WABA is the account it is about; PhoneNumberID the number, empty where it
	// concerns the whole account.
	WABA          string `json:"waba,omitempty" cbor:"2,keyasint,omitempty"`
	PhoneNumberID string `json:"phone_number_id,omitempty" cbor:"3,keyasint,omitempty"`
	// Display is the business's own number in digits, where Meta names that and
	// not the id.
	Display string `json:"-" cbor:"4,keyasint,omitempty"`
	// Kind is the webhook field it came in, such as account_update, or a kind of
	// the gateway's own.
	Kind AccountEventKind `json:"kind" cbor:"5,keyasint"`
	// Name is what happened, as Meta writes it, such as ACCOUNT_RESTRICTION.
	Name string `json:"name" cbor:"6,keyasint,omitempty"`
	// Detail says more in a few words.
	Detail   string   `json:"detail,omitempty" cbor:"7,keyasint,omitempty"`
	Severity Severity `json:"severity" cbor:"8,keyasint,omitempty"`
	// Template is the template it is about, by name and language.
	Template TemplateRef `json:"template,omitzero" cbor:"9,keyasint,omitzero"`
	// Sender and Token are who did it through the gateway, as in a ledger entry;
	// empty where it came from Meta.
	Sender string `json:"sender,omitempty" cbor:"10,keyasint,omitempty"`
	Token  string `json:"sender_token,omitempty" cbor:"11,keyasint,omitempty"`
	// Cost is what it costs a month that a template has another category, once somebody has
	// found that out. It is no part of the key.
	Cost *CategoryCost `json:"cost,omitempty" cbor:"12,keyasint,omitempty"`
}

// CategoryCost is what it costs a month that a template has another category.
type CategoryCost struct {
	// Messages are those that it is reckoned from, Unpriced those of them whose price nobody
	// knows.
	Messages int `json:"messages" cbor:"1,keyasint,omitempty"`
	Unpriced int `json:"unpriced,omitempty" cbor:"2,keyasint,omitempty"`
	// Before and Now are what they cost under the category before, and under the new one.
	Currency string `json:"currency,omitempty" cbor:"3,keyasint,omitempty"`
	Before   Money  `json:"cost_before" cbor:"4,keyasint,omitempty"`
	Now      Money  `json:"cost" cbor:"5,keyasint,omitempty"`
	// Says is that in a few words.
	Says string `json:"says" cbor:"6,keyasint,omitempty"`
}

// DriftCosted: it is found out what a change of category costs that an account event told of.
type DriftCosted struct {
	Event AccountEvent
	Cost  CategoryCost
}

// AccountEventKind tells the kinds of account events apart.
type AccountEventKind string

// The gateway's own kinds of account events. All others are named after the
// webhook field they came in.
const (
	// WebhookChange: a sender pointed the account's webhooks somewhere, or took
	// them away.
	WebhookChange AccountEventKind = "webhook_change"
	// CampaignSwitch: marketing of a number was switched off by an error of Meta's, or by
	// an operator, or on.
	CampaignSwitch AccountEventKind = "campaign_switch"
	// TemplateCategoryChanged: an answer of the API or the price of a message shows a
	// template under another category than was known.
	TemplateCategoryChanged AccountEventKind = "template_category_changed"
	// Budget: a budget is nearly spent, or it is spent.
	Budget AccountEventKind = "budget"
	// Reconciliation: less of a day matches what Meta charges than should, or it does again.
	Reconciliation AccountEventKind = "reconciliation"
	// TemplateCategoryAccepted: an operator accepted a template's category.
	TemplateCategoryAccepted AccountEventKind = "template_category_accepted"
)

// Severity is how soon somebody should look at an account event.
type Severity uint8

const (
	// Info is good to know.
	Info Severity = iota
	// Warning can become a restriction, or cost messages.
	Warning
	// Critical stops messages, or the account.
	Critical
)

var severityNames = []string{"info", "warning", "critical"}

// String is the severity's name in tables and filters.
func (s Severity) String() string { return nameOf(severityNames, s) }

// MarshalText writes the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Severity) UnmarshalText(text []byte) error { return parseName(severityNames, string(text), s) }

func (AccountEvent) event() {}
func (DriftCosted) event()  {}
