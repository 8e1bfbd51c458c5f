package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/waguard/waguard/store"
)

const (
	// mostInBatch and mostBytes bound a statement.
	mostInBatch = 256
	mostBytes   = 16 << 20
	// committers is how many statements are on their way at a time, where they take long.
	committers = 2
)

// committer puts changes of many callers into one statement.
type committer struct {
	crew
	e      *Engine
	queue  []*pending
	room   int
	closed bool
	// busy are the rows that statements on their way write: a change that touches one
	// would only collide.
	busy map[any]int
}

func (c *committer) open(e *Engine, room int) {
	c.e, c.room, c.busy = e, room, make(map[any]int)
	c.init(committers, func() bool { return len(c.queue) > 0 && !c.closed }, c.commitAll)
}

func (c *committer) add(p *pending) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return store.ErrClosed
	case len(c.queue) >= c.room:
		return errBusy
	}
	c.queue = append(c.queue, p)
	c.wake()
	return nil
}

func (c *committer) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.rest()
}

func (c *committer) commitAll() {
	for {
		b := c.assemble()
		if b == nil {
			return
		}
		c.e.commitBatch(b)
		c.release(b)
	}
}

// assemble makes a batch of changes that wait, in their order; nil where none can go.
func (c *committer) assemble() *batch {
	c.mu.Lock()
	var chosen []*pending
	later := c.queue[:0]
	size := 0
	claimed := make(map[any]bool)
	for _, p := range c.queue {
		switch {
		case len(chosen) == mostInBatch || size+p.t.size > mostBytes && len(chosen) > 0, c.isBusy(p.t):
			later = append(later, p)
		case p.take():
			chosen, size = append(chosen, p), size+p.t.size
			for row := range p.t.rows() {
				claimed[row] = true
			}
		}
	}
	clear(c.queue[len(later):])
	c.queue = later
	if len(chosen) == 0 {
		c.ends()
		c.mu.Unlock()
		return nil
	}
	c.begins()
	for row := range claimed {
		c.busy[row]++
	}
	if len(later) > 0 {
		c.wake()
	}
	c.mu.Unlock()
	b := newBatch()
	b.claimed = claimed
	for _, p := range chosen {
		c.enter(b, p)
	}
	return b
}

// isBusy reports that a statement on its way writes what the transaction has touched. The
// caller holds mu.
func (c *committer) isBusy(t *tx) bool {
	if len(c.busy) == 0 {
		return false
	}
	for row := range t.rows() {
		if c.busy[row] > 0 {
			return true
		}
	}
	for row := range t.looked() {
		if c.busy[row] > 0 {
			return true
		}
	}
	return false
}

// looked are the rows that a transaction has read and that are held.
func (t *tx) looked() iter.Seq[any] {
	return func(yield func(any) bool) {
		for key := range t.read {
			if !yield(key) {
				return
			}
		}
		for name := range t.found {
			if !yield(name) {
				return
			}
		}
	}
}

// rows are those that a transaction writes.
func (t *tx) rows() iter.Seq[any] {
	return func(yield func(any) bool) {
		for key := range t.writes {
			if !yield(key) {
				return
			}
		}
		for name := range t.lines {
			if !yield(name) {
				return
			}
		}
		for name := range t.settled {
			if !yield(name) {
				return
			}
		}
	}
}

// enter puts a change into a batch. Where it has read what others there write, it runs
// again on top of them.
func (c *committer) enter(b *batch, p *pending) {
	t := p.t
	if overtaken := t.overtaken(); overtaken || b.crosses(t) {
		if p.failed != nil {
			p.done <- verdict{again: true}
			return
		}
		t = t.again(b)
		if err := p.change(t); err != nil {
			p.done <- verdict{again: true} // by itself it may fail for another reason
			return
		}
		c.e.counts.reruns.Add(1)
	}
	b.add(p, t)
}

func (c *committer) release(b *batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for row := range b.claimed {
		if c.busy[row]--; c.busy[row] == 0 {
			delete(c.busy, row)
		}
	}
}

