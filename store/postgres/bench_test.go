package postgres

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

// BenchmarkSend measures what a send waits for the store: facts, the reservation and, after
// it, the settlement, by so many who send at once. Both stores keep what they have
// acknowledged on disk.
func BenchmarkSend(b *testing.B) {
	for _, senders := range []int{1, 32, 256} {
		b.Run(fmt.Sprintf("store=badger/senders=%d", senders), func(b *testing.B) {
			s, err := badger.Open(b.TempDir(), badger.Options{})
			if err != nil {
				b.Fatal(err)
			}
			benchmarkSend(b, s, senders)
		})
		b.Run(fmt.Sprintf("store=postgres/senders=%d", senders), func(b *testing.B) {
			server := durable()
			if server.err != nil {
				b.Fatal(server.err)
			}
			s, err := Open(b.Context(), server.Database(b), Options{Key: keyOf(b.Name()), Migrate: true})
			if err != nil {
				b.Fatal(err)
			}
			before := walWritten(b, s)
			benchmarkSend(b, s, senders)
			b.ReportMetric(float64(walWritten(b, s)-before)/float64(b.N), "WAL-B/op")
			b.ReportMetric(float64(s.engine.counts.statements.Load())/float64(b.N), "statements/op")
			b.ReportMetric(float64(s.engine.counts.reruns.Load())/float64(b.N), "reruns/op")
		})
	}
}

// walWritten is how many bytes the server has logged.
func walWritten(b *testing.B, s *Store) (bytes int64) {
	b.Helper()
	if err := s.engine.pool.QueryRow(b.Context(), `select pg_current_wal_insert_lsn() - '0/0'::pg_lsn`).Scan(&bytes); err != nil {
		b.Fatal(err)
	}
	return bytes
}

type started struct {
	*pgtest.Server
	err error
}

// durable is a server that writes as in production.
var durable = sync.OnceValue(func() (s started) {
	s.Server, s.err = pgtest.Open(pgtest.Options{Durable: true, Statements: true})
	return s
})

func benchmarkSend(b *testing.B, s interface {
	store.Store
	Close() error
}, senders int,
) {
	b.Cleanup(func() { s.Close() })
	var n atomic.Int64
	var mu sync.Mutex
	var took []time.Duration
	b.SetParallelism(max(1, senders/runtime.GOMAXPROCS(0)))
	b.RunParallel(func(pb *testing.PB) {
		var mine []time.Duration
		for pb.Next() {
			begun := time.Now()
			who := policy.Identity{Kind: policy.Phone, Value: fmt.Sprint(15550100000 + n.Add(1))}
			at := policy.MomentOf(time.Now())
			basis := new(store.Basis)
			f, err := s.Facts(b.Context(), store.Query{PhoneNumberID: "106540352242922", Who: []policy.Identity{who}, Basis: basis})
			if err != nil {
				b.Error(err)
				return
			}
			e := &store.Entry{
				ID: store.NewID(at), At: at, Business: "shop", Facts: f, Basis: basis,
				Send:     policy.Send{Edge: policy.EdgeMessages, PhoneNumberID: "106540352242922", Kind: policy.FreeForm, Type: "text"},
				Decision: policy.Decision{Verdict: policy.Allow, Rule: policy.RuleWindowOpen, Reason: "the customer service window is open", Category: policy.CategoryService, Initiation: policy.ByUser},
				Outcome:  store.Outcome{State: store.Reserved, At: at},
				Metering: store.Metering{Month: "2026-11", Service: true}, // as all sends of a number have it
			}
			if err := s.Reserve(b.Context(), e).Wait(); err != nil {
				b.Error(err)
				return
			}
			if err := s.Settle(b.Context(), e.ID, store.Outcome{State: store.Accepted, HTTPStatus: 200, Wamid: e.ID.String()}).Wait(); err != nil {
				b.Error(err)
				return
			}
			mine = append(mine, time.Since(begun))
		}
		mu.Lock()
		took = append(took, mine...)
		mu.Unlock()
	})
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
