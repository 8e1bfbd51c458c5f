package policy

import (
	"slices"
	"testing"
)

// Statuses arrive in any order; the higher one holds, and a delivery on one
// device beats a failure on another.
func TestDeliveryStatusRank(t *testing.T) {
	inOrder := []DeliveryStatus{"", StatusSent, StatusFailed, StatusDelivered, StatusRead, StatusPlayed}
	if !slices.IsSortedFunc(inOrder, func(a, b DeliveryStatus) int { return a.Rank() - b.Rank() }) {
		t.Errorf("%v are out of order", inOrder)
	}
	for i, s := range inOrder {
		if i > 0 && s.Rank() == inOrder[i-1].Rank() {
			t.Errorf("%q and %q rank the same", inOrder[i-1], s)
		}
	}
	if got := DeliveryStatus("warning").Rank(); got != 0 {
		t.Errorf("a status nobody knows ranks %d, want 0", got)
	}
}