// commitBatch commits a batch, and tells everybody in it what became of theirs.
func (e *Engine) commitBatch(b *batch) {
	if len(b.members) == 0 {
		return
	}
	stale, err := e.write(b)
	e.presence.note(err, e.o.Now(), e.o.Logger)
	e.unconfirmed.Store(err != nil)
	if err != nil {
		for _, m := range b.members {
			m.done <- verdict{err: err}
		}
		return
	}
	gone := make(map[int32]bool)
	for _, g := range stale {
		gone[g] = true
		e.counts.stale.Add(1)
	}
	for i, m := range b.members {
		if gone[int32(b.group(i))] {
			m.done <- verdict{again: true}
			continue
		}
		if m.failed == nil {
			m.t.done()
		}
		m.done <- verdict{err: m.failed}
	}
}

// write runs the statement until it is known what became of it.
func (e *Engine) write(b *batch) (stale []int32, err error) {
	ctx, cancel := context.WithTimeout(e.ctx, e.o.Timeout)
	defer cancel()
	var keys [][]byte // that were written
	var versions []int64
	statement := b.statement()
	for tries := 0; ; tries++ {
		id := newID()
		arguments := b.arguments(statement, id, least(), e.o.Now().Add(forgotten))
		err := e.with(ctx, func(conn *pgx.Conn) error {
			e.counts.statements.Add(1)
			stale = nil
			var one int32
			keys, versions = nil, nil
			err := conn.QueryRow(ctx, statement.sql, arguments...).Scan(&stale, &one, &keys, &versions)
			return confirmed(conn, err)
		})
		switch {
		case err == nil:
			for i, key := range keys {
				e.recent.wrote(string(key), versions[i], b.writes[string(key)].value)
			}
			return stale, nil
		case errors.Is(err, errNotSent), collided(err), moved(err) && !lost(err):
			e.counts.collisions.Add(1)
		case codeOf(err) == codeNoPartition:
			if err := e.keeper.partitionsFor(ctx, b); err != nil {
				return nil, away(err)
			}
		case lost(err):
			e.counts.unknown.Add(1)
			committed, stale, unknown := e.resolve(id)
			if unknown != nil { // it may be committed, or come to be
				return nil, fmt.Errorf("%w: %w", store.ErrLate, away(unknown))
			}
			if committed {
				return stale, nil
			}
		default:
			return nil, away(err)
		}
		if pause(ctx, tries+1) != nil {
			return nil, away(err)
		}
	}
}

const resolveSQL = `
insert into waguard.batch as b (id, stale, fenced) values ($1, '{}', true)
on conflict (id) do update set looks = b.looks + 1
returning b.fenced, b.stale`

// resolve finds out what became of a statement whose answer is lost. Where it isn't
// there, it can never be committed any more: its id is taken.
func (e *Engine) resolve(id [16]byte) (committed bool, stale []int32, err error) {
	// It has time of its own: that of the statement is over.
	ctx, cancel := context.WithTimeout(e.ctx, e.o.Timeout)
	defer cancel()
	for tries := 0; ; tries++ {
		if committed, stale, err = e.fence(ctx, id); err == nil {
			return committed, stale, nil
		}
		if !errors.Is(err, errNotSent) && !lost(err) && !moved(err) && !collided(err) {
			return false, nil, err
		}
		if pause(ctx, tries+2) != nil {
			return false, nil, err
		}
	}
}

// fence takes the id of a statement, if it isn't taken, and commits that.
func (e *Engine) fence(ctx context.Context, id [16]byte) (committed bool, stale []int32, err error) {
	var never bool
	err = e.with(ctx, func(conn *pgx.Conn) error {
		return confirmed(conn, conn.QueryRow(ctx, resolveSQL, id).Scan(&never, &stale))
	})
	return err == nil && !never, stale, err
}

// warned marks a connection whose last commit was not confirmed by a standby.
const warned = "waguard.warned"

// noticed is told what the server notes while it works.
func noticed(conn *pgconn.PgConn, n *pgconn.Notice) {
	if n.Code == codeWarning {
		conn.CustomData()[warned] = true
	}
}

// confirmed is the error of a write, or that it wasn't confirmed. Such a connection is
// not used again.
func confirmed(conn *pgx.Conn, err error) error {
	if _, unsure := conn.PgConn().CustomData()[warned]; !unsure {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
	return errors.Join(errUnconfirmed, err)
}
