package badger

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

const (
	// chunkEntries is how many entries a scan reads before it hands them over.
	chunkEntries = 128
	// chunkKeys is how many records it looks at to find them. It bounds how long
	// a snapshot stays open, and with it how long Close waits.
	chunkKeys = 4096
)

// Ledger yields the entries that match, newest first. Filters other than time
// are applied to every entry in that time: there is no index, which would cost
// every send.
func (s *Store) Ledger(ctx context.Context, f store.Filter) iter.Seq2[*store.Entry, error] {
	return s.entries(ctx, ledgerPrefix, f)
}

// Violations yields the violations that match, newest first.
func (s *Store) Violations(ctx context.Context, f store.Filter) iter.Seq2[*store.Entry, error] {
	return s.entries(ctx, violationPrefix, f)
}

func (s *Store) entries(ctx context.Context, prefix byte, f store.Filter) iter.Seq2[*store.Entry, error] {
	return func(yield func(*store.Entry, error) bool) {
		sc, err := s.newScan(ctx, prefix, f)
		for err == nil && !sc.done {
			// Nothing is held while the consumer runs: every chunk has a snapshot
			// of its own.
			if err = s.view(ctx, sc.read); err != nil {
				break
			}
			for _, e := range sc.chunk {
				if !yield(e, nil) {
					return
				}
				if sc.left--; sc.left == 0 {
					return
				}
			}
		}
		if err != nil {
			yield(nil, fmt.Errorf("reading the ledger: %w", err))
		}
	}
}

// scan goes through entries from new to old, in chunks.
type scan struct {
	s      *Store
	prefix byte
	filter store.Filter
	// names are those of the person the filter names, with the time since when
	// they are.
	names map[policy.Alias]policy.Moment
	from  policy.Moment
	next  []byte // every key read from here on is smaller
	chunk []*store.Entry
	left  int // entries still wanted; negative is no limit
	done  bool
}

func (s *Store) newScan(ctx context.Context, prefix byte, f store.Filter) (*scan, error) {
	sc := &scan{s: s, prefix: prefix, filter: f, from: max(f.From, s.oldest(s.retention(prefix))), left: f.Limit}
	if f.Limit <= 0 {
		sc.left = -1
	}
	sc.next = ledgerEnd(prefix)
	if f.To != 0 {
		sc.next = ledgerUntil(prefix, f.To)
	}
	if !f.Before.IsZero() {
		if before := ledgerBefore(prefix, f.Before); bytes.Compare(before, sc.next) < 0 {
			sc.next = before
		}
	}
	if f.Contact.IsZero() {
		return sc, nil
	}
	a := s.Pseudonym(f.Contact)
	contacts, err := s.contacts(ctx, []policy.Alias{a})
	if err != nil {
		return nil, err
	}
	sc.names = make(map[policy.Alias]policy.Moment)
	for _, name := range namesOf(contacts[0], a) {
		sc.names[name] = newSince(contacts[0], name)
	}
	return sc, nil
}

// read fills the next chunk.
func (sc *scan) read(snap snapshot) error {
	sc.chunk = sc.chunk[:0]
	o := badger.DefaultIteratorOptions
	o.Reverse = true
	o.Prefix = []byte{sc.prefix}
	it := snap.txn.NewIterator(o)
	defer it.Close()
	// Of one entry the settlement has the larger key and comes first.
	var settled *settlement
	var settledID store.ID
	keys := 0
	for it.Seek(sc.next); it.Valid(); it.Next() {
		key := it.Item().Key()
		if bytes.Compare(key, sc.next) >= 0 {
			continue
		}
		id, part := splitLedgerKey(key)
		if id.Moment() < sc.from {
			break
		}
		if part == settlementPart {
			settled, settledID = new(settlement), id
			if err := it.Item().Value(func(value []byte) error { return decode(value, settled) }); err != nil {
				return err
			}
			continue
		}
		if id != settledID {
			settled = nil
		}
		var r ledgerRecord
		if err := it.Item().Value(func(value []byte) error { return decode(value, &r) }); err != nil {
			return err
		}
		if settled == nil {
			settled = r.Settled
		}
		if err := sc.take(snap, r, settled, id); err != nil {
			return err
		}
		sc.next = ledgerBefore(sc.prefix, id)
		if keys++; len(sc.chunk) >= chunkEntries || keys >= chunkKeys || len(sc.chunk) == sc.left {
			return nil
		}
	}
	sc.done = true
	return nil
}

// take adds an entry to the chunk if it matches.
func (sc *scan) take(snap snapshot, r ledgerRecord, settled *settlement, id store.ID) error {
	var h entryHead
	if err := decode(r.Entry, &h); err != nil {
		return err
	}
	f := &sc.filter
	switch {
	case f.PhoneNumberID != "" && f.PhoneNumberID != h.Send.PhoneNumberID,
		f.Rule != "" && f.Rule != h.Decision.Rule,
		f.Category != "" && f.Category != h.Decision.Category,
		sc.names != nil && !sc.isTo(&h, id.Moment()):
		return nil
	}
	e, err := sc.s.assemble(snap, r, settled)
	if err != nil {
		return err
	}
	sc.chunk = append(sc.chunk, e)
	return nil
}

// isTo reports that the send went to the person the filter names, under a name
// that was theirs then.
func (sc *scan) isTo(h *entryHead, at policy.Moment) bool {
	return slices.ContainsFunc(h.contacts(), func(a policy.Alias) bool {
		since, ok := sc.names[a]
		return ok && (since == 0 || at > since)
	})
}
