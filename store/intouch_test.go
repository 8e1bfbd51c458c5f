package store

import (
	"math/rand/v2"
	"testing"
)

// What is estimated from a part of the contacts is about what there is, also where
// people have several names, of which the smallest is what they are found by.
func TestEstimate(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	const people = 200_000
	for _, part := range []float64{1, 0.5, 0.05} {
		found := make(map[int]int)
		for i := range people {
			names := 1 + i%3
			smallest := 1.0
			for range names {
				smallest = min(smallest, random.Float64())
			}
			if smallest < part {
				found[names]++
			}
		}
		if got := estimate(found, part); got < people*98/100 || got > people*102/100 {
			t.Errorf("from %v of the contacts: %d people, want about %d", part, got, people)
		}
	}
}
