package forward

import "sync/atomic"

// Counters count what clients do. Several may share them.
type Counters struct {
	open, idle, waiting, dials atomic.Int64
	results                    [kinds]atomic.Int64
}

// Open is how many connections there are, or are being made.
func (c *Counters) Open() int64 { return c.open.Load() }

// Idle is how many of them have nothing to do.
func (c *Counters) Idle() int64 { return c.idle.Load() }

// Waiting is how many requests wait for a connection.
func (c *Counters) Waiting() int64 { return c.waiting.Load() }

// Dials is how often a connection was begun.
func (c *Counters) Dials() int64 { return c.dials.Load() }

// Of is how many requests came to a kind of result.
func (c *Counters) Of(k Kind) int64 { return c.results[k].Load() }

// Kinds are all kinds of results.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}
