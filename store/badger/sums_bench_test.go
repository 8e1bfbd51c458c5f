package badger

import (
	"fmt"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// BenchmarkSums counts a day's ledger in which three statuses came of every send.
func BenchmarkSums(b *testing.B) {
	const entries = 50_000
	s := openStore(b, b.TempDir(), Options{Now: func() time.Time { return testTime.Add(48 * time.Hour) }})
	defer s.Close()
	fillDay(b, s, entries)
	counts := map[string]func() (n int, err error){
		"sums": func() (n int, err error) {
			for sum, err := range s.Sums(b.Context(), store.Filter{}) {
				if err != nil {
					return n, err
				}
				n += sum.N
			}
			return n, nil
		},
		"ledger": func() (n int, err error) {
			for _, err := range s.Ledger(b.Context(), store.Filter{}) {
				if err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		},
	}
	counts["summed-up"] = counts["sums"]
	counts["scored"] = func() (n int, err error) {
		for _, err := range s.Scored(b.Context(), store.Filter{}) {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
	for _, name := range []string{"ledger", "scored", "sums", "summed-up"} {
		if name == "summed-up" {
			if err := s.SumUp(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if n, err := counts[name](); n != entries || err != nil {
					b.Fatal(n, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
		})
	}
}

// fillDay enters sends of one day, and statuses of all of them.
func fillDay(tb testing.TB, s *Store, entries int) {
	tb.Helper()
	const part = 1000
	for first := 0; first < entries; first += part {
		ids, writes := make([]store.ID, part), make([]*store.Write, 0, 2*part)
		var events []policy.Event
		for i := range part {
			at := policy.MomentOf(testTime) + policy.Moment((first+i)*int(24*time.Hour/time.Millisecond)/entries)
			e := newEntry(at.Time(), s.Pseudonym(phone(fmt.Sprint(15550000000+i))))
			ids[i] = e.ID
			writes = append(writes, s.Reserve(tb.Context(), e))
			wamid := fmt.Sprint("wamid.", first+i)
			writes = append(writes, s.Settle(tb.Context(), e.ID, store.Outcome{State: store.Accepted, HTTPStatus: 200, Wamid: wamid}))
			for after, status := range []policy.DeliveryStatus{policy.StatusSent, policy.StatusDelivered, policy.StatusRead} {
				events = append(events, policy.StatusChanged{
					PhoneNumberID: testNumber, Wamid: wamid, At: at + policy.Moment(1000*after), Status: status,
					Pricing: &policy.Pricing{Category: "marketing", Type: "regular", Model: "PMP", Billable: true},
				})
			}
		}
		for _, w := range writes {
			if err := w.Wait(); err != nil {
				tb.Fatal(err)
			}
		}
		apply(tb, s, events...)
	}
}
