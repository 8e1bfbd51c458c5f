package gateway

import (
	"context"

	"github.com/waguard/waguard/store"
)

// MessagingLimitUsed is which part of its messaging limit the portfolio has used that has
// used most of it, of those of numbers that are known.
func (g *Gateway) MessagingLimitUsed(ctx context.Context) (most float64, err error) {
	st, err := g.Open()
	if err != nil {
		return 0, err
	}
	told, err := st.Numbers(ctx)
	if err != nil {
		return 0, err
	}
	ids := make(map[string]struct{}, len(told)+len(g.Businesses.Listed))
	for id := range told {
		ids[id] = struct{}{}
	}
	for id := range g.Businesses.Listed {
		ids[id] = struct{}{}
	}
	for id := range ids {
		b, served := g.Businesses.Of(id)
		if !served || b.portfolio() == nil {
			continue
		}
		f, err := st.Portfolio(ctx, store.Query{PhoneNumberID: id, WABA: b.WABA, Portfolio: b.portfolio()})
		if err != nil {
			return 0, err
		}
		if share, bounded := f.Share(b.Policy.Messaging, g.now()); bounded {
			most = max(most, share)
		}
	}
	return most, nil
}
