package clustertest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waguard/waguard/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Options{Packages: Packages}) }

// PgBouncer hands one server connection to several clients, one transaction after the
// other, as it does in production.
func TestPooler(t *testing.T) {
	pooler := StartPooler(t, pgtest.Empty(t))
	for range 2 { // and again after it was killed
		one := connect(t, pooler.DSN()+"&default_query_exec_mode=exec")
		another := connect(t, pooler.DSN()+"&default_query_exec_mode=exec")
		if a, b := backend(t, one), backend(t, another); a != b {
			t.Errorf("two clients that do one thing after the other have two connections, %d and %d: it isn't transaction mode", a, b)
		}
		if err := pooler.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := one.Ping(t.Context()); err == nil {
			t.Error("a connection outlives PgBouncer")
		}
		if err := pooler.Start(); err != nil {
			t.Fatal(err)
		}
	}
}

// backend is the process that serves a connection now.
func backend(t *testing.T, conn *pgx.Conn) (pid int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// HAProxy leads to the gateways that are ready, and a send that one of them has heard of
// to no other. Where none is ready, one that is alive tells senders.
func TestBalancer(t *testing.T) {
	one, another := newStub(t, "one"), newStub(t, "another")
	balancer := StartBalancer(t, Balanced{Gateways: []Gateway{one.gateway(), another.gateway()}})
	both := []string{balancer.Senders, balancer.Webhook}

	for _, address := range both {
		until(t, "both gateways answer", func() bool {
			answers := map[string]bool{}
			for range 4 {
				answers[get(t, address, "/")] = true
			}
			return answers["one"] && answers["another"]
		})
	}
	for range 4 {
		get(t, balancer.Senders, "/breaks")
	}
	if asked := one.broken.Load() + another.broken.Load(); asked != 4 {
		t.Errorf("4 sends that broke off reached gateways %d times", asked)
	}

	one.notReady.Store(true)
	for _, address := range both {
		until(t, "only the gateway that is ready answers", func() bool {
			for range 4 {
				if get(t, address, "/") != "another" {
					return false
				}
			}
			return true
		})
	}

	another.notReady.Store(true)
	until(t, "no gateway gets webhooks", func() bool { return strings.Contains(get(t, balancer.Webhook, "/"), "503") })
	until(t, "a gateway tells senders that none is ready", func() bool {
		answer := get(t, balancer.Senders, "/")
		return answer == "one" || answer == "another"
	})
}

// stub stands in for a gateway.
type stub struct {
	address  string
	notReady atomic.Bool
	broken   atomic.Int64
}

func newStub(t *testing.T, name string) *stub {
	t.Helper()
	s := new(stub)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/health/ready":
			if s.notReady.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		case "/breaks":
			s.broken.Add(1)
			panic(http.ErrAbortHandler)
		default:
			io.WriteString(w, name)
		}
	}))
	t.Cleanup(server.Close)
	s.address = server.Listener.Addr().String()
	return s
}

func (s *stub) gateway() Gateway { return Gateway{s.address, s.address, s.address} }

func get(t *testing.T, address, path string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// until waits until it is so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !so() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("not after a minute: %s", what)
		}
	}
}

// A cluster elects a primary and replicates to a synchronous standby. One that answers
// nothing holds commits up until another takes its place. When the primary is killed
// under load, a standby takes over: writes flow again by both addresses, nothing that
// was acknowledged is lost, and what was killed comes back as a standby.
func TestCluster(t *testing.T) {
	start := time.Now()
	c := StartCluster(t, Options{})
	t.Logf("the cluster was up after %v", time.Since(start).Round(time.Millisecond))
	load := startLoad(t, c)
	load.freezeStandby()
	load.killPrimary(WholeNode)
	load.check()
}

