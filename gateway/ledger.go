package gateway

import (
	"context"
	"iter"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

const (
	// How far `after` looks back. A send decided before another one may be entered
	// into the ledger after it. It may even become a violation when Meta's answer
	// shows whom it reached, which takes as long as send_timeout lets it: see
	// [Gateway.lateBy].
	ledgerOverlap    = 10 * time.Second
	violationOverlap = 90 * time.Second
	// recorded is how long after Meta's answer it is on disk at the latest.
	recorded = 30 * time.Second
)

// Awaits notes how long one of the doors waits for Meta's answer to a send.
func (g *Gateway) Awaits(timeout time.Duration) {
	for {
		was := g.slowest.Load()
		if int64(timeout) <= was || g.slowest.CompareAndSwap(was, int64(timeout)) {
			return
		}
	}
}

// lateBy is how much later a violation may be written down than what was decided after it.
func (g *Gateway) lateBy() time.Duration {
	return max(violationOverlap, time.Duration(g.slowest.Load())+recorded)
}

// List is a list of sends.
type List struct {
	of      func(store.Reader, context.Context, store.Filter) iter.Seq2[*store.Entry, error]
	overlap time.Duration
	// events: account events stand beside its first page.
	events bool
}

// The lists of sends.
var (
	// Ledger are all sends.
	Ledger = &List{of: store.Reader.Ledger, overlap: ledgerOverlap}
	// Violations are those that were refused, or would have been.
	Violations = &List{of: store.Reader.Violations, events: true}
)

// Page is a page of a list, newest first.
type Page struct {
	Entries []*store.Entry
	// Next is the Before of the next page; "" on the last.
	Next string
	// Newest is the After with which to ask for what comes later.
	Newest string
	// Besides are account events that should be seen beside the entries; nil for
	// none.
	Besides *Besides
}

// Page is a page of a list.
func (g *Gateway) Page(ctx context.Context, l *List, s Selection) (*Page, error) {
	overlap := l.overlap
	if l == Violations {
		overlap = g.lateBy()
	}
	f, err := g.filter(ctx, &s, overlap)
	if err != nil {
		return nil, err
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	if s.ID != "" {
		return g.onlyEntry(ctx, st, l, &s)
	}
	// One more than asked for tells whether there is a next page.
	asked := f.Limit
	f.Limit++
	entries, err := collect(l.of(st, ctx, f))
	if err != nil {
		return nil, lookup(err)
	}
	p := &Page{Entries: entries, Newest: newestOf(entries, &s, g.Now())}
	if len(entries) > asked {
		p.Entries = entries[:asked]
		p.Next = entries[asked-1].ID.String()
	}
	if l.events && s.Before == "" && s.After == "" {
		p.Besides, err = g.eventsBeside(ctx, st, &f, p.Entries)
	}
	return p, err
}

// newestOf is the `newest` of a page: of entries and what was asked for after the
// latest, else now.
func newestOf(entries []*store.Entry, s *Selection, now time.Time) string {
	newest := s.After
	if len(entries) > 0 {
		newest = max(newest, entries[0].ID.String())
	}
	if newest == "" {
		return store.FirstID(policy.MomentOf(now)).String()
	}
	return newest
}

// collect gathers what a store yields, up to its first error.
func collect[T any](seq func(yield func(T, error) bool)) (list []T, err error) {
	for v, err := range seq {
		if err != nil {
			return list, err
		}
		list = append(list, v)
	}
	return list, nil
}
