package postgres

import (
	"context"
	"sync"

	"github.com/waguard/waguard/store"
)

// batcher runs jobs that come at the same time together. There is no timer: what
// comes while others run goes with the next.
type batcher[J any] struct {
	// most is how many jobs go together, workers how many batches run at a time, and
	// room how many jobs wait: those that come then are told at once.
	most, workers, room int
	run                 func([]J)

	mu      sync.Mutex
	waiting []J
	running int
	closed  bool
	idle    sync.Cond
}

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
	if b.running < b.workers {
		b.running++
		go b.work()
	}
	return nil
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
