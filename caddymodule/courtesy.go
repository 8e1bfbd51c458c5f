package caddymodule

import (
	"runtime"
	"sync/atomic"
	"time"
)

// A large webhook takes as much of a processor as a hundred sends, and thousands
// may come at once, from anybody. So that sends don't wait for them, what large
// ones cost is done by few at a time, in small steps, with rests between the
// steps while there are sends.

const (
	// largeDelivery is the size from which a webhook is a large one. Of smaller
	// ones each costs about what a send does.
	largeDelivery = 16 << 10
	// workStep is how long one works before it rests, restFactor how many times as
	// long as the work a rest is.
	workStep   = 500 * time.Microsecond
	restFactor = 2
	// longestRest bounds a rest where the work was interrupted for long.
	longestRest = 100 * time.Millisecond
	// sendsLately is for how long a send shows that there are sends.
	sendsLately = 200 * time.Millisecond
	// readStep is after how many bytes of a large body its reader rests, and
	// readCost what reading them costs: a fraction of it to the kernel and the copy,
	// the rest to clearing and collecting the memory.
	readStep = 64 << 10
	readCost = 200 * time.Microsecond
)

// courtesy is how large webhooks give way to sends.
type courtesy struct {
	// desks has room for those who work at a time.
	desks    chan struct{}
	lastSend atomic.Int64 // in nanoseconds since began
	began    time.Time
}

// courtesyOfAll belongs to the process, as its processors do.
var courtesyOfAll = newCourtesy(max(1, runtime.GOMAXPROCS(0)/4))

func newCourtesy(desks int) *courtesy {
	return &courtesy{desks: make(chan struct{}, desks), began: time.Now().Add(-sendsLately)}
}

// send notes that there are sends.
func (c *courtesy) send() { c.lastSend.Store(int64(time.Since(c.began))) }

func (c *courtesy) sends() bool {
	return time.Since(c.began)-time.Duration(c.lastSend.Load()) < sendsLately
}

// desk is the place of one who works. It is nil for who needs none.
type desk struct {
	of    *courtesy
	since time.Time
	owed  time.Duration
}

// sit waits for a place to work on a delivery of a size. It must be left.
func (c *courtesy) sit(size int) *desk {
	if size < largeDelivery {
		return nil
	}
	c.desks <- struct{}{}
	return &desk{of: c, since: time.Now()}
}

// pause is called in the middle of the work, often. It rests now and then.
func (d *desk) pause() {
	if d == nil {
		return
	}
	if worked := time.Since(d.since); worked >= workStep {
		d.rest(worked)
		d.since = time.Now()
	}
}

// rest makes up for work. Short rests are put together: nobody sleeps for less
// than a millisecond.
func (d *desk) rest(worked time.Duration) {
	if !d.of.sends() {
		d.owed = 0
		return
	}
	if d.owed += restFactor * worked; d.owed >= time.Millisecond {
		time.Sleep(min(d.owed, longestRest))
		d.owed = 0
	}
}

// leave makes room for the next one.
func (d *desk) leave() {
	if d != nil {
		d.rest(time.Since(d.since))
		<-d.of.desks
	}
}

// readLarge is called when a part of a large body has been read.
func (c *courtesy) readLarge(bytes int) {
	if !c.sends() {
		return
	}
	c.desks <- struct{}{}
	time.Sleep(min(longestRest, time.Duration(bytes/readStep)*restFactor*readCost))
	<-c.desks
}
