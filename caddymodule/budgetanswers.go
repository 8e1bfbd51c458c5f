package caddymodule

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
)

// budgets are how the budgets stand.
func budgets(ctx context.Context, g *gateway.Gateway, _ *everyNumber) (*adminapi.Budgets, error) {
	states, err := g.BudgetStates(ctx)
	if err != nil {
		return nil, err
	}
	answer := &adminapi.Budgets{Budgets: make([]adminapi.Budget, len(states))}
	for i, s := range states {
		answer.Budgets[i] = adminapi.Budget(s)
	}
	return answer, nil
}

// budgetShares are how much of the budgets is spent.
type budgetShares struct{}

var budgetSpent = prometheus.NewDesc("caddy_whatsapp_budget_spent_ratio",
	"Part of a budget that is spent or reserved in the running month.", []string{"budget"}, nil)

// Describe says which metric there is.
func (budgetShares) Describe(to chan<- *prometheus.Desc) { to <- budgetSpent }

// Collect asks the store.
func (budgetShares) Collect(to chan<- prometheus.Metric) {
	app := serving.Load()
	if app == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	states, err := app.gateway.BudgetStates(ctx)
	if err != nil {
		return
	}
	for i, s := range states {
		if i+1 < len(states) && states[i+1].Name == s.Name {
			continue // at the turn of a month the newer one counts
		}
		to <- prometheus.MustNewConstMetric(budgetSpent, prometheus.GaugeValue, units(s.Spent+s.Reserved)/units(s.Amount), s.Name)
	}
}
