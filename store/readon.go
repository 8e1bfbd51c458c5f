package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/policy"
)

// Whoever tells others what happens reads on, from where they were, in the lists in which
// things are written down anyway: a thing that is on disk is one that will be told, and the
// path of sends knows nothing of it. Each list has an order of its own:
//
//   - consent records by their leaves in the log, which are numbered without a gap in the
//     order of the transactions that wrote them;
//   - violations by their ids, which are of the time of the decision. One may be written a
//     little later than one that was decided after it;
//   - what came in by [ArrivalID], with the same reservation.

// LeafPlace is a place in the log of consent records.
type LeafPlace struct {
	Epoch uint32 `cbor:"1,keyasint,omitempty"`
	Index uint64 `cbor:"2,keyasint,omitempty"`
}

// ConsentTold is what a leaf of the log tells.
type ConsentTold struct {
	Place LeafPlace
	// Leaf is what it says without the person's names; nil where it is no consent record.
	Leaf *audit.Leaf
	// Hash is that of the leaf: it names the record in every copy of the log.
	Hash audit.Hash
	// Contact is who it is about; zero where their data was erased since.
	Contact policy.ContactID
}

// LogEnd is where the next leaf will be.
func (s *Book) LogEnd(ctx context.Context) (at LeafPlace, err error) {
	err = s.view(ctx, func(r *reading) error {
		head, err := readRecord[logHead](r, logHeadKey)
		at = LeafPlace{head.Epoch, head.Size}
		return err
	})
	return at, err
}

// ConsentsFrom reads the leaves from a place on, and says where to go on.
func (s *Book) ConsentsFrom(ctx context.Context, from LeafPlace, most int) (list []*ConsentTold, next LeafPlace, err error) {
	err = s.view(ctx, func(r *reading) error {
		list, next = nil, from
		head, err := readRecord[logHead](r, logHeadKey)
		if err != nil {
			return err
		}
		for len(list) < most {
			told, err := r.consentTold(next)
			switch {
			case err != nil:
				return err
			case told != nil:
				list = append(list, told)
				next.Index++
			case next.Epoch < head.Epoch: // nothing is added to a tree once there is a newer one
				next = LeafPlace{Epoch: next.Epoch + 1}
			default:
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return nil, from, fmt.Errorf("reading consent records: %w", err)
	}
	return list, next, nil
}

// ConsentAt is what the leaf at a place tells, or [ErrNotFound].
func (s *Book) ConsentAt(ctx context.Context, at LeafPlace) (told *ConsentTold, err error) {
	err = s.view(ctx, func(r *reading) (err error) {
		if told, err = r.consentTold(at); err == nil && told == nil {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a consent record: %w", err)
	}
	return told, nil
}

// consentTold is what a leaf tells; nil where there is none.
func (r *reading) consentTold(at LeafPlace) (*ConsentTold, error) {
	values, err := r.Get(leafKey(at.Epoch, at.Index), openingKey(at.Epoch, at.Index))
	if err != nil || values[0] == nil || values[1] == nil {
		return nil, err
	}
	var text []byte
	var opening openingRecord
	if err := decode(values[0], &text); err != nil {
		return nil, err
	}
	if err := decode(values[1], &opening); err != nil {
		return nil, err
	}
	told := &ConsentTold{Place: at, Hash: opening.Leaf}
	var leaf audit.Leaf
	if err := json.Unmarshal(text, &leaf); err != nil {
		return nil, fmt.Errorf("%w: a leaf of the log: %w", ErrUnreadable, err)
	}
	if leaf.Schema == audit.ConsentSchema && leaf.Handover == "" && !leaf.BeforeLog {
		told.Leaf = &leaf
	}
	if len(opening.Names) > 0 {
		c, err := r.contact(opening.Names[0])
		if err != nil {
			return nil, err
		}
		if told.Contact = c.ID(); len(c.Members) == 0 {
			told.Contact = policy.ContactID(opening.Names[0])
		}
	}
	return told, nil
}

// ViolationIDs are the ids of violations from one on and before another, the oldest first,
// as many as one likes to have at most, and the first id that was not looked at. Of one
// millisecond all are given.
func (s *Book) ViolationIDs(ctx context.Context, from, before ID, most int) (ids []ID, next ID, err error) {
	from = laterID(from, FirstID(s.oldest(s.retention(Violations))))
	// Journals are read from new to old: a time that has too many is divided.
	for next = before; ; {
		ids = ids[:0]
		single := next.Moment() <= from.Moment()+1
		err := s.view(ctx, func(r *reading) error {
			ids = ids[:0]
			return r.Walk(Walk{Journal: Violations, From: from, Before: next}, func(l *Line) (bool, error) {
				ids = append(ids, l.ID)
				return len(ids) > most && !single, ctx.Err()
			})
		})
		if err != nil {
			return nil, from, fmt.Errorf("reading violations: %w", err)
		}
		if len(ids) <= most || single {
			slices.Reverse(ids)
			return ids, next, nil
		}
		// What was read are the newest: the rest is older than the last of these.
		last := ids[len(ids)-1].Moment()
		middle := from.Moment() + (min(last, next.Moment())-from.Moment())/2
		next = FirstID(max(middle, from.Moment()+1))
	}
}

func laterID(a, b ID) ID {
	if compareIDs(a, b) < 0 {
		return b
	}
	return a
}

// Violation is a violation by its id, and whether the data of its person was erased; it
// names nobody then. It is [ErrNotFound] where it is no longer kept.
func (s *Book) Violation(ctx context.Context, id ID) (e *Entry, erased bool, err error) {
	err = s.view(ctx, func(r *reading) error {
		l, err := r.violation(id)
		if err != nil {
			return err
		}
		if l == nil {
			return ErrNotFound
		}
		entry, err := newLogged(l)
		if err != nil {
			return err
		}
		if e, err = s.assemble(r, entry); err != nil {
			return err
		}
		erased = entry.head.Erased
		return nil
	})
	if err != nil {
		return nil, false, fmt.Errorf("reading violation %s: %w", id, err)
	}
	return e, erased, nil
}

// violation is the line of one; nil where it is no longer kept.
func (r *reading) violation(id ID) (*Line, error) {
	for _, j := range []Journal{Ledger, Violations} { // violations may be kept longer
		if r.s.expired(id, r.s.retention(j)) {
			continue
		}
		if l, err := r.Find(j, id); l != nil || err != nil {
			return l, err
		}
	}
	return nil, nil
}

// tellable reports that what an event tells is still there.
func (r *reading) tellable(ref *EventRef, now policy.Moment) (bool, error) {
	switch ref.Log {
	case LogViolations:
		l, err := r.violation(ref.ID)
		return l != nil, err
	case LogConsents:
		told, err := r.consentTold(ref.Leaf)
		return told != nil, err
	case LogArrivals:
		a, err := r.arrival(ref.ID)
		return a != nil, err
	case LogWindows:
		return ref.Window != nil && ref.Window.Ends > now, nil
	}
	return false, nil
}
