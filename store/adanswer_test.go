package store_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TestAdAnswers: what is known of a free entry point is the same in whatever order, and
// however often, Meta's answers to sends and its statuses come in, on whatever gateway.
func TestAdAnswers(t *testing.T) {
	type word struct {
		send   int
		status policy.DeliveryStatus
		after  time.Duration
		price  string
		until  time.Duration
	}
	for name, c := range map[string]struct {
		words []word
		until time.Duration // after the ad
	}{
		"accepted":             {nil, 73 * time.Hour},
		"delivered":            {[]word{{send: 0, status: policy.StatusSent, after: time.Hour}, {send: 0, status: policy.StatusDelivered, after: 65 * time.Minute}}, 73*time.Hour + 5*time.Minute},
		"read alone":           {[]word{{send: 0, status: policy.StatusRead, after: 66 * time.Minute}}, 73*time.Hour + 6*time.Minute},
		"the other came first": {[]word{{send: 0, status: policy.StatusDelivered, after: 3 * time.Hour}}, 73*time.Hour + 10*time.Minute},
		"the first one failed": {[]word{{send: 0, status: policy.StatusSent, after: time.Hour}, {send: 0, status: policy.StatusFailed, after: 3 * time.Hour}}, 73*time.Hour + 10*time.Minute},
		"charged for":          {[]word{{send: 0, status: policy.StatusDelivered, after: time.Hour, price: "regular"}, {send: 1, status: policy.StatusDelivered, after: 2 * time.Hour, price: "regular"}}, 0},
		"told the end":         {[]word{{send: 0, status: policy.StatusSent, after: time.Hour, price: "free_entry_point", until: 80 * time.Hour}, {send: 0, status: policy.StatusDelivered, after: 2 * time.Hour, price: "free_entry_point"}}, 80 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				g := openGateways(t, 2)
				ann, ad := phone("15550100001"), policy.MomentOf(testTime)
				some := func() *store.Book { return g.books[rapid.IntRange(0, 1).Draw(rt, "gateway")] }
				apply(t, some(), policy.ServiceWindowOpened{PhoneNumberID: testNumber, Who: []policy.Identity{ann}, At: ad, Entry: policy.EntryAd, Ad: true})
				var steps []func()
				for i := range 2 {
					g.now.Store(int64(ad) + int64(i)*1000)
					f, err := some().Facts(t.Context(), store.Query{PhoneNumberID: testNumber, Who: []policy.Identity{ann}})
					if err != nil {
						rt.Fatal(err)
					}
					if f.Persons[0].AdAt != ad || f.Persons[0].FreeUntil != 0 {
						rt.Fatalf("before any answer: %+v", f.Persons[0])
					}
					e := entryOf(testTime.Add(time.Duration(i)*time.Second), f)
					if err := some().Reserve(t.Context(), e).Wait(); err != nil {
						rt.Fatal(err)
					}
					taken := store.Outcome{State: store.Accepted, Wamid: fmt.Sprint("wamid.", i), At: ad.Add(time.Hour + time.Duration(i)*10*time.Minute)}
					steps = append(steps, func() {
						if err := some().Settle(t.Context(), e.ID, taken).Wait(); err != nil {
							rt.Fatal(err)
						}
					})
				}
				for _, w := range c.words {
					e := policy.StatusChanged{PhoneNumberID: testNumber, Wamid: fmt.Sprint("wamid.", w.send), Who: []policy.Identity{ann}, At: ad.Add(w.after), Status: w.status}
					if w.price != "" {
						e.Pricing = &policy.Pricing{Category: "service", Type: w.price}
					}
					if w.until != 0 {
						e.FreeUntil = ad.Add(w.until)
					}
					for range rapid.IntRange(1, 2).Draw(rt, "times") {
						steps = append(steps, func() { apply(t, some(), e) })
					}
				}
				for _, step := range rapid.Permutation(steps).Draw(rt, "order") {
					step()
				}
				p, err := some().Person(t.Context(), ann, testNumber, nil)
				if err != nil {
					rt.Fatal(err)
				}
				want := policy.Moment(0)
				if c.until != 0 {
					want = ad.Add(c.until)
				}
				if p.FreeUntil != want || p.AdAt != 0 {
					rt.Fatalf("free until %s, an ad waits since %s; want %s and none", p.FreeUntil, p.AdAt, want)
				}
			})
		})
	}
}

// entryOf is a text that is about to leave, by facts.
func entryOf(at time.Time, f policy.Facts) *store.Entry {
	m := policy.MomentOf(at)
	return &store.Entry{
		ID: store.NewID(m), At: m,
		Send:     policy.Send{Edge: policy.EdgeMessages, PhoneNumberID: testNumber, Kind: policy.FreeForm, Type: "text"},
		Facts:    f,
		Decision: policy.Decision{Verdict: policy.Allow, Rule: policy.RuleWindowOpen, Category: policy.CategoryService, Initiation: policy.ByUser},
		Outcome:  store.Outcome{State: store.Reserved, At: m},
	}
}
