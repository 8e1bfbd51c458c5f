package badger

import (
	"sync"
	"time"

	"github.com/waguard/waguard/store"
)

// linger is how long a reservation that nobody waits for may stay in memory.
// If its settlement comes within that time, both go to disk as one record in one
// transaction: a third less to write, and one commit instead of two on the path
// of a send. It must be short beside an answer of Meta's, some 100 ms: then the
// reservation is on disk long before the answer, as if it had not lingered.
const linger = 5 * time.Millisecond

// held are the reservations that linger. Whoever submits a change that depends
// on their order takes them out and puts them before it: see [change].
type held struct {
	// order is locked by whoever takes reservations out until they are in the
	// queue. Otherwise somebody else could find them gone from here and queue
	// the settlement of one of them first. The writer, which handles what it takes
	// at once, doesn't lock it: it may be what makes room in the queue.
	order sync.Mutex
	// mu guards changes and watched.
	mu      sync.Mutex
	changes map[store.ID]heldChange
	// watched: the writer looks after the changes from time to time. It stops when
	// it finds none, and filled makes it begin again.
	watched bool
	filled  chan struct{} // has room for one
}

type heldChange struct {
	*change
	since time.Time
}

func newHeld() *held {
	return &held{changes: make(map[store.ID]heldChange), filled: make(chan struct{}, 1)}
}

// add holds the reservation id. It reports false where there are too many.
func (h *held) add(id store.ID, c *change) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.changes) >= queueLength {
		return false
	}
	h.changes[id] = heldChange{c, time.Now()}
	if !h.watched {
		h.watched = true
		select {
		case h.filled <- struct{}{}:
		default: // the writer hasn't heard of the time before yet
		}
	}
	return true
}

// take takes out the reservation id, nothing if it isn't held any more.
func (h *held) take(id store.ID) []*change {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.changes[id]
	if !ok {
		return nil
	}
	delete(h.changes, id)
	return []*change{c.change}
}

// expire takes out, for the writer, what has been held since a time or longer,
// and reports whether it must go on watching.
func (h *held) expire(at time.Time) (changes []*change, watch bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	changes = h.takeSince(at)
	h.watched = len(h.changes) > 0
	return changes, h.watched
}

// takeAll takes out everything.
func (h *held) takeAll() []*change {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.takeSince(time.Now())
}

// takeSince takes out what has been held since a time or longer. The caller
// holds mu.
func (h *held) takeSince(at time.Time) (changes []*change) {
	for id, c := range h.changes {
		if !c.since.After(at) {
			changes = append(changes, c.change)
			delete(h.changes, id)
		}
	}
	return changes
}
