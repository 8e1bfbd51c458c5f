package replicas

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/clustertest"
)

// ofCluster is how long a cluster may take until it serves again.
const ofCluster = 4 * time.Minute

// TestFailover: the primary of a cluster is killed under load, again and again. Sends flow
// again by themselves, whichever address of the cluster a gateway has, and nothing that was
// acknowledged is lost.
func TestFailover(t *testing.T) {
	began := time.Now()
	c := clustertest.StartCluster(t, clustertest.Options{})
	f := start(t, options{dsns: []string{c.DSN(), c.HAProxyDSN()}})
	t.Logf("a cluster and gateways are up after %v", time.Since(began).Round(time.Millisecond))
	l := startLoad(t, f)
	gaps := make(map[clustertest.Part][]time.Duration)
	for i := range *failovers {
		part := []clustertest.Part{clustertest.WholeNode, clustertest.PostgresAlone}[i%2]
		l.mark()
		l.awaitAll(t, 10, patience)
		if err := c.WaitAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		killed, err := c.KillPrimary(t.Context(), part)
		if err != nil {
			t.Fatal(err)
		}
		l.mark()
		each := l.awaitAll(t, 10, ofCluster)
		l.mu.Lock()
		gap, longest := l.whole.gap, fmt.Sprint(l.longest)
		l.mu.Unlock()
		gaps[part] = append(gaps[part], gap)
		if err := c.RestartNode(killed); err != nil {
			t.Fatal(err)
		}
		t.Logf("%v of %s were killed: no send passed for %v, and none by one gateway for %v; the longest waits: %s",
			part, killed, gap.Round(time.Millisecond), each.Round(time.Millisecond), longest)
	}
	for part, gaps := range gaps {
		slices.Sort(gaps)
		t.Logf("%v were killed %d times: sends flowed again after %v at the median, %v at most",
			part, len(gaps), gaps[len(gaps)/2].Round(time.Millisecond), gaps[len(gaps)-1].Round(time.Millisecond))
	}
	l.check(t, f.gateways[0])
}
