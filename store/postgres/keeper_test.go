package postgres

import (
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/pgtest"
)

// Gateways that need the same partition at the same time all get it.
func TestPartitionsAtOnce(t *testing.T) {
	const gateways, months = 4, 12
	dsn := pgtest.Database(t)
	var all sync.WaitGroup
	for range gateways {
		e, err := OpenEngine(t.Context(), dsn, Options{Key: make([]byte, keySize), Timeout: patience})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		all.Go(func() {
			for m := range months {
				if err := e.keeper.partitions(t.Context(), time.Date(2030, time.Month(1+m), 1, 0, 0, 0, 0, time.UTC)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
