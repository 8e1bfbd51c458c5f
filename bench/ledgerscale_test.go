package main

import (
	"strings"
	"testing"
)

// A month is lived through, counted in every way, and its sums equal its ledger:
// measureLedger fails otherwise.
func TestLedger(t *testing.T) {
	o, err := parseLedgerFlags([]string{"-entries", "30000", "-dir", t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := measureLedger(t.Context(), o, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if r.Rebuilt.Equal == 0 || r.Quarters.Sums <= r.Days.Sums {
		t.Errorf("measured %+v, of which %+v was made anew", r, r.Rebuilt)
	}
	var told strings.Builder
	if err := r.write(&told, "bench"); err != nil || !strings.Contains(told.String(), "| sends in 30 days | 30,000 |") {
		t.Errorf("told %s, %v", told.String(), err)
	}
}
