package postgres

import (
	"context"

	"github.com/waguard/waguard/store"
)

// batcher runs jobs that come at the same time together.
type batcher[J any] struct {
	crew
	// atOnce is how many jobs go together, and room how many wait: those that come then are
	// told at once.
	atOnce, room int
	run          func([]J)
	waiting      []J
	closed       bool
}

func newBatcher[J any](atOnce, workers, room int, run func([]J)) *batcher[J] {
	b := &batcher[J]{atOnce: atOnce, room: room, run: run}
	b.init(workers, func() bool { return len(b.waiting) > 0 }, b.runAll)
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

func (b *batcher[J]) runAll() {
	for {
		b.mu.Lock()
		n := min(len(b.waiting), b.atOnce)
		if n == 0 {
			b.ends()
			b.mu.Unlock()
			return
		}
		batch := make([]J, n)
		copy(batch, b.waiting)
		clear(b.waiting[:n])
		b.waiting = b.waiting[n:]
		b.begins()
		b.mu.Unlock()
		b.run(batch)
	}
}

// close takes no more jobs, and waits for those it has taken.
func (b *batcher[J]) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.rest()
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
