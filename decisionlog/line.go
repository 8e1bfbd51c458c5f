// Package decisionlog writes what was decided as lines of JSON, for archives and for
// programs that read along. It keeps nobody waiting: what its writer can't take in
// time is lost, and counted. The record that decides is the ledger.
package decisionlog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Schema is the version of the lines. It changes when a field changes its meaning or
// goes; new fields alone leave it as it is.
const Schema = 1

// The kinds of lines.
const (
	kindDecision = "decision"
	kindOutcome  = "outcome"
)

// Decision is the line of a decision. Who the send is for is in it by pseudonym.
type Decision struct {
	Schema        int               `json:"schema"`
	Kind          string            `json:"kind"`
	Time          time.Time         `json:"time"`
	ID            store.ID          `json:"id"`
	Decision      string            `json:"decision"` // as store.Entry.Tag
	Rule          policy.Rule       `json:"rule"`
	RuleID        string            `json:"rule_id,omitempty"`
	Reason        string            `json:"reason,omitempty"`
	Remedy        string            `json:"remedy,omitempty"`
	Mode          string            `json:"mode"`
	Category      policy.Category   `json:"category"`
	Initiation    policy.Initiation `json:"initiation,omitempty"`
	Type          string            `json:"type,omitempty"`
	Template      string            `json:"template,omitempty"`
	Language      string            `json:"language,omitempty"`
	PhoneNumberID string            `json:"phone_number_id,omitempty"`
	WABA          string            `json:"waba,omitempty"`
	Business      string            `json:"business,omitempty"`
	Sender        string            `json:"sender,omitempty"`
	SenderToken   string            `json:"sender_token,omitempty"`
	Contact       string            `json:"contact,omitempty"`
	Market        string            `json:"market,omitempty"`
	// Price is what one message is expected to cost, in Currency by the rate Card; "" where
	// nobody knows it. PriceType says why it is charged for or free.
	Price     string            `json:"price,omitempty"`
	PriceType billing.PriceType `json:"price_type,omitempty"`
	Currency  billing.Currency  `json:"currency,omitempty"`
	Card      string            `json:"card,omitempty"`
	// Tags are what the sender said of the message, for reports.
	Tags billing.Tags `json:"tags,omitempty"`
	// Entry is how the person came into the window that was open.
	Entry string `json:"entry,omitempty"`
	// Welcome: it is the first template after the person agreed.
	Welcome bool `json:"welcome,omitempty"`
	// Warnings are those of rules of the operator's own.
	Warnings []policy.RuleWarning `json:"warnings,omitempty"`
	// Policy is a digest of the business's settings: equal ones are equal settings.
	Policy string `json:"policy,omitempty"`
	// Facts are what it was decided on; absent where the request could not be read.
	Facts *Facts `json:"facts,omitempty"`
}

// Facts are what was known at the decision.
type Facts struct {
	Persons        []Person  `json:"persons,omitempty"`
	Template       *Template `json:"template,omitempty"`
	OnePerson      bool      `json:"one_person,omitempty"`
	NoBusiness     bool      `json:"no_business,omitempty"`
	SiblingRefused bool      `json:"sibling_refused,omitempty"`
}

// Person is what was known of somebody whom the send may mean.
type Person struct {
	Contact string `json:"contact"`
	Known   bool   `json:"known"`
	// WindowOpened is WhatsApp's time of what last opened the window.
	WindowOpened time.Time          `json:"window_opened,omitzero"`
	Confirmed    time.Time          `json:"opt_out_confirmed,omitzero"`
	Consent      map[string]Consent `json:"consent"` // by scope
}

// Consent is where a person stood on a scope.
type Consent struct {
	State  string        `json:"state"`
	Since  time.Time     `json:"since,omitzero"`
	Source policy.Source `json:"source,omitempty"`
}

// Template is what was known of the template.
type Template struct {
	Listed   bool                  `json:"listed"`
	Found    bool                  `json:"found"`
	Status   policy.TemplateStatus `json:"status,omitempty"`
	Category policy.Category       `json:"category,omitempty"`
}

// Outcome is the line of what became of a send that was passed on.
type Outcome struct {
	Schema     int                `json:"schema"`
	Kind       string             `json:"kind"`
	Time       time.Time          `json:"time"`
	ID         store.ID           `json:"id"` // that of the decision
	Outcome    store.OutcomeState `json:"outcome"`
	HTTPStatus int                `json:"http_status,omitempty"`
	ErrorCode  int                `json:"error_code,omitempty"`
}

// DecisionOf is the line of a ledger entry. monitored: its business is in monitor
// mode.
func DecisionOf(e *store.Entry, monitored bool) *Decision {
	d := &Decision{
		Schema: Schema, Kind: kindDecision, Time: e.At.Time(), ID: e.ID,
		Decision: e.Tag(), Rule: e.Decision.Rule, RuleID: e.Decision.RuleID, Warnings: e.Decision.Warnings, Welcome: e.Decision.Welcome, Reason: e.Decision.Reason, Remedy: e.Decision.Remedy, Mode: "enforce",
		Category: e.Decision.Category, Initiation: e.Decision.Initiation,
		Type: e.Send.Type, Template: e.Send.Template.Name, Language: e.Send.Template.Language,
		PhoneNumberID: e.Send.PhoneNumberID, WABA: e.WABA, Business: e.Business, Sender: e.Sender, SenderToken: e.Token, Market: e.Market, Entry: e.EntrySource(), PriceType: e.Price.Type, Currency: e.Price.Currency, Card: e.Price.Card, Tags: e.Tags,
	}
	if monitored {
		d.Mode = "monitor"
	}
	if e.Price.Known {
		d.Price = e.Price.Unit.String()
	}
	if contact := e.Contact(); !contact.IsZero() {
		d.Contact = contact.String()
	}
	if !e.Unread {
		d.Facts = factsOf(e)
		if !e.Facts.NoBusiness {
			d.Policy = digestOf(&e.Policy)
		}
	}
	return d
}

// OutcomeOf is the line of an outcome.
func OutcomeOf(id store.ID, o *store.Outcome) *Outcome {
	return &Outcome{Schema, kindOutcome, o.At.Time(), id, o.State, o.HTTPStatus, o.ErrorCode}
}

func factsOf(e *store.Entry) *Facts {
	from := &e.Facts
	f := &Facts{OnePerson: from.OnePerson, NoBusiness: from.NoBusiness, SiblingRefused: from.SiblingRefused}
	for i := range from.Persons {
		p := &from.Persons[i]
		who := Person{
			Contact: p.Contact.String(), Known: p.Known, WindowOpened: p.Opened.Time(), Confirmed: p.Confirmed.Time(),
			Consent: make(map[string]Consent, policy.Scopes),
		}
		for _, scope := range policy.AllScopes {
			c := &p.Consent[scope]
			who.Consent[scope.String()] = Consent{c.State.String(), c.Since.Time(), c.Source}
		}
		f.Persons = append(f.Persons, who)
	}
	if e.Send.Template.Name != "" {
		t := &from.Template
		f.Template = &Template{t.Listed, t.Found, t.Status, t.CategoryAt(e.At)}
	}
	return f
}

// digestOf tells settings apart.
func digestOf(p *policy.Policy) string {
	text, err := json.Marshal(p)
	if err != nil {
		return "" // it has nothing in it that could fail
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
