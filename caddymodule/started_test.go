package caddymodule

import (
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/store"
)

// What somebody reads who starts a gateway.
func TestStartedBlock(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	s := &started{
		version: "v1.0.0", now: now, counted: true, measured: true, bytes: 84 << 20, newest: now.Add(-3 * time.Minute),
		count: store.Count{Where: "/var/lib/waguard", People: store.Tally{N: 12345}, Entries: store.Tally{N: 1_234_567, Estimated: true}},
		numbers: []servedNumber{
			{"104455667788", "Example Shop", "enforce", now.Add(-2 * time.Minute)}, {"104455667799", "", "monitor", time.Time{}}, {everyOther, "all others", "monitor", time.Time{}},
		},
		missing: []string{"something is: so it doesn't work"}, next: "mend it",
	}
	var b strings.Builder
	if err := s.write(&b); err != nil {
		t.Fatal(err)
	}
	const want = `
waguard v1.0.0
  store    /var/lib/waguard
           12,345 people, about 1.2 million ledger entries, 84 MiB, newest entry 3 minutes ago
  numbers  104455667788, Example Shop, enforce, last webhook 2 minutes ago
           104455667799, monitor, last webhook never
           *, all others, monitor, no webhook yet since the start
  missing  something is: so it doesn't work
  next     mend it

`
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("the block is\n%s\nwant\n%s", got, want)
	}
}
