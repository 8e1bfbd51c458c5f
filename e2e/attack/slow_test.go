package attack

import (
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// slow are the ways to send a byte at a time: what comes first, and the byte.
var slow = []struct{ name, start, drop string }{
	{"body of a send", sized(`{"messaging_product":"whatsapp","to":"`+closed+`"`, fmt.Sprintf("Content-Length: %d", mebibyte)), " "},
	{"header", "POST " + messages + " HTTP/1.1\r\nHost: graph.facebook.com\r\nX-Slow: ", "a"},
	{"upload", "POST " + media + " HTTP/1.1\r\nHost: graph.facebook.com\r\n" + asParts + "\r\nContent-Length: 104857600\r\n\r\n--xx\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n", "a"},
}

const (
	slowSenders = 3000
	slowRounds  = 5
	// memoryEach is what a slow sender may cost: two buffers of Go's server of 4
	// KiB each, the goroutine's stack, what a proxied upload holds on both its
	// sides, and our own end of the connection.
	memoryEach = 150 << 10
)

// Thousands of senders of a byte a second cost little memory each, whatever
// length they announce, and others are served meanwhile.
func TestSlowSenders(t *testing.T) {
	w := newWorld(t, false)
	before, goroutines := memory(), runtime.NumGoroutine()
	conns := make([]net.Conn, slowSenders)
	for i := range conns {
		c, err := net.Dial("tcp", w.doors[cloud])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := writeSoon(c, slow[i%len(slow)].start); err != nil {
			t.Fatal(err)
		}
		conns[i] = c
	}
	poll(t, "every connection is being served", func() bool { return runtime.NumGoroutine() >= goroutines+slowSenders })

	second := time.NewTicker(time.Second)
	defer second.Stop()
	served, slowest := 0, time.Duration(0)
	for range slowRounds {
		for i, c := range conns {
			if err := writeSoon(c, slow[i%len(slow)].drop); err != nil {
				t.Fatalf("a slow sender (%s) was cut off: %v", slow[i%len(slow)].name, err)
			}
		}
		// Between two bytes of theirs, others send.
		for range 20 {
			start := time.Now()
			if a := exchange(t, w.doors[cloud], send(text(allowed)), 1, false); len(a) != 1 || a[0].status != http.StatusOK {
				t.Fatalf("an honest sender is not served: %v", a)
			}
			served++
			slowest = max(slowest, time.Since(start))
		}
		<-second.C
	}
	each := (max(memory(), before) - before) / slowSenders
	t.Logf("%d slow senders cost %d KiB each; %d others were served, the slowest in %s", slowSenders, each>>10, served, slowest)
	if each > memoryEach {
		t.Errorf("a slow sender costs %d KiB, want %d KiB at most", each>>10, memoryEach>>10)
	}

	for _, c := range conns {
		c.Close()
	}
	poll(t, "the slow senders are forgotten", func() bool { return runtime.NumGoroutine() < goroutines+slowSenders/10 })
	whole := 0
	for _, r := range w.received() {
		if r.whole {
			whole++
		}
		for _, s := range r.sends() {
			if describe(s) != "text to allowed" {
				t.Errorf("the upstream can find a send that was not judged: %+v", s)
			}
		}
	}
	if whole != served {
		t.Errorf("%d requests reach the upstream, want %d", whole, served)
	}
}

// writeSoon writes within patience, however long all of the test takes.
func writeSoon(c net.Conn, text string) error {
	if err := c.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := c.Write([]byte(text))
	return err
}

// memory is what the process holds on its heap and its stacks.
func memory() uint64 {
	runtime.GC()
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() + samples[1].Value.Uint64()
}

// poll waits for something to become true.
func poll(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for !is() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("waited %s in vain: %s", patience, what)
		}
	}
}
