package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/waguard/waguard/policy"
)

// TemplateAcceptance is an operator's word that a template may go on under the category
// it has now.
type TemplateAcceptance struct {
	// WABA is the account, or PhoneNumberID a number of it.
	WABA, PhoneNumberID string
	// Name is the template's, in Language or in all.
	Name, Language string
	// Actor is who says so.
	Actor string
}

// AcceptCategory accepts the categories that templates have now, and says how these stand
// then.
func (g *Gateway) AcceptCategory(ctx context.Context, a TemplateAcceptance) ([]CataloguedTemplate, error) {
	switch {
	case a.Name == "":
		return nil, misasked(errors.New("name is missing: which template"))
	case (a.WABA == "") == (a.PhoneNumberID == ""):
		return nil, misasked(errors.New("either waba or phone_number_id says whose template it is"))
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	waba := a.WABA
	if waba == "" {
		id, err := g.businessNamed(ctx, a.PhoneNumberID)
		if err != nil {
			return nil, err
		}
		if waba, err = g.waba(ctx, st, id); err != nil {
			return nil, err
		}
		if waba == "" {
			return nil, misasked(fmt.Errorf("nobody has told which account the number %s belongs to; name the account with waba", id))
		}
	}
	found, err := g.acceptable(ctx, waba, a)
	if err != nil {
		return nil, err
	}
	var events []policy.Event
	for i := range found {
		t := &found[i]
		now := g.now()
		category := t.Facts.CategoryAt(now)
		if !t.Drifted {
			continue
		}
		at := max(now, t.AcceptedAt+1) // whatever the clocks say, it is the newest word
		events = append(events,
			policy.TemplateAccepted{WABA: waba, Template: t.Ref, At: at, Category: category, By: a.Actor},
			policy.AccountEvent{
				At: at, WABA: waba, Template: t.Ref, Kind: policy.TemplateCategoryAccepted, Name: "ACCEPTED", Severity: policy.Info,
				Detail: strings.ToUpper(string(category)) + " in place of " + strings.ToUpper(string(t.Facts.Drift.Before)) + ", accepted by " + a.Actor,
			})
	}
	if len(events) == 0 {
		return found, nil
	}
	if err := g.Learn(ctx, events); err != nil {
		return nil, unrecorded(err)
	}
	return g.acceptable(ctx, waba, a)
}

// acceptable are the templates that an acceptance means.
func (g *Gateway) acceptable(ctx context.Context, waba string, a TemplateAcceptance) (found []CataloguedTemplate, err error) {
	c, err := g.Catalogue(ctx, TemplateSelection{WABA: waba, Name: a.Name})
	if err != nil {
		return nil, err
	}
	for _, t := range c.Templates {
		if t.Known && (a.Language == "" || a.Language == t.Ref.Language) {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		language := ""
		if a.Language != "" {
			language = " in language " + a.Language
		}
		return nil, misasked(fmt.Errorf("no template %q%s of account %s is known; `waguard templates --waba %s` lists them", a.Name, language, waba, waba))
	}
	return found, nil
}
