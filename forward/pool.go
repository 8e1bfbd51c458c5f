package forward

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// pool keeps the connections of a client. What was used last is used next, so that
// those that are not needed grow old and are closed. There are at most as many as
// it may have; who comes when all are taken waits, and is served in order.
type pool struct {
	mu sync.Mutex
	// idle are those that nobody uses, the one that was used last at the end.
	idle []*conn
	// open is how many there are: idle, in use, or being made.
	open int
	// waiting are the *waiter, the first one in front.
	waiting list.List
	// sweeper closes what has lain idle for too long; nil while nothing lies.
	sweeper *time.Timer
	closed  bool
}

// waiter waits for a connection, or (where it gets nil) for leave to make one.
type waiter struct{ turn chan *conn }

// acquire is a connection for one request, which is to be given back or discarded.
func (c *Client) acquire(ctx context.Context, deadline time.Time) (*conn, *Error) {
	for {
		cn, place := c.take()
		if cn == nil && place != nil {
			var err *Error
			if cn, err = c.wait(ctx, deadline, place); err != nil {
				return nil, err
			}
		}
		switch {
		case cn == nil:
			return c.connect(ctx, deadline)
		case c.fit(cn):
			return cn, nil
		}
		c.discard(cn)
	}
}

// take takes an idle connection. Where there is none it gives nil, which is leave to
// make one, or a place among those who wait.
func (c *Client) take() (*conn, *list.Element) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch n := len(c.idle); {
	case n > 0:
		cn := c.idle[n-1]
		c.idle[n-1], c.idle = nil, c.idle[:n-1]
		c.counters.idle.Add(-1)
		return cn, nil
	case c.open < c.options.MaxConnections:
		c.open++
		c.counters.open.Add(1)
		return nil, nil
	}
	return nil, c.waiting.PushBack(&waiter{turn: make(chan *conn, 1)})
}

// wait waits at a place for its turn. A nil connection is leave to make one.
func (c *Client) wait(ctx context.Context, deadline time.Time, place *list.Element) (*conn, *Error) {
	c.counters.waiting.Add(1)
	defer c.counters.waiting.Add(-1)
	var over <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		over = timer.C
	}
	turn := place.Value.(*waiter).turn
	failed := &Error{Kind: Crowded}
	select {
	case cn := <-turn:
		return cn, nil
	case <-over:
	case <-ctx.Done():
		failed = &Error{Kind: Cancelled, Err: ctx.Err()}
		if timeout(failed.Err) {
			failed.Kind = Crowded
		}
	}
	c.mu.Lock()
	c.waiting.Remove(place) // does nothing where its turn came at this very moment
	c.mu.Unlock()
	select {
	case cn := <-turn:
		if cn == nil {
			c.vacate()
		} else {
			c.give(cn)
		}
	default:
	}
	return nil, failed
}

// next is who waits first; nil where nobody does. The lock is held.
func (c *Client) next() *waiter {
	first := c.waiting.Front()
	if first == nil {
		return nil
	}
	return c.waiting.Remove(first).(*waiter)
}

// give gives a connection back that can be used again.
func (c *Client) give(cn *conn) {
	now := c.options.Now()
	cn.used, cn.since = true, now
	if now.Sub(cn.born) >= c.options.MaxAge || !c.keep(cn) {
		c.discard(cn)
	}
}

// keep keeps a connection, for who waits first or for later. It reports false where
// none are kept any more.
func (c *Client) keep(cn *conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	if w := c.next(); w != nil {
		w.turn <- cn
		return true
	}
	c.idle = append(c.idle, cn)
	c.counters.idle.Add(1)
	if c.sweeper == nil {
		c.sweeper = time.AfterFunc(c.options.IdleTimeout, c.sweep)
	}
	return true
}

// discard closes a connection, whose place another one may take.
func (c *Client) discard(cn *conn) {
	_ = cn.net.Close()
	c.vacate()
}

// vacate gives a place up: to who waits first, if anybody does.
func (c *Client) vacate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w := c.next(); w != nil {
		w.turn <- nil
		return
	}
	c.open--
	c.counters.open.Add(-1)
}

// fit reports whether a connection that lay idle can be used.
func (c *Client) fit(cn *conn) bool {
	now := c.options.Now()
	return now.Sub(cn.since) < c.options.IdleTimeout && now.Sub(cn.born) < c.options.MaxAge && cn.socket.quiet()
}

// sweep closes the connections that have lain idle for too long.
func (c *Client) sweep() {
	now := c.options.Now()
	c.mu.Lock()
	old := 0
	for old < len(c.idle) && now.Sub(c.idle[old].since) >= c.options.IdleTimeout {
		old++
	}
	gone := make([]*conn, old)
	copy(gone, c.idle)
	rest := copy(c.idle, c.idle[old:])
	clear(c.idle[rest:])
	c.idle = c.idle[:rest]
	c.counters.idle.Add(-int64(old))
	if rest > 0 && !c.closed {
		c.sweeper = time.AfterFunc(max(c.options.IdleTimeout-now.Sub(c.idle[0].since), time.Millisecond), c.sweep)
	} else {
		c.sweeper = nil
	}
	c.mu.Unlock()
	for _, cn := range gone {
		c.discard(cn)
	}
}

// Close closes the idle connections; those in use when their answers have been
// read. Requests are still taken, each over a connection of its own.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	idle := c.idle
	c.idle = nil
	c.counters.idle.Add(-int64(len(idle)))
	if c.sweeper != nil {
		c.sweeper.Stop()
		c.sweeper = nil
	}
	c.mu.Unlock()
	for _, cn := range idle {
		c.discard(cn)
	}
}
