package store

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

const (
	// fewestSummed is of how many entries in a quarter sums are made; fewer are read as
	// quickly.
	fewestSummed = 24
	// mostOpen is how many entries of a quarter are kept open at most.
	mostOpen = 64
	// sumDelay is how long after its end a quarter is summed up: by then nearly all
	// statuses have come.
	sumDelay = 15 * time.Minute
	// summedBack is how far back quarters are looked for that have no sums: statuses
	// come for as long. What is older has been summed up before.
	summedBack = statusLife
	// linkedAtOnce is how many messages one change links to their quarter.
	linkedAtOnce = 64
)

// summer sums up quarters in the background, at once after a start and then every
// quarter of an hour. It rests nine tenths of the time.
type summer struct {
	ctx  context.Context
	stop context.CancelFunc
	done chan struct{}
}

const (
	summerBegins = time.Minute
	summerRest   = 9
)

func newSummer() *summer {
	f := &summer{done: make(chan struct{})}
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f
}

// end ends run and waits for it.
func (f *summer) end() {
	f.stop()
	<-f.done
}

func (f *summer) run(s *Book) {
	defer close(f.done)
	if s.sums == nil {
		return
	}
	timer := time.NewTimer(summerBegins)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-f.ctx.Done():
			return
		}
		if err := s.sumUp(f.ctx, summerRest); err != nil && f.ctx.Err() == nil && !errors.Is(err, ErrFailed) {
			s.log.Warn("the ledger could not be summed up, so that reports take longer", zap.Error(err))
		}
		timer.Reset(sumDelay)
	}
}

// SumUp makes the sums of the ledger that are missing, as the book does by itself
// every quarter of an hour. Nothing but the speed of Sums depends on it.
func (s *Book) SumUp(ctx context.Context) error { return s.sumUp(ctx, 0) }

// sumUp rests so many times as long as it takes to sum up each quarter.
func (s *Book) sumUp(ctx context.Context, rest int) error {
	if s.sums == nil {
		return nil
	}
	now := policy.MomentOf(s.options.Now())
	oldest := numberOf(max(s.oldest(s.options.LedgerRetention), now.Add(-summedBack)))
	for q := numberOf(now.Add(-sumDelay)) - 1; q >= oldest; q-- {
		if s.sums.isDone(q) {
			continue
		}
		began := time.Now()
		if err := s.sumUpQuarter(ctx, q); err != nil {
			return err
		}
		if rest == 0 {
			continue
		}
		select {
		case <-time.After(time.Duration(rest) * time.Since(began)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// sumUpQuarter makes the sums of a quarter, unless it has some, or few entries.
func (s *Book) sumUpQuarter(ctx context.Context, q int64) error {
	s.sums.summing.Lock()
	defer s.sums.summing.Unlock()
	needed := false
	err := s.view(ctx, func(r *reading) error {
		value, err := r.get(sumsKey(q))
		if err != nil || r.held(value) != nil {
			return err
		}
		n := 0
		return walkQuarter(q).lines(r, func(*Line) (enough bool, err error) {
			n++
			needed = n >= fewestSummed
			return needed, nil
		})
	})
	if err != nil {
		return err
	}
	for tries := 0; needed && tries < 2; tries++ {
		if needed, err = s.writeSums(ctx, q); err != nil {
			return err
		}
	}
	if !needed {
		s.sums.setDone(q)
	}
	return nil
}

// writeSums writes the sums of a quarter, if nothing happens there meanwhile; else it
// is to be tried again.
func (s *Book) writeSums(ctx context.Context, q int64) (again bool, err error) {
	err = s.update(ctx, func(*tx) error {
		s.sums.watch(q)
		return nil
	})
	if err != nil {
		return false, err
	}
	counted, err := s.countQuarter(ctx, q)
	if err != nil {
		return false, err
	}
	if len(counted.unlinked) > 0 {
		return true, s.link(ctx, counted.unlinked, q)
	}
	if len(counted.open) > mostOpen {
		return false, nil
	}
	record := newSumsRecord(s.sums.chain, counted.sums, counted.open)
	err = s.update(ctx, func(t *tx) error {
		if again = !s.sums.undisturbed(); again {
			return nil
		}
		s.sums.writing(q)
		if !s.sums.chained {
			if err := t.put([]byte{SumsPrefix}, &chainRecord{Chain: s.sums.chain, Start: s.start}, 0); err != nil {
				return err
			}
		}
		return t.put(sumsKey(q), record, 0)
	})
	if err == nil && !again {
		s.sums.chained = true
	}
	return again, err
}

// quarterCount is what there is in a quarter.
type quarterCount struct {
	sums     map[Alike]int
	open     []ID
	unlinked []policy.Alias // messages that may get statuses without anybody knowing that it is of this quarter
}

// walkQuarter is a walk through the entries of a quarter.
func walkQuarter(q int64) *walk {
	return &walk{journal: Ledger, from: beginOf(q), before: FirstID(beginOf(q + 1))}
}

func (s *Book) countQuarter(ctx context.Context, q int64) (*quarterCount, error) {
	c := &quarterCount{sums: make(map[Alike]int)}
	for w := walkQuarter(q); !w.done; {
		err := s.view(ctx, func(r *reading) error {
			return w.lines(r, func(l *Line) (enough bool, err error) {
				k, ok, err := r.skimmed(l)
				switch {
				case err != nil:
					return false, err
				case ok && k.wamid != nil && k.quarter == 0:
					c.unlinked = append(c.unlinked, *k.wamid)
				case !ok || numberOf(k.at) != q || k.wamid != nil && k.quarter != q:
					c.open = append(c.open, l.ID)
				default:
					c.sums[k.Alike]++
				}
				return len(c.open) > mostOpen, nil
			})
		})
		if err != nil || len(c.open) > mostOpen {
			return c, err
		}
	}
	return c, nil
}

// link notes of messages in which quarter they were sent.
func (s *Book) link(ctx context.Context, wamids []policy.Alias, q int64) error {
	for len(wamids) > 0 {
		some := wamids[:min(len(wamids), linkedAtOnce)]
		wamids = wamids[len(some):]
		err := s.updateBulk(ctx, len(some), func(t *tx) error {
			for _, wamid := range some {
				status, err := readStatus(t, wamid)
				if err != nil {
					return err
				}
				if status.quarter() != 0 {
					continue
				}
				status.Quarter = q
				value, err := encode(status)
				if err != nil {
					return err
				}
				if err := t.putStatusValue(wamid, value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// held is a quarter's record of sums, nil where it holds no more, or can't be read.
func (r *reading) held(value []byte) *sumsRecord {
	var record sumsRecord
	if value == nil || r.s.sums == nil || decode(value, &record) != nil || record.Chain != r.s.sums.chain || record.Method != sumsMethod {
		return nil
	}
	return &record
}
