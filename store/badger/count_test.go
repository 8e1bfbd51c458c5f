package badger

import (
	"testing"

	"github.com/dgraph-io/badger/v4"
)

// Tables that hold other records too count by half, those that hold none not at all.
func TestInTables(t *testing.T) {
	tables := []badger.TableInfo{
		{Left: []byte("c1"), Right: []byte("c9"), KeyCount: 100},
		{Left: []byte("c9"), Right: []byte("l1"), KeyCount: 50},
		{Left: []byte("l1"), Right: []byte("n1"), KeyCount: 1000},
		{KeyCount: 7},
	}
	for prefix, want := range map[byte]int64{'c': 125, 'l': 525, 'h': 25, 'z': 0} {
		if got := inTables(tables, prefix); got != want {
			t.Errorf("%c: %d, want %d", prefix, got, want)
		}
	}
}
