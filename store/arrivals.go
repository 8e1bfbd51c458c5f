package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/waguard/waguard/policy"
)

// Account events lie under the time that Meta gives them, and may come days later. So that
// whoever reads on, from where they were, finds those that have come since, each leaves a
// note under the time it came. So does the erasure of a person that receivers of events are
// to hear of.

// arrivalRecord is such a note.
type arrivalRecord struct {
	// Event is an account event.
	Event EventID `cbor:"1,keyasint,omitzero"`
	// Erased are the names of a person whose data was erased, and At is when that was.
	Erased []policy.Alias `cbor:"2,keyasint,omitempty"`
	At     policy.Moment  `cbor:"3,keyasint,omitempty"`
}

const (
	// arrivalsKept is how long what came in is noted: no endpoint that answers is as far
	// behind. Longer than that nothing waits.
	arrivalsKept = 30 * 24 * time.Hour
	// ErasedToldFor is how long the names of an erased person are kept for those who are to
	// be told of it. Retries end after three days.
	ErasedToldFor = 7 * 24 * time.Hour
)

// ArrivalID names a note. Ids sort by the time it was made.
type ArrivalID [16]byte

// Moment is when something came.
func (id ArrivalID) Moment() policy.Moment {
	return policy.Moment(binary.BigEndian.Uint64(id[:8]) >> 12)
}

// FirstArrival is smaller than the ids of all that came at the time or later, and larger
// than those before.
func FirstArrival(at policy.Moment) (id ArrivalID) {
	binary.BigEndian.PutUint64(id[:8], uint64(max(at, 0))<<12)
	return id
}

// arrived notes that something came in.
func (t *tx) arrived(a *arrivalRecord) error {
	value, err := encode(a)
	if err != nil {
		return err
	}
	keep := arrivalsKept
	if a.Erased != nil {
		keep = ErasedToldFor
	}
	hash := sha256.Sum256(value)
	key := binary.BigEndian.AppendUint64([]byte{arrivalPrefix}, t.s.versions.next(policy.MomentOf(t.s.options.Now())))
	return t.Put(append(key, hash[:8]...), value, keep)
}

// Arrival is something that came in.
type Arrival struct {
	ID ArrivalID
	// Event is an account event; nil where it is no longer kept, or where a person was
	// erased: then Erased are the names they had, and At is when.
	Event  *AccountEvent
	Erased []policy.Alias
	At     policy.Moment
}

// Arrivals are the ids of what came in, from one on and before another, the oldest first,
// and the first that was not read.
func (s *Book) Arrivals(ctx context.Context, from, before ArrivalID, most int) (ids []ArrivalID, next ArrivalID, err error) {
	err = s.view(ctx, func(r *reading) error {
		ids, next = nil, before
		// An engine reads forwards from the beginning of a prefix alone. What came in lately is
		// few, so it is read back from the end.
		bound := append([]byte{arrivalPrefix}, before[:]...)
		return r.ScanBack([]byte{arrivalPrefix}, bound, func(key, _ []byte) (bool, error) {
			id := ArrivalID(key[1:])
			if compareIDs(ID(id), ID(before)) >= 0 {
				return false, nil
			}
			if compareIDs(ID(id), ID(from)) < 0 {
				return true, nil
			}
			ids = append(ids, id)
			return false, ctx.Err()
		})
	})
	if err != nil {
		return nil, from, fmt.Errorf("reading what came in: %w", err)
	}
	for i, j := 0, len(ids)-1; i < j; i, j = i+1, j-1 {
		ids[i], ids[j] = ids[j], ids[i]
	}
	if len(ids) > most {
		ids, next = ids[:most], ids[most]
	}
	return ids, next, nil
}

// Arrival is what came in under an id, or [ErrNotFound].
func (s *Book) Arrival(ctx context.Context, id ArrivalID) (a *Arrival, err error) {
	err = s.view(ctx, func(r *reading) (err error) {
		if a, err = r.arrival(id); err == nil && a == nil {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading what came in: %w", err)
	}
	return a, nil
}

// arrival is what came in under an id; nil where it is no longer kept.
func (r *reading) arrival(id ArrivalID) (*Arrival, error) {
	value, err := r.get(append([]byte{arrivalPrefix}, id[:]...))
	if err != nil || value == nil {
		return nil, err
	}
	var record arrivalRecord
	if err := decode(value, &record); err != nil {
		return nil, err
	}
	if record.Erased != nil {
		if id.Moment() <= policy.MomentOf(r.s.options.Now()).Add(-ErasedToldFor) { // an engine may keep it longer
			return nil, nil
		}
		return &Arrival{ID: id, Erased: record.Erased, At: record.At}, nil
	}
	value, err = r.get(append([]byte{eventPrefix}, record.Event[:]...))
	if err != nil || value == nil {
		return nil, err
	}
	e := &AccountEvent{ID: record.Event}
	if err := decode(value, &e.AccountEvent); err != nil {
		return nil, err
	}
	if e.PhoneNumberID == "" && e.Display != "" {
		if e.PhoneNumberID, err = r.numberShown(e.Display); err != nil {
			return nil, err
		}
	}
	return &Arrival{ID: id, Event: e, At: e.At}, nil
}
