package caddymodule

import (
	"context"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
)

// unseen counts messages that the gateway never saw.
func unseen(ctx context.Context, g *gateway.Gateway, s *adminapi.UnseenSelection) (*adminapi.UnseenMessages, error) {
	r, err := g.Unseen(ctx, s.From, s.To, s.Month)
	if err != nil {
		return nil, err
	}
	answer := &adminapi.UnseenMessages{Rows: make([]adminapi.UnseenRow, len(r.Rows)), TimeZone: r.Zone.String(), Until: r.Until}
	for i, row := range r.Rows {
		answer.Rows[i] = adminapi.UnseenRow(row)
	}
	return answer, nil
}
