package store

import (
	"context"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

// foldSums puts the corrections of a quarter into its sums; nil if they are gone.
func (s *Book) foldSums(ctx context.Context, q int64) (held *sumsRecord, err error) {
	defer s.sums.watchNone()
	for {
		if err := s.watch(ctx, q); err != nil {
			return nil, err
		}
		f, err := s.folding(ctx, q)
		if err != nil {
			return nil, err
		}
		if len(f.unlinked) > 0 {
			if err := s.link(ctx, f.unlinked); err != nil {
				return nil, err
			}
			continue
		}
		err = s.updateBulk(ctx, 1+len(f.changes), func(t *tx) (err error) {
			held, err = t.foldSums(q, f.changes)
			return err
		})
		if err != nil || held == nil || f.last {
			return held, err
		}
	}
}

// folding is what there is to be put into the sums of a quarter.
type folding struct {
	changes  []foldedEntry
	unlinked map[policy.Alias]ID
	last     bool
}

// foldedEntry is an entry with a correction that can go.
type foldedEntry struct {
	id ID
	// was and is are what it counts as, nil for nothing. One that is open from now on
	// keeps a correction.
	was, is *counted
	open    bool
}

func (s *Book) folding(ctx context.Context, q int64) (*folding, error) {
	f := &folding{unlinked: make(map[policy.Alias]ID), last: true}
	err := s.view(ctx, func(r *reading) error {
		return r.corrections(q, -1, func(c correction) error {
			if len(f.changes) == correctedAtOnce {
				f.last = false
				return nil
			}
			l, err := r.Find(Ledger, c.id)
			if err != nil {
				return err
			}
			if l == nil {
				if c.Was == nil {
					f.changes = append(f.changes, foldedEntry{id: c.id})
				}
				return nil
			}
			k, ok, err := skim(r, l)
			if err != nil {
				return err
			}
			e := foldedEntry{id: c.id}
			switch {
			case ok && k.wamid != nil && k.entry.IsZero():
				f.unlinked[*k.wamid] = c.id
				return nil
			case ok && k.closed(c.id):
				e.is = &k.counted
			case c.Was == nil:
				return nil // it stays as it is
			default:
				e.open = true
				if k.counted, err = r.summed(l); err != nil {
					return err
				}
			}
			if c.Was != nil {
				was := c.was(&k.counted)
				e.was = &was
			}
			f.changes = append(f.changes, e)
			return nil
		})
	})
	return f, err
}

// foldSums changes the sums of a quarter, as far as nothing happened to the entries
// meanwhile. It is nil where there are none any more.
func (t *tx) foldSums(q int64, changes []foldedEntry) (*sumsRecord, error) {
	value, err := t.get(sumsKey(q))
	if err != nil {
		return nil, err
	}
	held := t.s.heldSums(value)
	if held == nil || len(changes) == 0 {
		return held, nil
	}
	touched, err := t.disturbed(q)
	if err != nil {
		return nil, err
	}
	sums := newTally()
	if err := sums.addPacked(q, held.Packed); err != nil {
		return nil, t.Delete(sumsKey(q))
	}
	for i := range changes {
		e := &changes[i]
		if touched[e.id] {
			continue
		}
		if e.was != nil {
			sums.addEntry(q, e.was, -1)
		}
		if e.is != nil {
			sums.addEntry(q, e.is, 1)
		}
		if e.open {
			err = t.put(correctionKey(e.id), &correctionRecord{}, 0)
		} else {
			err = t.Delete(correctionKey(e.id))
		}
		if err != nil {
			return nil, err
		}
	}
	if sums.negative() { // which can't be
		t.s.log.Error("sums of a quarter of an hour of the ledger contradict their corrections; they are made anew", zap.Time("quarter", beginOf(q).Time()))
		return nil, t.Delete(sumsKey(q))
	}
	return held, t.putSums(q, sums)
}
