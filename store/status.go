package store

import (
	"bytes"
	"cmp"
	"time"

	"github.com/waguard/waguard/policy"
)

// statusLife is how long statuses are kept at least, also if the ledger isn't.
// Meta delivers webhooks again for 7 days and messages for up to 30.
const statusLife = 45 * 24 * time.Hour

// statusRecord joins what all statuses told about one message. Every field keeps
// the largest of the words on it, so that their order makes no difference.
type statusRecord struct {
	// Entry is the ledger entry of the message, where that was sent with an opaque
	// value and is settled. A later status must not be taken for that of another
	// send with the same value.
	Entry  *ID       `cbor:"1,keyasint,omitempty"`
	Status reached   `cbor:"2,keyasint,omitempty"`
	Failed failure   `cbor:"3,keyasint,omitempty"`
	Priced toldPrice `cbor:"4,keyasint,omitempty"`
	// Quarter is the number of the quarter of an hour in which the message was sent, in
	// records of earlier versions.
	Quarter int64 `cbor:"5,keyasint,omitempty"`
	// Delivered is when the message reached the person, by the earliest status that says
	// so; zero in records from before that was kept.
	Delivered policy.Moment `cbor:"6,keyasint,omitempty"`
	// Sent is the ledger entry of the message, if that is known and Entry doesn't say it.
	// Sums need it, and nothing else goes by it.
	Sent *ID `cbor:"7,keyasint,omitempty"`
	// Metered is what the message counts as, where it does and its send is settled.
	Metered *Metering `cbor:"8,keyasint,omitempty"`
	// AnswersAd: when it left, its recipient waited for an answer to what they had written
	// through an ad.
	AnswersAd bool `cbor:"9,keyasint,omitempty"`
	// Copies: statuses told of copies of the message, which went to a group. What became of
	// each has a record of its own; here is what became of any.
	Copies bool `cbor:"10,keyasint,omitempty"`
}

// sent is the ledger entry of the message; nil where nobody knows.
func (r *statusRecord) sent() *ID {
	if r.Entry != nil {
		return r.Entry
	}
	return r.Sent
}

// reached is how far the message got, by rank, then time.
type reached struct {
	Status policy.DeliveryStatus `cbor:"1,keyasint,omitempty"`
	At     policy.Moment         `cbor:"2,keyasint,omitempty"`
}

func (a reached) compare(b reached) int {
	return cmp.Or(cmp.Compare(a.Status.Rank(), b.Status.Rank()), cmp.Compare(a.At, b.At), cmp.Compare(a.Status, b.Status))
}

// failure is the newest error.
type failure struct {
	At   policy.Moment `cbor:"1,keyasint,omitempty"`
	Code int           `cbor:"2,keyasint,omitempty"`
}

func (a failure) compare(b failure) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Code, b.Code))
}

// toldPrice is the newest word on the price that names a category, else the newest.
type toldPrice struct {
	At      policy.Moment   `cbor:"1,keyasint,omitempty"`
	Pricing *policy.Pricing `cbor:"2,keyasint,omitempty"`
}

func (a toldPrice) compare(b toldPrice) int {
	switch {
	case b.Pricing == nil:
		return 1
	case a.Pricing == nil:
		return -1
	}
	p, q := a.Pricing, b.Pricing
	return cmp.Or(policy.CompareBools(p.Category != "", q.Category != ""), cmp.Compare(a.At, b.At), cmp.Compare(p.Category, q.Category), cmp.Compare(p.Type, q.Type),
		cmp.Compare(p.Model, q.Model), policy.CompareBools(p.Billable, q.Billable))
}

func (r *statusRecord) join(e policy.StatusChanged) {
	if s := (reached{e.Status, e.At}); r.Status.compare(s) < 0 {
		r.Status = s
	}
	if e.Status.Delivered() && (r.Delivered == 0 || e.At < r.Delivered) {
		r.Delivered = e.At
	}
	if f := (failure{e.At, e.ErrorCode}); e.Status == policy.StatusFailed && e.ErrorCode != 0 && r.Failed.compare(f) < 0 {
		r.Failed = f
	}
	if p := (toldPrice{e.At, e.Pricing}); e.Pricing != nil && r.Priced.compare(p) < 0 {
		r.Priced = p
	}
}

