package replicas

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/internal/pgtest"
)

// TestSlowDatabase: in front of a database that takes its time, sends pass or are refused
// in time, and what waits needs no more memory the longer it lasts. Once the database is
// quick again, so are sends.
func TestSlowDatabase(t *testing.T) {
	const senders, people, mostGrowth = 500, 100, 64 << 20
	line := newSlowLine(t, pgtest.Database(t))
	f := start(t, options{hurried: true, gateways: 1, dsn: line.dsn})
	g := f.gateways[0]
	together(people, func(i int) { f.says(t, g, shop, person(0, i), "Hello") })
	for _, slow := range []struct {
		name        string
		least, most time.Duration // of a round trip
	}{
		{"at its usual pace", 0, 0},
		{"slow", 200 * time.Millisecond, 500 * time.Millisecond},
		{"slower than sends may wait", timeout, 2 * timeout},
		{"quick again", 0, 0},
	} {
		t.Run(slow.name, func(t *testing.T) {
			line.takes(slow.least, slow.most)
			if slow.most == 0 {
				g.awaitReady(t)
			}
			f.sim.Reset()
			var mu sync.Mutex
			var all sync.WaitGroup
			var atFirst, later int64
			counts, longest, wrong := make(map[int]int), make(map[int]time.Duration), make(kinds)
			again := func(n int, began time.Time) bool {
				if slow.most == 0 { // until all of them pass
					return n == 0 || counts[http.StatusOK] < senders && time.Since(began) < patience
				}
				return n < 2 || time.Since(began) < *slowFor
			}
			for n, began := 0, time.Now(); again(n, began); n++ {
				if slow.most == 0 {
					clear(counts)
				}
				for i := range senders {
					tag := fmt.Sprintf("%d-%d", n, i)
					all.Go(func() {
						a := f.send(g, text(person(0, i%people), tag, "Hello"))
						mu.Lock()
						defer mu.Unlock()
						longest[a.status] = max(longest[a.status], a.ended.Sub(a.began).Round(time.Millisecond))
						counts[a.status]++
						switch {
						case a.status == http.StatusOK, a.status == http.StatusServiceUnavailable && a.code == 131016, a.unrecorded():
						default:
							wrong.add("answered otherwise", a)
						}
					})
				}
				all.Wait()
				if later = memory(t, g); n == 0 {
					atFirst = later
				}
			}
			wrong.fail(t)
			t.Logf("of %d senders at a time sends were answered %v, within %v; memory grew from %d to %d MiB",
				senders, counts, longest, atFirst>>20, later>>20)
			if later-atFirst > mostGrowth {
				t.Errorf("the gateway has taken %d MiB more", (later-atFirst)>>20)
			}
			if slow.most == 0 && len(counts) > 1 {
				t.Errorf("sends are answered %v", counts)
			}
			if slow.least >= timeout && counts[http.StatusOK] > 0 {
				t.Errorf("%d sends have passed", counts[http.StatusOK])
			}
			if refused := longest[http.StatusServiceUnavailable]; refused > bound {
				t.Errorf("a send was refused after %v", refused)
			}
		})
	}
}

// memory is how much of it the process has, in bytes.
func memory(t *testing.T, g *gateway) int64 {
	t.Helper()
	bytes, ok := gatewaytest.ResidentMemory(g.Cmd.Process.Pid)
	if !ok {
		t.Fatal("the system doesn't say how much memory the process has")
	}
	return bytes
}

// slowLine is a line to a database on which everything takes its time.
type slowLine struct {
	dsn         string
	least, most atomic.Int64
}

func newSlowLine(t *testing.T, dsn string) *slowLine {
	t.Helper()
	server, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	l := &slowLine{dsn: fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", server.User, listener.Addr(), server.Database)}
	network, address := pgconn.NetworkAddress(server.Host, server.Port)
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial(network, address)
			if err != nil {
				near.Close()
				continue
			}
			go l.lead(far, near, false)
			go l.lead(near, far, true)
		}
	}()
	return l
}

// takes sets how long a round trip takes.
func (l *slowLine) takes(least, most time.Duration) {
	l.least.Store(int64(least))
	l.most.Store(int64(most))
}

// lead leads what comes from one end to the other, late where that is asked for, and in
// its order.
func (l *slowLine) lead(to, from net.Conn, late bool) {
	type piece struct {
		data []byte
		at   time.Time
	}
	pieces := make(chan piece, 1024)
	go func() {
		defer to.Close()
		for p := range pieces {
			time.Sleep(time.Until(p.at)) // it is what is tested
			if _, err := to.Write(p.data); err != nil {
				from.Close()
			}
		}
	}()
	defer close(pieces)
	for {
		data := make([]byte, 64<<10)
		n, err := from.Read(data)
		if n > 0 {
			at := time.Now()
			if least, most := l.least.Load(), l.most.Load(); late && most > 0 {
				at = at.Add(time.Duration(least + rand.Int64N(most-least)))
			}
			pieces <- piece{data[:n], at}
		}
		if err != nil {
			return
		}
	}
}
