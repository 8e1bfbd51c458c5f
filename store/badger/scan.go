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
	// chunkLooks is how many entries a walk looks at in one snapshot. It bounds how
	// long that stays open, and with it how long Close waits.
	chunkLooks = 4096
)

// walk goes through a journal from new to old, in a snapshot for each chunk.
type walk struct {
	journal journal
	from    policy.Moment // the oldest time
	before  store.ID      // all that are still to be read are older
	done    bool
}

// read hands over the entries of the next chunk, until take has enough of them.
func (w *walk) read(snap snapshot, take func(*ledgerEntry) (enough bool, err error)) error {
	p := newPass(snap.txn, w.journal, w.before)
	defer p.close()
	for range chunkLooks {
		e, err := p.next()
		if err != nil {
			return err
		}
		if e == nil || e.ID.Moment() < w.from {
			w.done = true
			return nil
		}
		w.before = e.ID
		if enough, err := take(e); enough || err != nil {
			return err
		}
	}
	return nil
}

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
			if err = s.view(ctx, sc.fill); err != nil {
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

// scan is a walk that finds what matches a filter.
type scan struct {
	walk
	s      *Store
	filter store.Filter
	// contact is that of the person the filter names, and names are theirs.
	contact *policy.Contact
	names   []policy.Alias
	chunk   []*store.Entry
	left    int // entries still wanted; negative is no limit
}

func (s *Store) newScan(ctx context.Context, j journal, f store.Filter) (*scan, error) {
	sc := &scan{
		walk: walk{journal: j, from: max(f.From, s.oldest(s.retention(j))), before: lastID},
		s:    s, filter: f, left: f.Limit,
	}
	if f.Limit <= 0 {
		sc.left = -1
	}
	if f.To != 0 {
		sc.before = store.FirstID(f.To)
	}
	if !f.Before.IsZero() && compareIDs(f.Before, sc.before) < 0 {
		sc.before = f.Before
	}
	if f.Contact.IsZero() {
		return sc, nil
	}
	people, err := s.lookUp(ctx, []policy.Identity{f.Contact})
	if err != nil {
		return nil, err
	}
	sc.contact = people[0].Contact
	sc.names = sc.contact.Names(people[0].Name)
	return sc, nil
}

// fill fills the next chunk.
func (sc *scan) fill(snap snapshot) error {
	sc.chunk = sc.chunk[:0]
	return sc.read(snap, func(e *ledgerEntry) (enough bool, err error) {
		err = sc.take(snap, e)
		return len(sc.chunk) >= chunkEntries || len(sc.chunk) == sc.left, err
	})
}

// take adds an entry to the chunk if it matches.
func (sc *scan) take(snap snapshot, l *ledgerEntry) error {
	if err := l.readHead(); err != nil {
		return err
	}
	f, h := &sc.filter, l.head
	switch {
	case f.PhoneNumberID != "" && f.PhoneNumberID != h.Send.PhoneNumberID,
		f.Rule != "" && !sc.hasRule(l, f.Rule),
		sc.journal == violations && !h.violation() && !l.Settled.strayed(),
		f.Sender != "" && f.Sender != h.Sender && f.Sender != h.Token,
		f.Template != "" && f.Template != h.Send.Template.Name,
		sc.names != nil && !sc.isTo(l):
		return nil
	}
	e, err := sc.s.assemble(snap, l, l.Settled)
	if err != nil {
		return err
	}
	if f.Category != "" && f.Category != e.Category() || f.Outcome != "" && f.Outcome != e.Outcome.State {
		return nil
	}
	sc.chunk = append(sc.chunk, e)
	return nil
}

// hasRule reports that the rule decided about the send, or what became of it is
// a violation by that name.
func (sc *scan) hasRule(l *ledgerEntry, rule policy.Rule) bool {
	return rule == l.head.Decision.Rule || rule == policy.RuleSentToAnother && !l.head.violation() && l.Settled.strayed()
}

// isTo reports that the send was for the person the filter names, or went to
// them, under a name that was theirs then.
func (sc *scan) isTo(l *ledgerEntry) bool {
	at := l.ID.Moment()
	theirs := func(a policy.Alias) bool { return slices.Contains(sc.names, a) && sc.contact.Owns(a, at) }
	return slices.ContainsFunc(l.head.judged(), theirs) || l.Settled.strayed() && theirs(*l.Settled.Outcome.ReachedOther)
}
