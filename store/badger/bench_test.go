package badger

import (
	"fmt"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func BenchmarkFacts(b *testing.B) {
	const contacts = 100_000
	for _, c := range []struct {
		name  string
		cache int
	}{{"cached", contacts * 2}, {"uncached", 1}} {
		b.Run(c.name, func(b *testing.B) {
			s := openStore(b, b.TempDir(), Options{Now: testNow, CacheSize: c.cache})
			defer s.Close()
			events := make([]policy.Event, contacts)
			for i := range events {
				events[i] = policy.ConsentChanged{PhoneNumberID: testNumber, Who: []policy.Identity{phone(fmt.Sprint(15550000000 + i))}, At: 1, State: policy.OptedIn, Scopes: policy.AllScopes, Source: policy.SourceKeyword}
			}
			apply(b, s, events...)
			q := store.Query{PhoneNumberID: testNumber, Who: make([]policy.Identity, 1)}
			queries := make([]policy.Identity, contacts)
			for i := range queries {
				queries[i] = phone(fmt.Sprint(15550000000 + i*7919%contacts))
				q.Who[0] = queries[i]
				if c.cache > 1 {
					s.Facts(b.Context(), q)
				}
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				q.Who[0] = queries[i%contacts]
				if _, err := s.Facts(b.Context(), q); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

func BenchmarkReserveSettle(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := openStore(b, b.TempDir(), Options{Now: testNow})
			defer s.Close()
			to := s.Pseudonym(phone("15550100001"))
			b.ReportAllocs()
			b.SetParallelism((callers + 1) / 2) // times GOMAXPROCS, two where this is measured
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					e := newEntry(testTime, to)
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

func BenchmarkApply(b *testing.B) {
	s := openStore(b, b.TempDir(), Options{Now: testNow})
	defer s.Close()
	b.ReportAllocs()
	for i := policy.Moment(1); b.Loop(); i++ {
		if err := s.Apply(b.Context(), []policy.Event{opened(fmt.Sprint(15550000000+i%10000), i)}); err != nil {
			b.Fatal(err)
		}
	}
}
