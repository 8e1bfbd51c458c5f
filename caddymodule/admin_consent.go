package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// readConsent checks a consent request and finds the business it is about.
func (a *App) readConsent(c *adminapi.ConsentRequest, r *http.Request) (*gateway.Business, policy.Identity, error) {
	if err := readAdmin(r, c); err != nil {
		return nil, policy.Identity{}, err
	}
	if !isDigits(c.PhoneNumberID) {
		return nil, policy.Identity{}, adminError(http.StatusBadRequest, errors.New("phone_number_id is missing: the id of the business phone number, in digits"))
	}
	b, ok := a.gateway.Businesses.Of(c.PhoneNumberID)
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
	var c adminapi.ConsentRequest
	b, who, err := a.readConsent(&c, r)
	if err != nil {
		return err
	}
	return a.answerConsent(st, w, r, b, who, c.PhoneNumberID, nil)
}

// answerConsent answers what holds for a person. given is the opt-in that was
// just recorded, nil if none was.
func (a *App) answerConsent(st store.Store, w http.ResponseWriter, r *http.Request, b *gateway.Business, who policy.Identity, phoneNumberID string, given *policy.ConsentChanged) error {
	person, err := st.Person(r.Context(), who, phoneNumberID, b.Terms)
	if err != nil {
		return adminError(http.StatusInternalServerError, err)
	}
	window := policy.WindowOf(person.Opened, b.Policy.WindowMargin)
	answer := adminapi.Consent{
		Contact:    person.Contact,
		WindowOpen: window.OpenAt(policy.MomentOf(a.clock.Now())),
		Consent:    make(map[string]adminapi.ScopeConsent, policy.Scopes),
	}
	if window.Opened != 0 {
		answer.WindowUntil = new(window.Closes.Time())
	}
	for scope, consent := range person.Consent {
		said := adminapi.ScopeConsent{State: consent.State.String(), Source: consent.Source}
		if consent.Since != 0 {
			said.Since = new(consent.Since.Time())
		}
		answer.Consent[policy.Scope(scope).String()] = said
	}
	if given != nil {
		answer.NoEffect = noEffect(given, &person, b.Terms.Skew)
	}
	return jsonAnswer(w, answer)
}

// noEffect says why an opt-in changed nothing on some of its scopes.
func noEffect(given *policy.ConsentChanged, person *policy.PersonFacts, skew time.Duration) map[string]string {
	why := make(map[string]string)
	for _, scope := range given.Scopes {
		c := person.Consent[scope]
		if c.State != policy.OptedOut {
			continue
		}
		out := fmt.Sprintf("the user opted out at %s (%s)", c.Since, c.Source)
		switch {
		case given.At == 0:
			out += fmt.Sprintf(", and an opt-in given now does not lift that: either it is less than consent_skew (%s) later, or the gateway's clock is behind", skew)
		case given.At <= c.Since:
			out += fmt.Sprintf(", and the opt-in was given no later, at %s", given.At)
		case given.At <= c.Since.Add(skew+time.Second):
			out += fmt.Sprintf(", and the opt-in, given at %s, is not later by more than consent_skew (%s)", given.At, skew)
		default:
			out += fmt.Sprintf(", and the opt-in given at %s does not lift that, because it was not known then to be the same person's", given.At)
		}
		why[scope.String()] = out + "; it is in the history and changes nothing"
	}
	return why
}

// adminConsentSet records an opt-in, an opt-out or a question, and answers what
// holds then.
func adminConsentSet(state policy.ConsentState) func(*App, store.Store, http.ResponseWriter, *http.Request) error {
	return func(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
		c := adminapi.ConsentRequest{Source: string(policy.SourceOperator)}
		b, who, err := a.readConsent(&c, r)
		if err != nil {
			return err
		}
		word, err := said(&c, state, a.clock.Now(), b.Terms.Skew)
		if err != nil {
			return adminError(http.StatusBadRequest, err)
		}
		meant, err := st.Meant(r.Context(), who)
		if err != nil {
			return adminError(http.StatusServiceUnavailable, err)
		}
		if state != policy.OptedOut {
			meant = meant[:1] // an opt-in is one person's
		}
		actor := actorOf(r, st, c.Actor)
		var events []policy.Event
		for _, who := range meant {
			word.Who, word.Actor = []policy.Identity{who}, actor
			events = append(events, word)
		}
		if err := a.gateway.Learn(r.Context(), events); err != nil {
			return adminError(http.StatusServiceUnavailable, err)
		}
		a.logRecorded(state.String(), st, who, c.PhoneNumberID, actor)
		if state != policy.OptedIn {
			return a.answerConsent(st, w, r, b, who, c.PhoneNumberID, nil)
		}
		return a.answerConsent(st, w, r, b, who, c.PhoneNumberID, &word)
	}
}

