package adminapi

import (
	"fmt"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Selection is what the routes over ledger and violations take: as query
// parameters of a GET, or as the JSON body of a POST, which alone may name a
// contact.
type Selection struct {
	From          string `json:"from,omitempty"` // RFC 3339, a date, or an age such as 24h
	To            string `json:"to,omitempty"`
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	Rule          string `json:"rule,omitempty"`
	Category      string `json:"category,omitempty"`
	Contact       string `json:"contact,omitempty" query:"-"` // phone number or user id
	// Pseudonym is a contact as it is listed, or the first eight digits of that or
	// more. ID is that of a decision. Wamid is Meta's id of the message, which has
	// the phone number in it.
	Pseudonym string `json:"pseudonym,omitempty"`
	ID        string `json:"id,omitempty"`
	Wamid     string `json:"wamid,omitempty" query:"-"`
	// Sender is one as it is listed, or the fingerprint of its access token.
	Sender   string `json:"sender,omitempty"`
	Template string `json:"template,omitempty"`
	Outcome  string `json:"outcome,omitempty"`
	Before   string `json:"before,omitempty"` // the `next` of the page before
	// After is the `newest` of an earlier page: what may have come since, and a
	// little of what came before.
	After string `json:"after,omitempty"`
	Limit int    `json:"limit,omitempty"`
}

// How many entries a page has where nobody says so, and at most.
const (
	DefaultPage = 100
	LargestPage = 1000
)

// Page is the answer of the routes over ledger and violations.
type Page struct {
	Entries []*Line `json:"entries"`
	// Next is the `before` of the next page; absent on the last.
	Next string `json:"next,omitempty"`
	// Newest is the `after` with which to ask for what comes later.
	Newest string `json:"newest"`
	// AccountEvents are what should be seen beside the entries.
	AccountEvents *Besides `json:"account_events,omitempty"`
	// Unlisted is how many requests were refused since the configuration was loaded
	// to callers whose access token Meta hasn't accepted lately. They are in no list.
	Unlisted int64 `json:"unlisted,omitempty"`
}

// Line is a ledger entry as people read it.
type Line struct {
	ID            store.ID          `json:"id"`
	Time          time.Time         `json:"time"`
	Decision      string            `json:"decision"`
	Rule          policy.Rule       `json:"rule"`
	RuleID        string            `json:"rule_id,omitempty"`
	Reason        string            `json:"reason"`
	Remedy        string            `json:"remedy,omitempty"`
	PhoneNumberID string            `json:"phone_number_id,omitempty"`
	Business      string            `json:"business,omitempty"`
	Contact       string            `json:"contact,omitempty"`
	Sender        string            `json:"sender,omitempty"`
	SenderToken   string            `json:"sender_token,omitempty"`
	Type          string            `json:"type,omitempty"`
	Template      string            `json:"template,omitempty"`
	Language      string            `json:"language,omitempty"`
	Category      policy.Category   `json:"category"`
	Initiation    policy.Initiation `json:"initiation,omitempty"`
	Market        string            `json:"market,omitempty"`
	// Price is what one message was expected to cost when it was decided.
	Price *Price `json:"price,omitempty"`
	// Tags are what the sender said of it, for reports.
	Tags billing.Tags `json:"tags,omitempty"`
	// Warnings are those of rules of the operator's own.
	Warnings []policy.RuleWarning `json:"warnings,omitempty"`
	// Entry is how the person came into the window that was open.
	Entry string `json:"entry,omitempty"`
	// Welcome: it is the first template after the person agreed.
	Welcome bool `json:"welcome,omitempty"`
	// Shadow is what a policy on trial says of it.
	Shadow *store.Shadow `json:"shadow,omitempty"`
	// Fallback is what was asked for, where the template was sent in its place.
	Fallback *Fallback `json:"fallback,omitempty"`
	// Billed is the category Meta told.
	Billed  policy.Category `json:"billed_category,omitempty"`
	Outcome Outcome         `json:"outcome"`
	// Delivery is zero until a status has come. Of a message to a group it is what became of
	// any copy.
	Delivery Delivery `json:"delivery,omitzero"`
	// Copies are those of a message to a group, as far as statuses have told of them.
	Copies []Copy `json:"copies,omitempty"`
}

// Copy is what became of the copy of a message to a group that one member got. It is charged at
// the market of the member.
type Copy struct {
	Contact  string   `json:"contact"`
	Market   string   `json:"market,omitempty"`
	Delivery Delivery `json:"delivery,omitzero"`
}

// Price is what a message is expected to cost.
type Price struct {
	Type billing.PriceType `json:"type"`
	// Unit is the price of one message; absent where nobody knows it.
	Unit     *billing.Amount  `json:"unit_price,omitempty"`
	Currency billing.Currency `json:"currency,omitempty"`
	Card     string           `json:"card,omitempty"`
}

// PriceOf is a quote as rows show it; nil for what has no price.
func PriceOf(q *billing.Quote) *Price {
	if q.Type == "" {
		return nil
	}
	p := &Price{Type: q.Type, Currency: q.Currency, Card: q.Card}
	if q.Known {
		p.Unit = new(q.Unit)
	}
	return p
}

// Fallback is a message that a rule refused, and a template sent in its place.
type Fallback struct {
	Kind string      `json:"kind"`
	Type string      `json:"type"`
	Rule policy.Rule `json:"rule"`
}

// Outcome is what Meta's answer made of a send.
type Outcome struct {
	State store.OutcomeState `json:"state"`
	Time  time.Time          `json:"time,omitzero"`
	// HTTPStatus is that of the answer; zero where there was none.
	HTTPStatus int `json:"http_status,omitempty"`
	// ErrorCode is Meta's where it rejected the send.
	ErrorCode int `json:"error_code,omitempty"`
	// ReachedOther is the pseudonym of the person whom the message reached, where
	// that is another than the send was judged by.
	ReachedOther *policy.ContactID `json:"reached_other,omitempty"`
}

// Delivery is what status webhooks told about an accepted message.
type Delivery struct {
	Status    policy.DeliveryStatus `json:"status,omitempty"`
	Time      time.Time             `json:"time,omitzero"`
	ErrorCode int                   `json:"error_code,omitempty"`
	// Pricing is Meta's word on category and price type.
	Pricing *policy.Pricing `json:"pricing,omitempty"`
}

func outcomeOf(o *store.Outcome) Outcome {
	return Outcome{State: o.State, Time: o.At.Time(), HTTPStatus: o.HTTPStatus, ErrorCode: o.ErrorCode, ReachedOther: o.ReachedOther}
}

func deliveryOf(d *store.Delivery) Delivery {
	return Delivery{Status: d.Status, Time: d.At.Time(), ErrorCode: d.ErrorCode, Pricing: d.Pricing}
}

// LineOf is a ledger entry as people read it.
func LineOf(e *store.Entry) *Line {
	l := &Line{
		ID: e.ID, Time: e.At.Time(), Decision: e.Tag(), Rule: e.Decision.Rule, RuleID: e.Decision.RuleID, Warnings: e.Decision.Warnings, Welcome: e.Decision.Welcome, Reason: e.Decision.Reason, Remedy: e.Decision.Remedy,
		PhoneNumberID: e.Send.PhoneNumberID, Business: e.Business, Sender: e.Sender, SenderToken: e.Token,
		Type: e.Send.Type, Template: e.Send.Template.Name, Language: e.Send.Template.Language,
		Category: e.Decision.Category, Initiation: e.Decision.Initiation, Market: e.Market, Price: PriceOf(&e.Price), Tags: e.Tags, Entry: e.EntrySource(), Shadow: e.Shadow, Outcome: outcomeOf(&e.Outcome),
	}
	if contact := e.Contact(); !contact.IsZero() {
		l.Contact = contact.String()
	}
	if f := e.Fallback; f != nil {
		l.Fallback = &Fallback{Kind: f.Kind.String(), Type: f.Type, Rule: f.Rule}
	}
	if e.Delivery.Status != "" {
		l.Delivery = deliveryOf(&e.Delivery)
	}
	for i := range e.Copies {
		c := &e.Copies[i]
		l.Copies = append(l.Copies, Copy{c.Contact.String(), c.Market, deliveryOf(&c.Delivery)})
	}
	if p := e.Delivery.Pricing; p != nil {
		l.Billed = policy.BilledCategory(p.Category)
	}
	return l
}

// ViolationOf is a violation as people read it. A send that was allowed is one for
// what became of it.
func ViolationOf(e *store.Entry) *Line {
	l := LineOf(e)
	if e.SentToAnother() {
		l.Rule = e.ViolatedRule()
		l.Reason, l.Remedy = policy.SentToAnother(&e.Send)
	}
	return l
}

// RuleNamed is the rule, with the id of one of the operator's own.
func (l *Line) RuleNamed() string {
	if l.RuleID == "" {
		return string(l.Rule)
	}
	return string(l.Rule) + " " + l.RuleID
}

// Warned is what rules of the operator's own warn of, behind a reason; "" for nothing.
func (l *Line) Warned() (said string) {
	for _, w := range l.Warnings {
		said += "; warning by " + w.Rule + ": " + w.Reason
	}
	return said
}

// Message is what was sent: the type, or the template by name.
func (l *Line) Message() string { return store.TypeOrTemplate(l.Type, l.Template) }

// Result is how far the send is known to have got.
func (l *Line) Result() string {
	result, code := string(l.Outcome.State), l.Outcome.ErrorCode
	if l.Delivery.Status != "" {
		result, code = string(l.Delivery.Status), 0
		if l.Delivery.Status == policy.StatusFailed {
			code = l.Delivery.ErrorCode
		}
	}
	if code != 0 {
		result += fmt.Sprintf(" %d", code)
	}
	if len(l.Copies) > 0 {
		delivered := 0
		for i := range l.Copies {
			if l.Copies[i].Delivery.Status.Delivered() {
				delivered++
			}
		}
		result += fmt.Sprintf(" (%d of %d copies)", delivered, len(l.Copies))
	}
	return result
}
