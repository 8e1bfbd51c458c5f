package adminapi

import (
	"context"

	"github.com/waguard/waguard/billing"
)

// ReconcileSelection is what the route of the reconciliation takes: as query parameters of a
// GET, or as the JSON body of a POST, which alone may bring Meta's figures.
type ReconcileSelection struct {
	// From and To are dates, or other times of which the days count. Month is a calendar
	// month such as 2026-10 in place of them.
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
	Month string `json:"month,omitempty"`
	// WABA is the account; "" for all, or for that of the figures.
	WABA string `json:"waba,omitempty"`
	// Analytics is what Meta answered to a question for pricing_analytics; "" for the figures
	// that the gateway has.
	Analytics string `json:"analytics,omitempty" query:"-"`
	// Fetch has the gateway ask Meta for the figures of the days first.
	Fetch bool `json:"fetch,omitempty" query:"-"`
}

// largestBody has room for a file in which every third character is a quotation mark.
func (*ReconcileSelection) largestBody() int { return 4*billing.LargestAnalytics/3 + LargestRequest }

// Reconciliations are those of the accounts, by their ids.
type Reconciliations struct {
	Accounts []*billing.Reconciliation `json:"accounts"`
}

// Reconcile compares what messages cost here with Meta's figures.
func (c *Client) Reconcile(ctx context.Context, s ReconcileSelection) (*Reconciliations, error) {
	return answer[Reconciliations](ctx, c, RouteReconcile, s)
}
