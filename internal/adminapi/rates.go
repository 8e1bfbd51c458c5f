package adminapi

import (
	"context"

	"github.com/waguard/waguard/billing"
)

// Rates are the rate cards by which a gateway prices messages.
type Rates struct {
	Cards []*billing.Card `json:"cards"`
}

// Rates lists the rate cards of the gateway, by currency and day.
func (c *Client) Rates(ctx context.Context) (*Rates, error) {
	return answer[Rates](ctx, c, RouteRates, struct{}{})
}
