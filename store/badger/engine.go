package badger

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/wal"
)

// Engine keeps records and journals in a directory. It is a [store.Engine] with
// every ability there is.
type Engine struct {
	dir     string
	options Options
	log     *zap.Logger
	db      *badger.DB
	// meta describes the store. Its Start counts the times the directory was opened:
	// lines that were entered in an earlier one were left by whoever entered them.
	meta *metaRecord
	// lossy: a loss was accepted when it was opened.
	lossy bool
	home  *home
	// head is how far the store has got. It belongs to the writer goroutine.
	head   head
	keeper *keeper
	// changes is the log of what was committed, and frame what the writer writes there
	// next. They belong to the writer.
	changes *wal.Log
	cipher  *changeCipher
	frame   []byte
	// pace is how the newest batches went, which the writer says; nil before the first.
	pace atomic.Pointer[pace]

	// recentMu guards recent and applying: what isn't in Badger yet, and what is about
	// to be, nil if nothing is.
	recentMu         sync.RWMutex
	recent, applying *recent
	// flushing is locked by whoever changes what Badger holds, applied is how far that
	// goes, and toldDelay when it was last said that it can't.
	flushing  sync.Mutex
	applied   head
	toldDelay time.Time
	// filled wakes the applier, which closes applierDone as the last thing it does.
	filled      chan struct{}
	applierDone chan struct{}

	// tombsMu guards the files with tombstones.
	tombsMu sync.Mutex

	// mu guards closed, and that nothing is inside Badger when it is closed:
	// every method holds it for reading during its own short life, never while a
	// consumer runs or a write is waited for; Close takes it for writing.
	mu     sync.RWMutex
	closed bool
	// held are changes that linger on their way to the queue.
	held *held
	// backups counts those that are being written. It grows under mu, while the
	// store isn't closed.
	backups sync.WaitGroup
	// failed is set, for ever, by a write that failed in Badger.
	failed atomic.Bool
	// damaged says which table was damaged since the store was opened.
	damaged atomic.Pointer[error]
	// notices are what an operator must know as long as the store is open. They are
	// made before it is.
	notices []string

	// queue brings changes to the writer. Sending needs mu for reading; Close
	// closes it under mu, after which the writer takes what is left and stops.
	queue chan *change
	// bulk brings changes that take long, each of which has one of the places.
	bulk   chan *change
	places chan struct{}
	// writing is locked while Badger writes, until it is known what came of it.
	writing sync.Mutex
	// other is when there was a change that isn't bulky, see [bulkTurn].
	other atomic.Int64
	// breaks brings what the writer is to do between two transactions. It stops
	// taking any when the queue is closed.
	breaks chan func()
	// rest ends what goes on by itself besides the writer, and resting is when it has.
	rest    context.CancelFunc
	resting sync.WaitGroup
	// writerDone is closed by the writer as the last thing it does.
	writerDone chan struct{}
	closeOnce  sync.Once
	closeErr   error
}

// alive says why the store can't serve, if so. The caller holds mu.
func (e *Engine) alive() error {
	switch {
	case e.closed:
		return store.ErrClosed
	case e.failed.Load():
		return store.ErrFailed
	}
	return nil
}

// fail stops the store: after err nobody knows what is on disk and what isn't.
func (e *Engine) fail(err error) {
	if e.failed.CompareAndSwap(false, true) {
		e.log.Error("a write to the store failed; it serves nothing until the gateway is restarted", zap.String("path", e.dir), zap.Error(err))
	}
}

// View runs read on a consistent snapshot.
func (e *Engine) View(ctx context.Context, read func(store.Records) error) (err error) {
	return e.view(ctx, func(snap snapshot) error { return read(snap) })
}

func (e *Engine) view(ctx context.Context, read func(snapshot) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if err := e.alive(); err != nil {
		return err
	}
	// A damaged record can make Badger panic. And when Badger can't make a new file
	// for its newest writes, every read dereferences nil, also one that comes before
	// the writer has heard of it.
	defer func() {
		if r := recover(); r != nil {
			e.writing.Lock() // once the writer has heard
			defer e.writing.Unlock()
			e.log.Error("a record of the store can't be read", zap.String("path", e.dir), zap.Any("panic", r), zap.ByteString("stack", debug.Stack()))
			err = fmt.Errorf("%w: %v", store.ErrUnreadable, r)
		}
		if err != nil && e.failed.Load() {
			err = store.ErrFailed
		}
	}()
	recents := e.latest()
	return e.db.View(func(txn *badger.Txn) error { return read(snapshot{e, recents, txn}) })
}

// Serving says why the store can't serve, if so.
func (e *Engine) Serving(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.alive()
}

// notice is something an operator must know as long as the store is open. It is
// for before it is.
func (e *Engine) notice(text string, fields ...zap.Field) {
	e.notices = append(e.notices, text)
	e.log.Warn(text, append(fields, zap.String("path", e.dir))...)
}

// Installation tells the stores of one installation from those of all others:
// restored copies have it in common.
func (e *Engine) Installation() string { return store.Installation(e.meta.Key) }

// Description is what the meta record says.
func (e *Engine) Description() store.Description {
	d := e.meta.description()
	d.Lossy = e.lossy
	return d
}

// failedClose is how long Close waits for Badger to close after a failure, when
// it may try for ever to write what it holds in memory.
const failedClose = 2 * time.Second

// Close waits for the changes that were accepted, and closes the directory. It
// returns when the directory can be opened again; after a failure that may need
// a restart.
func (e *Engine) Close() error {
	e.closeOnce.Do(func() {
		e.rest()
		e.resting.Wait()
		e.mu.Lock()
		e.closed = true
		close(e.queue)
		e.mu.Unlock()
		<-e.writerDone
		<-e.applierDone
		e.backups.Wait()
		e.closeErr = e.closeDB()
		if err := errors.Join(e.changes.Close(), e.keeper.close(), e.home.close()); e.closeErr == nil && err != nil {
			e.closeErr = fmt.Errorf("closing the store in %s: %w", e.dir, err)
		}
	})
	return e.closeErr
}

func (e *Engine) closeDB() error {
	closed := make(chan error, 1)
	// The goroutine ends when Badger does. After a failure it may never end; the
	// process is to be restarted anyway.
	go func() { closed <- e.db.Close() }()
	var timeout <-chan time.Time
	if e.failed.Load() {
		timeout = time.After(failedClose)
	}
	select {
	case err := <-closed:
		if err != nil {
			return fmt.Errorf("closing the store in %s: %w", e.dir, err)
		}
		if e.failed.Load() { // it was closed, and may hold less than it should
			return fmt.Errorf("closing the store in %s: %w", e.dir, store.ErrFailed)
		}
		return nil
	case <-timeout:
		return fmt.Errorf("closing the store in %s: %w", e.dir, store.ErrFailed)
	}
}

// Interface guards
var (
	_ store.Engine    = (*Engine)(nil)
	_ store.Sole      = (*Engine)(nil)
	_ store.Deferring = (*Engine)(nil)
	_ store.Bulky     = (*Engine)(nil)
	_ store.Described = (*Engine)(nil)
	_ store.Noticing  = (*Engine)(nil)
	_ store.Redacting = (*Engine)(nil)
	_ store.Purging   = (*Engine)(nil)
	_ store.Tombs     = (*Engine)(nil)
	_ store.Records   = snapshot{}
	_ store.SoleTx    = (*batch)(nil)
)
