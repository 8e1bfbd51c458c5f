package manualclock

import (
	"testing"
	"testing/synctest"
	"time"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func TestClockStandsStillUntilItIsMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(t.Name(), noon)
		time.Sleep(time.Hour)
		if got := c.Now(); !got.Equal(noon) {
			t.Errorf("after an hour the clock shows %s, want %s", got, noon)
		}
		c.Advance(24 * time.Hour)
		if got, want := c.Now(), noon.Add(24*time.Hour); !got.Equal(want) {
			t.Errorf("moved by a day the clock shows %s, want %s", got, want)
		}
		c.Set(noon)
		if got := c.Now(); !got.Equal(noon) {
			t.Errorf("set to noon the clock shows %s", got)
		}
	})
}

func TestClockRunsAndCanBeMovedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(t.Name(), noon)
		c.Run()
		time.Sleep(time.Minute)
		c.Run() // changes nothing: it runs already
		if got, want := c.Now(), noon.Add(time.Minute); !got.Equal(want) {
			t.Errorf("after a minute the clock shows %s, want %s", got, want)
		}
		c.Advance(time.Hour)
		time.Sleep(time.Minute)
		if got, want := c.Now(), noon.Add(time.Hour+2*time.Minute); !got.Equal(want) {
			t.Errorf("moved by an hour, a minute later, the clock shows %s, want %s", got, want)
		}
		c.Set(noon)
		time.Sleep(time.Second)
		if got, want := c.Now(), noon.Add(time.Second); !got.Equal(want) {
			t.Errorf("set to noon, a second later, the clock shows %s, want %s", got, want)
		}
	})
}
