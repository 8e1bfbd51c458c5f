package store

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/waguard/waguard/billing"
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
	// Estimated is the category of the decision, Told the price type that Meta told, ""
	// where it told none, and Price what the send was expected to cost.
	Estimated policy.Category
	Told      billing.PriceType
	Price     billing.Quote
	// Template is the name of the template; "" for what is none.
	Template string
	Tags     billing.Tags
	// DeliveredAfter is how many quarters of an hour after that of the decision the message
	// was delivered, where Status says that it was.
	DeliveredAfter int
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
		Estimated: e.Decision.Category, Price: e.Price, Template: e.Send.Template.Name, Tags: e.Tags,
	}
	if p := e.Delivery.Pricing; p != nil {
		a.Told = billing.PriceType(p.Type)
	}
	a.deliveredAt(e.At, e.Delivery.Delivered)
	if a.State == Reserved {
		a.State = Unknown
	}
	return a
}

// deliveredAt says when what was decided at a time was delivered.
func (a *Alike) deliveredAt(decided, delivered policy.Moment) {
	if delivered != 0 && a.Status.Delivered() {
		a.DeliveredAfter = int(max(0, numberOf(delivered)-numberOf(decided)))
	}
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
		if err := s.count(ctx, f, yield); err != nil {
			yield(nil, fmt.Errorf("counting the ledger: %w", err))
		}
	}
}

func (s *Book) count(ctx context.Context, f Filter, yield func(*Sum, error) bool) error {
	sc, err := s.newScan(ctx, Ledger, f)
	for err == nil && !sc.done {
		sums := make(summing)
		if err = s.view(ctx, func(r *reading) error { return sums.addNext(r, &sc.walk) }); err != nil {
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

// quartersAtOnce is how many quarters are counted by their sums in one snapshot.
const quartersAtOnce = 256

// addNext adds what is counted in one snapshot: quarters that have sums by those, and
// the entries between them.
func (sums summing) addNext(r *reading, w *walk) error {
	records, err := r.sumsBefore(w)
	if err != nil {
		return err
	}
	for _, held := range records {
		if end := FirstID(beginOf(held.q + 1)); compareIDs(end, w.before) < 0 {
			between := *w
			between.from = end.Moment()
			if err := sums.addAll(r, &between); err != nil {
				return err
			}
			if w.before = between.before; !between.done {
				return nil
			}
		}
		if err := sums.addHeld(r, held); err != nil {
			return err
		}
		w.before = FirstID(beginOf(held.q))
	}
	if len(records) == quartersAtOnce {
		return nil
	}
	return sums.addAll(r, w)
}

// heldSums are a quarter's.
type heldSums struct {
	q int64
	*sumsRecord
}

// sumsBefore are the sums of the newest quarters that lie wholly in a walk.
func (r *reading) sumsBefore(w *walk) (records []heldSums, err error) {
	if r.s.sums == nil {
		return nil, nil
	}
	from := append([]byte{SumsPrefix}, w.before[:]...)
	err = r.ScanBack([]byte{SumsPrefix}, from, func(key, value []byte) (enough bool, err error) {
		q, ok := quarterIn(key)
		if !ok || beginOf(q) < w.from {
			return true, nil
		}
		if record := r.held(value); record != nil && compareIDs(FirstID(beginOf(q+1)), w.before) <= 0 {
			records = append(records, heldSums{q, record})
		}
		return len(records) == quartersAtOnce, nil
	})
	return records, err
}

// addHeld adds what the sums of a quarter say, and the entries that are in none.
func (sums summing) addHeld(r *reading, held heldSums) error {
	of, err := held.sums()
	if err != nil {
		return fmt.Errorf("reading sums: %w: %w", ErrUnreadable, err)
	}
	for a, n := range of {
		sums[summed{beginOf(held.q), a}] += n
	}
	for _, id := range held.Open {
		l, err := r.Find(Ledger, id)
		if err != nil {
			return err
		}
		if l == nil {
			continue
		}
		key, err := r.summed(l)
		if err != nil {
			return err
		}
		sums[key]++
	}
	return nil
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
	skimmed, ok, err := r.skimmed(l)
	if err != nil {
		return summed{}, err
	}
	k := skimmed.summed
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
