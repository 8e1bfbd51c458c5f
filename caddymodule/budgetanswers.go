package caddymodule

import (
	"context"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

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

// rebuildBudgets counts them from the ledger.
func rebuildBudgets(ctx context.Context, g *gateway.Gateway, r *adminapi.BudgetsRebuild) (*adminapi.Budgets, error) {
	if err := g.RecountBudgets(ctx, r.Name, false); err != nil {
		return nil, err
	}
	return budgets(ctx, g, nil)
}

// startBudgets counts what was sent this month before a budget was configured. Until it has,
// the budget counts from now on.
func (a *App) startBudgets() {
	if len(a.Budgets) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(a.ctx)
	var done sync.WaitGroup
	a.endCounting = func() { cancel(); done.Wait() }
	done.Go(func() {
		if err := a.gateway.RecountBudgets(ctx, "", true); err != nil && ctx.Err() == nil {
			a.logger.Warn("what was sent this month before a budget was configured could not be counted under it; `waguard budget rebuild` does", zap.Error(err))
		}
	})
}

// stopBudgets waits until nothing is counted any more.
func (a *App) stopBudgets() {
	if a.endCounting != nil {
		a.endCounting()
	}
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