// freezeStandby freezes the synchronous standby until another took its place.
func (l *load) freezeStandby() {
	l.t.Helper()
	l.await(50)
	frozen := named(l.t, l.cluster.SyncStandby)
	if err := l.cluster.Freeze(frozen); err != nil {
		l.t.Fatal(err)
	}
	l.mark()
	l.await(50)
	gap := l.gaps()[0]
	if err := l.cluster.WaitSyncStandby(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	instead := named(l.t, l.cluster.SyncStandby)
	if instead == frozen {
		l.t.Errorf("%s is the synchronous standby, and frozen", frozen)
	}
	if err := l.cluster.Thaw(frozen); err != nil {
		l.t.Fatal(err)
	}
	if err := l.cluster.WaitAll(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	l.t.Logf("the standby %s was frozen: %s took its place; no write was acknowledged for %v", frozen, instead, gap.Round(time.Millisecond))
}

// killPrimary kills the primary, once a synchronous standby is there, and starts it
// again when another has taken over.
func (l *load) killPrimary(part Part) {
	l.t.Helper()
	l.await(50)
	if err := l.cluster.WaitSyncStandby(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	killed, err := l.cluster.KillPrimary(l.t.Context(), part)
	if err != nil {
		l.t.Fatal(err)
	}
	l.mark()
	l.await(50)
	gaps := l.gaps()
	if err := l.cluster.RestartNode(killed); err != nil {
		l.t.Fatal(err)
	}
	if err := l.cluster.WaitAll(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	leader := named(l.t, l.cluster.Leader)
	if part == WholeNode && leader == killed {
		l.t.Errorf("%s leads, which was killed: nobody took over", leader)
	}
	l.t.Logf("%v of %s were killed: %s leads; no write was acknowledged for %v by the address of all nodes, %v by HAProxy",
		part, killed, leader, gaps[0].Round(time.Millisecond), gaps[1].Round(time.Millisecond))
}

// named is the name of a node.
func named(t *testing.T, role func(context.Context) (string, error)) string {
	t.Helper()
	name, err := role(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// check ends the load. Every write that was acknowledged is there.
func (l *load) check() {
	t := l.t
	t.Helper()
	acknowledged, failed := l.stop()
	conn := connect(t, l.cluster.DSN())
	rows, err := conn.Query(t.Context(), "select id from written")
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		t.Fatal(err)
	}
	there := make(map[int64]bool, len(ids))
	for _, id := range ids {
		there[id] = true
	}
	lost := 0
	for _, id := range acknowledged {
		if !there[id] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged writes are lost", lost, len(acknowledged))
	}
	t.Logf("%d writes acknowledged, %d lost; %d failed; %d are there", len(acknowledged), lost, failed, len(ids))
}

func execute(t *testing.T, dsn, statement string) {
	t.Helper()
	if _, err := connect(t, dsn).Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// load are writers of single rows, some for each address.
type load struct {
	t       *testing.T
	cluster *Cluster
	cancel  context.CancelFunc
	all     sync.WaitGroup
	ways    []*way
}

// way is what was written by an address.
type way struct {
	mu           sync.Mutex
	acknowledged []int64
	failed       int
	since        int // acknowledged since the mark
	last         time.Time
	gap          time.Duration // the longest, since the mark
}

// writers is how many write by each address.
const writers = 3

func startLoad(t *testing.T, c *Cluster) *load {
	t.Helper()
	execute(t, c.DSN(), "create table written (id bigint primary key)")
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{t: t, cluster: c, cancel: cancel}
	t.Cleanup(func() { l.stop() })
	for i, dsn := range []string{c.DSN(), c.HAProxyDSN()} {
		pool, err := pgxpool.New(ctx, dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		w := &way{last: time.Now()}
		l.ways = append(l.ways, w)
		for j := range writers {
			l.all.Go(func() { w.write(ctx, pool, int64(i*writers+j)<<40) })
		}
	}
	return l
}

// write writes rows until ctx ends, with ids from first on. What failed may be there all
// the same, so no id is tried again.
func (w *way) write(ctx context.Context, pool *pgxpool.Pool, first int64) {
	pause := time.NewTicker(10 * time.Millisecond)
	defer pause.Stop()
	for id := first; ctx.Err() == nil; id++ {
		err := insert(ctx, pool, id)
		w.mu.Lock()
		if err == nil {
			now := time.Now()
			w.acknowledged = append(w.acknowledged, id)
			w.gap = max(w.gap, now.Sub(w.last))
			w.last = now
			w.since++
		} else {
			w.failed++
		}
		w.mu.Unlock()
		<-pause.C
	}
}

// insert writes a row, and fails where it may not be on the standby.
func insert(ctx context.Context, pool *pgxpool.Pool, id int64) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err := pool.Exec(ctx, "insert into written values ($1)", id)
	return err
}

// mark begins to measure.
func (l *load) mark() {
	for _, w := range l.ways {
		w.mu.Lock()
		w.since, w.gap, w.last = 0, 0, time.Now()
		w.mu.Unlock()
	}
}

// await waits until n writes were acknowledged by each address since the mark.
func (l *load) await(n int) {
	l.t.Helper()
	deadline := time.After(patience)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for _, w := range l.ways {
		for {
			w.mu.Lock()
			since := w.since
			w.mu.Unlock()
			if since >= n {
				break
			}
			select {
			case <-again.C:
			case <-deadline:
				l.t.Fatalf("%d of %d writes were acknowledged", since, n)
			}
		}
	}
}

func (l *load) gaps() (gaps []time.Duration) {
	for _, w := range l.ways {
		w.mu.Lock()
		gaps = append(gaps, w.gap)
		w.mu.Unlock()
	}
	return gaps
}

func (l *load) stop() (acknowledged []int64, failed int) {
	l.cancel()
	l.all.Wait()
	for _, w := range l.ways {
		acknowledged = append(acknowledged, w.acknowledged...)
		failed += w.failed
	}
	return acknowledged, failed
}
