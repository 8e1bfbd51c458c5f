package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

const (
	// fewestSummed is of how many entries in a quarter sums are made; fewer are read as
	// quickly.
	fewestSummed = 8
	// mostOpen is how many entries of a quarter are in no sum at most.
	mostOpen = 64
	// sumDelay is how long after its end a quarter is summed up: by then most statuses
	// have come.
	sumDelay = 15 * time.Minute
	// correctedFrom is from which part of the entries of a quarter on corrections are put
	// into its sums. Fewer are read as quickly. After correctedAfter all are.
	correctedFrom  = 256
	correctedAfter = 2 * 24 * time.Hour
	// correctedAtOnce is how many corrections one change puts into the sums.
	correctedAtOnce = 512
	// linkedAtOnce is how many messages one change links to their entries.
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
	oldest := s.oldest(s.options.LedgerRetention)
	before := numberOf(policy.MomentOf(s.options.Now()).Add(-s.sumDelay()))
	for {
		q, err := s.quarterBefore(ctx, before, oldest)
		if q < 0 || err != nil {
			return err
		}
		before = q
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
}

// quarterBefore is the newest quarter before one that has entries and needs a look, if one
// does that isn't older than a time; else it is negative.
func (s *Book) quarterBefore(ctx context.Context, before int64, oldest policy.Moment) (q int64, err error) {
	for now := policy.MomentOf(s.options.Now()); s.sums.isDone(before-1, now); {
		before--
	}
	return s.entriesBefore(ctx, before, oldest)
}

// entriesBefore is the newest quarter before one that has entries, if one has that isn't
// older than a time; else it is negative.
func (s *Book) entriesBefore(ctx context.Context, before int64, oldest policy.Moment) (q int64, err error) {
	w := walk{journal: Ledger, from: oldest, before: FirstID(beginOf(before))}
	q = -1
	err = s.view(ctx, func(r *reading) error {
		return w.lines(r, func(l *Line) (enough bool, err error) {
			q = numberOf(l.ID.Moment())
			return true, nil
		})
	})
	return q, err
}

// sumUpQuarter makes the sums of a quarter, unless it has some or few entries, and puts
// the corrections into those that it has.
func (s *Book) sumUpQuarter(ctx context.Context, q int64) error {
	s.sums.summing.Lock()
	defer s.sums.summing.Unlock()
	var held *sumsRecord
	corrections, entries := 0, 0
	err := s.view(ctx, func(r *reading) error {
		value, err := r.get(sumsKey(q))
		if err != nil {
			return err
		}
		if held = s.heldSums(value); held != nil {
			return r.corrections(q, s.worthFolding(q, held), func(correction) error { corrections++; return nil })
		}
		return walkQuarter(q).lines(r, func(*Line) (enough bool, err error) {
			entries++
			return entries >= fewestSummed, nil
		})
	})
	switch {
	case err != nil:
		return err
	case held != nil && corrections >= s.worthFolding(q, held):
		if held, err = s.foldSums(ctx, q); err == nil && held == nil {
			_, err = s.writeSums(ctx, q)
		}
	case held == nil && entries >= fewestSummed:
		_, err = s.writeSums(ctx, q)
	}
	if errors.Is(err, ErrTooBig) || errors.Is(err, errOthersLook) { // it is read
		err = nil
	}
	if err == nil && (corrections == 0 || s.settledDown(q)) { // others are for a later look
		s.sums.setDone(q)
	}
	return err
}

// settledDown reports that hardly anything happens any more to the entries of a quarter.
func (s *Book) settledDown(q int64) bool {
	return beginOf(q) < policy.MomentOf(s.options.Now()).Add(-correctedAfter)
}

// worthFolding is how many corrections of a quarter are put into its sums.
func (s *Book) worthFolding(q int64, held *sumsRecord) int {
	if s.settledDown(q) {
		return 1
	}
	return max(1, int(held.N/correctedFrom))
}

// writeSums makes the sums of a quarter anew, and is what there is in it. Entries to which
// something happens meanwhile are in no sum. It leaves none where too many aren't.
func (s *Book) writeSums(ctx context.Context, q int64) (counted *quarterCount, err error) {
	defer s.sums.watchNone()
	for {
		if err := s.watch(ctx, q); err != nil {
			return nil, err
		}
		if counted, err = s.countQuarter(ctx, q); err != nil {
			return nil, err
		}
		if len(counted.unlinked) == 0 {
			break
		}
		if err := s.link(ctx, counted.unlinked); err != nil {
			return nil, err
		}
	}
	if len(counted.open) > mostOpen {
		return counted, nil
	}
	err = s.updateBulk(ctx, 1+len(counted.open)+len(counted.corrected), func(t *tx) error {
		touched, err := t.disturbed(q)
		if err != nil {
			return err
		}
		for id := range touched {
			counted.leaveOpen(id)
		}
		for _, id := range counted.corrected {
			if counted.open[id] {
				continue
			}
			if err := t.Delete(correctionKey(id)); err != nil {
				return err
			}
		}
		for id := range counted.open {
			if err := t.put(correctionKey(id), &correctionRecord{}, 0); err != nil {
				return err
			}
		}
		return t.putSums(q, &counted.tally)
	})
	if err == nil {
		s.sums.chained = true
	}
	return counted, err
}

// disturbed are the entries to which something has happened in the quarter that is being
// summed up.
func (t *tx) disturbed(q int64) (map[ID]bool, error) {
	if t.s.sums.shared {
		return t.disturbedShared(q)
	}
	return t.s.sums.disturbed(), nil
}

// watch begins to watch what happens in a quarter.
func (s *Book) watch(ctx context.Context, q int64) error {
	if s.sums.shared {
		return s.watchShared(ctx, q)
	}
	return s.update(ctx, func(*tx) error {
		s.sums.watch(q)
		return nil
	})
}

// putSums writes the sums of a quarter.
func (t *tx) putSums(q int64, sums *tally) error {
	kept := t.s.sums
	kept.writing(q)
	if !kept.chained {
		if err := t.put([]byte{SumsPrefix}, &chainRecord{Chain: kept.chain, Start: t.s.start, Method: sumsMethod}, 0); err != nil {
			return err
		}
	}
	record := sumsRecord{Chain: kept.chain, Method: sumsMethod, Packed: sums.pack()}
	for _, n := range sums.counts {
		record.N += uint64(n)
	}
	return t.put(sumsKey(q), &record, 0)
}

// quarterCount is what there is in a quarter.
type quarterCount struct {
	tally
	// of says of each entry in a sum what it was counted as.
	of map[ID]countKey
	// copies says the same of the copies of messages to groups.
	copies map[ID][]countKey
	// open are those in none.
	open map[ID]bool
	// unlinked are messages that may get statuses without anybody knowing whose they are.
	unlinked map[policy.Alias]ID
	// corrected are the entries that there are corrections of.
	corrected []ID
}

// leaveOpen takes an entry out of the sums.
func (c *quarterCount) leaveOpen(id ID) {
	if k, ok := c.of[id]; ok {
		c.count(k, -1)
		for _, k := range c.copies[id] {
			c.count(k, -1)
		}
		delete(c.of, id)
	}
	c.open[id] = true
}

// walkQuarter is a walk through the entries of a quarter.
func walkQuarter(q int64) *walk {
	return &walk{journal: Ledger, from: beginOf(q), before: FirstID(beginOf(q + 1))}
}

// corrections visits those of a quarter, most of them at most.
func (r *reading) corrections(q int64, most int, visit func(correction) error) error {
	from := sumsKey(q + 1)
	n := 0
	return r.ScanBack([]byte{SumsPrefix}, from, func(key, value []byte) (enough bool, err error) {
		id, ok := correctedIn(key)
		if !ok {
			of, ok := quarterIn(key)
			return !ok || of <= q, nil
		}
		if at := numberOf(id.Moment()); at != q {
			return at < q, nil
		}
		c, err := decodeCorrection(id, value)
		if err == nil {
			err = visit(c)
		}
		n++
		return n == most, err
	})
}

func (s *Book) countQuarter(ctx context.Context, q int64) (*quarterCount, error) {
	c := &quarterCount{tally: *newTally(), of: make(map[ID]countKey), copies: make(map[ID][]countKey), open: make(map[ID]bool), unlinked: make(map[policy.Alias]ID)}
	for w := walkQuarter(q); !w.done; {
		err := s.view(ctx, func(r *reading) error {
			return w.lines(r, func(l *Line) (enough bool, err error) {
				k, ok, err := skim(r, l)
				switch {
				case err != nil:
					return false, err
				case ok && k.wamid != nil && k.entry.IsZero():
					c.unlinked[*k.wamid] = l.ID
				case !ok || !k.closed(l.ID):
					c.open[l.ID] = true
				default:
					own, copies := c.addEntry(q, &k.counted, 1)
					if c.of[l.ID] = own; copies != nil {
						c.copies[l.ID] = copies
					}
				}
				return len(c.open) > mostOpen, nil
			})
		})
		if err != nil || len(c.open) > mostOpen {
			return c, err
		}
	}
	return c, s.view(ctx, func(r *reading) error {
		return r.corrections(q, -1, func(k correction) error {
			c.corrected = append(c.corrected, k.id)
			return nil
		})
	})
}

// closed reports that the entry with an id may be in a sum: that whatever changes what it
// counts as tells so.
func (k *skimmedLine) closed(id ID) bool {
	return numberOf(k.at) == numberOf(id.Moment()) && (k.wamid == nil || k.entry == id)
}

// link notes of messages which entries are theirs.
func (s *Book) link(ctx context.Context, messages map[policy.Alias]ID) error {
	wamids := policy.SortAliases(slices.Collect(maps.Keys(messages)))
	for some := range slices.Chunk(wamids, linkedAtOnce) {
		err := s.updateBulk(ctx, len(some), func(t *tx) error {
			for _, wamid := range some {
				status, err := readStatus(t, wamid)
				if err != nil {
					return err
				}
				if status.sent() != nil {
					continue
				}
				id := messages[wamid]
				status.Sent, status.Quarter = &id, 0
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
