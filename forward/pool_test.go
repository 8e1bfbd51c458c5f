package forward

import (
	"context"
	"sync"
	"testing"
	"time"
)

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// answersAll answers every request of a connection.
func answersAll(_ int64, p *peer) {
	for p.request() != nil {
		p.say(ok)
	}
}

// TestGrowsOld: connections that lay idle for too long are closed, and used as
// little as those that are too old.
func TestGrowsOld(t *testing.T) {
	for _, way := range ways {
		c := &clock{at: time.Now()}
		w := way.world(t, Options{Now: c.now, IdleTimeout: 20 * time.Second, MaxAge: 50 * time.Second}, answersAll)
		for i, step := range []struct {
			pass  time.Duration
			conns int64
		}{{0, 1}, {19 * time.Second, 1}, {19 * time.Second, 1}, {19 * time.Second, 2}, {20 * time.Second, 3}, {19 * time.Second, 3}} {
			c.pass(step.pass)
			if got := w.ask(t, text("x")); got != answered || w.server.conns.Load() != step.conns {
				t.Errorf("%s, step %d: got %+v over %d connections, want %d", way.name, i, got, w.server.conns.Load(), step.conns)
			}
		}
		c.pass(19 * time.Second)
		if w.sweep(); w.counters.Idle() != 1 || w.sweeper == nil {
			t.Error("a connection was swept before its time")
		}
		c.pass(time.Second)
		if w.sweep(); w.counters.Idle() != 0 || w.counters.Open() != 0 || w.sweeper != nil {
			t.Error("a connection was not swept")
		}
	}
}

// TestOutlivesItsDeadline: the deadline of a request is not that of the connection.
func TestOutlivesItsDeadline(t *testing.T) {
	for _, way := range ways {
		w := way.world(t, Options{}, answersAll)
		r := text("x")
		for w.ask(t, r).kind == Unconnected { // a busy machine
			r.Deadline = time.Now().Add(time.Second)
		}
		r.Deadline = time.Now().Add(50 * time.Millisecond)
		w.ask(t, r)
		conns := w.server.conns.Load()
		until(t, func() bool { return time.Now().After(r.Deadline) })
		if w.counters.Idle() == 0 {
			continue // it took too long
		}
		if got := w.ask(t, text("x")); got != answered || w.server.conns.Load() != conns {
			t.Errorf("%s: got %+v over connection %d", way.name, got, w.server.conns.Load())
		}
	}
}

// TestLastUsedFirst: what was used last is used next.
func TestLastUsedFirst(t *testing.T) {
	w := ways[0].world(t, Options{}, func(n int64, p *peer) {
		for p.request() != nil {
			p.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + string('0'+rune(n)))
		}
	})
	first, err := w.Do(t.Context(), text("x"))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.ask(t, text("x")); got.body != "1" {
		t.Fatalf("the second one got %+v", got)
	}
	one := make([]byte, 2)
	first.Body.Read(one) // the first is given back last
	for range 3 {
		if got := w.ask(t, text("x")); got.body != "0" {
			t.Errorf("got %+v", got)
		}
	}
}

// TestCrowded: there are never more connections than allowed; who waits is served in
// order, and until its time is over.
func TestCrowded(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			const most, more = 2, 6
			var mu sync.Mutex
			var order []string
			release := make(chan bool)
			w := way.world(t, Options{MaxConnections: most}, func(_ int64, p *peer) {
				for r := p.request(); r != nil; r = p.request() {
					mu.Lock()
					order = append(order, r.Header.Get("X-N"))
					mu.Unlock()
					<-release
					if r.Header.Get("X-N") == "a" {
						return // its connection is lost, and its place is not
					}
					p.say(ok)
				}
			})
			var asking sync.WaitGroup
			ask := func(n byte) {
				r := text("x")
				r.Fields = append(r.Fields, Field{"X-N", []string{string(n)}})
				asking.Go(func() { w.ask(t, r) })
			}
			for i := range byte(most) {
				ask('a' + i)
				until(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(order) == int(i)+1 })
			}
			for i := range byte(more) {
				ask('a' + most + i)
				until(t, func() bool { return w.counters.Waiting() == int64(i)+1 })
			}
			late := text("x")
			late.Deadline = time.Now().Add(20 * time.Millisecond)
			if got := w.ask(t, late); got.kind != Crowded || got.written != Nothing {
				t.Errorf("without a free connection got %+v", got)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if got := w.askWith(t, ctx, text("x")); got.kind != Crowded || got.written != Nothing {
				t.Errorf("without a free connection got %+v", got)
			}
			for i := range most + more {
				if open := w.counters.Open(); open > most {
					t.Errorf("%d connections are open", open)
				}
				release <- true
				until(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(order) >= min(most+more, most+i+1) })
			}
			asking.Wait()
			mu.Lock()
			defer mu.Unlock()
			got := ""
			for _, n := range order {
				got += n
			}
			if got != "abcdefgh" {
				t.Errorf("served in the order %s", got)
			}
			if w.counters.Waiting() != 0 || w.waiting.Len() != 0 {
				t.Error("somebody waits still")
			}
		})
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
		<-time.After(time.Millisecond)
	}
}

// TestClose: idle connections are closed at once, one in use when its answer is
// read; who comes then is served all the same.
func TestClose(t *testing.T) {
	for _, way := range ways {
		w := way.world(t, Options{MaxConnections: 2}, answersAll)
		inUse, err := w.Do(t.Context(), text("x"))
		if err != nil {
			t.Fatal(err)
		}
		w.ask(t, text("x"))
		if w.Close(); w.counters.Open() != 1 {
			t.Errorf("%s: %d connections are open", way.name, w.counters.Open())
		}
		two := make([]byte, 3)
		if n, _ := inUse.Body.Read(two); string(two[:n]) != "ok" {
			t.Errorf("%s: an answer was cut", way.name)
		}
		inUse.Body.Close()
		if got := w.ask(t, text("x")); got != answered || w.counters.Open() != 0 {
			t.Errorf("%s: after that got %+v, and %d connections are open", way.name, got, w.counters.Open())
		}
	}
}

// TestManyAtOnce: under load everything is answered over no more connections than
// allowed, and each answer belongs to its request.
func TestManyAtOnce(t *testing.T) {
	for _, way := range ways[:2] {
		w := way.world(t, Options{MaxConnections: 4}, func(n int64, p *peer) {
			for r := p.request(); r != nil; r = p.request() {
				id := r.Header.Get("X-N")
				p.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + id)
				if id[1] == '7' {
					return
				}
			}
		})
		var asking sync.WaitGroup
		for i := range 16 {
			asking.Go(func() {
				id := string([]byte{'a' + byte(i), 0})
				for j := range byte(50) {
					id = id[:1] + string('0'+rune(j%10))
					r := text("x")
					r.Fields = append(r.Fields, Field{"X-N", []string{id}})
					// One that meets a connection as it is closed is lost, never answered wrongly.
					if got := w.ask(t, r); got.body != id && got.kind != Unanswered && got.kind != Unwritten {
						t.Errorf("%s: %s got %+v", way.name, id, got)
					}
				}
			})
		}
		asking.Wait()
		if open := w.counters.Open(); open > 4 || open != w.counters.Idle() {
			t.Errorf("%d connections are open, %d idle", open, w.counters.Idle())
		}
	}
}
