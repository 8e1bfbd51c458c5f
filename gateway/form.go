package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Ticked is the box of an opt-in form that somebody ticked, for a phone number that may be
// anybody's.
type Ticked struct {
	// Form is the version of the form they saw.
	Form *store.FormText
	// Confirm is the message by which they confirm; "" where they needn't.
	Confirm string
	// Contact is the phone number they wrote, with plus and country code.
	Contact string
	// Source is widget, signup_form or the like.
	Source string
	// PageURL, IP and UserAgent show where it happened.
	PageURL, IP, UserAgent string
}

// Evidence is what shows that somebody agreed in a form: what they saw by its hash, for
// the store keeps the text of each version.
func (t *Ticked) Evidence() consent.Evidence {
	f := t.Form
	return consent.Evidence{
		Text: f.Text, TextVersion: f.Form + "/" + f.Language + "/" + f.Version().String(), Language: f.Language,
		NamesChannel: true, BusinessName: f.Business, Categories: f.Categories, Frequency: f.Frequency, LegalBasis: f.LegalBasis, Jurisdiction: f.Jurisdiction,
		PageURL: t.PageURL, IP: t.IP, UserAgent: t.UserAgent,
	}
}

// FormLacks are what an opt-in by a form would lack to be valid; empty where they are
// valid, or need not be.
func (b *Business) FormLacks(f *store.FormText) []consent.Lack {
	if !b.ValidOptIns {
		return nil
	}
	e := (&Ticked{Form: f, PageURL: "https://example.com/", IP: "::1", UserAgent: "browser"}).Evidence()
	if e.Normalise() != nil {
		return nil // said elsewhere
	}
	return b.Demands.Lacks("widget", &e)
}

// Tick records that somebody ticked the box of a form. Where the form has people confirm,
// they are asked, and code is what the message they confirm by ends with. Where it hasn't
// they are opted in, unless they have opted out: a form alone lifts no opt-out, since
// nobody knows who filled it in.
func (g *Gateway) Tick(ctx context.Context, t *Ticked) (code string, err error) {
	evidence := t.Evidence()
	r := ConsentRequest{PhoneNumberID: t.Form.PhoneNumberID, Contact: t.Contact, Scope: scopeWord(t.Form.Scopes), Source: t.Source, Evidence: evidence, Actor: "form " + t.Form.Form}
	a, err := g.readConsent(ctx, &r)
	if err != nil {
		return "", err
	}
	word, err := a.word(&r, policy.OptedIn, g.Now())
	if err != nil {
		return "", err
	}
	word.Evidence.Text = "" // of which the store has the version
	if t.Confirm == "" {
		word.Tap = true // which lifts nothing
		return "", g.record(ctx, &a, word)
	}
	c := &store.Challenge{
		PhoneNumberID: word.PhoneNumberID, Scopes: word.Scopes, Source: word.Source, Evidence: word.Evidence, Lacks: word.Lacks, Actor: word.Actor,
		Text: policy.FoldText(t.Confirm), Expires: g.now().Add(answerTime),
	}
	if err := g.challenge(ctx, &a, c); err != nil {
		return "", err
	}
	return c.Code, nil
}

// ReadNumber reads a phone number with plus and country code.
func ReadNumber(s string) (policy.Identity, error) {
	n, err := phone.Parse(s, "")
	if err != nil {
		return policy.Identity{}, err
	}
	return identity.Phone(n.Number), nil
}

// scopeWord is how requests write scopes.
func scopeWord(scopes []policy.Scope) string {
	if len(scopes) == int(policy.Scopes) {
		return "all"
	}
	return scopes[0].String()
}

// FormSeen is the version of a form that somebody saw, which may be an older one, or
// ErrNotFound.
func (g *Gateway) FormSeen(ctx context.Context, v store.FormVersion) (*store.FormText, error) {
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	return st.Form(ctx, v)
}

// KeepForm keeps a version of a form, before anybody sees it.
func (g *Gateway) KeepForm(ctx context.Context, f *store.FormText) error {
	st, err := g.Open()
	if err != nil {
		return err
	}
	err = st.PutForm(lasting(ctx), f)
	g.wrote(err)
	return err
}

// FormToken is what only this installation makes of some words: a form carries one, so
// that what comes back is known to have been shown.
func (g *Gateway) FormToken(parts ...string) (string, error) {
	st, err := g.Open()
	if err != nil {
		return "", err
	}
	return st.AttemptPseudonym(append([]string{"form"}, parts...)...).String(), nil
}

// withTexts gives records what people were shown in a form, where that is kept by its
// version.
func withTexts(ctx context.Context, st store.Store, records []*store.ConsentRecord) error {
	known := make(map[string]*store.FormText)
	for _, r := range records {
		if r.Evidence == nil || r.Evidence.Text != "" || r.Evidence.TextVersion == "" {
			continue
		}
		version := r.Evidence.TextVersion[strings.LastIndexByte(r.Evidence.TextVersion, '/')+1:]
		form, looked := known[version]
		if !looked {
			v, err := store.ParseFormVersion(version)
			if err != nil {
				continue // another's version
			}
			if form, err = st.Form(ctx, v); err != nil && !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("looking for what was shown: %w", err)
			}
			known[version] = form
		}
		if form == nil {
			continue
		}
		shown := *r.Evidence
		shown.Text = form.Text
		if shown.TextSHA256 = ""; shown.Normalise() == nil && shown.TextSHA256 == r.Evidence.TextSHA256 {
			r.Evidence = &shown
		}
	}
	return nil
}
