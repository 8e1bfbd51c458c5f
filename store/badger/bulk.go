package badger

import "context"

const (
	// maxBulk is the most events one change applies. More are written as several
	// changes, so that sends get between them: at some 50 µs each, a webhook of
	// 1,000 updates would keep them waiting for longer than all else together.
	maxBulk = 64
	// smallApply is the most events that are written as a send is, with all others.
	smallApply = 8
	// bulkLength is how many bulky changes may wait; further callers block.
	bulkLength = 64
)

// doBulk is like [Store.do] for a change that takes long. It goes behind what
// waits, and few of its kind are in one transaction.
func (s *Store) doBulk(ctx context.Context, events int, run func(*batch) error) error {
	// Whoever has a place never waits for room in s.bulk, where he holds locks.
	select {
	case s.places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	done := make(chan error, 1)
	c := &change{run: run, events: events, done: func(err error) { <-s.places; done <- err }}
	if err := s.submitBulk(c); err != nil {
		<-s.places
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// submitBulk hands a bulky change to the writer. All reservations made before it
// go into the queue, of which the writer takes everything before the change.
func (s *Store) submitBulk(c *change) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.alive(); err != nil {
		return err
	}
	s.held.order.Lock()
	defer s.held.order.Unlock()
	for _, r := range s.held.takeAll() {
		s.queue <- r
	}
	s.bulk <- c
	return nil
}

// addBulk adds to a batch as many bulky changes as may be in one, each behind
// what was in the queue before it.
func (s *Store) addBulk(waiting []*change) []*change {
	for events := 0; events < maxBulk; {
		select {
		case c := <-s.bulk:
			waiting = append(s.addQueue(waiting), c)
			events += c.events
		default:
			return waiting
		}
	}
	return waiting
}

// addQueue adds to a batch what is in the queue.
func (s *Store) addQueue(waiting []*change) []*change {
	for {
		select {
		case c, ok := <-s.queue:
			if !ok {
				return waiting
			}
			waiting = append(append(waiting, c.before...), c)
		default:
			return waiting
		}
	}
}
