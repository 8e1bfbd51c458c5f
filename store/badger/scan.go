package badger

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

const (
	// chunkEntries is how many entries a scan reads before it hands them over.
	chunkEntries = 128
	// chunkLooks is how many it looks at to find them. It bounds how long a
	// snapshot stays open, and with it how long Close waits.
	chunkLooks = 4096
)

// Ledger yields the entries that match, newest first. Filters other than time
// are applied to every entry in that time: there is no index, which would cost
// every send.
func (s *Store) Ledger(ctx context.Context, f store.Filter) iter.Seq2[*store.Entry, error] {
	return s.entries(ctx, ledger, f)
}

// Violations yields the violations that match, newest first.
func (s *Store) Violations(ctx context.Context, f store.Filter) iter.Seq2[*store.Entry, error] {
	return s.entries(ctx, violations, f)
}

func (s *Store) entries(ctx context.Context, j journal, f store.Filter) iter.Seq2[*store.Entry, error] {
	return func(yield func(*store.Entry, error) bool) {
		sc, err := s.newScan(ctx, j, f)
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
	s       *Store
	journal journal
	filter  store.Filter
	// names are those of the person the filter names, with the time since when
	// they are.
	names  map[policy.Alias]policy.Moment
	from   policy.Moment
	before store.ID // all that are still to be read are older
	chunk  []*store.Entry
	left   int // entries still wanted; negative is no limit
	done   bool
}

func (s *Store) newScan(ctx context.Context, j journal, f store.Filter) (*scan, error) {
	sc := &scan{s: s, journal: j, filter: f, from: max(f.From, s.oldest(s.retention(j))), left: f.Limit, before: lastID}
	if f.Limit <= 0 {
		sc.left = -1
	}
	if f.To != 0 {
		sc.before = firstID(f.To)
	}
	if !f.Before.IsZero() && compareIDs(f.Before, sc.before) < 0 {
		sc.before = f.Before
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
	p := newPass(snap.txn, sc.journal, sc.before)
	defer p.close()
	for range chunkLooks {
		e, err := p.next()
		if err != nil {
			return err
		}
		if e == nil || e.ID.Moment() < sc.from {
			sc.done = true
			return nil
		}
		sc.before = e.ID
		if err := sc.take(snap, e); err != nil {
			return err
		}
		if len(sc.chunk) >= chunkEntries || len(sc.chunk) == sc.left {
			return nil
		}
	}
	return nil
}

// take adds an entry to the chunk if it matches.
func (sc *scan) take(snap snapshot, l *ledgerEntry) error {
	if err := l.readHead(); err != nil {
		return err
	}
	f, h := &sc.filter, l.head
	switch {
	case f.PhoneNumberID != "" && f.PhoneNumberID != h.Send.PhoneNumberID,
		f.Rule != "" && f.Rule != h.Decision.Rule,
		f.Category != "" && f.Category != h.Decision.Category,
		sc.names != nil && !sc.isTo(h, l.ID.Moment()):
		return nil
	}
	e, err := sc.s.assemble(snap, l, l.Settled)
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
