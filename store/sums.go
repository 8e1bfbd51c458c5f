package store

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/waguard/waguard/policy"
)

// Sum is how many ledger entries of a time are alike.
type Sum struct {
	// At is when they were decided. Entries of one quarter of an hour are one sum:
	// then it is the quarter's beginning, or that of what was asked for, if that lies
	// within. A day begins with a quarter in every time zone.
	At policy.Moment
	Alike
	N int
}

// Alike is what reports count of an entry.
type Alike struct {
	PhoneNumberID, Business string
	// Category and Tag are those of [Entry].
	Category        policy.Category
	Tag             string
	Market          string
	MarketEstimated bool
	// State is the outcome's; Reserved counts as Unknown.
	State  OutcomeState
	Status policy.DeliveryStatus
	// Charged: Meta says that it charges for the message.
	Charged    bool
	Kind       policy.Kind
	Initiation policy.Initiation
}

// quarter is a quarter of an hour. Offsets of all time zones of our time, and changes
// of clocks, are multiples of it.
const quarter = policy.Moment(15 * time.Minute / time.Millisecond)

// quarterOf is when the quarter begins that a moment lies in.
func quarterOf(at policy.Moment) policy.Moment { return max(at, 0) / quarter * quarter }

// Alike is what reports count of an entry.
func (e *Entry) Alike() Alike {
	a := Alike{
		PhoneNumberID: e.Send.PhoneNumberID, Business: e.Business, Category: e.Category(), Tag: e.Tag(), Market: e.Market, MarketEstimated: e.MarketEstimated,
		State: e.Outcome.State, Status: e.Delivery.Status, Charged: e.Delivery.Pricing != nil && e.Delivery.Pricing.Billable,
		Kind: e.Send.Kind, Initiation: e.Decision.Initiation,
	}
	if a.State == Reserved {
		a.State = Unknown
	}
	return a
}

// Sums counts the ledger entries that match, in no order. It counts the same as
// whoever reads all of them with Ledger, at a fraction of the cost.
func (s *Book) Sums(ctx context.Context, f Filter) iter.Seq2[*Sum, error] {
	return func(yield func(*Sum, error) bool) {
		if plain := (Filter{From: f.From, To: f.To, PhoneNumberID: f.PhoneNumberID, Category: f.Category}); f != plain {
			for e, err := range s.Ledger(ctx, f) {
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(&Sum{At: e.At, Alike: e.Alike(), N: 1}, nil) {
					return
				}
			}
			return
		}
		if err := s.sums(ctx, f, yield); err != nil {
			yield(nil, fmt.Errorf("counting the ledger: %w", err))
		}
	}
}

func (s *Book) sums(ctx context.Context, f Filter, yield func(*Sum, error) bool) error {
	sc, err := s.newScan(ctx, Ledger, f)
	for err == nil && !sc.done {
		sums := make(summing)
		if err = s.view(ctx, func(r *reading) error { return sums.addAll(r, &sc.walk) }); err != nil {
			break
		}
		for _, sum := range sums.within(&f, sc.from) {
			if !yield(sum, nil) {
				return nil
			}
		}
	}
	return err
}

// summing are entries being counted.
type summing map[summed]int

// summed is what is counted together.
type summed struct {
	at policy.Moment
	Alike
}

// addAll adds the entries of the next chunk of a walk.
func (sums summing) addAll(r *reading, w *walk) error {
	return w.lines(r, func(l *Line) (enough bool, err error) {
		key, err := r.summed(l)
		sums[key]++
		return false, err
	})
}

// within are the sums of what a filter selects, not before a time.
func (sums summing) within(f *Filter, from policy.Moment) []*Sum {
	all := make([]*Sum, 0, len(sums))
	for key, n := range sums {
		if f.selects(&key.Alike) {
			all = append(all, &Sum{At: max(key.at, from), Alike: key.Alike, N: n})
		}
	}
	return all
}

// selects reports whether a filter that selects by no more than a sum tells does so.
func (f *Filter) selects(a *Alike) bool {
	return (f.PhoneNumberID == "" || f.PhoneNumberID == a.PhoneNumberID) && (f.Category == "" || f.Category == a.Category)
}

// summed is what a line counts as.
func (r *reading) summed(l *Line) (summed, error) {
	k, ok, err := r.skimmed(l)
	if err != nil {
		return summed{}, err
	}
	if !ok {
		logged, err := newLogged(l)
		if err != nil {
			return summed{}, err
		}
		e, err := r.s.assemble(r, logged)
		if err != nil {
			return summed{}, err
		}
		k = summed{e.At, e.Alike()}
	}
	if k.at == l.ID.Moment() {
		k.at = quarterOf(k.at)
	}
	return k, nil
}
