package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"

	"github.com/waguard/waguard/policy"
)

// recordOf is the statement a change holds on consent, or on whose a name is, as the
// history keeps it; false where it holds none.
func (t *tx) recordOf(ch *policy.Change) (ConsentRecord, bool) {
	switch e := ch.Event.(type) {
	case policy.NewPerson:
		return ConsentRecord{At: e.At, Recorded: e.Recorded, Handover: HandedOver, Source: policy.SourceOperator, Actor: e.Actor}, true
	case policy.NewPersonUndone:
		return ConsentRecord{At: e.At, Recorded: e.Recorded, Handover: HandoverUndone, Source: policy.SourceOperator, Actor: e.Actor}, true
	}
	e, ok := ch.Event.(policy.ConsentChanged)
	if !ok {
		return ConsentRecord{}, false
	}
	scopes := slices.Clone(e.Scopes)
	slices.Sort(scopes)
	return ConsentRecord{
		At: e.At, PhoneNumberID: e.PhoneNumberID, State: e.State, Scopes: slices.Compact(scopes), Source: e.Source,
		Ref: t.s.evidence(e.PhoneNumberID, e.Ref), Recorded: e.Recorded, General: e.General, Tap: e.Tap, Actor: e.Actor, Reviewed: e.Reviewed,
		Evidence: e.Evidence, Lacks: e.Lacks,
	}, true
}

// say records what a person with these names said on consent.
func (t *tx) say(names []policy.Alias, e policy.ConsentChanged) error {
	return t.change(&policy.Change{Event: e, Names: names})
}

// notBefore is at, or the time of the newest thing the person did as far as is
// known. What our clock dates and is learned now comes after that, whatever
// WhatsApp's says.
func (t *tx) notBefore(names []policy.Alias, at policy.Moment) (policy.Moment, error) {
	for _, a := range names {
		c, err := t.contact(a)
		if err != nil {
			return 0, err
		}
		at = max(at, c.Heard())
	}
	return at, nil
}

// told is when the gateway heard of the same record before, nil if it never did. A
// record that is dated when it comes in is another one each time.
func (t *tx) told(ch *policy.Change, record ConsentRecord) (*policy.Moment, error) {
	if e, ok := ch.Event.(policy.ConsentChanged); !ok || e.Recorded != 0 || e.OfNow() {
		return nil, nil
	}
	hash, err := recordHash(ch.Names, record)
	if err != nil {
		return nil, err
	}
	value, err := t.get(historyKey(ch.Names[0], record.At, hash))
	if value == nil || err != nil {
		return nil, err
	}
	var known ConsentRecord
	return &known.Recorded, decode(value, &known)
}

// recordHash covers a record and all the names it came with, but not what was noted
// about it: the same record told again has the same hash.
func recordHash(names []policy.Alias, record ConsentRecord) ([8]byte, error) {
	record.Alias, record.Recorded, record.General, record.Tap, record.Lacks = policy.Alias{}, 0, false, false, nil
	value, err := encode(record)
	if err != nil {
		return [8]byte{}, err
	}
	h := sha256.New()
	h.Write(value)
	for _, a := range names {
		h.Write(a[:])
	}
	return [8]byte(h.Sum(nil)), nil
}

// remember adds a record to the history, under each of the names: when one of them
// goes to somebody else, the others keep it. The copies under several names are
// known as one by their hash, and the same record told again is there already. A new
// one gets its leaf in the log.
func (t *tx) remember(names []policy.Alias, record ConsentRecord) error {
	hash, err := recordHash(names, record)
	if err != nil {
		return err
	}
	var copies []copied
	for _, a := range names {
		key := historyKey(a, record.At, hash)
		if known, err := t.get(key); err != nil || known != nil {
			if err != nil {
				return err
			}
			continue
		}
		record.Alias = a
		value, err := encode(record)
		if err != nil {
			return err
		}
		if err := t.Put(key, value, 0); err != nil {
			return err
		}
		copies = append(copies, copied{a, key, value})
	}
	if len(copies) == 0 {
		return nil
	}
	return t.enter(copies, &record, hash, false)
}

// History yields every consent record by the person behind an identity, under
// any of their names, newest first. What was said under a name before it was theirs
// is marked as a former one's, and so is who said that the name is somebody else's.
func (s *Book) History(ctx context.Context, who policy.Identity) iter.Seq2[*ConsentRecord, error] {
	return func(yield func(*ConsentRecord, error) bool) {
		people, err := s.lookUp(ctx, []policy.Identity{who})
		var records []*ConsentRecord
		if err == nil {
			records, err = s.history(ctx, people[0].Name)
		}
		if err != nil {
			yield(nil, fmt.Errorf("reading the history of %s: %w", s.Pseudonym(who), err))
			return
		}
		for _, w := range records {
			if !yield(w, nil) {
				return
			}
		}
	}
}

// history collects the records of one person: they are few.
func (s *Book) history(ctx context.Context, a policy.Alias) ([]*ConsentRecord, error) {
	type record struct {
		key []byte // time and hash
		*ConsentRecord
	}
	var records []record
	err := s.view(ctx, func(r *reading) error {
		c, err := r.contact(a)
		if err != nil {
			return err
		}
		for _, name := range c.Names(a) {
			err := r.Scan(aliasKey(historyPrefix, name), func(key, value []byte) (enough bool, err error) {
				var w ConsentRecord
				if err := decode(value, &w); err != nil {
					return false, err
				}
				w.ID = RecordID(key[len(key)-len(w.ID):])
				w.Former = w.Handover == "" && !c.Counts(name, w.State, w.At, w.Recorded)
				records = append(records, record{bytes.Clone(key[17:]), &w})
				return false, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// Newest first; the copies of one record next to each other, one that is not a
	// former person's before the others, under the smallest name. The sort is stable
	// and the names are sorted.
	slices.SortStableFunc(records, func(x, y record) int {
		if d := bytes.Compare(x.key, y.key); d != 0 || x.Former == y.Former {
			return -d
		} else if x.Former {
			return 1
		}
		return -1
	})
	records = slices.CompactFunc(records, func(x, y record) bool { return bytes.Equal(x.key, y.key) })
	out := make([]*ConsentRecord, len(records))
	for i, w := range records {
		out[i] = w.ConsentRecord
	}
	return out, nil
}
