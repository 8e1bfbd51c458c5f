package graphsim

import (
	"context"
	"errors"
	"sync"
)

// waiting is an update to be delivered: ready, or a status that is formed when its turn comes, so that its timestamp
// and price are those of the delivery.
type waiting struct {
	update  Update
	message *message
	status  string
	code    int
}

// outbox holds what was not delivered yet.
type outbox struct {
	wake chan struct{} // tells the background delivery that there is something

	mu      sync.Mutex // guards everything below
	url     string
	limit   int
	queue   []waiting
	failed  []Webhook // posted without getting a 200
	held    []Webhook // kept back by a fault until another one has gone out
	dropped int
	faults  []WebhookFault
}

func newOutbox(url string, limit int) *outbox {
	return &outbox{wake: make(chan struct{}, 1), url: url, limit: max(limit, 0)}
}

func (o *outbox) add(w waiting) {
	o.mu.Lock()
	if len(o.queue) < o.limit {
		o.queue = append(o.queue, w)
	} else {
		o.dropped++
	}
	o.mu.Unlock()
	o.signal()
}

// signal never blocks: one pending wake-up is enough, since waking empties the queue.
func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// take empties the queue.
func (o *outbox) take() []waiting {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.queue
	o.queue = nil
	return all
}

// target is where webhooks go.
func (o *outbox) target() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.url
}

// Waiting is the number of updates in the queue.
func (s *Sim) Waiting() int {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	return len(s.outbox.queue)
}

// Dropped is the number of updates lost because Options.QueueLimit was reached.
func (s *Sim) Dropped() int {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	return s.outbox.dropped
}

// SetWebhookURL changes where webhooks go. Empty: nowhere; the queue then waits.
func (s *Sim) SetWebhookURL(url string) {
	s.outbox.mu.Lock()
	s.outbox.url = url
	s.outbox.mu.Unlock()
	s.outbox.signal()
}

// Pending empties the queue and returns its updates unposted, for a caller who delivers them in a way of their own.
func (s *Sim) Pending() []Update {
	var updates []Update
	for _, w := range s.outbox.take() {
		updates = append(updates, s.form(w))
	}
	return updates
}

func (s *Sim) form(w waiting) Update {
	if w.message == nil {
		return w.update
	}
	return s.statusUpdate(w.message, w.status, w.code)
}

// DeliverStatuses posts everything that waits, Options.BatchSize updates at a time, and webhooks held back by a
// fault. It returns one Delivery per post, in order. The error joins the failures: transport errors and [NotAccepted].
// Failed webhooks are kept for [Sim.Redeliver]. Without a WebhookURL everything keeps waiting.
func (s *Sim) DeliverStatuses(ctx context.Context) ([]Delivery, error) {
	if s.outbox.target() == "" {
		return nil, nil
	}
	var deliveries []Delivery
	var mistakes []error // updates that are not JSON, which no retry would cure
	queue := s.outbox.take()
	for len(queue) > 0 {
		n := min(len(queue), s.opts.BatchSize)
		updates := make([]Update, n)
		for i, w := range queue[:n] {
			updates[i] = s.form(w)
		}
		queue = queue[n:]
		done, err := s.deliver(ctx, updates)
		deliveries, mistakes = append(deliveries, done...), append(mistakes, err)
	}
	deliveries = append(deliveries, s.release(ctx)...)
	return deliveries, errors.Join(append(mistakes, failures(deliveries))...)
}

// Redeliver posts the webhooks that were not answered with 200 again, as Meta does for days.
func (s *Sim) Redeliver(ctx context.Context) ([]Delivery, error) {
	s.outbox.mu.Lock()
	again := s.outbox.failed
	s.outbox.failed = nil
	s.outbox.mu.Unlock()
	deliveries := make([]Delivery, 0, len(again))
	for _, w := range again {
		deliveries = append(deliveries, s.post(ctx, w))
	}
	return deliveries, failures(deliveries)
}

// send is how a single event leaves: at once, or through the queue if a background delivery empties it.
func (s *Sim) send(ctx context.Context, u Update) error {
	if s.opts.Background {
		s.outbox.add(waiting{update: u})
		return nil
	}
	deliveries, err := s.deliver(ctx, []Update{u})
	if err != nil {
		return err
	}
	return failures(deliveries)
}

func failures(deliveries []Delivery) error {
	var errs []error
	for _, d := range deliveries {
		errs = append(errs, d.Err)
	}
	return errors.Join(errs...)
}

// deliverInBackground runs until Close. Failures stay for Redeliver: a stand-in should not hammer its peer.
func (s *Sim) deliverInBackground(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.outbox.wake:
			_, _ = s.DeliverStatuses(ctx)
		}
	}
}
