package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/store"
)

// TestNoStandbyConfirms: where no standby confirms a commit, nothing is acknowledged, not
// even where the server gives up waiting and calls it a success; and the store says that
// it can't be used, though it can be read.
func TestNoStandbyConfirms(t *testing.T) {
	server := pgtest.Run(t, pgtest.Options{Migrate: migrated})
	dsn := server.Database(t)
	s, err := Open(t.Context(), dsn, Options{Key: make([]byte, keySize), Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	operator, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { operator.Close(context.Background()) })
	operate := func(statements ...string) (n int64) {
		t.Helper()
		for _, sql := range statements {
			tag, err := operator.Exec(t.Context(), sql)
			if err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
			n = tag.RowsAffected()
		}
		return n
	}
	write := func() error {
		return s.engine.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte("key"), []byte("value"), 0) })
	}
	check := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		return s.Check(ctx)
	}
	if err := errors.Join(write(), s.Check(t.Context())); err != nil {
		t.Fatal(err)
	}

	operate(`alter system set synchronous_standby_names = 'nobody'`, `select pg_reload_conf()`)
	until(t, "the server waits for a standby", func() bool { return write() != nil })
	if err := write(); !errors.Is(err, ErrAway) {
		t.Errorf("a commit that nobody confirms ends with %v", err)
	}
	if err := check(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while nobody confirms commits, the store says %v", err)
	}

	written, cancelled := make(chan error, 1), int64(0)
	go func() { written <- write() }()
	for done := false; !done; {
		select {
		case err := <-written:
			if done = true; !errors.Is(err, ErrAway) {
				t.Errorf("a commit that the server has stopped waiting for ends with %v", err)
			}
		default:
			cancelled += operate(`select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'`)
		}
	}
	if cancelled == 0 {
		t.Error("nothing has waited for a standby")
	}

	operate(`alter system reset synchronous_standby_names`, `select pg_reload_conf()`)
	until(t, "the store says that it can be used", func() bool { return check() == nil })
	if err := write(); err != nil {
		t.Error(err)
	}
	if s.engine.unconfirmed.Load() {
		t.Error("a commit was confirmed, and the store goes on asking")
	}
}

// until waits until it is so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); {
		if time.Now().After(deadline) {
			t.Fatalf("not after a minute: %s", what)
		}
	}
}
