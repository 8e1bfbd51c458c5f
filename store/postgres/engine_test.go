package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/enginetest"
	"github.com/waguard/waguard/store/storetest"
)

func TestMain(m *testing.M) {
	// Every random history has a database of its own here. They are tried by the hundred
	// on the store in memory, which has the same rules; more with -rapid.checks.
	if err := flag.Set("rapid.checks", "5"); err != nil {
		panic(err)
	}
	pgtest.Main(m, pgtest.Options{Migrate: migrated})
}

// migrated is what the databases of tests are copies of.
func migrated(ctx context.Context, dsn string) error {
	e, err := OpenEngine(ctx, dsn, Options{Key: make([]byte, keySize), Migrate: true, Timeout: patience})
	if err != nil {
		return err
	}
	// Tests begin in this month; others make theirs as they go.
	err = e.keeper.partitions(ctx, monthOf(time.UnixMilli(1_790_000_000_000)))
	if err == nil {
		_, err = e.pool.Exec(ctx, `delete from waguard.about`) // each test's store has a key of its own
	}
	return errors.Join(err, e.Close())
}

// patience is how long a database may take on a machine that does much else.
const patience = 10 * time.Second

// databases are those of tests, by the directory that stands for each.
var databases sync.Map

func databaseOf(t testing.TB, dir string) string {
	if dsn, ok := databases.Load(dir); ok {
		return dsn.(string)
	}
	dsn := pgtest.Database(t)
	databases.Store(dir, dsn)
	return dsn
}

func TestEngine(t *testing.T) {
	enginetest.Run(t, enginetest.Subject{
		Shared: true,
		Open: func(t testing.TB, dir string, o enginetest.Options) store.Engine {
			e, err := OpenEngine(t.Context(), databaseOf(t, dir), Options{Now: o.Now, DatabaseNow: o.Now, LedgerRetention: o.LedgerRetention, ViolationRetention: o.ViolationRetention, Key: make([]byte, keySize), Migrate: true, Timeout: patience})
			if err != nil {
				t.Fatal(err)
			}
			return e
		},
		Sweep: func(t testing.TB, e store.Engine) {
			if err := e.(*Engine).Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
	})
}

func TestStore(t *testing.T) { storetest.Run(t, openStore) }

// TestShared has several stores over one database.
func TestShared(t *testing.T) { storetest.RunShared(t, openStore) }

func openStore(t testing.TB, dir string, now func() time.Time) store.Store {
	e, err := OpenEngine(t.Context(), databaseOf(t, dir), Options{Now: now, DatabaseNow: now, Key: keyOf(dir), Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	b, err := store.Open(t.Context(), e, store.Options{Now: now}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keyOf is another key for each store.
func keyOf(dir string) []byte {
	key := sha256.Sum256([]byte(dir))
	return key[:]
}
