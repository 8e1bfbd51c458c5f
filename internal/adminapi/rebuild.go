package adminapi

import (
	"context"

	"github.com/waguard/waguard/store"
)

// RebuildRequest is what the route takes that makes the sums of the ledger anew: of a
// period, or of everything.
type RebuildRequest struct {
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Rebuild makes the sums of the ledger anew while the gateway serves, and compares them
// with those there were.
func (c *Client) Rebuild(ctx context.Context, r RebuildRequest) (*store.Rebuilt, error) {
	return answer[store.Rebuilt](ctx, c, RouteLedgerRebuild, r)
}
