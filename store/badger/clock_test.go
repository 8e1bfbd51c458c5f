package badger

import (
	"sync/atomic"
	"time"
)

// clock is one that tests move while the store looks at it.
type clock struct{ at atomic.Pointer[time.Time] }

func (c *clock) now() time.Time   { return *c.at.Load() }
func (c *clock) set(at time.Time) { c.at.Store(&at) }