// merge joins what another record knows of the same message, or copy.
func (r *statusRecord) merge(other *statusRecord) {
	if r.Status.compare(other.Status) < 0 {
		r.Status = other.Status
	}
	if other.Delivered != 0 && (r.Delivered == 0 || other.Delivered < r.Delivered) {
		r.Delivered = other.Delivered
	}
	if r.Failed.compare(other.Failed) < 0 {
		r.Failed = other.Failed
	}
	if r.Priced.compare(other.Priced) < 0 {
		r.Priced = other.Priced
	}
}

// delivery is the record as a ledger entry shows it.
func (r *statusRecord) delivery() Delivery {
	d := Delivery{Status: r.Status.Status, At: r.Status.At, ErrorCode: r.Failed.Code, Pricing: r.Priced.Pricing, Delivered: r.Delivered}
	if d.Delivered == 0 && d.Status.Delivered() {
		d.Delivered = d.At
	}
	return d
}

// readStatus is what is known about a message; nothing if it is zero.
func readStatus(src values, wamid policy.Alias) (statusRecord, error) {
	value, err := src.get(aliasKey(statusPrefix, wamid))
	if err != nil || value == nil {
		return statusRecord{}, err
	}
	return decodeStatus(value)
}

// putStatus writes what is known about a message, for as long as its ledger
// entry is kept, which is no newer. Not all messages are in the ledger.
func (t *tx) putStatus(wamid policy.Alias, before, after statusRecord) error {
	value := appendStatus(t.scratch[:0], &after)
	t.scratch = appendStatus(value, &before)
	if bytes.Equal(t.scratch[len(value):], value) {
		return nil
	}
	for _, r := range []*statusRecord{&before, &after} {
		if id := r.sent(); id != nil {
			if err := t.correct(*id); err != nil {
				return err
			}
		}
	}
	return t.putStatusValue(wamid, value)
}

func (t *tx) putStatusValue(wamid policy.Alias, value []byte) error {
	return t.Put(aliasKey(statusPrefix, wamid), bytes.Clone(value), t.s.statusesKept())
}

// statusesKept is for how long what is known about a message is kept; 0 for ever.
func (s *Book) statusesKept() time.Duration {
	if kept := s.options.LedgerRetention; kept > 0 {
		return max(kept, statusLife) + keptLonger
	}
	return 0
}

func (t *tx) statusChanged(e policy.StatusChanged) error {
	names := t.s.aliases(e.Who)
	if e.Wamid == "" {
		return nil
	}
	wamid := t.s.wamidPseudonym(e.PhoneNumberID, e.Wamid)
	before, err := readStatus(t, wamid)
	if err != nil {
		return err
	}
	after := before
	after.join(e)
	if after.sent() == nil {
		after.Sent = t.s.sums.sentAs(wamid)
	}
	if err := t.priced(wamid, e.At, e.Pricing); err != nil {
		return err
	}
	if e.Opaque != "" && after.Entry == nil {
		to := names
		if !e.Group.IsZero() { // which the send named
			to = t.s.aliases([]policy.Identity{e.Group})
		}
		if err := t.messageSeen(t.s.OpaquePseudonym(e.PhoneNumberID, e.Opaque), message{Wamid: wamid, At: e.At, Who: to}); err != nil {
			return err
		}
	}
	copies, err := t.copyChanged(wamid, &e, names, &before, &after)
	if err != nil {
		return err
	}
	if err := t.statusMeters(e.PhoneNumberID, &before, &after, copies); err != nil {
		return err
	}
	if err := t.putStatus(wamid, before, after); err != nil {
		return err
	}
	if err := t.putCopies(wamid, copies); err != nil {
		return err
	}
	if err := t.answerTold(wamid, e.At, &after); err != nil {
		return err
	}
	if err := t.statusLimits(&e, names, after.Entry); err != nil {
		return err
	}
	optOut, isOptOut := e.OptOut()
	if !isOptOut {
		return nil
	}
	optOut.Ref = wamid.String()
	if len(names) > 0 {
		return t.say(names, optOut)
	}
	return t.stopUnnamed(&e, optOut, wamid, after.Entry)
}
