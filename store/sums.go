package store

import (
	"context"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// Sum is how many ledger entries of a time are alike, or copies of messages to groups.
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
	// Estimated is the category that was expected, Told the price type that Meta told, ""
	// where it told none, and Price what the send was expected to cost.
	Estimated policy.Category
	Told      billing.PriceType
	Price     billing.Quote
	// Template is the name of the template; "" for what is none.
	Template string
	Tags     billing.Tags
	// Part is what it is of a message to a group. A copy is no entry.
	Part billing.Part
	// DeliveredAfter is how many quarters of an hour after that of the decision the message
	// was delivered, where Status says that it was.
	DeliveredAfter int
}

// quarter is a quarter of an hour. Offsets of all time zones of our time, and changes
// of clocks, are multiples of it.
const quarter = policy.Moment(15 * time.Minute / time.Millisecond)

// Alike is what reports count of an entry, without the copies of a message to a group.
func (e *Entry) Alike() Alike {
	a := Alike{
		PhoneNumberID: e.Send.PhoneNumberID, Business: e.Business, Tag: e.Tag(), Market: e.Market, MarketEstimated: e.MarketEstimated,
		State: e.Outcome.State, Kind: e.Send.Kind, Initiation: e.Decision.Initiation,
		Estimated: e.Estimated(), Price: e.Price, Template: e.Send.Template.Name, Tags: e.Tags,
	}
	a.tell(e.At, &e.Delivery)
	if a.State == Reserved {
		a.State = Unknown
	}
	switch {
	case len(e.Copies) > 0:
		a.Part = billing.Divided
	case e.Send.Group:
		a.Part = billing.ToGroup
	}
	return a
}

// Counts is what reports count of an entry: itself first, and then each copy of a message to a
// group.
func (e *Entry) Counts() []Alike {
	all := []Alike{e.Alike()}
	for i := range e.Copies {
		c := &e.Copies[i]
		a := all[0]
		a.Part, a.Market, a.MarketEstimated = billing.Copy, c.Market, c.MarketEstimated
		a.tell(e.At, &c.Delivery)
		all = append(all, a)
	}
	return all
}

// tell says what became of what was decided at a time.
func (a *Alike) tell(at policy.Moment, d *Delivery) {
	a.Category, a.Status, a.Charged, a.Told, a.DeliveredAfter = a.Estimated, d.Status, false, "", 0
	if p := d.Pricing; p != nil {
		if told := policy.BilledCategory(p.Category); told != "" {
			a.Category = told
		}
		a.Charged, a.Told = p.Billable, toldType(p.Type, p.Model, p.Billable)
	}
	a.deliveredAt(at, d.Delivered)
}

// toldType is the price type that Meta told. Where it told no more than whether it charges, it
// is by that; but of a conversation it said so with each of its messages.
func toldType(written, model string, billable bool) billing.PriceType {
	switch {
	case written != "" || strings.EqualFold(model, "CBP"):
		return billing.PriceType(written)
	case billable:
		return billing.Regular
	}
	return billing.NotBillable
}

// deliveredAt says when what was decided at a time was delivered.
func (a *Alike) deliveredAt(decided, delivered policy.Moment) {
	if delivered != 0 && a.Status.Delivered() {
		a.DeliveredAfter = int(min(max(0, numberOf(delivered)-numberOf(decided)), math.MaxInt32))
	}
}

// Sums counts the ledger entries that match, in no order. It counts the same as
// whoever reads all of them with Ledger, at a fraction of the cost. The same sum may
// come in parts. Each is good until the next one.
func (s *Book) Sums(ctx context.Context, f Filter) iter.Seq2[*Sum, error] {
	return s.countedSums(ctx, f, Detail{})
}

// SumsByDay is Sums for whoever needs to know no more of times than the day, in the time
// zone of the business phone number.
func (s *Book) SumsByDay(ctx context.Context, f Filter, zone func(phoneNumberID string) *time.Location) iter.Seq2[*Sum, error] {
	return s.SumsIn(ctx, f, Detail{Days: func(a *Alike) *time.Location { return zone(a.PhoneNumberID) }})
}

