package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/store"
)

// A process that has written a record, or has found none, takes up again what became of that
// when it was swept.
func TestSweptWhileRemembered(t *testing.T) {
	now := time.Now()
	e := alone(t, pgtest.Database(t), Options{DatabaseNow: func() time.Time { return now }})
	lapsed, never, other := recordKey("lapsed"), recordKey("never"), recordKey("other")
	change := func(tx store.Tx) error {
		if _, err := tx.Get(lapsed, never); err != nil {
			return err
		}
		if err := tx.Put(other, []byte{1}, 0); err != nil {
			return err
		}
		return tx.Put(lapsed, []byte{1}, time.Hour)
	}
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := e.Update(ctx, change)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(25 * time.Hour)
		if err := e.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
