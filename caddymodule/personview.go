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
	return &adminapi.Now{ID: e.ID, At: e.At.Time(), Monitored: e.Monitored, Verdict: verdictOf(&e.Decision)}, nil
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
	v := &personAnswer{adminapi.PersonView{Shown: of.Shown, Pseudonym: of.Pseudonym, Names: []policy.Alias{}, Numbers: []adminapi.PersonNumber{}, Records: consentRecords(of.Records), Decisions: []*adminapi.Line{}}}
	v.names(of)
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
	return &v.PersonView, nil
}

// personAnswer is what there is of a person as it is put together.
type personAnswer struct{ adminapi.PersonView }

// names are all names of the person, what ties them together, and when the person last wrote
// under each.
func (v *personAnswer) names(of *gateway.OfPerson) {
	if of.Contact == nil {
		v.Names = append(v.Names, of.Pseudonym)
		return
	}
	for i := range of.Contact.Members {
		m := &of.Contact.Members[i]
		v.Names = append(v.Names, m.Alias)
		for j := range m.Numbers {
			if r := &m.Numbers[j]; r.Opened != 0 && (of.PhoneNumberID == "" || r.PhoneNumberID == of.PhoneNumberID) {
				wrote := adminapi.PersonWrote{PhoneNumberID: r.PhoneNumberID, Name: m.Alias, Time: r.Opened.Time()}
				v.Wrote = append(v.Wrote, wrote)
			}
		}
	}
	for _, l := range of.Contact.Links {
		kind := "same_person"
		if l.Kind == policy.Successor {
			kind = "successor"
		}
		v.Links = append(v.Links, adminapi.PersonLink{One: l.A, Other: l.B, Kind: kind, First: l.First.Time(), Last: l.Last.Time()})
	}
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
