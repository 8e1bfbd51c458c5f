package caddymodule

import (
	"context"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// What the gateway answers operators, in the words of the admin endpoint.

func selection(s *adminapi.Selection) gateway.Selection {
	return gateway.Selection{
		From: s.From, To: s.To, PhoneNumberID: s.PhoneNumberID, Rule: s.Rule, Category: s.Category,
		Contact: s.Contact, Pseudonym: s.Pseudonym, ID: s.ID, Wamid: s.Wamid,
		Sender: s.Sender, Template: s.Template, Outcome: s.Outcome, Before: s.Before, After: s.After, Limit: s.Limit,
	}
}

func pageOf(l *gateway.List, line func(*store.Entry) *adminapi.Line) func(context.Context, *gateway.Gateway, *adminapi.Selection) (*adminapi.Page, error) {
	return func(ctx context.Context, g *gateway.Gateway, s *adminapi.Selection) (*adminapi.Page, error) {
		p, err := g.Page(ctx, l, selection(s))
		if err != nil {
			return nil, err
		}
		answer := &adminapi.Page{Entries: []*adminapi.Line{}, Next: p.Next, Newest: p.Newest}
		if s.Before == "" && s.After == "" {
			answer.Unlisted = g.Unlisted()
		}
		for _, e := range p.Entries {
			answer.Entries = append(answer.Entries, line(e))
		}
		if b := p.Besides; b != nil {
			answer.AccountEvents = &adminapi.Besides{From: b.From.Time(), Count: b.Count}
			for _, e := range b.Newest {
				answer.AccountEvents.Newest = append(answer.AccountEvents.Newest, eventLine(g, e))
			}
		}
		return answer, nil
	}
}

func groupsOf(l *gateway.List) func(context.Context, *gateway.Gateway, *adminapi.GroupSelection) (*adminapi.Groups, error) {
	return func(ctx context.Context, g *gateway.Gateway, s *adminapi.GroupSelection) (*adminapi.Groups, error) {
		groups, err := g.Groups(ctx, l, s.By, selection(&s.Selection))
		if err != nil {
			return nil, err
		}
		answer := &adminapi.Groups{By: groups.By, From: groups.From.Time(), To: groups.To.Time(), Groups: []adminapi.Group{}, Total: adminapi.Group(groups.Total)}
		for _, group := range groups.Groups {
			answer.Groups = append(answer.Groups, adminapi.Group(group))
		}
		return answer, nil
	}
}

func events(ctx context.Context, g *gateway.Gateway, s *adminapi.EventSelection) (*adminapi.EventPage, error) {
	p, err := g.Events(ctx, gateway.EventSelection(*s))
	if err != nil {
		return nil, err
	}
	answer := &adminapi.EventPage{Events: []*adminapi.EventLine{}, Next: p.Next}
	for _, e := range p.Events {
		answer.Events = append(answer.Events, eventLine(g, e))
	}
	return answer, nil
}

// eventLine is an account event with the configured name of the number it is about.
func eventLine(g *gateway.Gateway, e *store.AccountEvent) *adminapi.EventLine {
	name := ""
	if e.PhoneNumberID != "" {
		if b, ok := g.Businesses.Of(e.PhoneNumberID); ok {
			name = b.Name
		}
	}
	return adminapi.EventLineOf(e, name)
}

func rebuild(ctx context.Context, g *gateway.Gateway, r *adminapi.RebuildRequest) (*store.Rebuilt, error) {
	return g.RebuildSums(ctx, gateway.Selection{From: r.From, To: r.To})
}

func consentOf(ctx context.Context, g *gateway.Gateway, r *adminapi.ConsentRequest) (*adminapi.Consent, error) {
	known, err := g.Consent(ctx, gateway.ConsentRequest(*r), nil)
	if err != nil {
		return nil, err
	}
	return consentAnswer(known), nil
}

func consentAnswer(k *gateway.Known) *adminapi.Consent {
	answer := &adminapi.Consent{
		Contact: k.Contact, WindowOpen: k.Open, Consent: scopeConsents(&k.PersonFacts), NoEffect: k.NoEffect, Lacks: k.Lacks, Warning: k.Warning,
	}
	if k.Challenge != nil {
		answer.Challenge = &adminapi.Challenge{ID: k.Challenge.ID.String(), Expires: k.Challenge.Expires.Time()}
	}
	if k.Window.Opened != 0 {
		answer.WindowUntil = new(k.Window.Closes.Time())
	}
	if k.Suspected != 0 {
		answer.Suspected = new(k.Suspected.Time())
	}
	if k.Open {
		answer.Entry = k.EntryAt(k.Window.Opened)
	}
	if k.FreeUntil != 0 {
		answer.FreeUntil = new(k.FreeUntil.Time())
	}
	if k.AdAt != 0 {
		answer.AdUnanswered = new(k.AdAt.Time())
	}
	if k.Welcomed != 0 {
		answer.Welcomed = new(k.Welcomed.Time())
	}
	if k.Requested != 0 {
		answer.CodeRequested = new(k.Requested.Time())
	}
	return answer
}

// scopeConsents is where a person stands, by scope.
func scopeConsents(p *policy.PersonFacts) map[string]adminapi.ScopeConsent {
	all := make(map[string]adminapi.ScopeConsent, policy.Scopes)
	for scope, consent := range p.Consent {
		all[policy.Scope(scope).String()] = adminapi.ScopeConsent{State: consent.State.String(), Since: momentOf(consent.Since), Source: consent.Source}
	}
	return all
}

func historyOf(ctx context.Context, g *gateway.Gateway, r *adminapi.ConsentRequest) (*adminapi.History, error) {
	records, err := g.History(ctx, gateway.ConsentRequest(*r))
	if err != nil {
		return nil, err
	}
	known, err := g.Consent(ctx, gateway.ConsentRequest(*r), nil)
	if err != nil {
		return nil, err
	}
	history := &adminapi.History{History: consentRecords(records)}
	if known.Welcomed != 0 {
		history.Welcomed = new(known.Welcomed.Time())
	}
	return history, nil
}

func consentRecords(records []*store.ConsentRecord) []adminapi.ConsentRecord {
	list := []adminapi.ConsentRecord{}
	for _, rec := range records {
		list = append(list, adminapi.ConsentRecordOf(rec))
	}
	return list
}

func consentsOf(ctx context.Context, g *gateway.Gateway, s *adminapi.ConsentSelection) (*adminapi.ConsentPage, error) {
	page, err := g.Consents(ctx, consentSelection(s))
	if err != nil {
		return nil, err
	}
	return &adminapi.ConsentPage{Records: consentRecords(page.Records), Next: page.Next}, nil
}

func consentSelection(s *adminapi.ConsentSelection) gateway.ConsentSelection {
	return gateway.ConsentSelection{
		PhoneNumberID: s.PhoneNumberID, State: s.State, Source: s.Source, Incomplete: s.Incomplete == "true", From: s.From, To: s.To, After: s.After,
	}
}

func standing(ctx context.Context, g *gateway.Gateway, s *adminapi.ConsentSelection) (*adminapi.ExportPage, error) {
	page, err := g.Export(ctx, consentSelection(s))
	if err != nil {
		return nil, err
	}
	answer := &adminapi.ExportPage{Records: []adminapi.ExportRecord{}, Next: page.Next}
	for _, r := range page.Records {
		answer.Records = append(answer.Records, adminapi.ExportRecord{State: r.State, ConsentRequest: adminapi.ConsentRequest(r.ConsentRequest)})
	}
	return answer, nil
}
