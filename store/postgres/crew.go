package postgres

import (
	"sync"
	"time"
)

// crew are those who take what waits, and send it in statements. No job waits for others to
// come: what comes while some are on their way goes with the next statement, and at once
// where those take long.
type crew struct {
	// mu guards all of it, and what waits.
	mu sync.Mutex
	// most is how many work at a time.
	most int
	// waits reports that there is work, and work does it until there is none.
	waits func() bool
	work  func()

	running int
	began   time.Time // the newest statement
	looking bool      // whether that takes long
	idle    sync.Cond
}

// long is how long a statement takes for which others don't wait: where most are shorter,
// few large ones cost less than many small ones, and nobody waits longer for them.
const long = 20 * time.Millisecond

func (c *crew) init(most int, waits func() bool, work func()) {
	c.most, c.waits, c.work = most, waits, work
	c.idle.L = &c.mu
}

// wake has one more begin, or looks later whether one is to. The caller holds mu.
func (c *crew) wake() {
	switch {
	case !c.waits():
	case c.running == 0 || c.running < c.most && time.Since(c.began) >= long:
		c.running++
		c.begins()
		go c.work()
	case c.running < c.most && !c.looking:
		c.looking = true
		time.AfterFunc(long, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.looking = false
			c.wake()
		})
	}
}

// begins notes that a statement does. The caller holds mu.
func (c *crew) begins() { c.began = time.Now() }

// ends notes that somebody has found nothing more to do. The caller holds mu.
func (c *crew) ends() {
	c.running--
	c.idle.Broadcast()
}

// rest waits until nobody works. The caller holds mu.
func (c *crew) rest() {
	for c.running > 0 {
		c.idle.Wait()
	}
}
