package postgres

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"slices"
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

// begin notes a change. It gives what to wait for before, and what to call after.
func (n *entering) begin(ids []store.ID) (before []<-chan struct{}, end func(), err error) {
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
	mine := make(chan struct{})
	for _, id := range ids {
		if last := n.last[id]; last != nil {
			before = append(before, last)
		}
		n.last[id] = mine
	}
	return before, func() {
		n.mu.Lock()
		n.count--
		for _, id := range ids {
			if n.last[id] == mine {
				delete(n.last, id)
			}
		}
		n.mu.Unlock()
		close(mine)
		n.idle.Done()
	}, nil
}

// settle waits until nothing is on its way of these lines; not for what own does itself.
func (n *entering) settle(ctx context.Context, names []lineName, own []store.ID) error {
	for _, name := range names {
		if slices.Contains(own, name.id) {
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
func (n *entering) underWay(names []lineName, own []store.ID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range names {
		if !slices.Contains(own, name.id) && n.last[name.id] != nil {
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
	return e.behind([]store.ID{id}, change, false)
}

// EnterAll makes a change that enters lines, for which its caller need not wait.
func (e *Engine) EnterAll(ids []store.ID, change func(store.Tx) error) *store.Write {
	return e.behind(ids, change, false)
}

// Follow makes a change that comes behind the one that entered the line. What becomes of a
// line happens outside: where the database is away its caller is told, and the change is
// made once it is back.
func (e *Engine) Follow(id store.ID, change func(store.Tx) error) *store.Write {
	return e.behind([]store.ID{id}, change, true)
}

func (e *Engine) behind(ids []store.ID, change func(store.Tx) error, insists bool) *store.Write {
	w, done := store.NewWrite()
	before, end, err := e.entering.begin(ids)
	if err != nil {
		done(err)
		return w
	}
	ctx, abandon := context.WithCancel(e.ctx)
	if !insists {
		w.Abandon(abandon) // a send that has been refused: who asks too much makes no more work
	}
	go func() {
		defer end()
		defer abandon()
		for _, b := range before {
			<-b
		}
		err := e.update(ctx, ids, change)
		done(err)
		for insists && errors.Is(err, ErrAway) && e.later() {
			err = e.update(ctx, ids, change)
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
