package gateway

import (
	"testing"
	"time"
)

func TestClockWatch(t *testing.T) {
	start := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	type delivery struct{ after, ahead time.Duration }
	type want struct {
		ahead       time.Duration
		known, warn bool
	}
	repeat := func(n int, d delivery) (all []delivery) {
		for range n {
			all = append(all, d)
		}
		return all
	}
	for name, c := range map[string]struct {
		deliveries []delivery
		last       want
	}{
		"in-step":                        {repeat(6, delivery{time.Second, -time.Second}), want{-time.Second, true, false}},
		"ours-is-behind":                 {repeat(1, delivery{0, 5 * time.Minute}), want{5 * time.Minute, true, true}},
		"ours-is-a-little-behind":        {repeat(1, delivery{0, 40 * time.Second}), want{40 * time.Second, true, false}},
		"one-late-delivery":              {repeat(1, delivery{0, -3 * time.Hour}), want{0, false, false}},
		"some-late-deliveries":           {append(repeat(5, delivery{time.Second, -3 * time.Hour}), delivery{time.Second, -time.Second}), want{-time.Second, true, false}},
		"ours-is-ahead":                  {repeat(5, delivery{time.Second, -5 * time.Minute}), want{-5 * time.Minute, true, true}},
		"warned-of-already":              {repeat(6, delivery{time.Second, -5 * time.Minute}), want{-5 * time.Minute, true, false}},
		"warned-of-an-hour-ago":          {append(repeat(1, delivery{0, 5 * time.Minute}), delivery{time.Hour, 5 * time.Minute}), want{5 * time.Minute, true, true}},
		"old-deliveries-tell-nothing":    {append(repeat(6, delivery{time.Second, time.Hour}), delivery{16 * time.Minute, -time.Second}), want{0, false, false}},
		"ours-was-set-back-and-is-right": {append(repeat(6, delivery{time.Second, -time.Hour}), delivery{-time.Hour, -time.Second}), want{0, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var watch Clocks
			var got want
			now := start
			for _, d := range c.deliveries {
				now = now.Add(d.after)
				got.ahead, got.known, got.warn = watch.Saw(now, now.Add(d.ahead))
			}
			if got != c.last {
				t.Errorf("got %v, want %v", got, c.last)
			}
		})
	}
}
