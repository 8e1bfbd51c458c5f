package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// testVisibility hammers the facts of a few people while their consent changes:
// no read may show less than what was acknowledged before it began.
func testVisibility(t *testing.T, open Open) {
	f := newFixture(t, open)
	const people, rounds = 4, 150
	names := func(p int) []policy.Identity {
		return who(phone(fmt.Sprint(15550200000+p)), bsuid(fmt.Sprint("US.20", p)))
	}
	var acknowledged [people]atomic.Int64 // time of the newest acknowledged word
	var stop atomic.Bool
	var readers, writers sync.WaitGroup
	for r := range 8 {
		readers.Go(func() {
			for i := r; !stop.Load(); i++ {
				p := i % people
				floor := policy.Moment(acknowledged[p].Load())
				facts, err := f.Facts(t.Context(), store.Query{PhoneNumberID: number1, Who: names(p)[i/people%2:][:1]})
				if err != nil {
					t.Errorf("reading: %v", err)
					return
				}
				c := facts.Persons[0].Consent[policy.Marketing]
				if c.Since < floor {
					t.Errorf("a read shows %s of %d, %d was acknowledged before", c.State, c.Since, floor)
					return
				}
			}
		})
	}
	for p := range people {
		writers.Go(func() {
			for i := range policy.Moment(rounds) {
				state := policy.OptedOut
				if i%2 == 0 {
					state = policy.OptedIn
				}
				at := start + (i+1)*1000 // in whole seconds, as WhatsApp tells
				if err := f.Apply(t.Context(), []policy.Event{said(state, at, names(p)...)}); err != nil {
					t.Errorf("applying: %v", err)
					return
				}
				acknowledged[p].Store(int64(at))
				for _, w := range names(p) {
					facts, err := f.Facts(t.Context(), store.Query{PhoneNumberID: number1, Who: who(w)})
					if err != nil {
						t.Errorf("reading: %v", err)
						return
					}
					if c := facts.Persons[0].Consent[policy.Marketing]; c.State != state || c.Since != at {
						t.Errorf("right after %s at %d: %s at %d", state, at, c.State, c.Since)
						return
					}
				}
			}
		})
	}
	writers.Wait()
	stop.Store(true)
	readers.Wait()
}

// testSettleRace settles sends right after they were reserved, while webhooks
// come in: no outcome may get ahead of its send.
func testSettleRace(t *testing.T, open Open) {
	f := newFixture(t, open)
	const senders, sends = 8, 200
	entry := f.newEntry(start, ann)
	var stop atomic.Bool
	var webhooks, wg sync.WaitGroup
	for w := range 4 {
		webhooks.Go(func() {
			for i := policy.Moment(1); !stop.Load(); i++ {
				if err := f.Apply(t.Context(), []policy.Event{opened(start+i, phone(fmt.Sprint(15550500000+w)))}); err != nil {
					t.Errorf("applying: %v", err)
					return
				}
			}
		})
	}
	for range senders {
		wg.Go(func() {
			for range sends {
				e := *entry
				e.ID = store.NewID(start)
				reserved := f.Reserve(t.Context(), &e)
				settled := f.Settle(t.Context(), e.ID, store.Outcome{State: store.Accepted, At: start})
				if err := settled.Wait(); err != nil {
					t.Errorf("settling: %v", err)
				}
				if err := reserved.Wait(); err != nil {
					t.Errorf("reserving: %v", err)
				}
				if got := f.entry(e.ID).Outcome.State; got != store.Accepted {
					t.Errorf("a settled send is %s", got)
				}
			}
		})
	}
	wg.Wait()
	stop.Store(true)
	webhooks.Wait()
}

// testLarge applies more events at once than a transaction may hold.
func testLarge(t *testing.T, open Open) {
	f := newFixture(t, open)
	const n = 6000
	events := make([]policy.Event, n)
	for i := range events {
		events[i] = said(policy.OptedIn, start+policy.Moment(i), phone(fmt.Sprint(15550300000+i)), bsuid(fmt.Sprint("US.30", i)))
	}
	f.apply(events...)
	f.reopen()
	for i := range n {
		if p := f.person(bsuid(fmt.Sprint("US.30", i))); p.Consent[policy.Marketing].Since != start+policy.Moment(i) {
			t.Fatalf("event %d of %d is missing: %+v", i, n, p)
		}
	}
}
