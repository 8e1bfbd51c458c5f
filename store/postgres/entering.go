package postgres

import (
	"context"
	"sync"

	"github.com/waguard/waguard/store"
)

// entering are the changes that callers don't wait for, by the line that they enter or
// follow. Whoever looks for such a line waits for them.
type entering struct {
	mu     sync.Mutex
	last   map[store.ID]chan struct{}
	count  int
	room   int
	closed bool
	idle   sync.WaitGroup
}

// begin notes a change. It gives what to wait for before, nil for nothing, and what to
// call after.
func (n *entering) begin(id store.ID) (before <-chan struct{}, end func(), err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
		return nil, nil, store.ErrClosed
	case n.count >= n.room:
		return nil, nil, errBusy
	}
	n.count++
	n.idle.Add(1)
	before = n.last[id]
	mine := make(chan struct{})
	n.last[id] = mine
	return before, func() {
		n.mu.Lock()
		n.count--
		if n.last[id] == mine {
			delete(n.last, id)
		}
		n.mu.Unlock()
		close(mine)
		n.idle.Done()
	}, nil
}

// settle waits until nothing is on its way of these lines; not for what own does itself.
func (n *entering) settle(ctx context.Context, names []lineName, own store.ID) error {
	for _, name := range names {
		if name.id == own {
			continue
		}
		n.mu.Lock()
		last := n.last[name.id]
		n.mu.Unlock()
		if last == nil {
			continue
		}
		select {
		case <-last:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// close takes no more changes, and waits for those it has taken.
func (n *entering) close() {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.idle.Wait()
}

// Enter makes a change that enters a line, for which its caller need not wait.
func (e *Engine) Enter(id store.ID, change func(store.Tx) error) *store.Write {
	return e.behind(id, change)
}

// Follow makes a change that comes behind the one that entered the line.
func (e *Engine) Follow(id store.ID, change func(store.Tx) error) *store.Write {
	return e.behind(id, change)
}

func (e *Engine) behind(id store.ID, change func(store.Tx) error) *store.Write {
	w, done := store.NewWrite()
	before, end, err := e.entering.begin(id)
	if err != nil {
		done(err)
		return w
	}
	go func() {
		defer end()
		if before != nil {
			<-before
		}
		done(e.update(e.ctx, id, change))
	}()
	return w
}
