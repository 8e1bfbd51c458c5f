package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Gateways that share a store write together to as many people as the limit says, and see
// how many those are; what did not leave makes room.
func TestMessagingLimitElsewhere(t *testing.T) {
	const limit, people = 7, 40
	g := openGateways(t, 3)
	q := store.Query{PhoneNumberID: testNumber, Portfolio: &store.PortfolioQuery{Name: "acme", Accounts: []string{"900"}}}
	facts := func(b *store.Book, who policy.Identity) policy.Facts {
		q := q
		q.Who = []policy.Identity{who}
		f, err := b.Facts(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	id := facts(g.books[0], phone("15550100000")).Portfolio.ID
	reserve := func(b *store.Book, n int) (store.ID, error) {
		who := b.Pseudonym(phone(fmt.Sprint(15550100000 + n)))
		e := newEntry(testTime.Add(time.Second), who)
		e.Decision = policy.Decision{Verdict: policy.Allow, Rule: policy.RuleConsent, Category: policy.CategoryMarketing}
		e.Decision.Claims = []policy.Claim{{Kind: policy.ClaimConversation, Key: who, Limit: limit, Portfolio: id}}
		return e.ID, b.Reserve(t.Context(), e).Wait()
	}
	var taken atomic.Int64
	var one atomic.Value
	var all sync.WaitGroup
	for n := range people {
		all.Go(func() {
			switch id, err := reserve(g.books[n%3], n); {
			case err == nil:
				taken.Add(1)
				one.Store(id)
			case !errors.Is(err, store.ErrClaimed):
				t.Error(err)
			}
		})
	}
	all.Wait()
	now := policy.MomentOf(testTime.Add(time.Minute))
	used := func() int {
		f, err := g.books[1].Portfolio(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return f.Usage.At(now)
	}
	if taken.Load() != limit || used() != limit {
		t.Errorf("%d were written to and %d count, want %d", taken.Load(), used(), limit)
	}
	if err := g.books[2].Settle(t.Context(), one.Load().(store.ID), store.Outcome{State: store.NotSent}).Wait(); err != nil {
		t.Fatal(err)
	}
	if used() != limit-1 {
		t.Errorf("%d count after one did not leave", used())
	}
	if _, err := reserve(g.books[0], people); err != nil || used() != limit {
		t.Errorf("one more: %v, and %d count", err, used())
	}
	if f := facts(g.books[2], phone(fmt.Sprint(15550100000+people))); f.Persons[0].Started == 0 {
		t.Error("who was written to isn't known to have been")
	}
	// What another account of the portfolio tells.
	apply(t, g.books[0], policy.MessagingLimitTold{WABA: "900", ToldLimit: policy.ToldLimit{Number: 2000, At: now}})
	apply(t, g.books[1], policy.MessagingLimitTold{WABA: "900", ToldLimit: policy.ToldLimit{Number: 250, At: now - 1}})
	if told := facts(g.books[2], phone("15550100000")).Portfolio.Told; told.Number != 2000 {
		t.Errorf("the limit told is %+v", told)
	}
}
