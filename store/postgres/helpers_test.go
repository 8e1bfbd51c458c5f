package postgres

import (
	"testing"

	"github.com/waguard/waguard/store"
)

// alone is an engine by itself, for tests of what happens inside of it.
func alone(t *testing.T, dsn string, o Options) *Engine {
	t.Helper()
	o.Key, o.Timeout = make([]byte, keySize), patience
	e, err := OpenEngine(t.Context(), dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.end() // also where a change would never be done
		e.Close()
	})
	return e
}

// recordKey is a key as those of people are.
func recordKey(name string) []byte { return []byte("c" + (name + "................")[:16]) }

// enterLines enters some lines.
func enterLines(t *testing.T, e *Engine, n byte) (ids []store.ID) {
	t.Helper()
	for i := range n {
		id := store.FirstID(1_790_000_000_000)
		id[15] = 1 + i
		ids = append(ids, id)
	}
	err := e.Update(t.Context(), func(tx store.Tx) error {
		for _, id := range ids {
			if err := tx.Append(store.Ledger, &store.Line{ID: id, Data: []byte{0xa0}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}
