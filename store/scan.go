package store

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

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
	return w.lines(r, func(l *Line) (enough bool, err error) {
		e, err := newLogged(l)
		if err != nil {
			return false, err
		}
		return take(e)
	})
}

// lines hands over the lines of the next chunk, until take has enough of them.
func (w *walk) lines(r *reading, take func(*Line) (enough bool, err error)) error {
	looks := 0
	w.done = true
	return r.Walk(Walk{Journal: w.journal, From: FirstID(w.from), Before: w.before, Wanted: w.wanted}, func(l *Line) (enough bool, err error) {
		w.before = l.ID
		if enough, err = take(l); err != nil {
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

// Heads yields the heads of the entries of a journal that match, newest first.
func (s *Book) Heads(ctx context.Context, j Journal, f Filter) iter.Seq2[*Head, error] {
	return scanned(ctx, s, j, f, (*scan).head)
}

func (s *Book) entries(ctx context.Context, j Journal, f Filter) iter.Seq2[*Entry, error] {
	return scanned(ctx, s, j, f, (*scan).entry)
}

// scanned yields what is made of the entries that match; nil is left out.
func scanned[T any](ctx context.Context, s *Book, j Journal, f Filter, as func(*scan, *reading, *logged) (*T, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		var chunk []*T
		scans, err := s.scans(ctx, j, f)
		for _, sc := range scans {
			for err == nil && !sc.done {
				// Nothing is held while the consumer runs: every chunk has a snapshot
				// of its own.
				chunk = chunk[:0]
				err = s.view(ctx, func(r *reading) error {
					return sc.read(r, func(l *logged) (enough bool, err error) {
						matches, err := sc.matches(r, l)
						if !matches || err != nil {
							return false, err
						}
						found, err := as(sc, r, l)
						if found != nil {
							chunk = append(chunk, found)
						}
						return len(chunk) >= chunkEntries || len(chunk) == sc.left, err
					})
				})
				if err != nil {
					break
				}
				for _, found := range chunk {
					if !yield(found, nil) {
						return
					}
					if sc.left--; sc.left == 0 {
						return
					}
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
	// wamids are the filter's message by phone number id.
	wamids map[string]policy.Alias
	left   int // entries still wanted; negative is no limit
}

// scans are the walks that find what matches a filter, one after the other.
func (s *Book) scans(ctx context.Context, j Journal, f Filter) ([]*scan, error) {
	sc, err := s.newScan(ctx, j, f)
	if err != nil || f.Wamid == "" {
		return []*scan{sc}, err
	}
	return s.messageScans(ctx, sc)
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
	switch {
	case !f.Contact.IsZero():
		people, err := s.lookUp(ctx, []policy.Identity{f.Contact})
		if err != nil {
			return nil, err
		}
		sc.contact = people[0].Contact
		sc.names = sc.contact.Names(people[0].Name)
	case f.Pseudonym != "":
		return sc, s.view(ctx, func(r *reading) error { return sc.findPseudonym(r) })
	}
	return sc, nil
}

// matches reports whether an entry is one that the filter selects, as far as its
// head and what became of it tell.
func (sc *scan) matches(r *reading, l *logged) (bool, error) {
	if err := l.readHead(); err != nil {
		return false, err
	}
	f, h := &sc.filter, l.head
	switch {
	case f.PhoneNumberID != "" && f.PhoneNumberID != h.Send.PhoneNumberID,
		f.Rule != "" && !sc.hasRule(l, f.Rule),
		sc.journal == Violations && !h.violation() && !l.settled.strayed(),
		f.Sender != "" && f.Sender != h.Sender && f.Sender != h.Token,
		f.Token != "" && f.Token != h.Token,
		f.Template != "" && f.Template != h.Send.Template.Name,
		(sc.names != nil || f.Pseudonym != "") && !sc.isTo(l):
		return false, nil
	}
	if f.Wamid == "" {
		return true, nil
	}
	return sc.isMessage(r, l)
}

// entry is an entry that matches; nil where it doesn't after all.
func (sc *scan) entry(r *reading, l *logged) (*Entry, error) {
	e, err := sc.s.assemble(r, l)
	f := &sc.filter
	if err != nil || f.Category != "" && f.Category != e.Category() || f.Outcome != "" && f.Outcome != e.Outcome.State {
		return nil, err
	}
	return e, nil
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
	theirs := func(a policy.Alias) bool {
		if sc.contact == nil { // nobody is known by the pseudonym
			return strings.HasPrefix(a.String(), sc.filter.Pseudonym)
		}
		return slices.Contains(sc.names, a) && sc.contact.Owns(a, at)
	}
	return slices.ContainsFunc(l.head.judged(), theirs) || l.settled.strayed() && theirs(*l.settled.Outcome.ReachedOther)
}
