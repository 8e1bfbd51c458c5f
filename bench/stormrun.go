package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
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
	args := []string{self, s.Name, host, strconv.Itoa(first), strconv.Itoa(s.connections)}
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

// weather is what all connections of a storm share.
type weather struct {
	over     chan struct{} // closed at the end
	next     atomic.Int64  // the number of the newest request
	answered atomic.Int64
	begun    func()
	begins   int64 // once so many were answered
}

// count counts a request that was answered.
func (w *weather) count() {
	if w.answered.Add(1) >= w.begins {
		w.begun()
	}
}

// blows reports that the storm isn't over.
func (w *weather) blows() bool {
	select {
	case <-w.over:
		return false
	default:
		return true
	}
}

// runStorm is the process of a storm: its name, where it goes, the number of its
// first request and how many connections it has. It ends when its input does.
func runStorm(args []string) error {
	i := slices.IndexFunc(storms, func(s storm) bool { return s.Name == args[0] })
	first, err := strconv.Atoi(args[2])
	if err != nil || i < 0 {
		return fmt.Errorf("no storm %q", args)
	}
	s, host := storms[i], args[1]
	if s.connections, err = strconv.Atoi(args[3]); err != nil {
		return err
	}
	w := &weather{over: make(chan struct{}), begun: sync.OnceFunc(func() { fmt.Println("begun") }), begins: 1}
	w.next.Store(int64(first))
	if s.hold != nil {
		w.begins = int64(s.connections)
	} else {
		s.request(host, first) // what is made once is made by one
	}
	var running sync.WaitGroup
	errs := make([]error, s.connections)
	dialing := make(chan struct{}, 64)
	for i := range s.connections {
		running.Go(func() {
			dialing <- struct{}{}
			conn, err := net.Dial("tcp", host)
			<-dialing
			if err != nil {
				errs[i] = err
				return
			}
			defer conn.Close()
			if s.hold != nil {
				errs[i] = s.hold(conn, host, w)
			} else {
				errs[i] = s.drive(conn, host, w)
			}
		})
	}
	io.Copy(io.Discard, os.Stdin)
	close(w.over)
	running.Wait()
	fmt.Println(w.answered.Load())
	return errors.Join(errs...)
}

// drive makes one request after the other over one connection.
func (s *storm) drive(conn net.Conn, host string, w *weather) error {
	r := bufio.NewReader(conn)
	var body []byte
	for w.blows() {
		request := s.request(host, int(w.next.Add(1)))
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
		w.count()
	}
	return nil
}
