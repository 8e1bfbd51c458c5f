package move

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
	"github.com/waguard/waguard/store/postgres"
	"github.com/waguard/waguard/store/transfer"
)

var entries = flag.Int("entries", 20_000, "how many ledger entries the store of BenchmarkMove has")

// BenchmarkMove copies a store with so many sends, each to one of as many people, accepted
// and delivered: into an empty database that writes as in production, once more without a
// change, once more after a hundredth as many sends, and back into a directory.
//
//	go test ./e2e/move -run '^$' -bench Move -benchtime 1x -entries 1000000
func BenchmarkMove(b *testing.B) {
	server, err := pgtest.Open(pgtest.Options{Durable: true, Settings: map[string]string{"shared_buffers": "256MB", "max_wal_size": "4GB"}})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	from := directory(filepath.Join(b.TempDir(), "from"))
	began := time.Now()
	sends(b, from, 0, *entries)
	b.Logf("filled in %s", time.Since(began).Round(time.Millisecond))
	key := keyIn(b, from)
	dsn := server.Empty(b)
	if err := postgres.Migrate(b.Context(), dsn, zap.NewNop()); err != nil {
		b.Fatal(err)
	}
	to := database(dsn)
	run := func(name string, from, to end) {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				own, servers := cpu(b, dsn)
				copied, err := move(b.Context(), b, key, from, to)
				if err != nil {
					b.Fatal(err)
				}
				ownNow, serversNow := cpu(b, dsn)
				b.ReportMetric((ownNow - own).Seconds(), "own-cpu-s")
				b.ReportMetric((serversNow - servers).Seconds(), "server-cpu-s")
				var all transfer.Copied
				for _, k := range copied {
					all.Rows, all.Bytes, all.Written = all.Rows+k.Rows, all.Bytes+k.Bytes, all.Written+k.Written
				}
				b.ReportMetric(float64(all.Rows), "rows")
				b.ReportMetric(float64(all.Bytes)/1e6, "MB")
				b.ReportMetric(float64(all.Written), "written")
			}
		})
	}
	run("fresh", from, to)
	run("unchanged", from, to)
	sends(b, from, *entries, *entries/100)
	run("newer", from, to)
	run("back", to, directory(filepath.Join(b.TempDir(), "back")))
}

// sends makes sends to people, from one number on.
func sends(b *testing.B, into directory, first, n int) {
	b.Helper()
	s, err := badger.Open(string(into), badger.Options{})
	if err != nil {
		b.Fatal(err)
	}
	const number = "106540352242922"
	start := policy.MomentOf(time.Now().Add(-90 * 24 * time.Hour))
	step := 80 * 24 * time.Hour / time.Duration(*entries+*entries/50)
	var wg sync.WaitGroup
	const senders = 64
	for w := range senders {
		wg.Go(func() {
			for i := first + w; i < first+n; i += senders {
				at := start.Add(time.Duration(i) * step)
				who := policy.Identity{Kind: policy.Phone, Value: fmt.Sprint(4915000000000 + i)}
				wamid := fmt.Sprint("wamid.", i)
				e := &store.Entry{
					ID: store.NewID(at), At: at, Sender: "crm", Business: "Example Shop", WABA: "102290129340398", Market: "DE",
					Send:     policy.Send{PhoneNumberID: number, Kind: policy.TemplateMessage, Type: "template", Template: policy.TemplateRef{Name: "order_update", Language: "de"}},
					Facts:    policy.Facts{Persons: []policy.PersonFacts{{Contact: s.Pseudonym(who), Opened: at}}},
					Decision: policy.Decision{Verdict: policy.Allow, Rule: policy.RuleConsent},
					Outcome:  store.Outcome{State: store.Reserved},
				}
				if i%20 == 0 {
					e.Decision, e.Outcome = policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleWindowClosed, Reason: "the window is closed"}, store.Outcome{State: store.Refused}
				}
				write := s.Reserve(b.Context(), e)
				if i%20 != 0 {
					write = s.Settle(b.Context(), e.ID, store.Outcome{State: store.Accepted, At: at + 200, HTTPStatus: 200, Wamid: wamid})
				}
				if err := write.Wait(); err != nil {
					b.Error(err)
					return
				}
				err := s.Apply(b.Context(), []policy.Event{
					policy.ServiceWindowOpened{PhoneNumberID: number, Who: []policy.Identity{who}, At: at},
					policy.StatusChanged{PhoneNumberID: number, Wamid: wamid, At: at + 3000, Status: policy.StatusDelivered, Pricing: &policy.Pricing{Category: "utility", Billable: true}},
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// cpu is what this process has taken of processors, and what those of the server have that
// have ended: those that others' waiting doesn't lengthen.
func cpu(b *testing.B, dsn string) (own, servers time.Duration) {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	own = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	conn, err := pgx.Connect(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background())
	var backend int
	for others := 1; others > 0; { // whose connections were closed, and who haven't ended yet
		const look = `select pg_backend_pid(), (select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid())`
		if err := conn.QueryRow(b.Context(), look).Scan(&backend, &others); err != nil {
			b.Fatal(err)
		}
	}
	const parent, children, tick = 3, 15, 10 * time.Millisecond // places in /proc/<pid>/stat
	postmaster, err := strconv.Atoi(stat(b, backend)[parent])
	if err != nil {
		b.Fatal(err)
	}
	fields := stat(b, postmaster)
	for _, ticks := range fields[children : children+2] {
		n, err := strconv.Atoi(ticks)
		if err != nil {
			b.Fatal(err)
		}
		servers += time.Duration(n) * tick
	}
	return own, servers
}

// stat are the fields of /proc/<pid>/stat.
func stat(b *testing.B, pid int) []string {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	return strings.Fields(string(text))
}
