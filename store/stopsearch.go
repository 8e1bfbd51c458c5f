package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

const (
	// mostSearched bounds the messages searched for at once. What is beyond stays
	// on disk and is searched for after the next start.
	mostSearched = 10_000
	// searchRest is how many times as long as a search took the next one is put
	// off: a storm of statuses must not keep a core busy reading the ledger.
	searchRest = 9
)

// stopSearch finds the ledger entries of messages whose failed statuses name
// nobody. What lies near the end of the ledger is found before the webhook is
// answered: a send fails soon. For all else one search at a time goes through
// the ledger in the background, for everything wanted by then: how many statuses
// come makes no difference to what it costs. A message it has not found needs no
// second search, for an outcome that is recorded later looks for the status
// itself.
type stopSearch struct {
	mu     sync.Mutex
	wanted map[policy.Alias]bool // wamids
	// more has room for one: there is something wanted.
	more chan struct{}
	// ctx ends with the store, done after run.
	ctx  context.Context
	stop context.CancelFunc
	done chan struct{}
}

func newStopSearch() *stopSearch {
	f := &stopSearch{wanted: make(map[policy.Alias]bool), more: make(chan struct{}, 1), done: make(chan struct{})}
	f.ctx, f.stop = context.WithCancel(context.Background())
	f.more <- struct{}{} // for what was left by an earlier start
	return f
}

// end ends run and waits for it.
func (f *stopSearch) end() {
	f.stop()
	<-f.done
}

// want adds messages to those searched for.
func (f *stopSearch) want(wamids map[policy.Alias]bool) {
	f.mu.Lock()
	for w := range wamids {
		if len(f.wanted) < mostSearched {
			f.wanted[w] = true
		}
	}
	f.mu.Unlock()
	select {
	case f.more <- struct{}{}:
	default: // it will see them
	}
}

// take takes over all that is wanted.
func (f *stopSearch) take() map[policy.Alias]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	wanted := f.wanted
	f.wanted = make(map[policy.Alias]bool)
	return wanted
}

// run searches until the store ends.
func (f *stopSearch) run(s *Book) {
	defer close(f.done)
	for {
		select {
		case <-f.more:
		case <-f.ctx.Done():
			return
		}
		began := time.Now()
		if err := s.searchStops(f.ctx, f.take(), false); err != nil && !errors.Is(err, ErrClosed) && f.ctx.Err() == nil {
			s.log.Error("the ledger could not be searched for messages to people who stopped marketing; it is tried again after a restart", zap.Error(err))
		}
		select {
		case <-time.After(searchRest * time.Since(began)):
		case <-f.ctx.Done():
			return
		}
	}
}

// findStopped acts on what events have left for entries that were settled before
// them, at once where those are near the end of the ledger.
func (s *Book) findStopped(ctx context.Context, events []policy.Event) error {
	var wanted map[policy.Alias]bool
	for _, e := range events {
		e, ok := e.(policy.StatusChanged)
		if !ok || e.Wamid == "" || len(s.aliases(e.Who)) > 0 {
			continue
		}
		if _, isOptOut := e.OptOut(); !isOptOut {
			continue
		}
		if wanted == nil {
			wanted = make(map[policy.Alias]bool)
		}
		wanted[s.wamidPseudonym(e.PhoneNumberID, e.Wamid)] = true
	}
	if len(wanted) == 0 {
		return nil
	}
	if err := s.searchStops(ctx, wanted, true); err != nil {
		return fmt.Errorf("looking for the sends of failed statuses: %w", err)
	}
	if len(wanted) > 0 {
		s.stops.want(wanted)
	}
	return nil
}

// searchStops looks for the entries of messages and records the opt-outs left
// for them, taking what it has found or what needs no search out of wanted. It
// goes from new to old; near looks at the newest entries alone.
func (s *Book) searchStops(ctx context.Context, wanted map[policy.Alias]bool, near bool) error {
	w := walk{journal: Ledger, from: policy.MomentOf(s.options.Now()).Add(-statusLife), before: maxID}
	found := make(map[policy.Alias]ID)
	err := s.view(ctx, func(r *reading) error {
		for wamid := range wanted {
			left, err := readStops(r, wamid)
			if err != nil {
				return err
			}
			if len(left.Times) == 0 {
				delete(wanted, wamid)
			}
		}
		return nil
	})
	for err == nil && !w.done && len(wanted) > 0 {
		err = s.view(ctx, func(r *reading) error {
			return w.read(r, func(e *logged) (enough bool, err error) {
				if e.settled != nil && e.settled.Wamid != nil && wanted[*e.settled.Wamid] {
					found[*e.settled.Wamid] = e.ID
					delete(wanted, *e.settled.Wamid)
				}
				return len(wanted) == 0, nil
			})
		})
		if near {
			break
		}
	}
	if err != nil || len(found) == 0 {
		return err
	}
	return s.update(ctx, func(t *tx) error {
		for wamid, id := range found {
			h, settled, err := t.entry(id)
			if err != nil {
				return err
			}
			if h == nil {
				continue
			}
			if err := t.takeStops(h, settled, wamid); err != nil {
				return err
			}
		}
		return nil
	})
}
