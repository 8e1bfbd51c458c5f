package gateway

import (
	"context"
	"errors"
	"testing"
)

// TestTurn: who fetches or lists in the background stops when the configuration goes, also while
// somebody else does.
func TestTurn(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	w := newBilledWorld(t)
	if err := w.fetching.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	accounts, err := w.known(t.Context())
	if err != nil || len(accounts) != 1 {
		t.Fatalf("%d accounts, %v", len(accounts), err)
	}
	if err := w.fetchRecent(gone, accounts[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting to fetch ends with %v", err)
	}
	if err := w.fetchNow(gone, w.store, accounts[0], "2026-10-01", "2026-10-02"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting to fetch some days ends with %v", err)
	}
	w.fetching.give()
	if err := w.fetchRecent(t.Context(), accounts[0]); err != nil {
		t.Errorf("after it: %v", err)
	}
	var s TemplateSync
	if err := s.listing.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.list(gone, waba); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting to list ends with %v", err)
	}
}
