package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// raging is a storm under way, in a process of its own with less priority than
// the gateway and its honest senders: in reality it comes from elsewhere, and
// what it costs there is not the gateway's.
type raging struct {
	cmd  *exec.Cmd
	stop io.Closer
	out  *bufio.Reader
}

// rage begins a storm and returns once it has been answered. first is the number
// of its first request: no two storms shall tell the same.
func rage(s *storm, host string, first int) (*raging, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{self, s.Name, host, strconv.Itoa(first)}
	if nice, err := exec.LookPath("nice"); err == nil {
		args = append([]string{nice, "-n", "10"}, args...)
	}
	r := &raging{cmd: exec.Command(args[0], args[1:]...)}
	r.cmd.Env, r.cmd.Stderr = append(os.Environ(), roleVar+"="+roleStorm), os.Stderr
	if r.stop, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.out = bufio.NewReader(out)
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	if line, err := r.out.ReadString('\n'); err != nil {
		r.cmd.Wait()
		return nil, fmt.Errorf("the storm did not begin: %q %w", line, err)
	}
	return r, nil
}

// end ends the storm and tells how many requests were answered.
func (r *raging) end() (answered int, err error) {
	r.stop.Close()
	line, err := r.out.ReadString('\n')
	if err == nil {
		answered, err = strconv.Atoi(strings.TrimSpace(line))
	}
	return answered, errors.Join(err, r.cmd.Wait())
}

// runStorm is the process of a storm. It ends when its input does.
func runStorm(name, host, first string) error {
	var s *storm
	for i := range storms {
		if storms[i].Name == name {
			s = &storms[i]
		}
	}
	n, err := strconv.Atoi(first)
	if err != nil || s == nil {
		return fmt.Errorf("no storm %q from %q", name, first)
	}
	var next, answered atomic.Int64
	next.Store(int64(n))
	var over atomic.Bool
	begun := sync.OnceFunc(func() { fmt.Println("begun") })
	var running sync.WaitGroup
	s.request(host, n) // what is made once is made by one
	errs := make([]error, s.connections)
	for i := range s.connections {
		running.Go(func() {
			errs[i] = s.drive(host, func() (int, bool) { return int(next.Add(1)), !over.Load() }, func() {
				answered.Add(1)
				begun()
			})
		})
	}
	io.Copy(io.Discard, os.Stdin)
	over.Store(true)
	running.Wait()
	fmt.Println(answered.Load())
	return errors.Join(errs...)
}

// drive sends one request after the other over one connection, for as long as
// there is a next one.
func (s *storm) drive(host string, next func() (n int, ok bool), answered func()) error {
	conn, err := net.Dial("tcp", host)
	if err != nil {
		return err
	}
	defer func() { conn.Close() }()
	r := bufio.NewReader(conn)
	var body []byte
	for {
		n, ok := next()
		if !ok {
			return nil
		}
		request := s.request(host, n)
		conn.SetDeadline(time.Now().Add(answerTimeout))
		_, err := conn.Write(request)
		var status int
		if err == nil {
			if status, body, err = readAnswer(r, body); err == nil && status != s.want && status != 503 {
				return fmt.Errorf("a request of the storm is answered %d %s, want %d", status, body, s.want)
			}
		}
		if err != nil {
			return fmt.Errorf("a request of the storm: %w", err)
		}
		answered()
	}
}
