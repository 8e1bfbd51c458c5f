package adminapi

import (
	"time"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// ConsentRequest is what the consent routes take.
type ConsentRequest struct {
	PhoneNumberID string `json:"phone_number_id"`
	// Contact is a phone number with plus and country code, or a user id.
	Contact string `json:"contact"`
	// Scope is marketing, transactional, authentication or all. An opt-in must
	// name it, an opt-out that doesn't is from everything.
	Scope string `json:"scope,omitempty"`
	// Source says how the person said so: a word of the list, such as website or
	// in_store, or `other:` and a few words. An opt-in must name it.
	Source string `json:"source,omitempty"`
	// Evidence is what shows it, in fields beside these. An opt-in needs a reference,
	// or what its source asks for, unless the source is website, contact_page,
	// signup_form, in_app or in_store.
	consent.Evidence
	// At is when the person said so: RFC 3339 or a date. Default: now. An opt-in
	// from a list or an import must have it.
	At string `json:"at,omitempty"`
	// Actor is who records it, where the gateway can't tell by itself.
	Actor string `json:"actor,omitempty"`
	// ExpiresIn is how long somebody who is asked may take to answer, such as 48h.
	// Default: 7 days.
	ExpiresIn string `json:"expires_in,omitempty"`
}

// Challenge is the question that somebody was asked, and that can be answered.
type Challenge struct {
	ID      string    `json:"id"`
	Expires time.Time `json:"expires"`
}

// Reply is what a person answered to a challenge.
type Reply struct {
	Challenge string `json:"challenge"`
	// Text is what they wrote; "" where they confirmed otherwise, by a link for instance.
	Text string `json:"text,omitempty"`
	// Actor is who tells of it, where the gateway can't tell by itself.
	Actor string `json:"actor,omitempty"`
}

// Answered is what an answer came to.
type Answered struct {
	// Result is confirmed, declined (they are opted out), unclear (some other word: they
	// are asked still) or expired.
	Result        string   `json:"result"`
	PhoneNumberID string   `json:"phone_number_id,omitempty"`
	Scopes        []string `json:"scopes,omitempty"`
}

// Consent is what is known about a person in relation to a business phone number.
type Consent struct {
	Contact     policy.ContactID        `json:"contact"`
	WindowOpen  bool                    `json:"window_open"`
	WindowUntil *time.Time              `json:"window_until,omitempty"`
	Consent     map[string]ScopeConsent `json:"consent"` // by scope
	// Suspected is when the person wrote what may be an opt-out and waits for somebody to
	// decide: no marketing until then.
	Suspected *time.Time `json:"suspected,omitempty"`
	// CodeRequested is when the person last asked for a one-time code, where no opt-out
	// came in since.
	CodeRequested *time.Time `json:"code_requested,omitempty"`
	// Entry is how they came into the window that is open, such as direct, qr:window or ad.
	Entry string `json:"entry,omitempty"`
	// FreeUntil is the end of the free entry point window that is open, in which Meta charges
	// for no message. AdUnanswered is when they wrote through an ad whose message nobody has
	// answered yet: an answer within a day opens such a window.
	FreeUntil    *time.Time `json:"free_until,omitempty"`
	AdUnanswered *time.Time `json:"ad_unanswered,omitempty"`
	// Welcomed is when the first template after they agreed left.
	Welcomed *time.Time `json:"welcomed,omitempty"`
	// NoEffect says of each scope an opt-in was just recorded for, and that is not
	// opted in all the same, why.
	NoEffect map[string]string `json:"no_effect,omitempty"`
	// Challenge is the question that was just asked.
	Challenge *Challenge `json:"challenge,omitempty"`
	// Lacks are the fields an opt-in that was just recorded would need to be valid.
	Lacks []consent.Field `json:"lacks,omitempty"`
	// Warning is what whoever has just recorded something should look at.
	Warning string `json:"warning,omitempty"`
}

// ScopeConsent is the consent on one scope.
type ScopeConsent struct {
	State  string        `json:"state"` // unknown, pending, opted_in or opted_out
	Since  *time.Time    `json:"since,omitempty"`
	Source policy.Source `json:"source,omitempty"`
}

// History is every consent record of a person, newest first.
type History struct {
	History []ConsentRecord `json:"history"`
	// Welcomed is when the first template after the person agreed left.
	Welcomed *time.Time `json:"welcomed,omitempty"`
}

// ConsentRecord is one statement of consent.
type ConsentRecord struct {
	// Time is when the person said so.
	Time time.Time `json:"time"`
	// Recorded is when the gateway heard of it, where that was kept.
	Recorded      *time.Time `json:"recorded,omitempty"`
	PhoneNumberID string     `json:"phone_number_id"`
	// State is the consent, suspected for what may be an opt-out, dismissed where somebody
	// decided that it is none, requested for a request of a one-time code, or new_person and new_person_undone where an operator
	// said whose the number is.
	State     string        `json:"state"`
	Scopes    []string      `json:"scopes"`
	Source    policy.Source `json:"source"`
	Reference string        `json:"reference,omitempty"`
	// Actor is who recorded it, and how that is known.
	Actor string `json:"actor,omitempty"`
	// Former: it was said by whom the number belonged to before, and counts for
	// nothing.
	Former bool `json:"former,omitempty"`
	// ID names the record.
	ID string `json:"id"`
	// Evidence is what was given beside the reference.
	Evidence *consent.Evidence `json:"evidence,omitempty"`
	// Lacks are the fields an opt-in would have needed to be valid by the
	// configuration of its time.
	Lacks []consent.Field `json:"lacks,omitempty"`
	// Identity is the pseudonym of the name under which it was said.
	Identity policy.Alias `json:"identity"`
}

// ConsentRecordOf is a consent record as people read it.
func ConsentRecordOf(rec *store.ConsentRecord) ConsentRecord {
	shown := ConsentRecord{
		Time: rec.At.Time(), PhoneNumberID: rec.PhoneNumberID, State: rec.State.String(), Scopes: []string{},
		Source: rec.Source, Reference: rec.Ref, Actor: rec.Actor, Former: rec.Former, Identity: rec.Alias, ID: rec.ID.String(), Evidence: rec.Evidence, Lacks: rec.Lacks,
	}
	if rec.Handover != "" {
		shown.State = string(rec.Handover)
	}
	for _, scope := range rec.Scopes {
		shown.Scopes = append(shown.Scopes, scope.String())
	}
	if rec.Recorded != 0 {
		shown.Recorded = new(rec.Recorded.Time())
	}
	return shown
}
