package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// ConsentRequest asks about a person's consent, or tells of it, in the words of an
// operator.
type ConsentRequest struct {
	PhoneNumberID string
	// Contact is a phone number with plus and country code, or a user id.
	Contact string
	// Scope is marketing, transactional, authentication or all. An opt-in must
	// name it, an opt-out that doesn't is from everything.
	Scope string
	// Source says how the person said so, Evidence what shows it.
	Source string
	consent.Evidence
	// At is when the person said so: RFC 3339 or a date; "" for now.
	At string
	// Actor is who records it, and how that is known.
	Actor string
	// ExpiresIn is how long a person who is asked may take to answer; "" for a week.
	ExpiresIn string
}

// asked is a consent request that was understood.
type asked struct {
	business *Business
	who      policy.Identity
	store    store.Store
}

// readConsent checks a consent request, and finds the business it is about.
func (g *Gateway) readConsent(ctx context.Context, r *ConsentRequest) (a asked, err error) {
	if r.PhoneNumberID, err = g.NumberNamed(ctx, r.PhoneNumberID); err != nil {
		return a, err
	}
	a.business, _ = g.Businesses.Of(r.PhoneNumberID)
	if a.store, err = g.Open(); err != nil {
		return a, err
	}
	if a.who, err = readPerson(a.store, r.Contact); err != nil {
		return a, misasked(err)
	}
	return a, nil
}

// NumberNamed is the id of a business phone number that a request names by its id or its
// configured name, and that is served.
func (g *Gateway) NumberNamed(ctx context.Context, name string) (id string, err error) {
	if id = name; strings.Trim(id, "0123456789") != "" {
		if id, err = g.businessNamed(ctx, id); err != nil {
			return "", err
		}
	}
	if id == "" {
		return "", misasked(errors.New("phone_number_id is missing: the id of the business phone number, or its configured name"))
	}
	if _, ok := g.Businesses.Of(id); !ok {
		return "", &Problem{Kind: NotServed, Err: errors.New("this gateway does not serve that business phone number")}
	}
	return id, nil
}

// Recorded is what an operator recorded about a person.
type Recorded struct {
	// Alias is the pseudonym of the name the person was given.
	Alias policy.Alias
	// Lacks are the fields an opt-in would need to be valid, and hasn't.
	Lacks []consent.Field
	// Challenge is the question that was asked; nil for none.
	Challenge *store.Challenge
	// warning is what whoever recorded it should look at.
	warning string
	// given is an opt-in, nil if it was none.
	given *policy.ConsentChanged
}

// Known is what is known about a person in relation to a business phone number.
type Known struct {
	policy.PersonFacts
	Window policy.Window
	// Open: the window is open now.
	Open bool
	// NoEffect says of each scope an opt-in was just recorded for, and that is not
	// opted in all the same, why.
	NoEffect map[string]string
	// Lacks are the fields the opt-in that was just recorded would need to be valid.
	Lacks []consent.Field
	// Challenge is the question that was just asked; nil for none.
	Challenge *store.Challenge
	// Warning is what whoever has just recorded something should look at; "" for
	// nothing.
	Warning string
}

