package caddymodule

import (
	"context"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
)

// volumes say how far the allowances and volume tiers of a month are.
func volumes(ctx context.Context, g *gateway.Gateway, s *adminapi.VolumeSelection) (*adminapi.Volumes, error) {
	list, err := g.Volumes(ctx, s.Month)
	if err != nil {
		return nil, err
	}
	answer := &adminapi.Volumes{Volumes: make([]adminapi.Volume, len(list))}
	for i := range list {
		v := &list[i]
		shown := adminapi.Volume{
			Month: v.Month, PhoneNumberID: v.PhoneNumberID, Business: v.Business, Of: v.Pool, Category: v.Category, Market: v.Market,
			Counted: v.Counted, Charged: v.Charged, Allowance: v.Allowance, TierFrom: v.Told.From, TierTo: v.Told.To,
			Currency: v.Price.Currency, Card: v.Price.Card, NextFrom: v.Next,
		}
		if at := v.Told.At; !at.IsZero() {
			shown.TierTold = &at
		}
		if v.Price.Known {
			shown.UnitPrice = &v.Price.Unit
			if v.Price.List != 0 {
				shown.ListPrice = &v.Price.List
			}
		}
		answer.Volumes[i] = shown
	}
	return answer, nil
}
