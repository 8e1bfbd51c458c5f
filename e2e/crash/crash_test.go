package crash

import (
	"flag"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"
)

var (
	kills = flag.Int("kills", 20, "rounds that end with SIGKILL")
	cuts  = flag.Int("cuts", 5, "rounds that end with a power cut")
	full  = flag.Int("full", 3, "rounds that end on a full disk")
	seed  = flag.Uint64("seed", 0, "of the random moments; 0 is another one each time")
)

// dice are the random moments of a test.
func dice(t testing.TB) *rand.Rand {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("-seed %d", s)
	return rand.New(rand.NewPCG(s, s))
}

// moment is when a round ends, after its load began.
func moment(d *rand.Rand) time.Duration {
	return 20*time.Millisecond + time.Duration(d.Int64N(int64(600*time.Millisecond)))
}

// TestKill ends the gateway by SIGKILL, sometimes while it starts, sometimes
// while it writes a backup.
func TestKill(t *testing.T) {
	d := dice(t)
	g := newGateway(t, filepath.Join(t.TempDir(), "store"))
	g.start(t)
	for range *kills {
		l := g.load(t, d)
		if d.IntN(3) == 0 {
			g.backup()
		}
		time.Sleep(moment(d))
		g.kill(t)
		l.end()
		for d.IntN(3) == 0 { // again, while it starts
			g.Launch(t)
			time.Sleep(time.Duration(d.Int64N(int64(300 * time.Millisecond))))
			g.kill(t)
		}
		g.start(t)
		g.verify(t, d)
	}
	g.finish(t)
}
