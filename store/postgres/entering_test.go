package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/store"
)

// TestAbandoned: a line that nobody waits for any longer is not entered, unless it is on its
// way.
func TestAbandoned(t *testing.T) {
	e, err := OpenEngine(t.Context(), pgtest.Database(t), Options{Key: make([]byte, keySize), Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	gone, leave := context.WithCancel(t.Context())
	leave()
	id, ran, goOn := store.NewID(0), make(chan struct{}), make(chan struct{})
	w := e.Enter(id, func(tx store.Tx) error {
		ran <- struct{}{}
		<-goOn
		return tx.Append(store.Ledger, &store.Line{ID: id, Data: []byte("a line")})
	})
	<-ran
	if err := w.WaitFor(gone); !errors.Is(err, store.ErrLate) {
		t.Errorf("a line that is late: %v", err)
	}
	close(goOn)
	err = e.View(t.Context(), func(r store.Records) error { // which waits for what is on its way
		if l, err := r.Find(store.Ledger, id); err != nil || l != nil {
			t.Errorf("the line that nobody waits for is %v, %v", l, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestOutcomeWhileAway: what becomes of a line while the database is away is told to fail,
// and is there once the database is back.
func TestOutcomeWhileAway(t *testing.T) {
	server := pgtest.Run(t, pgtest.Options{Migrate: migrated})
	e, err := OpenEngine(t.Context(), server.Database(t), Options{Key: make([]byte, keySize), Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	id := store.NewID(0)
	entered := func() error {
		return e.Enter(id, func(tx store.Tx) error { return tx.Append(store.Ledger, &store.Line{ID: id, Data: []byte("a line")}) }).Wait()
	}
	until(t, "a line is entered", func() bool { return entered() == nil })
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	settled := e.Follow(id, func(tx store.Tx) error { return tx.Settle(store.Ledger, id, []byte("an outcome"), "accepted") })
	if err := settled.Wait(); !errors.Is(err, ErrAway) {
		t.Errorf("while the database is away, an outcome ends with %v", err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the outcome is there", func() (there bool) {
		err := e.View(t.Context(), func(r store.Records) error {
			l, err := r.Find(store.Ledger, id)
			there = err == nil && l != nil && string(l.Settled) == "an outcome"
			return err
		})
		return err == nil && there
	})
}
