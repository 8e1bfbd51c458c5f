package gateway

import (
	"context"
	"sync"
)

// turn lets one at a time do something that takes long; who waits for theirs gives up when they
// are no longer wanted, which who waits for a mutex can't.
type turn struct {
	once  sync.Once
	taken chan struct{}
}

// take waits for a turn, which ends by give, unless ctx ends before.
func (t *turn) take(ctx context.Context) error {
	t.once.Do(func() { t.taken = make(chan struct{}, 1) })
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *turn) give() { <-t.taken }
