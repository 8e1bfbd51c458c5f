package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/store"
)

// A status that comes while Meta's answer is recorded, in one statement with it, looks for the
// entry that the answer is of: who commits both doesn't wait for themselves.
func TestCommitterWaitsForNobody(t *testing.T) {
	dsn := pgtest.Database(t)
	other, e := alone(t, dsn, Options{}), alone(t, dsn, Options{})
	id := enterLines(t, other, 1)[0]
	status, first, second := recordKey("status"), recordKey("first"), recordKey("second")
	for _, key := range [][]byte{status, first, second} {
		if err := other.Update(t.Context(), func(tx store.Tx) error { return tx.Put(key, []byte{0}, 0) }); err != nil {
			t.Fatal(err)
		}
	}
	// Until both have come, all committers are at work.
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	holding, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holding.Exec(t.Context(), `select from waguard.state where key in ($1, $2) for update`, first, second); err != nil {
		t.Fatal(err)
	}
	queued := func(running, waiting int) {
		t.Helper()
		for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
			e.commit.mu.Lock()
			done := e.commit.running == running && len(e.commit.queue) == waiting
			e.commit.mu.Unlock()
			if done {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("there are never %d statements under way and %d changes waiting", running, waiting)
			}
		}
	}
	for i, key := range [][]byte{first, second} {
		go e.Update(context.WithoutCancel(t.Context()), func(tx store.Tx) error { return tx.Put(key, []byte{1}, 0) })
		queued(1+i, 0)
	}
	answered := e.Follow(id, func(tx store.Tx) error {
		if _, err := tx.Find(store.Ledger, id); err != nil {
			return err
		}
		if err := tx.Put(status, []byte{1}, 0); err != nil {
			return err
		}
		return tx.Settle(store.Ledger, id, []byte{0xa0}, "accepted")
	})
	queued(committers, 1)
	told := make(chan error, 1)
	go func() {
		told <- e.Update(context.WithoutCancel(t.Context()), func(tx store.Tx) error {
			values, err := tx.Get(status)
			if err != nil {
				return err
			}
			if values[0][0] == 1 {
				if _, err := tx.Find(store.Ledger, id); err != nil {
					return err
				}
			}
			return tx.Put(status, []byte{values[0][0] + 2}, 0)
		})
	}()
	queued(committers, 2)
	if err := holding.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-told:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * patience):
		t.Fatal("the status is never recorded")
	}
	if err := answered.Wait(); err != nil {
		t.Error(err)
	}
}

// Whoever has changed others since a record wasn't there, and who writes it in the same
// statement, are written together or not at all: what is written says to other gateways that
// it wasn't there.
func TestAbsentAndWritten(t *testing.T) {
	b, e := newBatch(), &Engine{recent: newRecent()}
	e.o.complete()
	key := recordKey("ann")
	reader := e.newTx(t.Context(), nil)
	reader.read[string(key)] = record{}
	if err := reader.Put(recordKey("bob"), []byte{1}, 0); err != nil {
		t.Fatal(err)
	}
	writer := e.newTx(t.Context(), nil)
	if err := writer.Put(key, []byte{1}, 0); err != nil {
		t.Fatal(err)
	}
	b.add(&pending{t: reader}, reader)
	b.add(&pending{t: writer}, writer)
	if b.group(0) != b.group(1) {
		t.Error("they are of two groups")
	}
}
