package gateway

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/notify"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// EventType is a type of event that endpoints are told of.
type EventType string

// The types of events.
const (
	EventViolation        EventType = "violation"
	EventOptedIn          EventType = "consent.opted_in"
	EventOptedOut         EventType = "consent.opted_out"
	EventSuspected        EventType = "consent.suspected"
	EventPersonErased     EventType = "person.erased"
	EventWindowEnding     EventType = "window.ending"
	EventTemplateCategory EventType = "template.category_changed"
	EventTemplateQuality  EventType = "template.quality"
	EventTemplateStatus   EventType = "template.status"
	EventNumberQuality    EventType = "number.quality"
	EventBudgetWarning    EventType = "budget.warning"
	EventBudgetSpent      EventType = "budget.spent"
	EventReconciliation   EventType = "bill.reconciliation"
	EventCampaignSwitch   EventType = "campaign.switched"
	EventEndpointOff      EventType = "endpoint.off"
	EventAccount          EventType = "account.changed"
	// EventTest is sent by hand alone.
	EventTest EventType = "test"
)

// EventTypes are those that an endpoint can be told of.
var EventTypes = []EventType{
	EventViolation, EventOptedIn, EventOptedOut, EventSuspected, EventPersonErased, EventWindowEnding, EventTemplateCategory, EventTemplateQuality,
	EventTemplateStatus, EventNumberQuality, EventBudgetWarning, EventBudgetSpent, EventReconciliation, EventCampaignSwitch, EventEndpointOff, EventAccount,
}

// EventGroups are words that stand for all types that begin so.
func EventGroups() []string {
	var groups []string
	for _, t := range EventTypes {
		if group, _, grouped := strings.Cut(string(t), "."); grouped && !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
	}
	return groups
}

// EndpointOff is the kind of account event that tells that an endpoint is told nothing any
// more.
const EndpointOff policy.AccountEventKind = "event_endpoint"

// Wants reports that a list of types has one, by itself or by its group.
func Wants(types []string, t EventType) bool {
	return slices.ContainsFunc(types, func(word string) bool {
		return word == string(t) || strings.HasPrefix(string(t), word+".")
	})
}

// schemaOf names what the data of a type looks like: docs/reference/events.schema.json has
// it.
func schemaOf(t EventType) string {
	part := "account"
	switch t {
	case EventViolation, EventPersonErased, EventWindowEnding, EventTest:
		part = string(t)
	case EventOptedIn, EventOptedOut, EventSuspected:
		part = "consent"
	}
	return "urn:waguard:events:1#" + part
}

// eventSource names an installation.
func eventSource(st store.Store) string { return "urn:waguard:" + st.Installation()[:16] }

func (g *Gateway) event(st store.Store, id string, t EventType, at policy.Moment, subject string, data any) *notify.Event {
	return &notify.Event{ID: id, Source: eventSource(st), Type: string(t), Time: at.Time(), Subject: subject, DataSchema: schemaOf(t), Data: data}
}

// violationData is what is told of a violation.
type violationData struct {
	DecisionID    store.ID        `json:"decision_id"`
	Decision      string          `json:"decision"`
	Rule          policy.Rule     `json:"rule"`
	RuleID        string          `json:"rule_id,omitempty"`
	Reason        string          `json:"reason"`
	Remedy        string          `json:"remedy,omitempty"`
	PhoneNumberID string          `json:"phone_number_id,omitempty"`
	Business      string          `json:"business,omitempty"`
	Contact       string          `json:"contact,omitempty"`
	Sender        string          `json:"sender,omitempty"`
	MessageType   string          `json:"message_type,omitempty"`
	Template      string          `json:"template,omitempty"`
	Language      string          `json:"language,omitempty"`
	Category      policy.Category `json:"category,omitempty"`
	Tags          billing.Tags    `json:"tags,omitempty"`
	Outcome       string          `json:"outcome,omitempty"`
}

// consentData is what is told of a consent record.
type consentData struct {
	RecordID      string     `json:"record_id"`
	PhoneNumberID string     `json:"phone_number_id,omitempty"`
	Business      string     `json:"business,omitempty"`
	Contact       string     `json:"contact,omitempty"`
	State         string     `json:"state"`
	Scopes        []string   `json:"scopes"`
	Source        string     `json:"source,omitempty"`
	General       bool       `json:"general"`
	Given         time.Time  `json:"given"`
	Recorded      *time.Time `json:"recorded,omitempty"`
}

