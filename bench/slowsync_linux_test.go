package main

import (
	"testing"
	"time"
)

// On a disk that is slower no answer comes before the send was synced.
func TestSlowSync(t *testing.T) {
	const slower = 5 * time.Millisecond
	r, err := tryMeasure(t, "-connections", "1", "-scenario", "text", "-sync", slower.String())
	if err != nil {
		t.Fatal(err)
	}
	if p50 := r.Scenarios[0].Gateway[1].P50; p50 < 2*slower {
		t.Errorf("the median send took %s; it must wait for two syncs of more than %s", p50, slower)
	}
}
