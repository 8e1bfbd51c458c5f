package gateway

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// UnseenReport counts messages that statuses told of, and that the gateway never saw: whoever
// has a token for a number can send past it.
type UnseenReport struct {
	Rows []UnseenRow
	// Zone is where days begin: that of the accounts, or UTC where those have several, since
	// nobody knows whose the messages are. Until is when the newest statuses came that are
	// counted.
	Zone  *time.Location
	Until time.Time
}

// UnseenRow counts those of a day, category and price type in Meta's words; "" where it told
// none.
type UnseenRow struct {
	Day, Category, PriceType string
	// Messages are all, of which some were Delivered, some Failed, and some are Billable by
	// Meta's word.
	Messages, Delivered, Failed, Billable int
}

// Unseen counts what statuses told of messages that the gateway never saw, by day of delivery.
func (g *Gateway) Unseen(ctx context.Context, from, to, month string) (*UnseenReport, error) {
	s := Selection{From: from, To: to}
	if err := s.setMonth(month); err != nil {
		return nil, err
	}
	r := &UnseenReport{Zone: time.UTC, Until: g.Now().Add(-store.UnseenAfter)}
	if zones := g.Businesses.Zones(""); len(zones) == 1 {
		r.Zone = zones[0]
	}
	f, err := filterIn(&s, r.Zone, g.Now(), 0)
	if err != nil {
		return nil, misasked(err)
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	tells, ok := st.(store.TellsUnseen)
	if !ok {
		return nil, store.ErrNoSums
	}
	rows := make(map[UnseenRow]*UnseenRow)
	for u, err := range tells.Unseen(ctx, f.From, f.To) {
		if err != nil {
			return nil, err
		}
		of := UnseenRow{Day: billing.Day(u.At.Time(), r.Zone)}
		if u.Pricing != nil {
			of.Category, of.PriceType = string(policy.BilledCategory(u.Pricing.Category)), u.Pricing.Type
		}
		row := rows[of]
		if row == nil {
			row = &UnseenRow{Day: of.Day, Category: of.Category, PriceType: of.PriceType}
			rows[of] = row
		}
		row.count(&u)
	}
	for _, row := range rows {
		r.Rows = append(r.Rows, *row)
	}
	slices.SortFunc(r.Rows, func(a, b UnseenRow) int {
		return cmp.Or(strings.Compare(a.Day, b.Day), strings.Compare(a.Category, b.Category), strings.Compare(a.PriceType, b.PriceType))
	})
	return r, nil
}

func (r *UnseenRow) count(u *store.Unseen) {
	r.Messages++
	switch {
	case u.Status.Delivered():
		r.Delivered++
	case u.Status == policy.StatusFailed:
		r.Failed++
	}
	if u.Pricing != nil && u.Pricing.Billable {
		r.Billable++
	}
}
