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

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Store is an open directory. It implements [store.Store].
type Store struct {
	dir     string
	options Options
	log     *zap.Logger
	db      *badger.DB
	// start counts the times the directory was opened. A ledger entry that was
	// reserved in an earlier one and never settled has an unknown outcome.
	start uint64
	// keysChanged is when the store went over to the present keys of identities;
	// zero where it never had others.
	keysChanged policy.Moment
	names       *pseudonyms
	cache       *contactCache
	known       *knowledge
	bills       bills
	space       space

	// mu guards closed, and that nothing is inside Badger when it is closed:
	// every method holds it for reading during its own short life, never while a
	// consumer runs or a write is waited for; Close takes it for writing.
	mu     sync.RWMutex
	closed bool
	// inFlight are the heads of entries that were reserved and not yet settled, so
	// that settling them needs no read. It belongs to the writer goroutine.
	inFlight map[store.ID]*entryHead
	// stopsLeft is set once there may be a stopsRecord. It belongs to the writer
	// goroutine.
	stopsLeft bool
	// stops looks for the people whose opt-outs are among those.
	stops *stopSearch
	// held are reservations on their way to the queue.
	held *held
	// backups counts those that are being written. It grows under mu, while the
	// store isn't closed.
	backups sync.WaitGroup
	// failed is set, for ever, by a write that failed in Badger.
	failed atomic.Bool

	// queue brings changes to the writer. Sending needs mu for reading; Close
	// closes it under mu, after which the writer takes what is left and stops.
	queue chan *change
	// bulk brings changes that take long, each of which has one of the places.
	bulk   chan *change
	places chan struct{}
	// writerDone is closed by the writer as the last thing it does.
	writerDone chan struct{}
	closeOnce  sync.Once
	closeErr   error
}

// alive says why the store can't serve, if so. The caller holds mu.
func (s *Store) alive() error {
	switch {
	case s.closed:
		return store.ErrClosed
	case s.failed.Load():
		return store.ErrFailed
	}
	return nil
}

// fail stops the store: after err nobody knows what is on disk and what isn't.
func (s *Store) fail(err error) {
	if s.failed.CompareAndSwap(false, true) {
		s.log.Error("a write to the store failed; it serves nothing until the gateway is restarted", zap.String("path", s.dir), zap.Error(err))
	}
}

// view runs read on a consistent snapshot.
func (s *Store) view(ctx context.Context, read func(snapshot) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.alive(); err != nil {
		return err
	}
	// When Badger can't make a new file for its newest writes it answers the
	// write with an error, and every read from that instant on dereferences nil:
	// also one that comes before the writer has heard of the error.
	defer func() {
		if r := recover(); r != nil {
			s.fail(fmt.Errorf("reading: %v\n%s", r, debug.Stack()))
			err = store.ErrFailed
		}
	}()
	return s.db.View(func(txn *badger.Txn) error { return read(snapshot{txn}) })
}

// Check reports whether the store can serve reads and writes: it reads a record
// and passes an empty change through the writer.
func (s *Store) Check(ctx context.Context) error {
	err := s.view(ctx, func(snap snapshot) error {
		_, err := snap.get(metaKey)
		return err
	})
	if err != nil {
		return err
	}
	return s.do(ctx, func(*batch) error { return nil })
}

// failedClose is how long Close waits for Badger to close after a failure, when
// it may try for ever to write what it holds in memory.
const failedClose = 2 * time.Second

// Close waits for the changes that were accepted, and closes the directory. It
// returns when the directory can be opened again; after a failure that may need
// a restart.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		s.mu.Lock()
		s.closed = true
		close(s.queue)
		s.mu.Unlock()
		s.stops.end()
		<-s.writerDone
		s.backups.Wait()
		s.closeErr = s.closeDB()
	})
	return s.closeErr
}

func (s *Store) closeDB() error {
	closed := make(chan error, 1)
	// The goroutine ends when Badger does. After a failure it may never end; the
	// process is to be restarted anyway.
	go func() { closed <- s.db.Close() }()
	var timeout <-chan time.Time
	if s.failed.Load() {
		timeout = time.After(failedClose)
	}
	select {
	case err := <-closed:
		if err != nil {
			return fmt.Errorf("closing the store in %s: %w", s.dir, err)
		}
		return nil
	case <-timeout:
		return fmt.Errorf("closing the store in %s: %w", s.dir, store.ErrFailed)
	}
}

// source is where records are read from: a snapshot, or the batch being written.
type source interface {
	// get is the value of key, nil where there is none.
	get(key []byte) ([]byte, error)
	// contact is the contact a belongs to, empty where nobody is known by it. It
	// is shared and must not be changed.
	contact(a policy.Alias) (*policy.Contact, error)
}

// snapshot is the state after some transaction.
type snapshot struct{ txn *badger.Txn }

func (s snapshot) get(key []byte) ([]byte, error) { return get(s.txn, key) }

func (s snapshot) contact(a policy.Alias) (*policy.Contact, error) {
	c, _, err := readContact(s, a)
	return c, err
}

// readRecord is the record under key, zero where there is none.
func readRecord[T any](src source, key []byte) (r T, err error) {
	value, err := src.get(key)
	if err != nil || value == nil {
		return r, err
	}
	return r, decode(value, &r)
}

func get(txn *badger.Txn, key []byte) ([]byte, error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading record %c: %w", key[0], err)
	}
	value, err := item.ValueCopy(nil)
	if err != nil {
		return nil, fmt.Errorf("reading record %c: %w", key[0], err)
	}
	return value, nil
}

// Interface guards
var (
	_ store.Store    = (*Store)(nil)
	_ store.BackerUp = (*Store)(nil)
	_ source         = snapshot{}
	_ source         = (*batch)(nil)
)
