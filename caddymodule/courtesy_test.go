package caddymodule

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestCourtesy: a large webhook is worked on in steps with rests while there are
// sends, one at a time; a small one, and without sends, at once.
func TestCourtesy(t *testing.T) {
	work := func(c *courtesy, size int, steps int) time.Duration {
		began := time.Now()
		d := c.sit(size)
		for range steps {
			time.Sleep(workStep)
			d.pause()
		}
		d.leave()
		return time.Since(began)
	}
	const steps = 100
	alone := steps * workStep
	for _, test := range []struct {
		name  string
		size  int
		sends bool
		want  time.Duration
	}{
		{"large/no-sends", largeDelivery, false, alone},
		{"large/sends", largeDelivery, true, alone * (1 + restFactor)},
		{"small/sends", largeDelivery - 1, true, alone},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCourtesy(1)
				if test.sends {
					c.send()
				}
				if got := work(c, test.size, steps); got != test.want {
					t.Errorf("took %s, want %s", got, test.want)
				}
			})
		})
	}
	t.Run("one-at-a-time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newCourtesy(1)
			began := time.Now()
			for range 3 {
				go work(c, largeDelivery, steps)
			}
			synctest.Wait()
			c.sit(largeDelivery).leave() // is let in last
			if got := time.Since(began); got != 3*alone {
				t.Errorf("three took %s, want %s", got, 3*alone)
			}
		})
	})
	t.Run("sends-are-over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newCourtesy(1)
			c.send()
			time.Sleep(sendsLately)
			if got := work(c, largeDelivery, steps); got != alone {
				t.Errorf("took %s, want %s", got, alone)
			}
		})
	})
	t.Run("interrupted", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newCourtesy(1)
			d := c.sit(largeDelivery)
			time.Sleep(time.Hour) // of another process
			c.send()
			began := time.Now()
			d.leave()
			if got := time.Since(began); got != longestRest {
				t.Errorf("rested for %s, want %s", got, longestRest)
			}
		})
	})
}
