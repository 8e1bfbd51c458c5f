// Package move holds the tests of copies between engines: what was in the one is in the
// other, for whoever asks.
package move

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
	"github.com/waguard/waguard/store/postgres"
	"github.com/waguard/waguard/store/storetest"
	"github.com/waguard/waguard/store/transfer"
)

func TestMain(m *testing.M) {
	// Each of them opens some databases and directories. The command line may ask for more.
	if err := flag.Set("rapid.checks", "3"); err != nil {
		panic(err)
	}
	pgtest.Main(m, pgtest.Options{Migrate: func(ctx context.Context, dsn string) error { return postgres.Migrate(ctx, dsn, zap.NewNop()) }})
}

// patience is how long a database may take on a machine that does much else.
const patience = 10 * time.Second

// end is an end of a copy: a store in a directory, or in a database.
type end interface {
	// from lets use copy it, and into takes a copy.
	from(t testing.TB, key []byte, use func(transfer.Source) error) error
	into(t testing.TB, key []byte) (target, error)
	open(t testing.TB, key []byte, now func() time.Time) (book, error)
}

type target interface {
	transfer.Target
	Close() error
}

// book is a store as tests use it.
type book interface {
	store.Store
	store.Audited
	store.Erases
	Close() error
}

type directory string

func (d directory) from(_ testing.TB, _ []byte, use func(transfer.Source) error) error {
	return badger.Place{Dir: string(d)}.Copy(use)
}

func (d directory) into(testing.TB, []byte) (target, error) { return badger.OpenCopy(string(d), nil) }

func (d directory) open(_ testing.TB, _ []byte, now func() time.Time) (book, error) {
	return badger.Open(string(d), badger.Options{Now: now})
}

// database is one by its address.
type database string

func newDatabase(t testing.TB) database { return database(pgtest.Database(t)) }

func (d database) from(t testing.TB, key []byte, use func(transfer.Source) error) error {
	s, err := postgres.OpenSource(t.Context(), string(d), key, nil)
	if err != nil {
		return err
	}
	return errors.Join(use(s), s.Close())
}

func (d database) into(t testing.TB, key []byte) (target, error) {
	return postgres.OpenCopy(t.Context(), string(d), key, nil)
}

func (d database) open(t testing.TB, key []byte, now func() time.Time) (book, error) {
	return postgres.Open(t.Context(), string(d), postgres.Options{Now: now, DatabaseNow: now, Key: key, Timeout: patience})
}

// move copies the store from one end to another one.
func move(ctx context.Context, t testing.TB, key []byte, from, to end) (copied []transfer.Copied, err error) {
	err = from.from(t, key, func(s transfer.Source) error {
		c, err := to.into(t, s.Description().Key)
		if err != nil {
			return err
		}
		copied, err = transfer.Copy(ctx, s, c, transfer.Options{})
		return errors.Join(err, c.Close())
	})
	return copied, err
}

// keyIn is the key of the pseudonyms of the store at an end.
func keyIn(t testing.TB, e end) (key []byte) {
	t.Helper()
	err := e.from(t, nil, func(s transfer.Source) error {
		key = s.Description().Key
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestStoreMoves: whenever a test of the store's suite opens a store again, that has moved
// to the other engine meanwhile, and there or back nobody notices.
func TestStoreMoves(t *testing.T) {
	type home struct {
		end   end
		key   []byte
		moves int
	}
	var mu sync.Mutex
	homes := make(map[string]*home)
	storetest.RunSome(t, func(t testing.TB, dir string, now func() time.Time) store.Store {
		mu.Lock()
		defer mu.Unlock()
		h := homes[dir]
		if h == nil {
			h = &home{end: directory(filepath.Join(dir, "store"))}
			homes[dir] = h
		} else {
			var to end = newDatabase(t)
			if h.moves++; h.moves%2 == 0 {
				to = directory(filepath.Join(dir, fmt.Sprint("store", h.moves)))
			}
			if h.key == nil {
				h.key = keyIn(t, h.end)
			}
			if _, err := move(t.Context(), t, h.key, h.end, to); err != nil {
				t.Fatal(err)
			}
			h.end = to
		}
		s, err := h.end.open(t, h.key, now)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}, reopening...)
}

// reopening are the tests of the suite that open a store again.
var reopening = []string{
	"numbers", "templates", "template-list", "callers", "challenges", "confirmation", "large",
	"entries", "erasure", "erasure-late", "erasure-ledger", "events", "figures", "fingerprint", "reopen", "meters", "bare-numbers", "stop131050",
	"sums", "suspicions", "tiers", "unseen", "attempts",
}
