package caddymodule

import (
	"context"
	"encoding/hex"
	"net/http"
	"slices"
	"time"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// whyOf explains a decision.
func whyOf(ctx context.Context, g *gateway.Gateway, r *adminapi.WhyRequest) (*adminapi.Why, error) {
	request := &gateway.WhyRequest{ID: r.ID, At: r.At, PhoneNumberID: r.PhoneNumberID, Contact: r.Contact, Reference: r.Reference}
	if len(r.Send) > 0 {
		request.Body = r.Send
	}
	if r.Template != nil {
		request.Template = policy.TemplateRef{Name: r.Template.Name, Language: r.Template.Language}
	}
	w, err := g.Why(ctx, request)
	if err != nil {
		return nil, err
	}
	e := w.Entry
	answer := &adminapi.Why{
		At: e.At.Time(), PhoneNumberID: e.Send.PhoneNumberID, Business: e.Business, Monitored: e.Monitored, Shadow: e.Shadow, Verdict: verdictOf(&e.Decision),
		Rules: []adminapi.WhyRule{}, Facts: &e.Facts, KnownSince: momentOf(w.KnownSince), Policy: &adminapi.WhyPolicy{Settings: e.Policy},
	}
	if !e.ID.IsZero() {
		answer.ID = e.ID.String()
	}
	if h := w.Enforced; h != nil {
		answer.Policy.Since = momentOf(h.At)
		digest := h.Digest
		if e.Shadow != nil && e.Shadow.Enforced && h.Shadow != nil {
			digest = h.Shadow.Digest
		}
		if answer.Monitored = h.Monitored; digest != nil {
			answer.Policy.Digest = hex.EncodeToString(digest[:])
		}
	}
	for _, a := range w.Asked {
		asked := adminapi.WhyRule{About: a.Doc, Codes: a.Codes, Person: a.Person + 1}
		if a.Decision != nil {
			asked.Decided = a.Decision.Rule
		}
		answer.Rules = append(answer.Rules, asked)
	}
	for i := range e.Facts.Persons {
		answer.Persons = append(answer.Persons, personThen(&e.Facts.Persons[i], e, w.Records[i]))
	}
	if t := &e.Facts.Template; e.Send.Template != (policy.TemplateRef{}) {
		answer.Template = &adminapi.WhyKnown{
			Name: e.Send.Template.Name, Language: e.Send.Template.Language, Found: t.Found, Status: t.Status, Category: t.CategoryAt(e.At), ListedAt: momentOf(t.ListedAt),
		}
	}
	if len(w.Later) > 0 || w.Then != nil {
		answer.Later = &adminapi.WhyLater{Records: consentRecords(w.Later), WindowOpened: momentOf(w.Opened), Arrived: momentOf(w.Arrived)}
		if w.Then != nil {
			answer.Later.Then = new(verdictOf(w.Then))
		}
	}
	return answer, nil
}

func verdictOf(d *policy.Decision) adminapi.Verdict {
	return adminapi.Verdict{
		Verdict: d.Verdict, Rule: d.Rule, Category: d.Category, Initiation: d.Initiation, Reason: d.Reason, Remedy: d.Remedy, RetryAt: momentOf(d.Retry),
	}
}

// personThen is a person as they were known when a decision was made.
func personThen(p *policy.PersonFacts, e *store.Entry, records []*store.ConsentRecord) adminapi.WhyPerson {
	window := policy.WindowOf(p.Opened, e.Policy.WindowMargin)
	person := adminapi.WhyPerson{Contact: p.Contact, WindowOpen: window.OpenAt(e.At), WindowOpened: momentOf(p.Opened), Consent: scopeConsents(p), Records: consentRecords(records)}
	if p.Opened != 0 {
		person.WindowUntil = momentOf(window.Closes)
	}
	return person
}

// momentOf is a time in an answer; nil for none.
func momentOf(m policy.Moment) *time.Time {
	if m == 0 {
		return nil
	}
	return new(m.Time())
}

// apiWhy explains a decision about somebody to a program, for the numbers its key is for.
func apiWhy(ctx context.Context, c *apiCall) (int, any, error) {
	var request adminapi.WhyRequest
	if err := c.read(&request); err != nil {
		return 0, nil, err
	}
	if request.ID == "" {
		if err := c.about(ctx, &request.PhoneNumberID); err != nil {
			return 0, nil, err
		}
	}
	why, err := whyOf(ctx, c.app.gateway, &request)
	if err == nil && !c.key.For(why.PhoneNumberID) {
		err = &apiProblem{Status: http.StatusForbidden, Detail: "this key is not for that business phone number"}
	}
	if err != nil {
		return 0, nil, err
	}
	for i := range why.Persons {
		why.Persons[i].Records = c.ofItsNumbers(why.Persons[i].Records)
	}
	if why.Later != nil {
		why.Later.Records = c.ofItsNumbers(why.Later.Records)
	}
	return http.StatusOK, why, nil
}

// ofItsNumbers leaves of a person's records those that the key is for: of its business phone
// numbers, and of all numbers.
func (c *apiCall) ofItsNumbers(records []adminapi.ConsentRecord) []adminapi.ConsentRecord {
	return slices.DeleteFunc(records, func(r adminapi.ConsentRecord) bool { return r.PhoneNumberID != "" && !c.key.For(r.PhoneNumberID) })
}
