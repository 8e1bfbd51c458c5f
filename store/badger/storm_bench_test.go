package badger

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// BenchmarkStorm measures how long a send takes to get into the ledger and to be
// settled there, alone and while webhooks of 1,000 updates each come over eight
// connections.
func BenchmarkStorm(b *testing.B) {
	for _, webhooks := range []int{0, 8} {
		b.Run(fmt.Sprintf("webhooks=%d", webhooks), func(b *testing.B) {
			s := openStore(b, b.TempDir(), Options{Now: testNow})
			defer s.Close()
			to := s.Pseudonym(phone("15550100001"))
			var storm sync.WaitGroup
			defer storm.Wait()
			stop := make(chan struct{})
			defer close(stop)
			for w := range webhooks {
				storm.Go(func() {
					for at := policy.Moment(1); ; at++ {
						select {
						case <-stop:
							return
						default:
						}
						events := make([]policy.Event, 1000)
						for i := range events {
							events[i] = opened(fmt.Sprint(15550000000+w*10_000+i), at)
						}
						if err := s.Apply(b.Context(), events); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			var mu sync.Mutex
			var took []time.Duration
			b.SetParallelism(4)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					start := time.Now()
					e := newEntry(testTime, to)
					if err := s.Reserve(b.Context(), e).Wait(); err != nil {
						b.Error(err)
						return
					}
					if err := s.Settle(b.Context(), e.ID, store.Outcome{State: store.Accepted, HTTPStatus: 200, Wamid: e.ID.String()}).Wait(); err != nil {
						b.Error(err)
						return
					}
					mu.Lock()
					took = append(took, time.Since(start))
					mu.Unlock()
				}
			})
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
		})
	}
}

// BenchmarkWebhook measures a webhook of 1,000 messages until all of it is on disk.
func BenchmarkWebhook(b *testing.B) {
	s := openStore(b, b.TempDir(), Options{Now: testNow})
	defer s.Close()
	at := policy.Moment(1)
	for b.Loop() {
		events := make([]policy.Event, 1000)
		for i := range events {
			events[i] = opened(fmt.Sprint(15550000000+i), at)
		}
		if err := s.Apply(b.Context(), events); err != nil {
			b.Fatal(err)
		}
		at++
	}
}