// accountData is what is told of an account event.
type accountData struct {
	EventID       store.EventID           `json:"event_id"`
	Severity      policy.Severity         `json:"severity"`
	Kind          policy.AccountEventKind `json:"kind"`
	Name          string                  `json:"name"`
	Detail        string                  `json:"detail,omitempty"`
	WABA          string                  `json:"waba,omitempty"`
	PhoneNumberID string                  `json:"phone_number_id,omitempty"`
	Business      string                  `json:"business,omitempty"`
	Template      string                  `json:"template,omitempty"`
	Language      string                  `json:"language,omitempty"`
}

// erasedData is what is told of an erasure: whoever keeps something under one of the
// pseudonyms deletes it.
type erasedData struct {
	Contacts []string  `json:"contacts"`
	Erased   time.Time `json:"erased"`
}

// windowData is what is told of a window that ends.
type windowData struct {
	PhoneNumberID   string          `json:"phone_number_id"`
	Business        string          `json:"business,omitempty"`
	Contact         string          `json:"contact,omitempty"`
	Opened          time.Time       `json:"opened"`
	Ends            time.Time       `json:"ends"`
	Answer          AnswerState     `json:"answer"`
	LaterCategory   policy.Category `json:"later_category,omitempty"`
	LaterPrice      *billing.Amount `json:"later_price,omitempty"`
	Currency        string          `json:"currency,omitempty"`
	Market          string          `json:"market,omitempty"`
	MarketEstimated bool            `json:"market_estimated,omitempty"`
}

// named is a contact as events name it; "" where they name nobody.
func named(contact policy.ContactID, told bool) string {
	if !told || contact.IsZero() {
		return ""
	}
	return contact.String()
}

// eventOf makes the message that tells what a reference leads to: nil where the endpoint
// isn't told of that, or where it is too late for it; [store.ErrNotFound] where it is no
// longer kept.
func (t *Teller) eventOf(ctx context.Context, st store.Store, tells store.Tells, ref *store.EventRef) (*notify.Event, error) {
	var e *notify.Event
	var err error
	switch ref.Log {
	case store.LogViolations:
		e, err = t.violation(ctx, st, tells, store.ID(ref.ID))
	case store.LogConsents:
		e, err = t.consent(ctx, st, tells, ref.Leaf)
	case store.LogArrivals:
		e, err = t.arrival(ctx, st, tells, store.ArrivalID(ref.ID))
	case store.LogWindows:
		e, err = t.ending(ctx, st, ref.Window)
	}
	switch {
	case errors.Is(err, store.ErrUnreadable): // which no waiting mends; the store has said so
		return nil, nil
	case err != nil || e == nil || !Wants(t.Types, EventType(e.Type)):
		return nil, err
	}
	return e, nil
}

func (t *Teller) violation(ctx context.Context, st store.Store, tells store.Tells, id store.ID) (*notify.Event, error) {
	if !Wants(t.Types, EventViolation) {
		return nil, nil
	}
	e, erased, err := tells.Violation(ctx, id)
	if err != nil || !e.Violation() && !e.SentToAnother() {
		return nil, err
	}
	d := violationData{
		DecisionID: e.ID, Decision: e.Tag(), Rule: e.ViolatedRule(), RuleID: e.Decision.RuleID, Reason: e.Decision.Reason, Remedy: e.Decision.Remedy,
		PhoneNumberID: e.Send.PhoneNumberID, Business: e.Business, Contact: named(e.Contact(), t.Pseudonyms && !erased), Sender: e.Sender, MessageType: e.Send.Type,
		Template: e.Send.Template.Name, Language: e.Send.Template.Language, Category: e.Decision.Category, Tags: e.Tags, Outcome: string(e.Outcome.State),
	}
	if e.SentToAnother() {
		d.Reason, d.Remedy = policy.SentToAnother(&e.Send)
	}
	return t.event(st, "violation-"+e.ID.String(), EventViolation, e.At, d.Contact, &d), nil
}

var consentTypes = map[string]EventType{
	policy.OptedIn.String(): EventOptedIn, policy.OptedOut.String(): EventOptedOut, policy.OptOutSuspected.String(): EventSuspected,
}