// said is the word a request records.
func said(c *adminapi.ConsentRequest, state policy.ConsentState, now time.Time, skew time.Duration) (said policy.ConsentChanged, err error) {
	said = policy.ConsentChanged{PhoneNumberID: c.PhoneNumberID, State: state, Source: policy.Source(c.Source), Ref: c.Reference}
	if c.Scope == "" {
		if state != policy.OptedOut {
			return said, errors.New("scope is missing: say what the person agreed to or was asked for: marketing, transactional, authentication or all")
		}
		c.Scope = "all"
	}
	var ok bool
	if said.Scopes, ok = policy.ParseScope(c.Scope); !ok {
		return said, errors.New("scope must be marketing, transactional, authentication or all")
	}
	said.General = state == policy.OptedOut && len(said.Scopes) == policy.Scopes
	switch {
	case c.Source == "":
		said.Source = policy.SourceOperator
	case said.Source.Observed() || said.Source == policy.SourceQuestion:
		return said, fmt.Errorf("source %s is what the gateway itself sees; say how you know, such as website, in_store or phone", c.Source)
	}
	switch {
	case state == policy.ConsentPending && c.At != "":
		return said, errors.New("a question has no time of its own: leave at out")
	case state == policy.OptedIn && c.At == "" && (imported(c.Source) || imported(c.Reference)):
		return said, errors.New("source or reference speak of a list or an import: say with at when the person agreed, such as 2026-11-22 or 2026-11-22T10:00:00Z")
	}
	said.At, err = givenTime(c.At, now, skew)
	return said, err
}

// givenTime reads when a person said something; zero where nobody wrote when. A
// day is its first moment anywhere.
func givenTime(s string, now time.Time, skew time.Duration) (policy.Moment, error) {
	if s == "" {
		return 0, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if layout == time.DateOnly {
			t = t.Add(-firstZone)
		}
		at := policy.MomentOf(t)
		switch {
		case at <= 0:
			return 0, fmt.Errorf("at is %q, which is before 1970", s)
		case t.After(now.Add(skew)):
			return 0, fmt.Errorf("at is %q, which is in the future; it is when the person said so", s)
		}
		return at, nil
	}
	return 0, fmt.Errorf("at is %q; write when the person said so as 2026-11-22T10:00:00Z or 2026-11-22", s)
}

// firstZone is how much earlier than in UTC a day begins where it begins first. Who
// names a day need not say where: an opt-in was given no earlier than that.
const firstZone = 14 * time.Hour

// importWords are how sources and references speak of what was not said just now.
var importWords = []string{
	"import", "imported", "importer", "list", "lists", "csv", "xls", "xlsx", "upload", "uploaded", "migration", "migrated",
	"export", "exported", "legacy", "bulk", "existing", "dump",
}

// imported reports whether a source or reference names a list or an import, in
// any of its words, such as list-2025 or existing_system.
func imported(s string) bool {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) })
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(importWords, w) })
}

func adminConsentHistory(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var c adminapi.ConsentRequest
	_, who, err := a.readConsent(&c, r)
	if err != nil {
		return err
	}
	words, err := collect(st.History(r.Context(), who))
	if err != nil {
		return adminError(http.StatusInternalServerError, err)
	}
	answer := adminapi.History{History: []adminapi.ConsentRecord{}}
	for _, word := range words {
		scopes := make([]string, len(word.Scopes))
		for i, scope := range word.Scopes {
			scopes[i] = scope.String()
		}
		answer.History = append(answer.History, adminapi.ConsentRecord{
			Time: word.At.Time(), PhoneNumberID: word.PhoneNumberID, State: word.State.String(),
			Scopes: scopes, Source: word.Source, Reference: word.Ref, Actor: word.Actor, Name: word.Alias,
		})
		if word.Recorded != 0 {
			answer.History[len(answer.History)-1].Recorded = new(word.Recorded.Time())
		}
	}
	return jsonAnswer(w, answer)
}

// adminNewPerson records that a recycled number belongs to somebody new.
func adminNewPerson(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var c adminapi.ConsentRequest
	b, who, err := a.readConsent(&c, r)
	if err != nil {
		return err
	}
	meant, err := st.Meant(r.Context(), who)
	if err != nil {
		return adminError(http.StatusServiceUnavailable, err)
	}
	if err := a.gateway.Learn(r.Context(), []policy.Event{policy.NewPerson{Who: meant[0]}}); err != nil {
		return adminError(http.StatusServiceUnavailable, err)
	}
	a.logRecorded("new_person", st, who, c.PhoneNumberID, actorOf(r, st, c.Actor))
	return a.answerConsent(st, w, r, b, who, c.PhoneNumberID, nil)
}