// Detail says what sums tell apart. The less that is, the fewer there are: a month's by
// days are a twelfth of those by quarters of an hour.
type Detail struct {
	// Days has them tell no more of times than the day, in that time zone: At is when the
	// day of the decision begins, or what was asked for, if that lies within; and
	// DeliveredAfter how many quarters of an hour later the day of the delivery does, zero
	// for the same one. Nil, or where it gives nil, they tell quarters of an hour. It must
	// always give the same for what is alike but for times.
	Days func(*Alike) *time.Location
	// Apart are times whose days are told apart in two, before and from the next quarter of an
	// hour on.
	Apart []policy.Moment
	// NoTemplates and NoTags leave those empty.
	NoTemplates, NoTags bool
	// Only, if set, says for what is alike but for times of which messages nothing is counted,
	// by nil, and of which those alone that were delivered in a quarter of an hour that begins
	// at a time for which it holds.
	Only func(*Alike) func(delivered policy.Moment) bool
	// DeliveredFrom leaves out what was decided before and not delivered since, so that
	// those are left that come late into a period.
	DeliveredFrom policy.Moment
}

// SumsIn is Sums in less detail.
func (s *Book) SumsIn(ctx context.Context, f Filter, d Detail) iter.Seq2[*Sum, error] {
	return s.countedSums(ctx, f, d)
}

func (s *Book) countedSums(ctx context.Context, f Filter, d Detail) iter.Seq2[*Sum, error] {
	return func(yield func(*Sum, error) bool) {
		var err error
		if plain := (Filter{From: f.From, To: f.To, PhoneNumberID: f.PhoneNumberID, Category: f.Category}); f == plain {
			err = s.count(ctx, f, d, yield)
		} else {
			err = s.countEach(ctx, f, d, yield)
		}
		if err != nil {
			yield(nil, fmt.Errorf("counting the ledger: %w", err))
		}
	}
}

// mostCounted is about how many sums are counted before they are handed over.
const mostCounted = 1 << 16

// count counts what has sums by those.
func (s *Book) count(ctx context.Context, f Filter, d Detail, yield func(*Sum, error) bool) error {
	sc, err := s.newScan(ctx, Ledger, f)
	if err != nil {
		return err
	}
	sums := newTally()
	sums.in(&d, sc.from)
	for err == nil && !sc.done {
		if err = s.view(ctx, func(r *reading) error { return sums.addNext(r, &sc.walk) }); err != nil {
			break
		}
		if d.Days != nil && len(sums.counts) < mostCounted && !sc.done {
			continue
		}
		for sum := range sums.sums(&f, sc.from) {
			if !yield(sum, nil) {
				return nil
			}
		}
		clear(sums.counts)
	}
	return err
}

// countEach counts entries one by one.
func (s *Book) countEach(ctx context.Context, f Filter, d Detail, yield func(*Sum, error) bool) error {
	sums := newTally()
	from := max(f.From, s.oldest(s.options.LedgerRetention))
	sums.in(&d, from)
	handOver := func() bool {
		for sum := range sums.sums(&f, from) {
			if !yield(sum, nil) {
				return false
			}
		}
		clear(sums.counts)
		return true
	}
	each := f
	if f.Limit == 0 {
		each.Category = "" // the copies of a message may be of others
	}
	for e, err := range s.Ledger(ctx, each) {
		if err != nil {
			return err
		}
		for _, a := range e.Counts() {
			sums.add(numberOf(e.At), &a, 1)
		}
		if len(sums.counts) >= mostCounted && !handOver() {
			return nil
		}
	}
	handOver()
	return nil
}

// quartersAtOnce is how many quarters are counted by their sums in one snapshot.
const quartersAtOnce = 256

