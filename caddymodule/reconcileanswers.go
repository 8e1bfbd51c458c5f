package caddymodule

import (
	"context"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
)

// reconciled compares what messages cost here with Meta's figures.
func reconciled(ctx context.Context, g *gateway.Gateway, s *adminapi.ReconcileSelection) (*adminapi.Reconciliations, error) {
	asked := gateway.ReconcileSelection{From: s.From, To: s.To, Month: s.Month, WABA: s.WABA}
	if s.Analytics != "" {
		asked.Analytics = []byte(s.Analytics)
	}
	accounts, err := g.Reconcile(ctx, asked)
	if err != nil {
		return nil, err
	}
	return &adminapi.Reconciliations{Accounts: accounts}, nil
}
