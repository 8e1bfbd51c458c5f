package storetest

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// sharedTests are for implementations several of which may be open over one directory.
var sharedTests = map[string]func(*testing.T, *fixture, []store.Store){
	"sums-race": func(t *testing.T, f *fixture, stores []store.Store) { raceSums(t, f, stores...) },
	"opt-out":   testOptOutElsewhere,
	"claims":    testClaimsElsewhere,
}

// RunShared tests what several stores over one directory owe each other.
func RunShared(t *testing.T, open Open) {
	for name, test := range sharedTests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, open)
			stores := []store.Store{f.Store}
			for range 2 {
				other := open(t, f.dir, f.clock.now)
				t.Cleanup(func() {
					if err := other.(io.Closer).Close(); err != nil {
						t.Error(err)
					}
				})
				stores = append(stores, other)
			}
			test(t, f, stores)
		})
	}
}

// testOptOutElsewhere: no send is entered that was begun after an opt-out was acknowledged
// elsewhere, whatever was known before and however many are under way.
func testOptOutElsewhere(t *testing.T, f *fixture, stores []store.Store) {
	for round := range 12 {
		who := policy.Identity{Kind: policy.Phone, Value: fmt.Sprint(15550200000 + round)}
		if round%3 != 0 { // of a third nothing is known
			f.apply(policy.ConsentChanged{PhoneNumberID: number1, Who: []policy.Identity{who}, At: start, State: policy.OptedIn, Scopes: policy.AllScopes, Source: policy.SourceKeyword, Recorded: start})
		}
		var told atomic.Bool
		var before, after, outpaced atomic.Int64
		var sending sync.WaitGroup
		begun := make(chan struct{}, 1)
		for n := range 8 {
			sending.Go(func() {
				s := stores[n%len(stores)]
				for i := 0; i < 400 && after.Load() < 40; i++ {
					known := told.Load()
					basis := new(store.Basis)
					facts, err := s.Facts(t.Context(), store.Query{PhoneNumberID: number1, Who: []policy.Identity{who}, Basis: basis})
					if err != nil {
						t.Error(err)
						return
					}
					if facts.Persons[0].Consent[policy.Marketing].State == policy.OptedOut {
						if known {
							after.Add(1)
						}
						continue
					}
					e := f.newEntry(start+day, who)
					e.Facts, e.Basis = facts, basis
					switch err := s.Reserve(t.Context(), e).Wait(); {
					case errors.Is(err, store.ErrClaimed):
						outpaced.Add(1)
					case err != nil:
						t.Error(err)
					case known:
						t.Errorf("a send was entered that was begun after the opt-out was acknowledged")
					default:
						before.Add(1)
					}
					select {
					case begun <- struct{}{}:
					default:
					}
				}
			})
		}
		<-begun
		err := stores[round%len(stores)].Apply(t.Context(), []policy.Event{policy.ConsentChanged{
			PhoneNumberID: number1, Who: []policy.Identity{who}, At: start + 1, State: policy.OptedOut, Scopes: policy.AllScopes, Source: policy.SourceKeyword, General: true, Recorded: start + 1,
		}})
		if err != nil {
			t.Fatal(err)
		}
		told.Store(true)
		sending.Wait()
		if before.Load() == 0 || after.Load() == 0 {
			t.Errorf("%d sends entered before the opt-out, %d were judged after it", before.Load(), after.Load())
		}
	}
}

// testClaimsElsewhere: what may be used so many times is, whoever uses it.
func testClaimsElsewhere(t *testing.T, f *fixture, stores []store.Store) {
	const limit, sends = 20, 200
	alias := f.Pseudonym(ann)
	f.apply(said(policy.OptedIn, start, ann))
	var entered atomic.Int64
	var sending sync.WaitGroup
	for n := range sends {
		sending.Go(func() {
			e := f.newEntry(start+day, ann)
			e.Decision.Claims = []policy.Claim{{Kind: policy.ClaimMessage, Key: alias, Limit: limit, Period: 24 * time.Hour, Scope: policy.Marketing, Counts: policy.ScopesOf(policy.Marketing)}}
			switch err := stores[n%len(stores)].Reserve(t.Context(), e).Wait(); {
			case err == nil:
				entered.Add(1)
			case !errors.Is(err, store.ErrClaimed):
				t.Error(err)
			}
		})
	}
	sending.Wait()
	if n := entered.Load(); n != limit {
		t.Errorf("%d of %d sends left, the limit is %d", n, sends, limit)
	}
}
