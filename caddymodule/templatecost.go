package caddymodule

import (
	"context"
	"sync"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
)

// templateCosts says what changed categories of templates cost.
func templateCosts(ctx context.Context, g *gateway.Gateway, s *adminapi.TemplateCostSelection) (*adminapi.TemplateCosts, error) {
	costs, err := g.TemplateCosts(ctx, gateway.TemplateCostSelection{WABA: s.WABA, Name: s.Name, As: s.As})
	if err != nil {
		return nil, err
	}
	answer := &adminapi.TemplateCosts{Since: costs.Since, Days: gateway.TemplateCostDays, SendersSince: timeOf(costs.SendersSince), Cards: []billing.CardUsed{}, Templates: []adminapi.TemplateCost{}}
	answer.Cards = append(answer.Cards, costs.Cards...)
	for i := range costs.Templates {
		c := &costs.Templates[i]
		answer.Templates = append(answer.Templates, adminapi.TemplateCost{
			WABA: c.WABA, Template: c.Name, Languages: c.Languages, Before: c.Before, Category: c.Now, Since: timeOf(c.Since), LearnedFrom: c.How, Announced: c.Announced,
			Totals: templateMoney(c.Totals), Markets: templateMoney(c.Markets),
			Numbers: uses(c.Numbers, func(u gateway.TemplateUse) adminapi.TemplateUse {
				return adminapi.TemplateUse{Number: u.Of, Business: u.Business, Sends: u.Sends}
			}),
			Tags: uses(c.Tags, func(u gateway.TemplateUse) adminapi.TemplateUse {
				return adminapi.TemplateUse{Tag: u.Tag, Value: u.Of, Sends: u.Sends}
			}),
			Senders: uses(c.Senders, func(u gateway.TemplateUse) adminapi.TemplateUse {
				return adminapi.TemplateUse{Sender: u.Of, Sends: u.Sends}
			}),
		})
	}
	return answer, nil
}

func templateMoney(list []gateway.TemplateMoney) []adminapi.TemplateMoney {
	answer := make([]adminapi.TemplateMoney, len(list))
	for i := range list {
		m := &list[i]
		answer[i] = adminapi.TemplateMoney{
			Market: m.Market, Estimated: m.Estimated, Currency: m.Currency, Delivered: m.Delivered, UnpricedBefore: m.UnpricedBefore, Unpriced: m.UnpricedNow,
		}
		if m.UnpricedBefore < m.Delivered {
			answer[i].CostBefore = &m.Before
		}
		if m.UnpricedNow < m.Delivered {
			answer[i].Cost = &m.Now
		}
		if more, _, ok := m.Difference(); ok {
			answer[i].Difference = &more
		}
	}
	return answer
}

func uses(list []gateway.TemplateUse, of func(gateway.TemplateUse) adminapi.TemplateUse) []adminapi.TemplateUse {
	answer := make([]adminapi.TemplateUse, len(list))
	for i, u := range list {
		answer[i] = of(u)
	}
	return answer
}

// categoryChanged counts a template whose category changed, and has found out what that
// costs.
func categoryChanged() {
	templatesCategoryChanged.Inc()
	if a := serving.Load(); a != nil {
		a.gateway.Drifted()
	}
}

// startDriftCosts finds out, as long as the configuration runs, what changed categories cost.
func (a *App) startDriftCosts() {
	ctx, cancel := context.WithCancel(a.ctx)
	var done sync.WaitGroup
	a.endDriftCosts = func() { cancel(); done.Wait() }
	done.Go(func() { a.gateway.TellDriftCosts(ctx, a.logger) })
}

// stopDriftCosts waits until nothing is found out any more.
func (a *App) stopDriftCosts() {
	if a.endDriftCosts != nil {
		a.endDriftCosts()
	}
}
