package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load drives one proxy over connections that stay open from round to round. A
// connection makes one request after the other.
//
// It speaks HTTP/1.1 by hand: on a small machine every microsecond the load
// generator takes is one the proxies don't get, and it makes them look more
// alike than they are.
type load struct {
	connections []*connection
	// made is what the ledger must have of it.
	sends, accepted atomic.Int64
}

// crowd is who is written to, and how.
type crowd struct {
	people         int
	spread, spells string // see spreads and spellings
}

// connection is one that stays open, with what is said over it.
type connection struct {
	net.Conn
	reader  *bufio.Reader
	speaker *speaker
	script  script
	answer  []byte // the newest
}

// serial numbers everything that must have a name of its own in the life of a
// store.
var serial atomic.Uint64

// newLoad opens connections to a proxy.
func newLoad(p *proxy, s *scenario, c crowd, connections int) (*load, error) {
	l := new(load)
	for i := range connections {
		conn, err := p.dial()
		if err != nil {
			l.close()
			return nil, err
		}
		r := rand.New(rand.NewPCG(uint64(i), 1)) // the same people on both sides
		speaker := &speaker{host: p.addr, gateway: p.store != "", person: spreads[c.spread](r, c.people), spell: spellings[c.spells], serial: &serial}
		l.connections = append(l.connections, &connection{Conn: conn, reader: bufio.NewReader(conn), speaker: speaker})
	}
	if err := l.prepare(s); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// prepare makes the sends a scenario needs, and begins its scripts.
func (l *load) prepare(s *scenario) error {
	return l.each(func(_ int, c *connection) error {
		c.script = textSends(c.speaker)
		c.SetDeadline(time.Now().Add(answerTimeout))
		for range s.prepare {
			if _, err := l.next(c); err != nil {
				return err
			}
			c.speaker.messages = append(c.speaker.messages, messageIn(c.answer))
		}
		c.script = s.script(c.speaker)
		return nil
	})
}

func (l *load) close() {
	for _, c := range l.connections {
		c.Close()
	}
}

// each does something on all connections at once.
func (l *load) each(do func(i int, c *connection) error) error {
	errs := make([]error, len(l.connections))
	var running sync.WaitGroup
	for i, c := range l.connections {
		running.Go(func() { errs[i] = do(i, c) })
	}
	running.Wait()
	return errors.Join(errs...)
}

// latencies are sorted.
type latencies []time.Duration

// quantile is the latency q of all requests stayed within.
func (l latencies) quantile(q float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	return l[min(int(q*float64(len(l))), len(l)-1)]
}

// gathered are those of all connections.
func gathered(took []latencies) latencies {
	all := latencies(slices.Concat(took...))
	slices.Sort(all)
	return all
}

// done is what a load got done.
type done struct {
	units   int
	took    latencies // of the requests that completed them
	elapsed time.Duration
}

// run makes requests for d on all connections, as fast as they are answered, and on
// each at least what completes something. Every answer is checked.
func (l *load) run(ctx context.Context, d time.Duration) (done, error) {
	took := make([]latencies, len(l.connections))
	units := make([]int, len(l.connections))
	start := time.Now()
	end := start.Add(d)
	err := l.each(func(i int, c *connection) error {
		if err := c.SetDeadline(end.Add(answerTimeout)); err != nil {
			return err
		}
		for (time.Now().Before(end) || len(took[i]) == 0) && ctx.Err() == nil {
			made, err := l.next(c)
			if err != nil {
				return err
			}
			if made.units > 0 {
				units[i] += made.units
				took[i] = append(took[i], made.took)
			}
		}
		return ctx.Err()
	})
	all := done{elapsed: time.Since(start), took: gathered(took)}
	for _, n := range units {
		all.units += n
	}
	return all, err
}

// answerTimeout is how long an answer may take.
const answerTimeout = 30 * time.Second

// made is what a request completed, and how long its answer took.
type made struct {
	units int
	took  time.Duration
}

// next makes the next request over a connection and checks the answer.
func (l *load) next(c *connection) (made, error) {
	s := c.script(c.answer)
	before := time.Now()
	if _, err := c.Write(s.request); err != nil {
		return made{}, fmt.Errorf("sending: %w", err)
	}
	status, body, err := readAnswer(c.reader, c.answer)
	if err != nil {
		return made{}, fmt.Errorf("reading an answer: %w", err)
	}
	took := time.Since(before)
	c.answer = body
	if status != s.want.status || !bytes.Contains(body, []byte(s.want.holds)) {
		return made{}, fmt.Errorf("the answer is %d %.500s; it must be %d and hold %s", status, body, s.want.status, s.want.holds)
	}
	l.sends.Add(int64(s.made.Sends))
	l.accepted.Add(int64(s.made.Accepted))
	return made{s.units, took}, nil
}

// readAnswer reads an answer whose length is given, its body into buf.
func readAnswer(r *bufio.Reader, buf []byte) (status int, body []byte, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	// HTTP/1.1 200 OK
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, nil, fmt.Errorf("%q is no status line", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, err
	}
	length := -1
	for {
		if line, err = r.ReadSlice('\n'); err != nil {
			return 0, nil, err
		}
		name, value, found := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(":"))
		if !found {
			break // the empty line
		}
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, nil, err
			}
		}
	}
	if length < 0 || length > 1<<20 {
		return 0, nil, errors.New("the answer doesn't tell a length")
	}
	body = slices.Grow(buf[:0], length)[:length]
	_, err = io.ReadFull(r, body)
	return status, body, err
}

// dial opens a connection to a proxy, as its senders do.
func (p *proxy) dial() (net.Conn, error) {
	if p.trust == nil {
		return net.Dial("tcp", p.addr)
	}
	return tls.Dial("tcp", p.addr, p.trust.client())
}
