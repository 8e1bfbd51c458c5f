package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/memory"
)

// failing is an engine that others use too, which makes changes and doesn't commit them.
type failing struct {
	store.Engine
	failed error
}

func (f *failing) Update(ctx context.Context, change func(store.Tx) error) error {
	return f.Engine.Update(ctx, func(t store.Tx) error {
		if err := change(t); err != nil {
			return err
		}
		return f.failed
	})
}

// What is kept of sends that are under way goes by what was committed: nothing stays of those
// that weren't entered, and all of those that weren't settled.
func TestInFlightByWhatIsCommitted(t *testing.T) {
	now := func() time.Time { return testTime }
	engine := &failing{Engine: memory.NewSpace().Open(now)}
	b, err := store.Open(t.Context(), engine, store.Options{Now: now}, make([]byte, store.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	e := newEntry(testTime, b.Pseudonym(phone("15550100001")))
	reserve := func() error { return b.Reserve(t.Context(), e).Wait() }
	settle := func() error {
		return b.Settle(t.Context(), e.ID, store.Outcome{State: store.Accepted, Wamid: "wamid.1"}).Wait()
	}
	away := errors.New("away")
	for _, step := range []struct {
		fails error
		do    func() error
		kept  int
	}{
		{away, reserve, 0},
		{nil, reserve, 1},
		{away, settle, 1},
		{nil, settle, 0},
	} {
		engine.failed = step.fails
		if err := step.do(); !errors.Is(err, step.fails) {
			t.Fatal(err)
		}
		if n := b.InFlight(); n != step.kept {
			t.Errorf("%d are under way, want %d", n, step.kept)
		}
	}
}
