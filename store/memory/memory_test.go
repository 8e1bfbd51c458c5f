package memory

import (
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/enginetest"
	"github.com/waguard/waguard/store/storetest"
)

// spaces are those of the directories that tests name.
type spaces struct {
	mu     sync.Mutex
	byName map[string]*Space
}

func (s *spaces) of(name string) *Space {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName == nil {
		s.byName = make(map[string]*Space)
	}
	if s.byName[name] == nil {
		s.byName[name] = NewSpace()
	}
	return s.byName[name]
}

func open(t testing.TB, e store.Engine, now func() time.Time) store.Store {
	t.Helper()
	b, err := store.Open(t.Context(), e, store.Options{Now: now, CacheSize: 1 << 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestStore runs the store's suite over an engine that reckons with others.
func TestStore(t *testing.T) {
	var s spaces
	storetest.Run(t, func(t testing.TB, dir string, now func() time.Time) store.Store {
		return open(t, s.of(dir).Open(now), now)
	})
}

// TestShared runs what several stores owe each other.
func TestShared(t *testing.T) {
	var s spaces
	storetest.RunShared(t, func(t testing.TB, dir string, now func() time.Time) store.Store {
		return open(t, s.of(dir).Open(now), now)
	})
}

// TestStoreAlone runs it over one that has its space for itself.
func TestStoreAlone(t *testing.T) {
	var s spaces
	storetest.Run(t, func(t testing.TB, dir string, now func() time.Time) store.Store {
		return open(t, s.of(dir).OpenAlone(now), now)
	})
}

// TestEngine runs the engines' suite.
func TestEngine(t *testing.T) {
	var s spaces
	enginetest.Run(t, enginetest.Subject{
		Open: func(_ testing.TB, dir string, o enginetest.Options) store.Engine {
			return &kept{s.of(dir).Open(o.Now), o}
		},
		Shared: true,
		Sweep:  func(_ testing.TB, e store.Engine) { e.(*kept).sweep() },
	})
}

// kept is an engine that knows how long journals are kept.
type kept struct {
	*Engine
	enginetest.Options
}

func (k *kept) sweep() {
	k.space.Sweep(k.Now(), map[store.Journal]time.Duration{store.Ledger: k.LedgerRetention, store.Violations: k.ViolationRetention})
}

// TestEngineAlone runs it for engines that have their space for themselves.
func TestEngineAlone(t *testing.T) {
	var s spaces
	enginetest.Run(t, enginetest.Subject{
		Open: func(_ testing.TB, dir string, o enginetest.Options) store.Engine { return s.of(dir).OpenAlone(o.Now) },
	})
}
