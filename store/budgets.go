package store

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

// toldOfBudget is how much of what there is to tell of a budget has been told, once a month.
type toldOfBudget int

const (
	toldWarning toldOfBudget = iota + 1
	toldSpent
)

// takeBudget takes a claim on money of a budget.
func (t *tx) takeBudget(b *policy.BudgetClaim) (policy.Taken, bool, error) {
	r, err := readRecord[meterRecord](t, meterSubject{Kind: meterBudget, Of: b.Name, Month: b.Month}.key())
	if err != nil {
		return policy.Taken{}, false, err
	}
	taken, ok := b.Take(policy.Money(r.Spent + r.Reserved))
	return taken, ok, nil
}

// RecountBudget sets what is spent of a budget in a month to what count says; where onlyNew,
// only if nothing has counted under it before. If something was counted meanwhile it is
// ErrClaimed, and nothing changes.
func (s *Book) RecountBudget(ctx context.Context, name, month string, onlyNew bool, count func() (BudgetMeter, error)) error {
	subject := meterSubject{Kind: meterBudget, Of: name, Month: month}
	var before meterRecord
	err := s.view(ctx, func(r *reading) (err error) {
		before, err = readRecord[meterRecord](r, subject.key())
		return err
	})
	if err != nil || onlyNew && before.Changes > 0 {
		return err
	}
	is, err := count()
	if err != nil || onlyNew && is == (BudgetMeter{}) {
		return err
	}
	return s.update(ctx, func(t *tx) error {
		disturbed := false
		err := t.changeMeter(subject, func(r *meterRecord) {
			if disturbed = r.Changes != before.Changes; disturbed {
				return
			}
			r.Messages, r.Spent, r.Reserved, r.Unpriced = is.Messages, is.Spent, is.Reserved, is.Unpriced
			r.Changes++
		})
		if err == nil && disturbed {
			return fmt.Errorf("the budget %s: %w", name, ErrClaimed)
		}
		return err
	})
}

// tellOfBudget notes once in a month, and for each larger amount, that a budget is nearly spent, and that it is: an event
// of the account, and a line in the log. refused is the send that it had no money left for.
func (t *tx) tellOfBudget(r *reservation, b *policy.BudgetFacts, refused bool) error {
	s := meterSubject{Kind: meterBudget, Of: b.Name, Month: b.Month}
	var told toldOfBudget
	var m meterRecord
	err := t.changeMeter(s, func(r *meterRecord) {
		used := policy.Money(r.Spent + r.Reserved)
		if b.Amount > r.ToldOf {
			r.Told = 0 // that was of less money
		}
		switch {
		case r.Told < toldSpent && (refused || used >= b.Amount):
			told = toldSpent
		case r.Told < toldWarning && b.Warn > 0 && used >= policy.PartOf(b.Amount, b.Warn):
			told = toldWarning
		}
		if told != 0 {
			r.Told, r.ToldOf = told, b.Amount
		}
		m = *r
	})
	if told == 0 || err != nil {
		return err
	}
	e := policy.AccountEvent{At: r.at, WABA: r.waba, PhoneNumberID: r.head.Send.PhoneNumberID, Kind: policy.Budget, Name: "BUDGET_WARNING", Severity: policy.Warning}
	says := fmt.Sprintf("the budget %s has %s of %s %s spent in %s", b.Name, policy.Money(m.Spent+m.Reserved), b.Amount, b.Currency, b.Month)
	if told == toldSpent {
		e.Name = "BUDGET_SPENT"
		if b.Refuses {
			e.Severity = policy.Critical
			says += fmt.Sprintf("; marketing under it waits until %s", b.Until)
		}
	}
	e.Detail = says
	t.Committed(func() {
		t.s.log.Warn("a budget is spent as far as it is to be told of", zap.String("budget", b.Name), zap.String("month", b.Month), zap.String("event", e.Name), zap.String("says", says))
	})
	return t.accountEvent(e)
}

// meterReserved counts a send that is about to leave, and tells of the budgets it counts
// under.
func (t *tx) meterReserved(r *reservation) error {
	if r.head.reserved && r.head.Metering.Counts() {
		m := &r.head.Metering
		if err := t.meter(r.head.Send.PhoneNumberID, m, nil, m.shares(nil, &statusRecord{}, &copiesRecord{})); err != nil {
			return err
		}
	}
	for i := range r.budgets {
		b := &r.budgets[i]
		refused := !r.head.reserved && b.Refuses && !b.Fits()
		if !r.head.reserved && !refused {
			continue
		}
		if err := t.tellOfBudget(r, b, refused); err != nil {
			return err
		}
	}
	return nil
}
