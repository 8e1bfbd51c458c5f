package postgres

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"sync"
	"time"

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

// underWay reports that settle would wait.
func (n *entering) underWay(names []lineName, own store.ID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range names {
		if name.id != own && n.last[name.id] != nil {
			return true
		}
	}
	return false
}

// errUnderWay: a change of the line is on its way.
var errUnderWay = errors.New("a change of the line is on its way")

// close takes no more changes, and waits for those it has taken.
func (n *entering) close() {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.idle.Wait()
}

// Enter makes a change that enters a line, for which its caller need not wait.
func (e *Engine) Enter(id store.ID, change func(store.Tx) error) *store.Write {
	return e.behind(id, change, false)
}

// Follow makes a change that comes behind the one that entered the line. What becomes of a
// line happens outside: where the database is away its caller is told, and the change is
// made once it is back.
func (e *Engine) Follow(id store.ID, change func(store.Tx) error) *store.Write {
	return e.behind(id, change, true)
}

func (e *Engine) behind(id store.ID, change func(store.Tx) error, insists bool) *store.Write {
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
		err := e.update(e.ctx, id, change)
		done(err)
		for insists && errors.Is(err, ErrAway) && e.later() {
			err = e.update(e.ctx, id, change)
		}
	}()
	return w
}

// later waits a while before a change is made again; not where the engine is closed.
func (e *Engine) later() bool {
	const most = time.Second
	timer := time.NewTimer(most/2 + mathrand.N(most/2)) // #nosec G404 -- it only spreads them
	defer timer.Stop()
	<-timer.C
	return !e.closed.Load()
}
