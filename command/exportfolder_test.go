package command

import (
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/export"
)

// What the ledger doesn't keep whole any more is not written anew: a day of the ledger that
// began before, and of the bill every day whose month had messages sent before.
func TestIncompleteUntil(t *testing.T) {
	since := time.Date(2026, time.October, 5, 18, 0, 0, 0, time.UTC)
	for kind, want := range map[export.Kind]string{export.Ledger: "2026-10-06", export.Bill: "2026-11-30", export.FOCUS: "2026-11-30"} {
		w := folder[export.Send, *export.Send]{exporting: &exporting{kind: kind}}
		if got := w.incompleteUntil(&adminapi.SendPage{KeptSince: &since}); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
		if got := w.incompleteUntil(new(adminapi.SendPage)); got != "" {
			t.Errorf("%s is incomplete until %s, and all of it is kept", kind, got)
		}
	}
}
