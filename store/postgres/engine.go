package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waguard/waguard/store"
)

// errBusy: more is asked of the database than it gets done.
var errBusy = fmt.Errorf("%w in time: too much is asked of it", ErrAway)

// Engine is a [store.Engine] in a PostgreSQL database that others use too.
type Engine struct {
	o    Options
	pool *pgxpool.Pool
	// ctx ends when the engine is closed and what it had taken is done.
	ctx    context.Context
	end    context.CancelFunc
	closed atomic.Bool

	reads  *batcher[*lookup]
	commit committer
	// entering are the changes that were handed over and aren't decided yet, by the lines
	// they enter.
	entering entering
	keeper   keeper
	recent   *recent
	// streams has a place for each scan that may keep a connection.
	streams chan struct{}
	// about is what the database said of itself when it was opened.
	about    store.Description
	counts   counts
	presence presence
	// unprepared: no connection prepares statements; see [Engine.unprepare].
	unprepared atomic.Bool
	// unconfirmed: the last commit was not confirmed.
	unconfirmed atomic.Bool
	// refused is why no connection could be had the last time, where that was said at once;
	// nil where one was.
	refused atomic.Pointer[error]
}

// counts are for metrics and tests.
type counts struct {
	statements, collisions, reruns, stale, unknown atomic.Int64
}

// View runs read on what is committed.
func (e *Engine) View(ctx context.Context, read func(store.Records) error) error {
	if err := e.serving(ctx); err != nil {
		return err
	}
	return read(records{e, ctx})
}

// Update runs change and commits it, again and again until nothing it has read was
// written by others meanwhile.
func (e *Engine) Update(ctx context.Context, change func(store.Tx) error) error {
	if err := e.serving(ctx); err != nil {
		return err
	}
	return e.update(ctx, nil, change)
}

// update makes a change that was accepted, also where the engine is closed meanwhile. It
// enters or follows the lines own, if any.
func (e *Engine) update(ctx context.Context, own []store.ID, change func(store.Tx) error) error {
	for tries := 0; ; tries++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		t := e.newTx(ctx, own)
		t.tries = tries
		err := change(t)
		switch {
		case err != nil && ctx.Err() != nil:
			return err
		case (err != nil || !t.changes()) && t.unsure:
			continue // it reads what it took for granted
		case (err != nil || !t.changes()) && t.certain():
			if err == nil {
				t.done()
			}
			return err // what one statement has read was so at one moment
		}
		if err != nil {
			t.undo()
		}
		decided, again := e.decide(ctx, &pending{change: change, failed: err, t: t})
		if !again {
			return decided
		}
		e.counts.reruns.Add(1)
		if err := pause(ctx, tries); err != nil {
			return err
		}
	}
}

// pause waits a little, the longer the oftener, so that those who meet again and
// again get out of each other's way.
func pause(ctx context.Context, tries int) error {
	if tries < 2 {
		return nil
	}
	most := min(time.Millisecond<<min(tries, 6), 50*time.Millisecond)
	timer := time.NewTimer(mathrand.N(most)) // #nosec G404 -- it only spreads them
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *Engine) serving(ctx context.Context) error {
	if e.closed.Load() {
		return store.ErrClosed
	}
	return ctx.Err()
}

// Description is what the database says of itself, and the key of the pseudonyms, which it
// doesn't know.
func (e *Engine) Description() store.Description {
	d := e.about
	d.Key = e.o.Key
	return d
}

// Close lets go of the database, after what was accepted.
func (e *Engine) Close() error {
	if e.closed.Swap(true) {
		return nil
	}
	e.entering.close()
	e.commit.close()
	e.reads.close()
	e.end()
	e.keeper.wait()
	e.pool.Close()
	return nil
}

// with runs do on a connection, which isn't used any more where nobody knows what it
// was about.
func (e *Engine) with(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := e.pool.Acquire(ctx)
	e.noteReached(err)
	if err != nil {
		if moved(err) {
			e.pool.Reset()
		}
		return fmt.Errorf("%w: %w", errNotSent, err)
	}
	defer conn.Release()
	delete(conn.Conn().PgConn().CustomData(), warned) // of what was before
	err = do(conn.Conn())
	if err != nil && moved(err) {
		e.pool.Reset() // the others lead there too
	}
	if err != nil && pooled(err) {
		e.unprepare()
	}
	return err
}

// unprepare has no connection prepare statements from now on: there is a pooler in front of
// the database that nobody has told of.
func (e *Engine) unprepare() {
	if !e.unprepared.Swap(true) {
		e.o.Logger.Warn("a pooler stands in front of the database, and statements can't be prepared there: write `statements unprepared` into the store's block, as it is done from now on")
	}
	e.pool.Reset()
}

// errNotSent: the database was not told anything.
var errNotSent = errors.New("no connection to the database")

// retryRead runs a read for as long as the database has time to answer.
func (e *Engine) retryRead(ctx context.Context, read func(context.Context, *pgx.Conn) error) (err error) {
	asked := ctx
	defer func() {
		if asked.Err() == nil { // else it is who asked that is away
			e.presence.note(err, e.o.Now(), e.o.Logger)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	for tries := 0; ; tries++ {
		err := e.with(ctx, func(conn *pgx.Conn) error {
			e.counts.statements.Add(1)
			return read(ctx, conn)
		})
		switch {
		case err == nil:
			return nil
		case e.closed.Load() && e.ctx.Err() != nil:
			return store.ErrClosed
		case ctx.Err() != nil || !(errors.Is(err, errNotSent) || lost(err) || moved(err) || collided(err)):
			return away(err)
		}
		if pause(ctx, tries+2) != nil {
			return away(err)
		}
	}
}

// pending is a change that has run, and is to be committed.
type pending struct {
	change func(store.Tx) error
	// failed is what it ended with. What it has read must hold all the same: else it
	// might not have failed.
	failed error
	t      *tx
	// mu guards taken and left: a change belongs to its caller, or to who commits it.
	mu          sync.Mutex
	taken, left bool
	done        chan verdict
}

// verdict is what becomes of a change.
type verdict struct {
	err   error
	again bool // what it has read is another by now
}

// take takes a change from its caller, who waits from then on; not where they have gone.
func (p *pending) take() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken = !p.left
	return p.taken
}

// decide waits until a change is committed, or isn't. It reports again where it must
// run again.
func (e *Engine) decide(ctx context.Context, p *pending) (err error, again bool) {
	p.done = make(chan verdict, 1)
	if err := e.commit.add(p); err != nil {
		return err, false
	}
	select {
	case v := <-p.done:
		return v.err, v.again
	case <-ctx.Done():
	}
	p.mu.Lock()
	p.left = !p.taken
	left := p.left
	p.mu.Unlock()
	if left {
		return ctx.Err(), false
	}
	v := <-p.done // it is on its way, and the change must not run for nobody
	return v.err, v.again
}

// done tells whoever wants to know that the transaction is committed.
func (t *tx) done() {
	t.e.recent.committed(t)
	for _, f := range t.after {
		f()
	}
}

// least is the least version of what is written now.
func least() int64 { return time.Now().UnixMicro() }

func newID() (id [16]byte) {
	rand.Read(id[:]) // which never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// Interface guards
var (
	_ store.Engine    = (*Engine)(nil)
	_ store.Described = (*Engine)(nil)
	_ store.Deferring = (*Engine)(nil)
	_ store.Redacting = (*Engine)(nil)
	_ store.Versioned = records{}
	_ store.Resting   = (*tx)(nil)
)
