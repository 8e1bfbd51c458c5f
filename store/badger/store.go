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
	home        *home
	// head is how far the store has got. It belongs to the writer goroutine.
	head         head
	keeper       *keeper
	installation string

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
	// damaged says which table was damaged since the store was opened.
	damaged atomic.Pointer[error]
	// unreadable counts reads that failed.
	unreadable atomic.Uint64
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
	// A damaged record can make Badger panic. And when Badger can't make a new file
	// for its newest writes, every read dereferences nil, also one that comes before
	// the writer has heard of it.
	defer func() {
		if r := recover(); r != nil {
			s.writing.Lock() // once the writer has heard
			defer s.writing.Unlock()
			err = s.cantRead(fmt.Errorf("%v", r), zap.ByteString("stack", debug.Stack()))
		}
	}()
	err = s.db.View(func(txn *badger.Txn) error { return read(snapshot{txn}) })
	if errors.Is(err, errRecord) {
		return s.cantRead(err)
	}
	return err
}

// errRecord: a record is there and can't be read.
var errRecord = errors.New("a record can't be read")

// cantRead notes a read that failed. It is the error of whoever asked; everybody
// else is served.
func (s *Store) cantRead(err error, more ...zap.Field) error {
	if s.failed.Load() {
		return store.ErrFailed
	}
	s.unreadable.Add(1)
	s.log.Error("a record of the store can't be read; run waguard store check, and restore a backup if it finds damage",
		append(more, zap.String("path", s.dir), zap.Error(err))...)
	return fmt.Errorf("%w: %w", store.ErrUnreadable, err)
}

// notice is something an operator must know as long as the store is open. It is
// for before it is.
func (s *Store) notice(text string, fields ...zap.Field) {
	s.notices = append(s.notices, text)
	s.log.Warn(text, append(fields, zap.String("path", s.dir))...)
}

// Installation tells the stores of one installation from those of all others:
// restored copies have it in common.
func (s *Store) Installation() string { return s.installation }

// Condition is what an operator must know about the store.
func (s *Store) Condition() store.Condition {
	return store.Condition{Unreadable: s.unreadable.Load(), Notices: s.condition()}
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
		s.rest()
		s.resting.Wait()
		s.mu.Lock()
		s.closed = true
		close(s.queue)
		s.mu.Unlock()
		s.stops.end()
		<-s.writerDone
		s.backups.Wait()
		s.closeErr = s.closeDB()
		if err := errors.Join(s.keeper.close(), s.home.close()); s.closeErr == nil && err != nil {
			s.closeErr = fmt.Errorf("closing the store in %s: %w", s.dir, err)
		}
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
		return nil, fmt.Errorf("reading record %c: %w: %w", key[0], errRecord, err)
	}
	value, err := item.ValueCopy(nil)
	if err != nil {
		return nil, fmt.Errorf("reading record %c: %w: %w", key[0], errRecord, err)
	}
	return value, nil
}

// Interface guards
var (
	_ store.Store    = (*Store)(nil)
	_ store.BackerUp = (*Store)(nil)
	_ store.Watched  = (*Store)(nil)
	_ source         = snapshot{}
	_ source         = (*batch)(nil)
)
