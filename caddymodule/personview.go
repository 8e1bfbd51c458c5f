package caddymodule

import (
	"context"
	"slices"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

// whyNow answers whether a send of the ledger would pass now.
func whyNow(ctx context.Context, g *gateway.Gateway, r *adminapi.NowRequest) (*adminapi.Now, error) {
	e, err := g.PassesNow(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return &adminapi.Now{ID: e.ID, At: e.At.Time(), Verdict: verdictOf(&e.Decision)}, nil
}

// viewedDecisions is how many decisions are shown of a person where nobody says.
const viewedDecisions = 100

// personView answers what there is of a person, to be looked at.
func personView(ctx context.Context, g *gateway.Gateway, r *adminapi.PersonViewRequest) (*adminapi.PersonView, error) {
	limit := r.Limit
	if limit < 1 || limit > adminapi.LargestPage {
		limit = viewedDecisions
	}
	of, err := g.OfPerson(ctx, r.Contact, r.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	v := &adminapi.PersonView{Shown: of.Shown, Pseudonym: of.Pseudonym, Names: []policy.Alias{of.Pseudonym}, Numbers: []adminapi.PersonNumber{}, Records: consentRecords(of.Records), Decisions: []*adminapi.Line{}}
	for _, rec := range of.Records {
		if !slices.Contains(v.Names, rec.Alias) {
			v.Names = append(v.Names, rec.Alias)
		}
	}
	for e, err := range of.Decisions {
		if err != nil {
			return nil, err
		}
		if len(v.Decisions) == limit {
			v.More = true
			break
		}
		v.Decisions = append(v.Decisions, adminapi.LineOf(e))
	}
	numbers := of.Numbers
	for _, l := range v.Decisions { // of numbers without settings of their own, too
		if _, served := g.Businesses.Of(l.PhoneNumberID); served && l.PhoneNumberID != "" && !slices.Contains(numbers, l.PhoneNumberID) && r.PhoneNumberID == "" {
			numbers = append(numbers, l.PhoneNumberID)
		}
	}
	for _, id := range numbers {
		n, err := personWith(ctx, g, r, id)
		if err != nil {
			return nil, err
		}
		if contact := n.Now.Contact; contact != (policy.ContactID{}) {
			v.Pseudonym = contact
		}
		v.Numbers = append(v.Numbers, *n)
	}
	return v, nil
}

// personWith is how a person stands with a business phone number.
func personWith(ctx context.Context, g *gateway.Gateway, r *adminapi.PersonViewRequest, id string) (*adminapi.PersonNumber, error) {
	known, err := g.Consent(ctx, gateway.ConsentRequest{PhoneNumberID: id, Contact: r.Contact}, nil)
	if err != nil {
		return nil, err
	}
	check := &gateway.CheckRequest{PhoneNumberID: id, Contacts: []string{r.Contact}}
	if r.Template != nil {
		check.Template = policy.TemplateRef{Name: r.Template.Name, Language: r.Template.Language}
	}
	checked, err := g.Check(ctx, check)
	if err != nil {
		return nil, err
	}
	d := &checked[0]
	n := &adminapi.PersonNumber{
		PhoneNumberID: id, Business: g.BusinessName(id), Now: consentAnswer(known), Price: adminapi.PriceOf(&d.Price), Market: string(d.Market),
		Send: adminapi.Verdict{Verdict: d.Verdict, Rule: d.Rule, Category: d.Category, Reason: d.Reason, Remedy: d.Remedy, RetryAt: momentOf(d.Retry)},
	}
	for _, a := range d.Alternatives {
		n.Alternatives = append(n.Alternatives, adminapi.PersonAlternate{Template: a.Name, Language: a.Language, Category: policy.Category(a.Category)})
	}
	return n, nil
}
