package caddymodule

import (
	"context"
	"net/http"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// adminCampaignCost answers what a campaign would come to.
func adminCampaignCost(a *App, _ store.Store, w http.ResponseWriter, r *http.Request) error {
	request := new(adminapi.CampaignCostRequest)
	if err := adminapi.ReadRequest(r, request); err != nil {
		return adminFailure(err)
	}
	answer, err := a.campaignCost(r.Context(), request)
	if err != nil {
		return adminFailure(err)
	}
	return jsonAnswer(w, answer)
}

func (a *App) campaignCost(ctx context.Context, r *adminapi.CampaignCostRequest) (*adminapi.CampaignCost, error) {
	check := &gateway.CheckRequest{PhoneNumberID: r.PhoneNumberID, Contacts: r.Contacts, Template: policy.TemplateRef{Name: r.Template, Language: r.Language}, Reference: r.Reference}
	if len(r.Config) > 0 || r.Options != "" || r.Shadow != "" {
		var err error
		if check.Under, err = a.settingsOf(&adminapi.PolicyTestRequest{Config: r.Config, Options: r.Options, Shadow: r.Shadow}); err != nil {
			return nil, &gateway.Problem{Kind: gateway.Misasked, Err: err}
		}
	}
	cost, err := a.gateway.CampaignCost(ctx, check)
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
	for _, f := range cost.Refusals {
		all.Refusals = append(all.Refusals, adminapi.CampaignRefusal{Rule: f.Rule, RuleID: f.RuleID, People: f.People, Reason: f.Reason, Remedy: f.Remedy})
	}
	for i := range cost.Each {
		if r.Each {
			all.Each = append(all.Each, personOf(cost.Contacts[i], &cost.Each[i]))
		}
	}
	for _, u := range cost.Unread {
		if r.Each {
			all.Each = append(all.Each, adminapi.CampaignPerson{Contact: u.Contact, Verdict: policy.Refuse, Rule: policy.RuleParameter, Reason: u.Err.Error(), Remedy: gateway.UnreadRemedy})
		}
	}
	return answer, answer.Add(all)
}

func personOf(contact string, c *gateway.Checked) adminapi.CampaignPerson {
	p := adminapi.CampaignPerson{Contact: contact, Verdict: c.Verdict, Rule: c.Rule, RuleID: c.RuleID, Reason: c.Reason, Remedy: c.Remedy, RetryAt: momentOf(c.Retry), Market: string(c.Market)}
	if c.Verdict == policy.Allow {
		p.Category, p.PriceType, p.Currency = c.Price.Category, c.Price.Type, c.Price.Currency
		if c.Price.Known {
			p.UnitPrice = new(c.Price.Unit)
		}
	}
	return p
}