// Consent is what holds for a person. After recorded, which may be nil, it says what
// that had no effect on.
func (g *Gateway) Consent(ctx context.Context, r ConsentRequest, recorded *Recorded) (*Known, error) {
	a, err := g.readConsent(ctx, &r)
	if err != nil {
		return nil, err
	}
	person, err := a.store.Person(ctx, a.who, r.PhoneNumberID, a.business.Terms)
	if err != nil {
		return nil, err
	}
	k := &Known{PersonFacts: person, Window: policy.WindowOf(person.Opened, a.business.Policy.WindowMargin)}
	k.Open = k.Window.OpenAt(g.now())
	k.FreeEntryOf(g.now())
	if recorded == nil {
		return k, nil
	}
	k.Lacks, k.Challenge, k.Warning = recorded.Lacks, recorded.Challenge, recorded.warning
	if recorded.given != nil {
		k.NoEffect = noEffect(recorded.given, &person, a.business.Terms.Skew)
	}
	heard, err := g.heardOf(ctx, a.store, r.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	if !heard {
		k.Warning = "it is recorded, but neither the configuration nor any webhook names that business phone number; is its phone_number_id right?"
	}
	return k, nil
}

// heardOf reports that the configuration or a webhook names a business phone number. One
// digit too few in an import, and a whole list is recorded for nobody.
func (g *Gateway) heardOf(ctx context.Context, st store.Store, phoneNumberID string) (bool, error) {
	if _, listed := g.Businesses.Listed[phoneNumberID]; listed {
		return true, nil
	}
	told, err := st.Number(ctx, phoneNumberID)
	return told != (store.Number{}), err
}

// RecordConsent records an opt-in, an opt-out or a question that an operator tells of.
func (g *Gateway) RecordConsent(ctx context.Context, r ConsentRequest, state policy.ConsentState) (*Recorded, error) {
	a, err := g.readConsent(ctx, &r)
	if err != nil {
		return nil, err
	}
	word, err := a.word(&r, state, g.Now())
	if err != nil {
		return nil, err
	}
	recorded := &Recorded{Alias: a.store.Pseudonym(a.who), Lacks: word.Lacks}
	if word.State == policy.CodeRequested && a.business.Policy.CodeOnRequest == 0 {
		recorded.warning = "it is recorded, but otp_on_request is not set for this business: it lets no code through"
	}
	if word.State == policy.ConsentPending || word.State == policy.OptedIn && a.business.ConfirmOptIns {
		recorded.Challenge, err = g.ask(ctx, &a, &word, r.ExpiresIn)
		return recorded, err
	}
	if err := g.record(ctx, &a, word); err != nil {
		return nil, err
	}
	if word.State == policy.OptedIn {
		recorded.given = &word
	}
	return recorded, nil
}

// record records a word of everybody that the person's name may mean.
func (g *Gateway) record(ctx context.Context, a *asked, word policy.ConsentChanged) error {
	words, err := a.words(ctx, word)
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	if err != nil {
		return unrecorded(err)
	}
	var events []policy.Event
	for _, word := range words {
		events = append(events, word)
	}
	if err := g.Learn(ctx, events); err != nil {
		return unrecorded(err)
	}
	return nil
}

// word is what a request records of a person, who is still to be named.
func (a *asked) word(r *ConsentRequest, state policy.ConsentState, now time.Time) (policy.ConsentChanged, error) {
	word, err := said(r, state, now, a.business.Terms.Skew)
	if err != nil {
		return word, misasked(err)
	}
	word.Actor = r.Actor
	if word.State != policy.OptedIn {
		return word, nil
	}
	lacks := a.business.Demands.Lacks(consent.Source(word.Source), &r.Evidence)
	for _, l := range lacks {
		word.Lacks = append(word.Lacks, l.Field)
	}
	if err := a.business.invalid(lacks); err != nil {
		return word, err
	}
	return word, provable(consent.Source(word.Source), &r.Evidence)
}

// words are a word of everybody that the person's name may mean.
func (a *asked) words(ctx context.Context, word policy.ConsentChanged) (words []policy.ConsentChanged, err error) {
	meant, err := a.store.Meant(ctx, a.who)
	if err != nil {
		return nil, err
	}
	if word.State != policy.OptedOut {
		meant = meant[:1] // an opt-in is one person's
	}
	for _, who := range meant {
		word.Who = []policy.Identity{who}
		if err := ofErased(ctx, a.store, &word); err != nil {
			return nil, err
		}
		words = append(words, word)
	}
	return words, nil
}

// RecordNewPerson records that a recycled number belongs to somebody new.
func (g *Gateway) RecordNewPerson(ctx context.Context, r ConsentRequest) (*Recorded, error) {
	a, err := g.readConsent(ctx, &r)
	if err != nil {
		return nil, err
	}
	meant, err := a.store.Meant(ctx, a.who)
	if err != nil {
		return nil, unrecorded(err)
	}
	return g.recordHandover(ctx, &a, policy.NewPerson{Who: meant[0], Actor: r.Actor})
}

// UndoNewPerson takes back the newest record that a number belongs to somebody new:
// what it made void counts again.
func (g *Gateway) UndoNewPerson(ctx context.Context, r ConsentRequest) (*Recorded, error) {
	a, err := g.readConsent(ctx, &r)
	if err != nil {
		return nil, err
	}
	meant, err := a.store.Meant(ctx, a.who)
	if err != nil {
		return nil, unrecorded(err)
	}
	since, err := a.store.NewSince(ctx, meant[0])
	switch {
	case err != nil:
		return nil, err
	case since == 0:
		return nil, misasked(errors.New("nothing says that this number or user id went to somebody new; there is nothing to take back"))
	}
	return g.recordHandover(ctx, &a, policy.NewPersonUndone{Who: meant[0], Since: since, Actor: r.Actor})
}

func (g *Gateway) recordHandover(ctx context.Context, a *asked, e policy.Event) (*Recorded, error) {
	if err := g.Learn(ctx, []policy.Event{e}); err != nil {
		return nil, unrecorded(err)
	}
	return &Recorded{Alias: a.store.Pseudonym(a.who)}, nil
}

func unrecorded(err error) error { return &Problem{Kind: Unrecorded, Err: err} }

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

// said is the word a request records.
func said(c *ConsentRequest, state policy.ConsentState, now time.Time, skew time.Duration) (said policy.ConsentChanged, err error) {
	if state, err = codeRequest(c, state); err != nil {
		return said, err
	}
	said = policy.ConsentChanged{PhoneNumberID: c.PhoneNumberID, State: state, Source: policy.SourceOperator}
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
	source, err := checkEvidence(c, state)
	if err != nil {
		return said, err
	}
	if source != "" {
		said.Source = policy.Source(source)
	}
	said.Ref = c.Reference
	rest := c.Evidence
	if rest.Reference = ""; !rest.IsZero() {
		said.Evidence = &rest
	}
	if state != policy.ConsentPending && c.ExpiresIn != "" {
		return said, errors.New("expires_in is how long somebody who is asked may take to answer; leave it out")
	}
	if state == policy.ConsentPending && c.At != "" {
		return said, errors.New("a question has no time of its own: leave at out")
	}
	said.At, err = givenTime(c.At, state, now, skew)
	return said, err
}

// codeRequest takes what is recorded as an opt-in by a user's request for what it is: it
// lets one-time codes through for a short time, and is no consent to anything.
func codeRequest(c *ConsentRequest, state policy.ConsentState) (policy.ConsentState, error) {
	if source, err := consent.ParseSource(c.Source); err != nil || policy.Source(source) != policy.SourceRequest {
		return state, nil
	}
	switch {
	case state != policy.OptedIn:
		return state, errors.New("source user_request says that the person has just asked for a one-time code: record it as an opt-in to authentication messages")
	case c.Scope == "":
		c.Scope = policy.Authentication.String()
	case c.Scope != policy.Authentication.String():
		return state, errors.New("source user_request says that the person has just asked for a one-time code: its scope is authentication, and no other")
	}
	return policy.CodeRequested, nil
}

// givenTime reads when a person said something; zero where nobody wrote when. Where that
// isn't exact, an opt-in was given at the first moment that is meant, and an opt-out at
// the last: a STOP of the same day holds against the one, and the other against an opt-in.
func givenTime(s string, state policy.ConsentState, now time.Time, skew time.Duration) (policy.Moment, error) {
	if s == "" {
		return 0, nil
	}
	from, to, err := consent.ParseGiven(s)
	if err != nil {
		return 0, fmt.Errorf("at is %q; %w", s, err)
	}
	at := policy.MomentOf(from)
	switch {
	case at <= 0:
		return 0, fmt.Errorf("at is %q, which is before 1970", s)
	case from.After(now.Add(skew)):
		return 0, fmt.Errorf("at is %q, which is in the future; it is when the person said so", s)
	case state != policy.OptedOut || to.Equal(from):
	case to.After(now):
		at = policy.MomentOf(now)
	default:
		at = policy.MomentOf(to)
	}
	return at, nil
}

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

// History is every consent record of a person, newest first.
func (g *Gateway) History(ctx context.Context, r ConsentRequest) ([]*store.ConsentRecord, error) {
	a, err := g.readConsent(ctx, &r)
	if err != nil {
		return nil, err
	}
	records, err := collect(a.store.History(ctx, a.who))
	if err != nil {
		return nil, err
	}
	return records, withTexts(ctx, a.store, records)
}
