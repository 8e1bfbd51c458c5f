package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
)

// peopleScale is what a store of so many people takes.
type peopleScale struct {
	Contacts int           `json:"contacts"`
	Learning time.Duration `json:"learning"` // all of them, by signed webhooks of 1,000
	// LearningMemory is the most anonymous memory meanwhile.
	LearningMemory int64 `json:"learning_anonymous_bytes"`
	PerContact     int64 `json:"disk_bytes_per_contact"`
	starts
	// Memory is anonymous, the most under load after a start; Above is how much more
	// that is than plain Caddy's.
	Memory int64         `json:"anonymous_bytes"`
	Above  int64         `json:"anonymous_bytes_above_plain_caddy"`
	Lookup time.Duration `json:"lookup"` // median, of the consent of one
	backedUp
}

// scaleConnections send where memory is measured.
const scaleConnections = 32

func (s *scaled) people(ctx context.Context, n int) (*peopleScale, error) {
	p := &peopleScale{Contacts: n}
	if err := s.gateway.start(ctx); err != nil {
		return p, err
	}
	empty, err := s.stopped(ctx, approve)
	if err != nil {
		return p, err
	}
	if err := s.gateway.start(ctx); err != nil {
		return p, err
	}
	peak := watchMemory(s.gateway)
	before := time.Now()
	if err := seed(ctx, s.gateway, n); err != nil {
		return p, err
	}
	p.Learning, p.LearningMemory = time.Since(before), peak()
	full, err := s.stopped(ctx, nil)
	if err != nil {
		return p, err
	}
	p.PerContact = (full - empty) / int64(n)
	if p.starts, err = s.started(ctx, n); err != nil {
		return p, err
	}
	if p.Memory, p.Above, err = s.underLoad(ctx, n); err != nil {
		return p, err
	}
	admin, err := adminapi.NewClient(s.gateway.admin)
	if err != nil {
		return p, err
	}
	p.Lookup, err = medianTime(func(i int) error {
		who := adminapi.ConsentRequest{PhoneNumberID: phoneNumberID, Contact: "+" + contact(scattered(uint64(i), n))}
		_, err := admin.Consent(ctx, who)
		return err
	})
	if err != nil {
		return p, err
	}
	p.backedUp, err = backUp(ctx, admin)
	return p, err
}

// stopped stops the gateway as an operator does, after something was done with it,
// and is what its store takes on disk then.
func (s *scaled) stopped(ctx context.Context, after func(context.Context, *proxy) error) (int64, error) {
	if after != nil {
		if err := after(ctx, s.gateway); err != nil {
			return 0, err
		}
	}
	if err := s.gateway.end(os.Interrupt); err != nil {
		return 0, err
	}
	return onDisk(s.store)
}

// starts are the times from the start of the process to the answer to its first
// send, after a clean end and after kill -9 under load.
type starts struct {
	Clean  time.Duration `json:"start_clean"`
	Killed time.Duration `json:"start_killed"`
}

// started measures both. The gateway runs afterwards.
func (s *scaled) started(ctx context.Context, people int) (t starts, err error) {
	if t.Clean, err = s.gateway.firstSend(ctx); err != nil {
		return t, err
	}
	l, err := newLoad(s.gateway, scenarioNamed("template"), crowd{people, "uniform", "digits"}, scaleConnections)
	if err != nil {
		return t, err
	}
	defer l.close()
	broken := make(chan error, 1)
	go func() {
		_, err := l.run(ctx, time.Minute)
		broken <- err
	}()
	select {
	case err := <-broken:
		return t, err
	case <-time.After(time.Second):
	}
	if err := s.gateway.end(syscall.SIGKILL); err != nil {
		return t, err
	}
	<-broken // as it must be
	t.Killed, err = s.gateway.firstSend(ctx)
	return t, err
}

// firstSend starts the process, and is how long it takes until a send is accepted.
func (p *proxy) firstSend(ctx context.Context) (time.Duration, error) {
	before := time.Now()
	if err := p.begin(); err != nil {
		return 0, err
	}
	for {
		l, err := newLoad(p, scenarioNamed("template"), crowd{2, "uniform", "digits"}, 1)
		if err == nil {
			l.connections[0].SetDeadline(time.Now().Add(answerTimeout))
			_, err = l.next(l.connections[0])
			l.close()
		}
		took := time.Since(before)
		switch {
		case err == nil:
			return took, p.wait(ctx)
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case took > 5*time.Minute:
			return 0, fmt.Errorf("no send is accepted after a start: %w", err)
		}
		select {
		case <-p.gone:
			return 0, errors.New("it has ended")
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// underLoad is the most anonymous memory of the gateway under load, and how much
// more that is than plain Caddy's under the same.
func (s *scaled) underLoad(ctx context.Context, people int) (memory, above int64, err error) {
	plain, _, err := s.plainLike(ctx, s.gateway)
	if err != nil {
		return 0, 0, err
	}
	defer plain.stop()
	var most [2]int64
	for i, p := range []*proxy{plain, s.gateway} {
		l, err := newLoad(p, scenarioNamed("allowed"), crowd{people, "uniform", "digits"}, scaleConnections)
		if err != nil {
			return 0, 0, err
		}
		peak := watchMemory(p)
		_, err = l.run(ctx, time.Duration(s.o.seconds*float64(time.Second)))
		l.close()
		if most[i] = peak(); err != nil {
			return 0, 0, err
		}
	}
	return most[1], most[1] - most[0], nil
}
