package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/waguard/waguard/policy"
)

// Rebuilt is what making sums anew has found.
type Rebuilt struct {
	// Entries were read, of so many quarters of an hour.
	Entries  int `json:"entries"`
	Quarters int `json:"quarters"`
	// Equal is of how many of those there were sums that came to what the ledger does,
	// Missing of how many there were none; Differed are the others.
	Equal    int             `json:"equal"`
	Missing  int             `json:"missing"`
	Differed []DifferentSums `json:"differed"`
	// Read is of how many there still are none: those with few entries, or with many of
	// which it isn't known yet what became of them. They are read each time.
	Read int `json:"read_each_time"`
	// Seconds is how long it took.
	Seconds float64 `json:"seconds"`
}

// DifferentSums is a quarter of an hour whose sums came to something else than its
// entries. They are right by now.
type DifferentSums struct {
	Quarter time.Time `json:"quarter"`
	// Kept is how many entries the sums counted, and Ledger how many there are. Where
	// they are as many, they differ in what these are.
	Kept   int `json:"counted"`
	Ledger int `json:"entries"`
}

// Rebuilds is what a store can do in addition that keeps sums of its ledger.
type Rebuilds interface {
	// RebuildSums makes the sums anew of what was decided in a time, zero for no bound,
	// from the ledger, and compares them with those there were. Everybody is served
	// meanwhile, by one or the other. It rests so many times as long as it works.
	RebuildSums(ctx context.Context, from, to policy.Moment, rest int) (*Rebuilt, error)
}

// ErrNoSums: a store has no sums, so that everything is read each time.
var ErrNoSums = errors.New("this store keeps no sums of its ledger")

// RebuildSums is described at [Rebuilds].
func (s *Book) RebuildSums(ctx context.Context, from, to policy.Moment, rest int) (*Rebuilt, error) {
	if s.sums == nil {
		return nil, ErrNoSums
	}
	began := time.Now()
	result := &Rebuilt{Differed: []DifferentSums{}}
	now := policy.MomentOf(s.options.Now())
	if to == 0 || to > now {
		to = now
	}
	before := numberOf(to-1) + 1
	oldest := max(from, s.oldest(s.options.LedgerRetention))
	for {
		q, err := s.entriesBefore(ctx, before, oldest)
		if err == nil && q >= 0 {
			before = q
			since := time.Now()
			if err = s.rebuildQuarter(ctx, q, result); err == nil && rest > 0 {
				select {
				case <-time.After(time.Duration(rest) * time.Since(since)):
				case <-ctx.Done():
					err = ctx.Err()
				}
			}
		}
		if err != nil {
			return nil, fmt.Errorf("making the sums of the ledger anew: %w", err)
		}
		if q < 0 {
			result.Seconds = time.Since(began).Seconds()
			return result, nil
		}
	}
}

// rebuildQuarter makes the sums of a quarter anew.
func (s *Book) rebuildQuarter(ctx context.Context, q int64, result *Rebuilt) error {
	s.sums.summing.Lock()
	defer s.sums.summing.Unlock()
	kept, ledger, t, err := s.compareQuarter(ctx, q)
	if err != nil {
		return err
	}
	n := t.entries(ledger)
	result.Entries += n
	result.Quarters++
	switch {
	case kept == nil:
		result.Missing++
	case maps.Equal(kept, ledger):
		result.Equal++
	default:
		result.Differed = append(result.Differed, DifferentSums{Quarter: beginOf(q).Time().UTC(), Kept: t.entries(kept), Ledger: n})
	}
	recent := q >= numberOf(policy.MomentOf(s.options.Now()).Add(-s.sumDelay()))
	if n < fewestSummed || recent { // sends of the quarter may still be entered
		result.Read++
		if kept != nil && !recent {
			return s.update(ctx, func(t *tx) error { return t.Delete(sumsKey(q)) })
		}
		return nil
	}
	counted, err := s.writeSums(ctx, q)
	if errors.Is(err, ErrTooBig) || errors.Is(err, errOthersLook) {
		counted, err = nil, nil
	}
	if err == nil && (counted == nil || len(counted.open) > mostOpen) {
		result.Read++
		// What there was must not stay, if it may differ.
		return s.update(ctx, func(t *tx) error { return t.Delete(sumsKey(q)) })
	}
	return err
}

// compareQuarter counts a quarter by its sums, nil if it has none, and by its entries, at
// one moment.
func (s *Book) compareQuarter(ctx context.Context, q int64) (kept, ledger map[countKey]int, t *tally, err error) {
	err = s.view(ctx, func(r *reading) error {
		w := walkQuarter(q)
		t = newTally()
		records, err := r.sumsBefore(w)
		if err != nil {
			return err
		}
		if len(records) > 0 {
			if err := t.addHeld(r, records[0]); err != nil {
				return err
			}
			kept, t.counts = t.counts, make(map[countKey]int)
		}
		for !w.done {
			if err := t.addAll(r, w); err != nil {
				return err
			}
		}
		ledger = t.counts
		return nil
	})
	return kept, ledger, t, err
}
