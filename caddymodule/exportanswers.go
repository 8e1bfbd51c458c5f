package caddymodule

import (
	"cmp"
	"context"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/export"
	"github.com/waguard/waguard/policy"
)

func exportSends(ctx context.Context, g *gateway.Gateway, s *adminapi.SendSelection) (*adminapi.SendPage, error) {
	page, err := g.SendsToExport(ctx, gateway.SendSelection{From: s.From, To: s.To, Month: s.Month, PhoneNumberID: s.PhoneNumberID, Final: s.Final == "true", Before: s.Before})
	if err != nil {
		return nil, err
	}
	answer := &adminapi.SendPage{Sends: make([]export.Send, 0, len(page.Sends)), Next: page.Next, Now: page.Now.UTC(), FinalBefore: page.Final}
	if page.KeptSince != 0 {
		answer.KeptSince = new(page.KeptSince.Time())
	}
	for i := range page.Sends {
		answer.Sends = append(answer.Sends, exportedSend(&page.Sends[i]))
	}
	return answer, nil
}

// exportedSend is a ledger entry as a row.
func exportedSend(e *gateway.ExportedSend) export.Send {
	at := e.At.Time()
	s := export.Send{
		Place: export.Place{Day: billing.Day(at, e.Zone), Business: cmp.Or(e.Business, e.Send.PhoneNumberID)},
		ID:    e.ID.String(), Time: at, TimeZone: e.Zone.String(), PhoneNumberID: e.Send.PhoneNumberID, BusinessName: e.Business, WABA: e.WABA,
		Sender: e.Sender, SenderToken: e.Token,
		Decision: e.Tag(), Rule: string(e.Decision.Rule), RuleID: e.Decision.RuleID,
		Type: e.Send.Type, Template: e.Send.Template.Name, Language: e.Send.Template.Language,
		Initiation: string(e.Decision.Initiation), MessageClass: e.Class(), EntrySource: e.EntrySource(),
		Outcome: string(e.Outcome.State), OutcomeTime: momentOf(e.Outcome.At), HTTPStatus: e.Outcome.HTTPStatus, ErrorCode: e.Outcome.ErrorCode,
		Status: string(e.Delivery.Status), StatusTime: momentOf(e.Delivery.At), StatusErrorCode: e.Delivery.ErrorCode,
		Market: e.Market, MarketEstimated: e.MarketEstimated,
		Category: string(e.Category()), EstimatedCategory: string(e.Decision.Category),
		EstimatedPriceType: string(e.Price.Type), Currency: string(cmp.Or(e.Price.Currency, e.Currency)), Card: e.Price.Card,
	}
	if contact := e.Contact(); !contact.IsZero() {
		s.Contact = contact.String()
	}
	if other := e.Outcome.ReachedOther; other != nil {
		s.ReachedOther = other.String()
	}
	if f := e.Fallback; f != nil {
		s.FallbackRule, s.FallbackType = string(f.Rule), f.Type
	}
	if e.Delivery.Status.Delivered() {
		s.DeliveredTime = momentOf(cmp.Or(e.Delivery.Delivered, e.Delivery.At))
	}
	if len(e.Copies) > 0 {
		s.Copies, s.CopiesDelivered = new(len(e.Copies)), new(0)
		for i := range e.Copies {
			if e.Copies[i].Delivery.Status.Delivered() {
				*s.CopiesDelivered++
			}
		}
	}
	if p := e.Delivery.Pricing; p != nil {
		s.BilledCategory, s.BilledPriceType, s.Billable = string(policy.BilledCategory(p.Category)), string(e.Alike().Told), new(p.Billable)
	}
	if e.Price.Type != "" && e.Price.Known {
		s.EstimatedPrice = new(e.Price.Unit)
	}
	if e.Tags != "" {
		s.Tags = e.Tags.ByName()
	}
	return s
}
