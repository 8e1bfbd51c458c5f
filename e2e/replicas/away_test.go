package replicas

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/internal/testnet"
)

// TestDatabaseAway: while the database can't be reached, however that comes, sends are
// refused in time so that they are sent again, Meta is told to deliver again, and load
// balancers to ask others. When it is back, so is everything, by itself, and what has left
// is in the ledger.
func TestDatabaseAway(t *testing.T) {
	network := testnet.New(t)
	server := pgtest.Run(t, pgtest.Options{Migrate: migrate, Address: network.Server})
	f := start(t, options{hurried: true, gateways: 2, dsn: server.Database(t), network: network})
	who := person(0, 0)
	f.says(t, f.gateways[0], shop, who, "Hello")
	f.sim.Reset()
	for _, way := range []struct {
		name        string
		goes, comes func() error
	}{
		{"killed", server.Kill, server.Start},
		{"frozen", server.Freeze, server.Thaw}, // what it was told, it does later
		{"cut off", network.Cut, network.Mend}, // and says nothing any more: connections that are open stay so
	} {
		t.Run(way.name, func(t *testing.T) {
			before := f.stream(who, way.name+" before")
			before.await(40) // so that others are on their way when it happens
			err := way.goes()
			before.end()
			if err != nil {
				t.Fatal(err)
			}
			f.notReady(t)
			f.away(t, who, way.name)
			wrong, passed, unrecorded, refused := make(kinds), 0, 0, []string(nil)
			left := f.left()
			for tag, a := range before.answers {
				switch n := left[tag]; {
				case n == 1 && a.status == http.StatusOK:
					passed++
				case n == 1 && a.unrecorded():
					unrecorded++
				case n == 0 && a.status == http.StatusServiceUnavailable && a.code == 131016:
					refused = append(refused, tag)
				default:
					wrong.add(fmt.Sprintf("a send that has left %d times", n), a)
				}
			}
			wrong.fail(t)
			t.Logf("of sends that were on their way %d passed, %d were unrecorded, and %d refused", passed, unrecorded, len(refused))
			if err := way.comes(); err != nil {
				t.Fatal(err)
			}
			f.back(t, who)
			f.repeated(t, who, refused)
		})
	}
	f.awaitRecorded(t)
}

// stream are sends by all gateways, many at a time, and their answers by tag.
type stream struct {
	done     chan struct{}
	answered chan struct{}
	all      sync.WaitGroup
	mu       sync.Mutex
	answers  map[string]*answer
}

// stream begins to send to somebody, with tags that begin so.
func (f *fleet) stream(who, name string) *stream {
	const senders = 50
	s := &stream{done: make(chan struct{}), answered: make(chan struct{}, 1<<16), answers: make(map[string]*answer)}
	for i := range senders {
		s.all.Go(func() {
			for n := 0; ; n++ {
				tag := strings.ReplaceAll(fmt.Sprintf("%s-%d-%d", name, i, n), " ", "-")
				a := f.send(f.gateways[i%len(f.gateways)], text(who, tag, "Hello"), "Idempotency-Key", tag)
				s.mu.Lock()
				s.answers[tag] = a
				s.mu.Unlock()
				s.answered <- struct{}{}
				select {
				case <-s.done:
					return
				default:
				}
			}
		})
	}
	return s
}

// await waits until so many sends were answered.
func (s *stream) await(n int) {
	for range n {
		<-s.answered
	}
}

// end lets no more begin, and waits for those that are on their way.
func (s *stream) end() {
	close(s.done)
	s.all.Wait()
}

