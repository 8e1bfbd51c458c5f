package badger

import (
	"math"
	"os"

	"github.com/waguard/waguard/store"
)

// Measure is what the store takes up.
func (e *Engine) Measure() store.Measure {
	e.mu.RLock()
	defer e.mu.RUnlock()
	m := store.Measure{Waiting: len(e.queue) + len(e.bulk) + e.held.size()}
	if e.closed {
		return m
	}
	m.Bytes = e.home.taken()
	if p := e.pace.Load(); p != nil {
		m.Synced, m.Together = p.synced, p.last
	}
	if free, err := e.home.space(); err == nil && free != math.MaxUint64 {
		m.Free, m.Needed = free, reservedSpace+reservedForSends
	}
	return m
}

// Measure is what the store takes up.
func (s *Store) Measure() store.Measure { return s.engine.Measure() }

// size is how many reservations linger.
func (h *held) size() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.changes)
}

// taken is what the files of the directory take on disk. Some are larger than what
// has been written to them.
func (h *home) taken() (n uint64) {
	entries, err := os.ReadDir(h.at)
	if err != nil {
		return 0
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			n += allocated(info)
		}
	}
	return n
}

// Interface guard
var _ store.Measured = (*Store)(nil)
