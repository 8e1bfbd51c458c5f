package store

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/waguard/waguard/policy"
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
	journal Journal
	from    policy.Moment // the oldest time
	before  ID            // all that are still to be read are older
	wanted  Columns       // what an engine may choose by
	done    bool
}

// read hands over the entries of the next chunk, until take has enough of them.
func (w *walk) read(r *reading, take func(*logged) (enough bool, err error)) error {
	looks := 0
	w.done = true
	return r.Walk(Walk{Journal: w.journal, From: FirstID(w.from), Before: w.before, Wanted: w.wanted}, func(l *Line) (enough bool, err error) {
		w.before = l.ID
		e, err := newLogged(l)
		if err != nil {
			return false, err
		}
		if enough, err = take(e); err != nil {
			return false, err
		}
		looks++
		enough = enough || looks == chunkLooks
		w.done = !enough
		return enough, nil
	})
}

// Ledger yields the entries that match, newest first. Filters other than time
// are applied to every entry in that time: there is no index, which would cost
// every send.
func (s *Book) Ledger(ctx context.Context, f Filter) iter.Seq2[*Entry, error] {
	return s.entries(ctx, Ledger, f)
}

// Violations yields the violations that match, newest first.
func (s *Book) Violations(ctx context.Context, f Filter) iter.Seq2[*Entry, error] {
	return s.entries(ctx, Violations, f)
}

func (s *Book) entries(ctx context.Context, j Journal, f Filter) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
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
	s      *Book
	filter Filter
	// contact is that of the person the filter names, and names are theirs.
	contact *policy.Contact
	names   []policy.Alias
	chunk   []*Entry
	left    int // entries still wanted; negative is no limit
}

func (s *Book) newScan(ctx context.Context, j Journal, f Filter) (*scan, error) {
	sc := &scan{
		walk: walk{journal: j, from: max(f.From, s.oldest(s.retention(j))), before: maxID},
		s:    s, filter: f, left: f.Limit,
	}
	sc.wanted = Columns{PhoneNumberID: f.PhoneNumberID, Template: f.Template, Sender: f.Sender}
	if f.Rule != policy.RuleSentToAnother { // it isn't one of an entry as it was entered
		sc.wanted.Rule = string(f.Rule)
	}
	if f.Limit <= 0 {
		sc.left = -1
	}
	if f.To != 0 {
		sc.before = FirstID(f.To)
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
func (sc *scan) fill(r *reading) error {
	sc.chunk = sc.chunk[:0]
	return sc.read(r, func(e *logged) (enough bool, err error) {
		err = sc.take(r, e)
		return len(sc.chunk) >= chunkEntries || len(sc.chunk) == sc.left, err
	})
}

// take adds an entry to the chunk if it matches.
func (sc *scan) take(r *reading, l *logged) error {
	if err := l.readHead(); err != nil {
		return err
	}
	f, h := &sc.filter, l.head
	switch {
	case f.PhoneNumberID != "" && f.PhoneNumberID != h.Send.PhoneNumberID,
		f.Rule != "" && !sc.hasRule(l, f.Rule),
		sc.journal == Violations && !h.violation() && !l.settled.strayed(),
		f.Sender != "" && f.Sender != h.Sender && f.Sender != h.Token,
		f.Template != "" && f.Template != h.Send.Template.Name,
		sc.names != nil && !sc.isTo(l):
		return nil
	}
	e, err := sc.s.assemble(r, l)
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
func (sc *scan) hasRule(l *logged, rule policy.Rule) bool {
	return rule == l.head.Decision.Rule || rule == policy.RuleSentToAnother && !l.head.violation() && l.settled.strayed()
}

// isTo reports that the send was for the person the filter names, or went to
// them, under a name that was theirs then.
func (sc *scan) isTo(l *logged) bool {
	at := l.ID.Moment()
	theirs := func(a policy.Alias) bool { return slices.Contains(sc.names, a) && sc.contact.Owns(a, at) }
	return slices.ContainsFunc(l.head.judged(), theirs) || l.settled.strayed() && theirs(*l.settled.Outcome.ReachedOther)
}
