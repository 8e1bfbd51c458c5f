package badger

import (
	"testing"
	"testing/synctest"
	"time"
)

// A batch waits for as many as came lately, where the disk is slow, and for nobody
// where it isn't.
func TestGather(t *testing.T) {
	const us = time.Microsecond
	for _, test := range []struct {
		name  string
		pace  pace
		comes []time.Duration // when others come, after the first
		want  int
		waits time.Duration
	}{
		{"the first", pace{}, nil, 1, 0},
		{"who has come already", pace{}, []time.Duration{0, 0, 0}, 4, 0},
		{"fast disk", pace{900 * us, 30, 30}, []time.Duration{0, 10 * us}, 2, 0},
		{"slow disk, nobody expected", pace{5000 * us, 1, 0}, []time.Duration{50 * us}, 1, 0},
		{"slow disk, all are there", pace{5000 * us, 2, 1}, []time.Duration{0, 0}, 3, 0},
		{"slow disk, all come", pace{5000 * us, 3, 1}, []time.Duration{250 * us, 650 * us}, 3, 700 * us},
		{"slow disk, the other group comes", pace{5000 * us, 2, 2}, []time.Duration{110 * us, 120 * us}, 3, 200 * us},
		{"slow disk, nobody comes back", pace{8000 * us, 32, 32}, nil, 1, 2000 * us},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &Engine{queue: make(chan *change, queueLength)}
				e.pace.Store(&test.pace)
				began := time.Now()
				for _, after := range test.comes {
					if after == 0 {
						e.queue <- &change{}
					} else {
						time.AfterFunc(after, func() { e.queue <- &change{} })
					}
				}
				waiting := e.gather(&change{})
				if waited := time.Since(began); len(waiting) != test.want || waited != test.waits {
					t.Errorf("a batch of %d changes after %s, want %d after %s", len(waiting), waited, test.want, test.waits)
				}
				synctest.Wait()
			})
		})
	}
}

// A batch takes the reservations before its changes along, and no more than it should.
func TestGatherIsBounded(t *testing.T) {
	e := &Engine{queue: make(chan *change, queueLength)}
	for range maxBatch {
		e.queue <- &change{before: []*change{{}}}
	}
	if waiting := e.gather(&change{before: []*change{{}}}); len(waiting) != maxBatch || len(e.queue) != maxBatch/2+1 {
		t.Errorf("a batch has %d changes, and leaves %d", len(waiting), len(e.queue))
	}
}
