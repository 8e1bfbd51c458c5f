package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load drives one proxy over connections that stay open from round to round. A
// connection sends one request after the other.
//
// It speaks HTTP/1.1 by hand: on a small machine every microsecond the load
// generator takes is one the proxies don't get, and it makes them look more
// alike than they are.
type load struct {
	host     string
	want     answer
	scenario *scenario
	contacts int
	conns    []net.Conn
	readers  []*bufio.Reader
	// next is the number of the next send. Sends go to all contacts in turn, in
	// an order that jumps about.
	next atomic.Uint64
}

func newLoad(host string, s *scenario, want answer, connections, contacts int) (*load, error) {
	l := &load{host: host, want: want, scenario: s, contacts: contacts}
	for range connections {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			l.close()
			return nil, err
		}
		l.conns = append(l.conns, conn)
		l.readers = append(l.readers, bufio.NewReader(conn))
	}
	return l, nil
}

func (l *load) close() {
	for _, conn := range l.conns {
		conn.Close()
	}
}

// person is whom send n goes to. The stride is a prime larger than the number of
// contacts can be, so that all are reached before one is reached twice.
func (l *load) person(n uint64) int { return int(n * 2_654_435_761 % uint64(l.contacts)) }

// latencies are sorted.
type latencies []time.Duration

// quantile is the latency q of all requests stayed within.
func (l latencies) quantile(q float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	return l[min(int(q*float64(len(l))), len(l)-1)]
}

// run sends for d on all connections, and returns how long each answer took and
// how long all of it did. Every answer is checked.
func (l *load) run(ctx context.Context, d time.Duration) (latencies, time.Duration, error) {
	took := make([]latencies, len(l.conns))
	errs := make([]error, len(l.conns))
	start := time.Now()
	end := start.Add(d)
	var running sync.WaitGroup
	for i := range l.conns {
		running.Go(func() { took[i], errs[i] = l.drive(ctx, i, end) })
	}
	running.Wait()
	elapsed := time.Since(start)
	if err := errors.Join(errs...); err != nil {
		return nil, 0, err
	}
	all := latencies(slices.Concat(took...))
	slices.Sort(all)
	return all, elapsed, nil
}

// answerTimeout is how long an answer may take.
const answerTimeout = 30 * time.Second

func (l *load) drive(ctx context.Context, i int, end time.Time) (took latencies, err error) {
	var body []byte
	if err := l.conns[i].SetDeadline(end.Add(answerTimeout)); err != nil {
		return nil, err
	}
	for before := time.Now(); before.Before(end); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if body, err = l.send(i, body); err != nil {
			return nil, err
		}
		now := time.Now()
		took = append(took, now.Sub(before))
		before = now
	}
	return took, nil
}

// send makes the next send over a connection and checks the answer, whose body
// goes into buf.
func (l *load) send(conn int, buf []byte) (body []byte, err error) {
	if _, err := l.conns[conn].Write(l.scenario.request(l.host, l.person(l.next.Add(1)))); err != nil {
		return buf, fmt.Errorf("sending: %w", err)
	}
	status, body, err := readAnswer(l.readers[conn], buf)
	if err != nil {
		return body, fmt.Errorf("reading an answer: %w", err)
	}
	if status != l.want.status || !bytes.Contains(body, []byte(l.want.holds)) {
		return body, fmt.Errorf("the answer is %d %s; it must be %d and hold %s", status, body, l.want.status, l.want.holds)
	}
	return body, nil
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
