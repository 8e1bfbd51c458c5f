package caddymodule

import (
	"context"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

// campaignCost answers what a campaign would come to.
func campaignCost(ctx context.Context, g *gateway.Gateway, r *adminapi.CampaignCostRequest) (*adminapi.CampaignCost, error) {
	cost, err := g.CampaignCost(ctx, &gateway.CheckRequest{
		PhoneNumberID: r.PhoneNumberID, Contacts: r.Contacts, Template: policy.TemplateRef{Name: r.Template, Language: r.Language}, Reference: r.Reference,
	})
	if err != nil {
		return nil, err
	}
	answer := &adminapi.CampaignCost{Totals: []adminapi.CampaignTotal{}, Markets: []adminapi.CampaignMarket{}, Refusals: []adminapi.CampaignRefusal{}}
	all := &adminapi.CampaignCost{People: cost.People, Pass: cost.Pass, Refused: cost.People - cost.Pass}
	for _, m := range cost.Markets {
		row := adminapi.CampaignMarket{
			Market: string(m.Market), Estimated: m.Estimated, Category: m.Price.Category, PriceType: m.Price.Type, Messages: m.People, Currency: m.Price.Currency, Card: m.Price.Card,
		}
		if m.Price.Known {
			sum, err := m.Price.Unit.Times(m.People)
			if err != nil {
				return nil, err
			}
			row.UnitPrice, row.Cost = new(m.Price.Unit), &sum
		}
		all.Markets = append(all.Markets, row)
	}
	for _, r := range cost.Refusals {
		all.Refusals = append(all.Refusals, adminapi.CampaignRefusal{Rule: r.Rule, RuleID: r.RuleID, People: r.People, Reason: r.Reason, Remedy: r.Remedy})
	}
	return answer, answer.Add(all)
}
