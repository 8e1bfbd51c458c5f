package adminapi

import (
	"cmp"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// EventSelection is what the route over account events takes, as query parameters
// of a GET or as the JSON body of a POST.
type EventSelection struct {
	From          string `json:"from,omitempty"`
	To            string `json:"to,omitempty"`
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	WABA          string `json:"waba,omitempty"`
	Kind          string `json:"kind,omitempty"`
	Severity      string `json:"severity,omitempty"` // at least
	Before        string `json:"before,omitempty"`
	Limit         int    `json:"limit,omitempty"`
}

// EventPage is the answer of the route over account events.
type EventPage struct {
	Events []*EventLine `json:"events"`
	Next   string       `json:"next,omitempty"`
}

// EventLine is an account event as people read it.
type EventLine struct {
	ID       store.EventID           `json:"id"`
	Time     time.Time               `json:"time"`
	Severity policy.Severity         `json:"severity"`
	Kind     policy.AccountEventKind `json:"kind"`
	Name     string                  `json:"name"`
	Detail   string                  `json:"detail,omitempty"`
	// PhoneNumberID and Business are of the number it is about, if it is about
	// one; Number is what people see of it where its id is not known.
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	Business      string `json:"business,omitempty"`
	Number        string `json:"number,omitempty"`
	WABA          string `json:"waba,omitempty"`
	Template      string `json:"template,omitempty"`
	Language      string `json:"language,omitempty"`
	Sender        string `json:"sender,omitempty"`
	SenderToken   string `json:"sender_token,omitempty"`
	// Cost is what it costs a month that the template has another category.
	Cost *EventCost `json:"cost,omitempty"`
}

// EventCost is what the messages of a template cost, by what was delivered in 30 days.
type EventCost struct {
	Messages int `json:"messages"`
	// CostBefore and Cost are those under the category before, and under the new one, of the
	// messages whose price is known under both; nil where there are none. Of Unpriced ones it
	// isn't.
	Currency   billing.Currency `json:"currency,omitempty"`
	CostBefore *billing.Amount  `json:"cost_before"`
	Cost       *billing.Amount  `json:"cost"`
	Difference *billing.Amount  `json:"difference"`
	Unpriced   int              `json:"unpriced"`
}

// EventLineOf is an account event as people read it, about a number whose
// configured name is business.
func EventLineOf(e *store.AccountEvent, business string) *EventLine {
	l := &EventLine{
		ID: e.ID, Time: e.At.Time(), Severity: e.Severity, Kind: e.Kind, Name: e.Name, Detail: e.Detail,
		PhoneNumberID: e.PhoneNumberID, Business: business, WABA: e.WABA,
		Template: e.Template.Name, Language: e.Template.Language, Sender: e.Sender, SenderToken: e.Token,
	}
	if c := e.Cost; c != nil {
		if l.Detail += "; " + c.Says; e.Detail == "" {
			l.Detail = c.Says
		}
		l.Cost = &EventCost{Messages: c.Messages, Currency: billing.Currency(c.Currency), Unpriced: c.Unpriced}
		if c.Unpriced == 0 || c.Unpriced < c.Messages {
			l.Cost.CostBefore, l.Cost.Cost, l.Cost.Difference = new(billing.Amount(c.Before)), new(billing.Amount(c.Now)), new(billing.Amount(c.Now-c.Before))
		}
	}
	if e.PhoneNumberID == "" && e.Display != "" {
		l.Number = policy.Identity{Kind: policy.Phone, Value: e.Display}.String() // masked
	}
	return l
}

// About is what the event is about, by the narrowest name.
func (l *EventLine) About() string {
	if l.Template != "" {
		return "template " + l.Template
	}
	if number := cmp.Or(l.Business, l.PhoneNumberID, l.Number); number != "" || l.WABA == "" {
		return number
	}
	return "account " + l.WABA
}

// Besides are the account events that should be seen beside violations.
type Besides struct {
	From  time.Time `json:"from"`
	Count int       `json:"count"`
	// Newest are the newest of them.
	Newest []*EventLine `json:"newest"`
}
