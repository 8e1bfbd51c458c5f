package replicas

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/internal/clustertest"
)

// ofCluster is how long a cluster may take until it serves again.
const ofCluster = 4 * time.Minute

// TestFailover: under load the standby that confirms commits of a cluster stops answering,
// then there is none, and then the primary is killed, again and again. Sends are refused in
// time and flow again by themselves, whichever address of the cluster a gateway has, and
// nothing that was acknowledged is lost.
func TestFailover(t *testing.T) {
	began := time.Now()
	c := clustertest.StartCluster(t, clustertest.Options{})
	f := start(t, options{hurried: true, dsns: []string{c.DSN(), c.HAProxyDSN()}})
	t.Logf("a cluster and gateways are up after %v", time.Since(began).Round(time.Millisecond))
	l := startLoad(t, f)
	t.Run("the standby lags", func(t *testing.T) { l.lags(t, c) })
	t.Run("no standby is left", func(t *testing.T) { l.alone(t, c) })
	gaps := make(map[clustertest.Part][]time.Duration)
	for i := range *failovers {
		part := []clustertest.Part{clustertest.PostgresAlone, clustertest.WholeNode}[i%2]
		t.Run(fmt.Sprintf("%v are killed, the %d. time", part, i/2+1), func(t *testing.T) {
			gaps[part] = append(gaps[part], l.killPrimary(t, c, part))
		})
	}
	for part, gaps := range gaps {
		slices.Sort(gaps)
		t.Logf("%v were killed %d times: sends flowed again after %v at the median, %v at most",
			part, len(gaps), gaps[len(gaps)/2].Round(time.Millisecond), gaps[len(gaps)-1].Round(time.Millisecond))
	}
	l.check(t, f.gateways[0])
}

// settled waits until sends pass by all gateways, and all nodes of the cluster follow.
func (l *load) settled(t *testing.T, c *clustertest.Cluster) {
	t.Helper()
	l.mark()
	l.awaitAll(t, 10, ofCluster)
	if err := c.WaitAll(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// flows waits until sends pass by all gateways after something has happened, says how long
// they have not, and how long somebody has waited for an answer.
func (l *load) flows(t *testing.T, happened string) (gap time.Duration) {
	t.Helper()
	each := l.awaitAll(t, 10, ofCluster)
	l.mu.Lock()
	defer l.mu.Unlock()
	longest := make(map[string]time.Duration)
	for what, d := range l.longest {
		longest[what] = d.Round(time.Millisecond)
		if strings.Contains(what, " 503") && d > bound {
			t.Errorf("%s: %s came after %v", happened, what, d)
		}
	}
	t.Logf("%s: no send passed for %v, by one of the gateways for %v; the longest waits for answers were %v",
		happened, l.whole.gap.Round(time.Millisecond), each.Round(time.Millisecond), longest)
	return l.whole.gap
}

// killPrimary kills the primary once all nodes follow, and starts it again when another one
// has taken over. It says how long no send passed.
func (l *load) killPrimary(t *testing.T, c *clustertest.Cluster, part clustertest.Part) time.Duration {
	t.Helper()
	l.settled(t, c)
	l.mark()
	killed, err := c.KillPrimary(t.Context(), part)
	if err != nil {
		t.Fatal(err)
	}
	gap := l.flows(t, fmt.Sprintf("%v of %s were killed", part, killed))
	if err := c.RestartNode(killed); err != nil {
		t.Fatal(err)
	}
	return gap
}

// lags has the synchronous standby answer nothing for a while: commits wait for it. Where
// there is time, until another one has taken its place.
func (l *load) lags(t *testing.T, c *clustertest.Cluster) {
	t.Helper()
	l.settled(t, c)
	standby, err := c.SyncStandby(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	who := l.writer(t)
	l.mark()
	if err := c.Freeze(standby); err != nil {
		t.Fatal(err)
	}
	what := "the standby " + standby + " answers nothing for a while"
	if *failovers > 1 {
		what = "the standby " + standby + " answers nothing, and another one takes its place"
		l.awaitAll(t, 10, ofCluster)
	} else {
		l.f.away(t, who, what)
	}
	if err := c.Thaw(standby); err != nil {
		t.Fatal(err)
	}
	l.flows(t, what)
}

// writer is somebody who has written.
func (l *load) writer(t *testing.T) string {
	t.Helper()
	who := l.somebody()
	l.f.says(t, l.f.gateways[0], shop, who, "Hello")
	return who
}

// alone kills both standbys: commits wait for one. Some of them give up waiting, which the
// primary calls a success. Nobody is told so, and load balancers are told that no gateway
// can be used.
func (l *load) alone(t *testing.T, c *clustertest.Cluster) {
	t.Helper()
	l.settled(t, c)
	who := l.writer(t)
	operator, err := pgx.Connect(t.Context(), c.SuperuserDSN("waguard"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { operator.Close(context.Background()) })
	l.mark()
	standbys, err := c.Standbys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, standby := range standbys {
		if err := c.KillNode(standby, clustertest.WholeNode); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	cancelled := make(chan int64)
	go func() {
		var n int64
		for ctx.Err() == nil {
			tag, _ := operator.Exec(ctx, "select pg_cancel_backend(pid), pg_sleep(0.1) from pg_stat_activity where wait_event = 'SyncRep'")
			n += tag.RowsAffected()
		}
		cancelled <- n
	}()
	l.f.away(t, who, "without standbys")
	stop()
	n := <-cancelled
	if n == 0 {
		t.Error("no commit has waited for a standby")
	}
	l.f.notReady(t)
	t.Logf("without standbys: %d commits were not waited for", n)
	for _, standby := range standbys {
		if err := c.RestartNode(standby); err != nil {
			t.Fatal(err)
		}
	}
	l.flows(t, "both standbys were killed")
}
