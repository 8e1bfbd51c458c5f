package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/store"
)

// What is written anew while the sweep comes by is not swept.
func TestSweepMeetsWriter(t *testing.T) {
	now := time.Now()
	dsn := pgtest.Database(t)
	e := alone(t, dsn, Options{DatabaseNow: func() time.Time { return now }})
	key := recordKey("ann")
	if err := e.Update(t.Context(), func(tx store.Tx) error { return tx.Delete(key) }); err != nil {
		t.Fatal(err)
	}
	now = now.Add(25 * time.Hour)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	writing, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writing.Exec(t.Context(), `update waguard.state set value = '\x01', until = null, version = version + 2 where key = $1`, key); err != nil {
		t.Fatal(err)
	}
	swept := make(chan error, 1)
	go func() { swept <- e.Sweep(t.Context()) }()
	select {
	case err = <-swept: // it waits for nobody
	case <-time.After(time.Second):
	}
	if err := writing.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err == nil && len(swept) > 0 {
		err = <-swept
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	err = e.View(t.Context(), func(r store.Records) error {
		values, err := r.Get(key)
		if err == nil && values[0] == nil {
			t.Error("the sweep took what was written meanwhile")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The sweep of statements doesn't read all of a day to find the old ones.
func TestSweepOfStatementsByIndex(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `set enable_seqscan = off`); err != nil { // the table is empty
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), `explain select id from waguard.batch where at < now() - interval '1 day' order by at limit 5000`)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(plan, "\n"), "batch_at") {
		t.Errorf("the plan is\n%s", strings.Join(plan, "\n"))
	}
}
