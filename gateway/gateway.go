// Package gateway is what the gateway does, without the server around it: it
// judges sends and settles what became of them, and learns from what comes back.
//
// It opens no port and writes no HTTP answer. Who uses it hands in how a request
// goes on to Meta, and says what comes out in the words of a wire. The rules are
// package policy's and what is remembered is package store's; what is decided
// here is in which order things happen, and what holds when one of them fails.
package gateway

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Gateway is what all doors of one configuration share.
type Gateway struct {
	// Now is the current time.
	Now func() time.Time
	// Open gives the store. It may be asked often, and opens it once.
	Open func() (store.Store, error)
	// Patience is how long a send waits for the store before it leaves, and for its outcome
	// to be recorded after, and what is to be learned to be on disk; zero is for as long as
	// it takes.
	Patience time.Duration
	// Businesses are the business phone numbers served.
	Businesses Businesses
	// Entries are the texts by which people tell how they came to a chat.
	Entries policy.Entries
	// Cards are the rate cards that sends are priced by; nil where there are none.
	Cards *billing.Cards
	// Budgets are what sends may cost, by name.
	Budgets []*Budget
	// Tagging are the tags that senders may give their messages.
	Tagging Tagging
	// Overlap lets sends leave while their ledger entries are on their way to disk.
	Overlap bool
	// Contacts is how people appear in logs.
	Contacts Contacts
	// Observer counts what happens. Required.
	Observer Observer
	// Silence follows numbers without webhooks; nil where nobody does. It belongs
	// to a store, and outlives configurations.
	Silence atomic.Pointer[Silence]
	// Sync lists the templates by itself; nil where nobody does.
	Sync atomic.Pointer[TemplateSync]
	// Drift wakes who finds out what it costs that templates change their category; nil where
	// nobody does.
	Drift chan struct{}
	// Figures fetches what Meta charges by itself; nil where nobody does.
	Figures atomic.Pointer[Figures]
	// Endpoints are told what happens.
	Endpoints []*Teller
	// Ended is closed when the configuration has gone; nil where it never goes.
	Ended <-chan struct{}
	// Clocks compares WhatsApp's clock with ours.
	Clocks Clocks
	// Often writes what may come with every request.
	Often Often

	// failing: the newest write that was waited for failed.
	failing atomic.Bool
	// slowest is the longest send_timeout of a door.
	slowest atomic.Int64
	// lastRead is what readTime last gave.
	lastRead  atomic.Int64
	registry  registry
	strangers strangers
	// told are the messages of which it was told that they failed, and refusals those of which
	// the send is still to be found.
	told     toldOnce
	refusals refusals
	// answered is when people were sent something last, for the endpoints that are told of windows
	// that end; following: more is sent than can be looked at each time, so that it is needed.
	answered  store.Answered
	following atomic.Bool
	// looksForAnswers is how many sends are looked at for answers; zero for mostActivity.
	looksForAnswers int
	// counting: somebody has the ledger counted. One at a time does.
	counting sync.Mutex
	lab      laboratory
}

// patient is ctx for as long as a send may wait for the store.
func (g *Gateway) patient(ctx context.Context) (context.Context, context.CancelFunc) {
	if g.Patience <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, g.Patience)
}

// now is the current time in the words of the rules.
func (g *Gateway) now() policy.Moment { return policy.MomentOf(g.Now()) }

// wrote notes how a write ended: err is nil where it is on disk.
func (g *Gateway) wrote(err error) {
	if failing := err != nil; failing != g.failing.Load() {
		g.failing.Store(failing)
	}
	if err != nil {
		g.Observer.StoreFailed()
	}
}

// Learn makes events durable, all or none. What has come whole is learned,
// whether or not who brought it still waits: a context that is cancelled changes
// nothing.
func (g *Gateway) Learn(ctx context.Context, events []policy.Event) error {
	return g.learn(ctx, events, nil)
}

// learn is Learn after something that belongs to it, for which nobody waits longer either.
func (g *Gateway) learn(ctx context.Context, events []policy.Event, before func(store.Store)) error {
	if len(events) == 0 {
		return nil
	}
	st, err := g.Open()
	if err == nil {
		err = g.within(func() error {
			if before != nil {
				before(st)
			}
			err := st.Apply(lasting(ctx), g.priceCopies(events))
			g.registry.forget(events)
			if err == nil {
				g.heardOfDrift(events)
			}
			return err
		})
	}
	g.wrote(err)
	return err
}

// within does something that writes, and waits for it no longer than a send would. It goes
// on then: nobody is told that it was done, and who does it again does no harm.
func (g *Gateway) within(do func() error) error {
	if g.Patience <= 0 {
		return do()
	}
	done := make(chan error, 1)
	go func() { done <- do() }()
	patience := time.NewTimer(g.Patience)
	defer patience.Stop()
	select {
	case err := <-done:
		return err
	case <-patience.C:
		return store.ErrLate
	}
}

// Hear learns from a webhook, and notes that the numbers it names get some.
func (g *Gateway) Hear(ctx context.Context, events []policy.Event) error {
	var failed []failedLater
	var before func(store.Store)
	if told := failuresOf(events); len(told) > 0 {
		before = func(st store.Store) { failed = newFailures(lasting(ctx), st, told) }
	}
	if err := g.learn(ctx, events, before); err != nil {
		return err
	}
	g.refusedLater(failed)
	if sync := g.Sync.Load(); sync != nil {
		sync.told(events)
	}
	s := g.Silence.Load()
	for _, e := range events {
		switch e := e.(type) {
		case policy.NumberSeen:
			if s != nil {
				s.heard(e.PhoneNumberID, g.now())
			}
		case policy.StatusChanged:
			g.Observer.StatusHeard(e.Status)
		}
	}
	return nil
}

// Fingerprint tells access tokens apart without revealing them; "" where there is
// no store to do it.
func (g *Gateway) Fingerprint(token string) string {
	st, err := g.Open()
	if err != nil {
		return ""
	}
	return st.Fingerprint(token)
}
