package store

import (
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
)

// What was erased waits half an hour for more, counted from its erasure and not from the
// last start.
func TestPurgeIn(t *testing.T) {
	const erased = policy.Moment(1_790_000_000_000)
	for after, want := range map[time.Duration]time.Duration{
		0: 30 * time.Minute, 10 * time.Minute: 20 * time.Minute, 29*time.Minute + 30*time.Second: time.Minute, 3 * time.Hour: time.Minute,
		-time.Hour: 30 * time.Minute, // the clock was put back
	} {
		if got := purgeIn(erased, erased.Add(after)); got != want {
			t.Errorf("after %s: in %s, want %s", after, got, want)
		}
	}
}
