package badger

import (
	"testing"
	"testing/synctest"
	"time"
)

// A batch waits for the callers it expects, and for nobody else.
func TestCollect(t *testing.T) {
	const us = time.Microsecond
	for _, test := range []struct {
		name     string
		expected int
		comes    []time.Duration // when others come, after the first
		callers  int
		waits    time.Duration
	}{
		{"nobody is expected", 0, nil, 1, 0},
		{"one is expected, and is there", 1, []time.Duration{100 * us}, 1, 0},
		{"who has come already needs no expecting", 1, []time.Duration{0, 0, 0}, 4, 0},
		{"all come", 3, []time.Duration{300 * us, 700 * us, 900 * us}, 3, 700 * us},
		{"one is late", 3, []time.Duration{300 * us}, 2, 300*us + lull},
		{"none comes back", 32, nil, 1, lull},
		{
			"they come so slowly that it must end", 32,
			[]time.Duration{1500 * us, 3000 * us, 4500 * us, 6000 * us, 7500 * us},
			4, gathering,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &Engine{queue: make(chan *change, queueLength)}
				quiet := time.NewTimer(lull)
				defer quiet.Stop()
				began := time.Now()
				for _, after := range test.comes {
					if after == 0 {
						s.queue <- &change{}
					} else {
						time.AfterFunc(after, func() { s.queue <- &change{} })
					}
				}
				waiting, callers := s.collect(&change{}, test.expected, quiet)
				if waited := time.Since(began); callers != test.callers || len(waiting) != callers || waited != test.waits {
					t.Errorf("a batch of %d callers with %d changes after %s, want %d after %s", callers, len(waiting), waited, test.callers, test.waits)
				}
			})
		})
	}
}

// A batch takes the reservations before its changes along, and no more than a
// transaction should hold.
func TestCollectIsBounded(t *testing.T) {
	s := &Engine{queue: make(chan *change, queueLength)}
	quiet := time.NewTimer(lull)
	defer quiet.Stop()
	for range maxBatch {
		s.queue <- &change{before: []*change{{}}}
	}
	waiting, callers := s.collect(&change{before: []*change{{}}}, maxBatch, quiet)
	if len(waiting) != maxBatch || callers != maxBatch/2 {
		t.Errorf("a batch has %d changes of %d callers, want %d of %d", len(waiting), callers, maxBatch, maxBatch/2)
	}
}
