package caddymodule

import (
	"errors"
	"net/http"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// consentRequest is what the consent routes take.
type consentRequest struct {
	PhoneNumberID string `json:"phone_number_id"`
	// Contact is a phone number with plus and country code, or a user id.
	Contact string `json:"contact"`
	// Scope is marketing, transactional, authentication or all (the default).
	Scope string `json:"scope,omitempty"`
	// Source says how the person said so, such as website or in_store.
	Source string `json:"source,omitempty"`
	// Reference is where the evidence lies: an order, a form, a call id.
	Reference string `json:"reference,omitempty"`
}

// consentAnswer is what is known about a person in relation to a business phone
// number.
type consentAnswer struct {
	Contact     policy.ContactID          `json:"contact"`
	WindowOpen  bool                      `json:"window_open"`
	WindowUntil *time.Time                `json:"window_until,omitempty"`
	Consent     map[string]consentOnScope `json:"consent"`
}

type consentOnScope struct {
	State  string        `json:"state"` // unknown, pending, opted_in or opted_out
	Since  *time.Time    `json:"since,omitempty"`
	Source policy.Source `json:"source,omitempty"`
}

// read checks a consent request and finds the business it is about.
func (c *consentRequest) read(a *App, r *http.Request) (*business, policy.Identity, error) {
	if err := jsonRequest(r, c); err != nil {
		return nil, policy.Identity{}, err
	}
	if !isDigits(c.PhoneNumberID) {
		return nil, policy.Identity{}, adminError(http.StatusBadRequest, errors.New("phone_number_id is missing: the id of the business phone number, in digits"))
	}
	b, ok := a.business(c.PhoneNumberID)
	if !ok {
		return nil, policy.Identity{}, adminError(http.StatusNotFound, errors.New("this gateway does not serve that business phone number"))
	}
	who, err := readContact(c.Contact)
	if err != nil {
		return nil, policy.Identity{}, adminError(http.StatusBadRequest, err)
	}
	return b, who, nil
}

func adminConsentGet(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var c consentRequest
	b, who, err := c.read(a, r)
	if err != nil {
		return err
	}
	return a.answerConsent(st, w, r, b, who, c.PhoneNumberID)
}

func (a *App) answerConsent(st store.Store, w http.ResponseWriter, r *http.Request, b *business, who policy.Identity, phoneNumberID string) error {
	person, err := st.Person(r.Context(), who, phoneNumberID, b.groupOf(phoneNumberID))
	if err != nil {
		return adminError(http.StatusInternalServerError, err)
	}
	window := policy.WindowOf(person.Opened, b.policy.WindowMargin)
	answer := consentAnswer{
		Contact:    person.Contact,
		WindowOpen: window.OpenAt(policy.MomentOf(a.clock.Now())),
		Consent:    make(map[string]consentOnScope, policy.Scopes),
	}
	if window.Opened != 0 {
		answer.WindowUntil = new(window.Closes.Time())
	}
	for scope, consent := range person.Consent {
		said := consentOnScope{State: consent.State.String(), Source: consent.Source}
		if consent.Since != 0 {
			said.Since = new(consent.Since.Time())
		}
		answer.Consent[policy.Scope(scope).String()] = said
	}
	return jsonAnswer(w, answer)
}

// adminConsentSet records an opt-in or opt-out and answers what holds then.
func adminConsentSet(state policy.ConsentState) func(*App, store.Store, http.ResponseWriter, *http.Request) error {
	return func(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
		c := consentRequest{Scope: "all", Source: string(policy.SourceOperator)}
		b, who, err := c.read(a, r)
		if err != nil {
			return err
		}
		scopes, ok := policy.ParseScope(c.Scope)
		if !ok {
			return adminError(http.StatusBadRequest, errors.New("scope must be marketing, transactional, authentication or all"))
		}
		meant, err := st.Meant(r.Context(), who)
		if err != nil {
			return adminError(http.StatusServiceUnavailable, err)
		}
		if state == policy.OptedIn {
			meant = meant[:1] // an opt-in is one person's
		}
		var events []policy.Event
		for _, who := range meant {
			events = append(events, policy.ConsentChanged{
				PhoneNumberID: c.PhoneNumberID,
				Who:           []policy.Identity{who},
				At:            policy.MomentOf(a.clock.Now()),
				State:         state,
				Scopes:        scopes,
				Source:        policy.Source(c.Source),
				Ref:           c.Reference,
			})
		}
		if err := st.Apply(r.Context(), events); err != nil {
			return adminError(http.StatusServiceUnavailable, err)
		}
		return a.answerConsent(st, w, r, b, who, c.PhoneNumberID)
	}
}

func adminConsentHistory(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var c consentRequest
	_, who, err := c.read(a, r)
	if err != nil {
		return err
	}
	words, err := collect(st.History(r.Context(), who))
	if err != nil {
		return adminError(http.StatusInternalServerError, err)
	}
	answer := historyAnswer{History: []wordOnConsent{}}
	for _, word := range words {
		scopes := make([]string, len(word.Scopes))
		for i, scope := range word.Scopes {
			scopes[i] = scope.String()
		}
		answer.History = append(answer.History, wordOnConsent{
			Time: word.At.Time(), PhoneNumberID: word.PhoneNumberID, State: word.State.String(),
			Scopes: scopes, Source: word.Source, Reference: word.Ref, Name: word.Alias,
		})
	}
	return jsonAnswer(w, answer)
}

// historyAnswer is every word of a person on consent, newest first.
type historyAnswer struct {
	History []wordOnConsent `json:"history"`
}

type wordOnConsent struct {
	Time          time.Time     `json:"time"`
	PhoneNumberID string        `json:"phone_number_id"`
	State         string        `json:"state"`
	Scopes        []string      `json:"scopes"`
	Source        policy.Source `json:"source"`
	Reference     string        `json:"reference,omitempty"`
	// Name is the pseudonym of the identity under which it was said.
	Name policy.Alias `json:"name"`
}

// adminNewPerson records that a recycled number belongs to somebody new.
func adminNewPerson(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var c consentRequest
	b, who, err := c.read(a, r)
	if err != nil {
		return err
	}
	meant, err := st.Meant(r.Context(), who)
	if err != nil {
		return adminError(http.StatusServiceUnavailable, err)
	}
	if err := st.Apply(r.Context(), []policy.Event{policy.NewPerson{Who: meant[0], At: policy.MomentOf(a.clock.Now())}}); err != nil {
		return adminError(http.StatusServiceUnavailable, err)
	}
	return a.answerConsent(st, w, r, b, who, c.PhoneNumberID)
}