// addNext adds what is counted in one snapshot: quarters that have sums by those, and
// the entries between them.
func (t *tally) addNext(r *reading, w *walk) error {
	records, err := r.sumsBefore(w)
	if err != nil {
		return err
	}
	for _, held := range records {
		if end := FirstID(beginOf(held.q + 1)); compareIDs(end, w.before) < 0 {
			between := *w
			between.from = end.Moment()
			if err := t.addAll(r, &between); err != nil {
				return err
			}
			if w.before = between.before; !between.done {
				return nil
			}
		}
		if err := t.addHeld(r, held); err != nil {
			return err
		}
		w.before = FirstID(beginOf(held.q))
	}
	if len(records) == quartersAtOnce {
		return nil
	}
	return t.addAll(r, w)
}

// heldSums are a quarter's, with the corrections of them.
type heldSums struct {
	q int64
	*sumsRecord
	corrections []correction
}

// sumsBefore are the sums of the newest quarters that lie wholly in a walk.
func (r *reading) sumsBefore(w *walk) (records []heldSums, err error) {
	if r.s.sums == nil {
		return nil, nil
	}
	var corrections []correction // of the quarter whose record comes next
	from := append([]byte{SumsPrefix}, w.before[:]...)
	err = r.ScanBack([]byte{SumsPrefix}, from, func(key, value []byte) (enough bool, err error) {
		if id, ok := correctedIn(key); ok {
			if id.Moment() < w.from {
				return true, nil
			}
			c, err := decodeCorrection(id, value)
			corrections = append(corrections, c)
			return false, err
		}
		q, ok := quarterIn(key)
		if !ok || beginOf(q) < w.from {
			return true, nil
		}
		if record := r.s.heldSums(value); record != nil && compareIDs(FirstID(beginOf(q+1)), w.before) <= 0 {
			held := heldSums{q: q, sumsRecord: record}
			for _, c := range corrections {
				if numberOf(c.id.Moment()) == q {
					held.corrections = append(held.corrections, c)
				}
			}
			records = append(records, held)
		}
		corrections = nil
		return len(records) == quartersAtOnce, nil
	})
	return records, err
}

// addHeld adds what the sums of a quarter say, without what they say of the entries that
// were corrected, and those as they are now.
func (t *tally) addHeld(r *reading, held heldSums) error {
	if err := t.addPacked(held.q, held.Packed); err != nil {
		return fmt.Errorf("reading sums: %w: %w", ErrUnreadable, err)
	}
	for i := range held.corrections {
		c := &held.corrections[i]
		l, err := r.Find(Ledger, c.id)
		if err != nil {
			return err
		}
		if l == nil {
			continue
		}
		is, err := r.summed(l)
		if err != nil {
			return err
		}
		t.addEntry(numberOf(is.at), &is, 1)
		if c.Was != nil {
			was := c.was(&is)
			t.addEntry(held.q, &was, -1)
		}
	}
	return nil
}

// addAll adds the entries of the next chunk of a walk.
func (t *tally) addAll(r *reading, w *walk) error {
	return w.lines(r, func(l *Line) (enough bool, err error) {
		is, err := r.summed(l)
		if err == nil {
			t.addEntry(numberOf(is.at), &is, 1)
		}
		return false, err
	})
}

// selects reports whether a filter that selects by no more than a sum tells does so.
func (f *Filter) selects(a *Alike) bool {
	return (f.PhoneNumberID == "" || f.PhoneNumberID == a.PhoneNumberID) && (f.Category == "" || f.Category == a.Category)
}

// counted is what an entry counts as that was decided at a time: itself, and the copies of a
// message to a group.
type counted struct {
	at policy.Moment
	Alike
	copies []Alike
}

// summed is what the entry of a line counts as.
func (r *reading) summed(l *Line) (counted, error) {
	skimmed, ok, err := skim(r, l)
	if err != nil || ok {
		return skimmed.counted, err
	}
	logged, err := newLogged(l)
	if err != nil {
		return counted{}, err
	}
	e, err := r.s.assemble(r, logged)
	if err != nil {
		return counted{}, err
	}
	all := e.Counts()
	return counted{e.At, all[0], all[1:]}, nil
}
