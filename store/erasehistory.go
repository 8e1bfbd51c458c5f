package store

import (
	"bytes"
	"context"
	"slices"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/policy"
)

// history erases the consent records of the person, and closes their leaves.
func (w *eraser) history(ctx context.Context) error {
	type found struct {
		key []byte
		at  policy.Moment
		id  RecordID
	}
	var all []found
	err := w.s.view(ctx, func(r *reading) error {
		for _, name := range w.job.Names {
			err := r.Scan(aliasKey(historyPrefix, name), func(key, value []byte) (bool, error) {
				var record ConsentRecord
				if err := decode(value, &record); err != nil {
					return false, err
				}
				if record.Recorded <= w.job.Erasure.At || w.dryRun {
					key = bytes.Clone(key)
					all = append(all, found{key, record.At, RecordID(key[25:])})
				}
				return false, ctx.Err()
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b found) int { return bytes.Compare(a.key[17:], b.key[17:]) })
	distinct := slices.CompactFunc(slices.Clone(all), func(a, b found) bool { return bytes.Equal(a.key[17:], b.key[17:]) })
	w.counts.Consents = len(distinct)
	if w.dryRun {
		return nil
	}
	for len(all) > 0 {
		n := 0
		for n < len(all) && (n < eraseAtOnce || bytes.Equal(all[n].key[17:], all[n-1].key[17:])) {
			n++
		}
		some := all[:n]
		all = all[n:]
		closed := 0
		err := w.s.update(ctx, func(t *tx) error {
			closed = 0
			leaves := make(map[uint32][]uint64)
			for _, f := range some {
				place, gone, err := t.eraseRecord(f.key, f.id, f.at)
				if err != nil {
					return err
				}
				if gone {
					leaves[place.Epoch] = append(leaves[place.Epoch], place.Index)
					closed++
				}
			}
			return t.enterErased(leaves, w.job.Erasure.At)
		})
		if err != nil {
			return err
		}
		w.counts.Leaves += closed
	}
	return nil
}

// eraseRecord deletes a record of the history, and takes from its leaf what leads to it.
func (t *tx) eraseRecord(key []byte, id RecordID, at policy.Moment) (place placeRecord, closed bool, err error) {
	if err := t.Delete(key); err != nil {
		return place, false, err
	}
	placed := placeKey(id, at)
	value, err := t.get(placed)
	if err != nil || value == nil { // it has none, or went with another copy
		return place, false, err
	}
	if err := decode(value, &place); err != nil {
		return place, false, err
	}
	opening, err := readRecord[openingRecord](t, openingKey(place.Epoch, place.Index))
	if err != nil {
		return place, false, err
	}
	for _, name := range opening.Names { // also those that are somebody else's by now
		if err := t.Delete(historyKey(name, opening.At, opening.ID)); err != nil {
			return place, false, err
		}
	}
	if err := t.put(openingKey(place.Epoch, place.Index), openingRecord{Leaf: opening.Leaf}, 0); err != nil {
		return place, false, err
	}
	return place, true, t.Delete(placed)
}

// eraseSubject deletes the random name that leaves have for somebody: who comes back gets
// another one.
func (t *tx) eraseSubject(name policy.Alias) error {
	value, err := t.get(subjectKey(name))
	if err != nil || value == nil {
		return err
	}
	return t.Delete(subjectKey(name))
}

// enterErased enters into the log which leaves' records were erased.
func (t *tx) enterErased(leaves map[uint32][]uint64, at policy.Moment) error {
	if len(leaves) == 0 {
		return nil
	}
	if _, err := t.log(); err != nil {
		return err
	}
	text, err := audit.Encode(audit.NewErased(leaves, at.Time()))
	if err != nil {
		return err
	}
	return t.addLeaf(text, openingRecord{})
}
