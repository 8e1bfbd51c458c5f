package postgres

import (
	"errors"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/store"
)

// What a standby has not confirmed is not erased.
func TestRedactionUnconfirmed(t *testing.T) {
	e := alone(t, pgtest.Database(t), Options{})
	ids := enterLines(t, e, 1)
	for _, statement := range []string{
		`create function waguard.cancelled() returns trigger language plpgsql as $$ begin raise warning 'canceling wait for synchronous replication due to user request'; return new; end $$`,
		`create constraint trigger cancelled after update on waguard.ledger deferrable initially deferred for each row execute function waguard.cancelled()`,
	} {
		if _, err := e.pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	err := e.Redact(t.Context(), store.Ledger, ids, func(*store.Line) error { return nil })
	if !errors.Is(err, errUnconfirmed) {
		t.Errorf("it ends with %v", err)
	}
}

// A redaction and settlements hold lines in the same order.
func TestRedactionMeetsSettlements(t *testing.T) {
	e := alone(t, pgtest.Database(t), Options{})
	ids := enterLines(t, e, 2)
	begun, settled := make(chan bool), make(chan error, 1)
	go func() {
		<-begun
		settled <- e.Update(t.Context(), func(tx store.Tx) error {
			for _, id := range ids {
				if err := tx.Settle(store.Ledger, id, []byte{0xa0}, "accepted"); err != nil {
					return err
				}
			}
			return nil
		})
	}()
	lines := 0
	err := e.Redact(t.Context(), store.Ledger, []store.ID{ids[1], ids[0]}, func(*store.Line) error {
		if lines++; lines == 1 {
			close(begun)
			time.Sleep(300 * time.Millisecond)
		}
		return nil
	})
	if err := errors.Join(err, <-settled); err != nil {
		t.Error(err)
	}
	if n := e.counts.collisions.Load(); n > 0 {
		t.Errorf("%d collisions", n)
	}
}
