package badger

import (
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// BenchmarkMetered is what it costs a send to count in the meters of its month.
func BenchmarkMetered(b *testing.B) {
	for _, kind := range []string{"none", "service", "budget"} {
		b.Run(kind, func(b *testing.B) {
			s := openStore(b, b.TempDir(), Options{Now: testNow})
			defer s.Close()
			to := s.Pseudonym(phone("15550100001"))
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					e := newEntry(testTime, to)
					switch kind {
					case "service":
						e.Metering = store.Metering{Month: "2026-10", Service: true}
					case "budget":
						e.Metering = store.Metering{Month: "2026-10", Budgets: []string{"crm"}, Price: 136500}
						e.Facts.Budgets = []policy.BudgetFacts{{Name: "crm", Month: "2026-10", Currency: "USD", Amount: 1 << 60, Price: 136500, Warn: 80}}
					}
					if err := s.Reserve(b.Context(), e).Wait(); err != nil {
						b.Error(err)
						return
					}
					if err := s.Settle(b.Context(), e.ID, store.Outcome{State: store.Accepted, HTTPStatus: 200, Wamid: e.ID.String()}).Wait(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
