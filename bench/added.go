package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// added is the latency that the gateway adds to plain Caddy's where neither is
// busy: both get the same requests at the same times.
type added struct {
	PerSecond float64 `json:"sends_per_second"` // half of what the slower side can do
	// P50 and P99 are the medians over pairs of rounds of the gateway's minus plain
	// Caddy's, disk and all.
	P50, P99 time.Duration
	// Sync is the median of what the disk needs for an fdatasync, in the pauses.
	Sync time.Duration `json:"fdatasync"`
}

// beyond is what remains of an added latency without the disk's two syncs.
func (a *added) beyond(latency time.Duration) time.Duration { return latency - 2*a.Sync }

// addedLatency measures what the gateway adds at half of the rate at which the
// slower side is saturated.
func (b *bench) addedLatency(ctx context.Context, out *outcome) (*added, error) {
	a := &added{PerSecond: min(medianOf(out.Plain, perSecond), medianOf(out.Gateway, perSecond)) / 2}
	every := time.Duration(float64(out.Connections) / a.PerSecond * float64(time.Second))
	var sides [2][]latencies
	var syncs latencies
	err := b.sides(scenarioNamed(out.Name), out.Connections, func(plain, gateway *load) error {
		round := func(side int, l *load) func() error {
			return func() error {
				took, err := l.paced(ctx, b.o.round(), every)
				if err != nil {
					return err
				}
				time.Sleep(pause)
				sides[side] = append(sides[side], took)
				sync, err := syncTimes(b.dir)
				syncs = append(syncs, sync...)
				return err
			}
		}
		return b.alternate(b.o.rounds+1, round(0, plain), round(1, gateway))
	})
	if err != nil {
		return nil, fmt.Errorf("added latency: %w", err)
	}
	slices.Sort(syncs)
	a.Sync = syncs.quantile(0.5) + b.o.sync
	a.P50, a.P99 = medianAdded(sides, 0.50), medianAdded(sides, 0.99)
	return a, nil
}

// medianAdded is the median over pairs of rounds, but for the first.
func medianAdded(sides [2][]latencies, q float64) time.Duration {
	var differences []time.Duration
	for i := 1; i < len(sides[0]); i++ {
		differences = append(differences, sides[1][i].quantile(q)-sides[0][i].quantile(q))
	}
	slices.Sort(differences)
	return median(differences)
}
