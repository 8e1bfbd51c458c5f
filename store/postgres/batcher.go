package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/waguard/waguard/store"
)

// batcher runs jobs that come at the same time together. No job waits for others to come:
// what comes while some run goes with the next, and at once where those take long.
type batcher[J any] struct {
	// most is how many jobs go together, workers how many batches run at a time, and
	// room how many jobs wait: those that come then are told at once.
	most, workers, room int
	run                 func([]J)

	mu      sync.Mutex
	waiting []J
	running int
	began   time.Time // of the newest batch
	looking bool      // whether that takes long
	closed  bool
	idle    sync.Cond
}

// long is how long a statement takes for which others don't wait: where most are shorter,
// few large ones cost less than many small ones, and nobody waits longer for them.
const long = 20 * time.Millisecond

func newBatcher[J any](most, workers, room int, run func([]J)) *batcher[J] {
	b := &batcher[J]{most: most, workers: workers, room: room, run: run}
	b.idle.L = &b.mu
	return b
}

// add takes a job, which run is handed soon; not where there is no room, or it is
// closed.
func (b *batcher[J]) add(j J) (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return store.ErrClosed
	case len(b.waiting) >= b.room:
		return errBusy
	}
	b.waiting = append(b.waiting, j)
	b.wake()
	return nil
}

// wake begins a batch, or looks later whether one is to begin. The caller holds mu.
func (b *batcher[J]) wake() {
	switch {
	case len(b.waiting) == 0:
	case b.running == 0 || b.running < b.workers && time.Since(b.began) >= long:
		b.began = time.Now()
		b.running++
		go b.work()
	case b.running < b.workers && !b.looking:
		b.looking = true
		time.AfterFunc(long, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.looking = false
			b.wake()
		})
	}
}

func (b *batcher[J]) work() {
	for {
		b.mu.Lock()
		n := min(len(b.waiting), b.most)
		if n == 0 {
			b.running--
			b.idle.Broadcast()
			b.mu.Unlock()
			return
		}
		batch := make([]J, n)
		copy(batch, b.waiting)
		clear(b.waiting[:n])
		b.waiting = b.waiting[n:]
		b.began = time.Now()
		b.mu.Unlock()
		b.run(batch)
	}
}

// close takes no more jobs, and waits for those it has taken.
func (b *batcher[J]) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for b.running > 0 {
		b.idle.Wait()
	}
}

// wait waits for an answer for as long as somebody is there to hear it.
func wait(ctx context.Context, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