// away checks what all are told while the database is away, and that nobody waits for it
// longer than they should.
func (f *fleet) away(t *testing.T, who, name string) {
	t.Helper()
	update, err := f.sim.InboundUpdate(shop, graphsim.User{Phone: person(0, 1)}, graphsim.Text("Hello"))
	if err != nil {
		t.Fatal(err)
	}
	webhook, err := f.sim.Payload(update)
	if err != nil {
		t.Fatal(err)
	}
	sends := f.stream(who, name)
	var delivered sync.WaitGroup
	waits := make([]time.Duration, len(f.gateways))
	for i, g := range f.gateways {
		delivered.Go(func() {
			began := time.Now()
			if status, err := f.post(g, webhook); status != http.StatusServiceUnavailable {
				t.Errorf("gateway %s answers a webhook %d: %v", g.name, status, err)
			}
			waits[i] = time.Since(began)
		})
	}
	delivered.Wait()
	sends.end()
	left, wrong := f.left(), make(kinds)
	var longest, longestWebhook time.Duration
	for tag, a := range sends.answers {
		longest = max(longest, a.ended.Sub(a.began))
		if a.status != http.StatusServiceUnavailable || a.code != 131016 || left[tag] > 0 {
			wrong.add(fmt.Sprintf("a send that has left %d times", left[tag]), a)
		}
	}
	wrong.fail(t)
	for _, w := range waits {
		longestWebhook = max(longestWebhook, w)
	}
	if max(longest, longestWebhook) > bound {
		t.Errorf("%s: somebody has waited longer than %v", name, bound)
	}
	t.Logf("%s: a send was refused within %v, a webhook within %v", name, longest.Round(time.Millisecond), longestWebhook.Round(time.Millisecond))
}

// notReady checks what load balancers are told.
func (f *fleet) notReady(t *testing.T) {
	t.Helper()
	for _, g := range f.gateways {
		if status, store := g.ready(); status != "not_ready" || store == "ok" {
			t.Errorf("gateway %s is %s, its store %s", g.name, status, store)
		}
	}
}

// back waits until all gateways serve again.
func (f *fleet) back(t *testing.T, who string) {
	t.Helper()
	began := time.Now()
	for _, g := range f.gateways {
		g.awaitReady(t)
		if a := f.send(g, text(who, "", "Hello")); a.status != http.StatusOK {
			t.Errorf("afterwards gateway %s answers %s", g.name, a)
		}
		f.says(t, g, shop, who, "Hello")
	}
	t.Logf("all serve again after %v", time.Since(began).Round(time.Millisecond))
}

// repeated sends again what was refused, by other gateways: none of it had left, and it
// leaves now.
func (f *fleet) repeated(t *testing.T, who string, refused []string) {
	t.Helper()
	var mu sync.Mutex
	wrong := make(kinds)
	var held atomic.Int64
	together(len(refused), func(i int) {
		tag := refused[i]
		send := func() *answer {
			return f.send(f.gateways[i%len(f.gateways)], text(who, tag, "Hello"), "Idempotency-Key", tag)
		}
		a := send()
		for deadline := time.Now().Add(patience); a.rule == "IDEMPOTENCY_IN_FLIGHT" && time.Now().Before(deadline); a = send() {
			held.Add(1)
			time.Sleep(20 * time.Millisecond) // what was refused too late to be taken back is recorded as not sent in a moment
		}
		if a.status != http.StatusOK || f.left()[tag] != 1 {
			mu.Lock()
			defer mu.Unlock()
			wrong.add(fmt.Sprintf("a send was refused, is repeated, and has left %d times", f.left()[tag]), a)
		}
	})
	wrong.fail(t)
	t.Logf("repetitions were held off %d times", held.Load())
}

// awaitRecorded waits until the ledger says of everything that has left that it has.
func (f *fleet) awaitRecorded(t *testing.T) {
	t.Helper()
	left := len(f.sim.Sends())
	states := make(map[string]int)
	recorded := func() bool {
		clear(states)
		for _, e := range f.entries(t, f.gateways[0], adminapi.Selection{}) {
			if e.Decision == "allow" {
				states[string(e.Outcome.State)]++
			}
		}
		return states["accepted"] == left
	}
	if !f.gateways[0].Await(recorded, patience) {
		t.Errorf("%d messages have left, and the ledger has sends %v", left, states)
	}
	t.Logf("%d messages have left, and the ledger has sends %v", left, states)
}
