package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// mostRecounts is how often a budget is counted under which sends leave meanwhile.
const mostRecounts = 8

// RecountBudgets counts what is spent of budgets in the running month from the ledger, by what
// sends count under them now: of the one with a name, or of all (""). Where onlyNew, it
// leaves those alone under which something has counted before.
func (g *Gateway) RecountBudgets(ctx context.Context, name string, onlyNew bool) error {
	st, err := g.Open()
	if err != nil {
		return err
	}
	found := false
	for _, b := range g.Budgets {
		if name != "" && b.Name != name {
			continue
		}
		found = true
		for month := range g.monthsUnder(b) {
			if err := g.recount(ctx, st, b, month, onlyNew); err != nil {
				return fmt.Errorf("counting the budget %s for %s: %w", b.Name, month, err)
			}
		}
	}
	if !found && name != "" {
		return &Problem{Kind: Unknown, Err: fmt.Errorf("there is no budget %s", name)}
	}
	return nil
}

func (g *Gateway) recount(ctx context.Context, st store.Store, b *Budget, month string, onlyNew bool) error {
	for range mostRecounts {
		err := st.RecountBudget(ctx, b.Name, month, onlyNew, func() (store.BudgetMeter, error) { return g.spentUnder(ctx, st, b, month) })
		if !errors.Is(err, store.ErrClaimed) {
			return err
		}
	}
	return unrecorded(errors.New("sends under it keep leaving while it is counted; try again when fewer do"))
}

// spentUnder is what sends of a month count for under a budget, by the ledger.
func (g *Gateway) spentUnder(ctx context.Context, st store.Store, b *Budget, month string) (m store.BudgetMeter, err error) {
	first, err := time.Parse(time.DateOnly, month+"-01")
	if err != nil {
		return m, err
	}
	from := policy.MomentOf(first.Add(-24 * time.Hour)) // wherever the account is
	for sum, err := range st.SumsByDay(ctx, store.Filter{From: from}, g.Businesses.Zone) {
		if err != nil {
			return m, err
		}
		zone := g.Businesses.Zone(sum.PhoneNumberID)
		switch {
		case billing.Day(sum.At.Time(), zone)[:len("2006-01")] != month, sum.Price.Currency != b.Currency:
			continue
		case sum.Part == billing.Divided: // its copies count
			continue
		case sum.State != store.Accepted && sum.State != store.Unknown, sum.Status == policy.StatusFailed:
			continue
		}
		q, category := g.billed(sum)
		switch {
		case !b.covers(sum.PhoneNumberID, sum.Tags, category):
			continue
		case q.Type != billing.Regular && (sum.Price.Type != billing.Regular || category != sum.Price.Category):
			continue // it never was to cost anything
		}
		m.Messages += sum.N
		cost, err := q.Unit.Times(sum.N)
		if err != nil {
			return m, err
		}
		switch {
		case q.Type.Free():
		case !q.Known:
			m.Unpriced += sum.N
		case sum.State == store.Accepted || sum.Status.Delivered():
			m.Spent, err = m.Spent.Plus(cost)
		default:
			m.Reserved, err = m.Reserved.Plus(cost)
		}
		if err != nil {
			return m, err
		}
	}
	return m, nil
}

// billed is what messages cost by Meta's word on them, and the category by which budgets
// cover them: the one that was expected, as long as Meta bills no other column of the card.
func (g *Gateway) billed(s *store.Sum) (billing.Quote, billing.Category) {
	told := billing.Category(s.Category)
	if s.Category == s.Estimated {
		told = ""
	}
	card := g.Cards.Find(s.Price.Card)
	q := card.Billed(&s.Price, billing.Market(s.Market), told, s.Told)
	if s.Part == billing.Copy && s.Told == billing.Regular && card != nil { // which nobody knew before
		q.Unit, q.Known = card.Rate(billing.Market(s.Market), q.Category)
	}
	if column := q.Category.Column(); q.Type == billing.Regular && column != "" && column != s.Price.Category.Column() {
		return q, column
	}
	return q, s.Price.Category
}
