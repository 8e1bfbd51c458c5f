package adminapi

import (
	"context"
	"time"

	"github.com/waguard/waguard/billing"
)

// Budgets say how the configured budgets stand in the running month.
type Budgets struct {
	Budgets []Budget `json:"budgets"`
}

// Budget says how one stands.
type Budget struct {
	Name string `json:"name"`
	// Month is the running one where the accounts are.
	Month    string           `json:"month"`
	Currency billing.Currency `json:"currency"`
	Amount   billing.Amount   `json:"amount"`
	// Spent is what messages of the month are expected to cost that Meta took, Reserved that
	// of sends that are on their way, or of which nobody knows what became.
	Spent    billing.Amount `json:"spent"`
	Reserved billing.Amount `json:"reserved"`
	// Percent is how much of the amount both are, rounded down.
	Percent int64 `json:"percent"`
	// Messages are those that count, Unpriced those of them whose price nobody knows.
	Messages int `json:"messages"`
	Unpriced int `json:"unpriced"`
	// Warn is from how many percent on sends are warned of; 0 for never.
	Warn int `json:"warn_percent"`
	// WhenSpent is refuse or warn.
	WhenSpent string `json:"when_spent"`
	// Until is when the next month begins.
	Until time.Time `json:"until"`
	// State is open, warning or spent.
	State string `json:"state"`
}

// BudgetsRebuild is what the route takes that counts budgets anew.
type BudgetsRebuild struct {
	// Name is the budget; "" for all.
	Name string `json:"name,omitempty"`
}

// RebuildBudgets counts what is spent of one budget, or all (""), from the ledger, and lists
// how all stand then.
func (c *Client) RebuildBudgets(ctx context.Context, name string) (*Budgets, error) {
	answer := new(Budgets)
	return answer, c.ask(ctx, RouteBudgetsRebuild, BudgetsRebuild{Name: name}, answer)
}

// Budgets lists how the budgets stand.
func (c *Client) Budgets(ctx context.Context) (*Budgets, error) {
	return answer[Budgets](ctx, c, RouteBudgets, nil)
}