func (t *Teller) consent(ctx context.Context, st store.Store, tells store.Tells, at store.LeafPlace) (*notify.Event, error) {
	told, err := tells.ConsentAt(ctx, at)
	if err != nil || told.Leaf == nil {
		return nil, err
	}
	l := told.Leaf
	is, ok := consentTypes[l.State]
	if !ok {
		return nil, nil
	}
	d := consentData{
		RecordID: hex.EncodeToString(told.Hash[:]), PhoneNumberID: l.PhoneNumberID, Contact: named(told.Contact, t.Pseudonyms), State: l.State, Scopes: l.Scopes,
		Source: l.Source, General: l.General, Given: l.Given, Recorded: l.Recorded,
	}
	if b, ok := t.Businesses.Of(l.PhoneNumberID); ok {
		d.Business = b.Name
	}
	when := l.Given
	if l.Recorded != nil {
		when = *l.Recorded
	}
	return t.event(st, "consent-"+d.RecordID[:32], is, policy.MomentOf(when), d.Contact, &d), nil
}

// accountTypes are the types of account events; all others are EventAccount.
var accountTypes = map[policy.AccountEventKind]EventType{
	policy.TemplateCategoryChanged: EventTemplateCategory, "template_category_update": EventTemplateCategory, policy.TemplateCategoryAccepted: EventTemplateCategory,
	templateQuality: EventTemplateQuality, "message_template_status_update": EventTemplateStatus, numberQuality: EventNumberQuality,
	policy.Budget: EventBudgetWarning, policy.Reconciliation: EventReconciliation, policy.CampaignSwitch: EventCampaignSwitch, EndpointOff: EventEndpointOff,
}

func accountType(e *policy.AccountEvent) EventType {
	if e.Kind == policy.Budget && e.Name == "BUDGET_SPENT" {
		return EventBudgetSpent
	}
	return cmp.Or(accountTypes[e.Kind], EventAccount)
}

func (t *Teller) arrival(ctx context.Context, st store.Store, tells store.Tells, id store.ArrivalID) (*notify.Event, error) {
	a, err := tells.Arrival(ctx, id)
	if err != nil {
		return nil, err
	}
	if a.Event == nil {
		d := erasedData{Contacts: []string{}, Erased: a.At.Time().UTC()}
		for _, name := range a.Erased {
			d.Contacts = append(d.Contacts, name.String())
		}
		return t.event(st, "erased-"+hex.EncodeToString(id[:]), EventPersonErased, a.At, "", &d), nil
	}
	e := a.Event
	d := accountData{
		EventID: e.ID, Severity: e.Severity, Kind: e.Kind, Name: e.Name, Detail: e.Detail, WABA: e.WABA, PhoneNumberID: e.PhoneNumberID,
		Template: e.Template.Name, Language: e.Template.Language,
	}
	if b, ok := t.Businesses.Of(e.PhoneNumberID); ok && e.PhoneNumberID != "" {
		d.Business = b.Name
	}
	return t.event(st, "account-"+e.ID.String(), accountType(&e.AccountEvent), e.At, cmp.Or(d.Template, d.PhoneNumberID, d.WABA), &d), nil
}

// ending tells of a window; nil where it has ended, since nobody can do anything then.
func (t *Teller) ending(ctx context.Context, st store.Store, w *store.WindowRef) (*notify.Event, error) {
	b, served := t.Businesses.Of(w.PhoneNumberID)
	if !served || w.Ends <= t.now() {
		return nil, nil
	}
	d := windowData{
		PhoneNumberID: w.PhoneNumberID, Business: b.Name, Contact: named(policy.ContactID(w.Contact), t.Pseudonyms),
		Opened: w.Opened.Time().UTC(), Ends: w.Ends.Time().UTC(), Answer: Unanswered,
	}
	if w.Unknown {
		d.Answer = AnswerNotKnown
	}
	l, err := t.newLater(ctx, st)
	if err != nil {
		return nil, err
	}
	cost, err := l.of(ctx, &store.OpenWindow{PhoneNumberID: w.PhoneNumberID, Market: w.Market, MarketEstimated: w.MarketEstimated}, b)
	if err != nil {
		return nil, err
	}
	d.LaterCategory, d.Market, d.MarketEstimated = cost.Category, string(cost.Market), cost.MarketEstimated
	if cost.Price.Known {
		d.LaterPrice, d.Currency = new(cost.Price.Unit), string(cost.Price.Currency)
	}
	return t.event(st, w.ID, EventWindowEnding, w.Opened, d.Contact, &d), nil
}
