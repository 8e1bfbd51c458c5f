package gateway

import (
	"sync"
	"time"
)

// Clocks compares WhatsApp's clock with ours, by the timestamps of
// deliveries. A timestamp after our time shows that our clock is behind. That it
// is ahead shows only in the quickest of several deliveries, since each alone
// may be late.
type Clocks struct {
	mu     sync.Mutex // guards what follows
	recent []sighting // newest last
	warned time.Time
}

// sighting is one delivery.
type sighting struct {
	at    time.Time     // our clock
	ahead time.Duration // WhatsApp's newest timestamp before our clock
}

const (
	// sightings is how many deliveries are looked at, and quickest how many there
	// must be before the quickest is held to be quick.
	sightings = 64
	quickest  = 5
	// sightingAge is how long a delivery says something about the clocks.
	sightingAge = 15 * time.Minute
	// clockTolerance is the difference that is warned of: by default the consent of
	// a person is weighed with as much in mind.
	clockTolerance = time.Minute
	// warnEvery is how often at most.
	warnEvery = time.Hour
)

// Saw notes a delivery with its newest timestamp. It returns by how much
// WhatsApp's clock is ahead of ours as far as recent deliveries tell (negative:
// behind), whether they tell, and whether somebody should be warned.
func (c *Clocks) Saw(now, newest time.Time) (ahead time.Duration, known, warn bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.recent[:0]
	for _, s := range c.recent {
		// A clock that was set back has deliveries in its future.
		if age := now.Sub(s.at); age >= 0 && age <= sightingAge {
			kept = append(kept, s)
		}
	}
	if len(kept) >= sightings {
		kept = kept[:copy(kept, kept[1:])]
	}
	c.recent = append(kept, sighting{now, newest.Sub(now)})
	if ahead, known = c.tell(); !known {
		return 0, false, false
	}
	if ahead.Abs() > clockTolerance && (c.warned.IsZero() || now.Sub(c.warned) >= warnEvery || now.Before(c.warned)) {
		c.warned, warn = now, true
	}
	return ahead, true, warn
}

// tell is by how much WhatsApp's clock is ahead as far as recent deliveries tell, and
// whether they do.
func (c *Clocks) tell() (ahead time.Duration, known bool) {
	if len(c.recent) == 0 {
		return 0, false
	}
	ahead = c.recent[0].ahead
	for _, s := range c.recent {
		ahead = max(ahead, s.ahead)
	}
	return ahead, ahead >= 0 || len(c.recent) >= quickest
}

// Difference is by how much WhatsApp's clock is ahead of ours (negative: behind), as
// far as the deliveries of the last quarter of an hour tell; whether they tell; and
// whether that is more than can be tolerated.
func (c *Clocks) Difference(now time.Time) (ahead time.Duration, known, wrong bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.recent) == 0 || now.Sub(c.recent[len(c.recent)-1].at).Abs() > sightingAge {
		return 0, false, false
	}
	ahead, known = c.tell()
	return ahead, known, known && ahead.Abs() > clockTolerance
}
