package graphsim

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// Break says where a connection ends early.
type Break uint8

// The places where a connection can break. They differ in what the caller may conclude: after BreakBefore nothing was
// sent; after BreakAfter and BreakMidAnswer the message is on its way and only a status webhook will tell.
const (
	NoBreak Break = iota
	// BreakBefore resets the connection after the request was read, before it has any effect.
	BreakBefore
	// BreakAfter lets the request take effect and resets the connection instead of answering.
	BreakAfter
	// BreakMidAnswer lets the request take effect and ends the answer in the middle of its body.
	BreakMidAnswer
)

// Fault makes requests misbehave. Delay combines with everything else; of the others the first that is set counts, in
// the order of the fields.
type Fault struct {
	// Endpoint restricts the fault. Empty: any.
	Endpoint Endpoint
	// Times is how many requests are affected. 0 means one, negative all until [Sim.ClearFaults].
	Times int

	// Delay runs after the request was read and before anything else. It returns when the answer may go on; ctx ends
	// when the client goes away.
	Delay func(ctx context.Context)
	// Break ends the connection early.
	Break Break
	// Code answers with this Graph error instead of processing: 1 or 131000 for 500, 2 for 503, 130429 for
	// throttling, 131056 for the pair limit, 190, 368, ...
	Code int
	// Status overrides the HTTP status of Code, for example 429 for 130429.
	Status int
	// WrongJSON processes the request and answers 200 with something that is not JSON.
	WrongJSON bool
}

// faultList holds the active faults.
type faultList struct {
	active atomic.Int32 // number of faults, so that the fast path needs no lock

	mu   sync.Mutex // guards list
	list []Fault
}

// Inject adds a fault for coming requests. Of several that match a request the oldest is used.
func (s *Sim) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, f)
	s.faults.active.Store(int32(len(s.faults.list)))
}

// ClearFaults ends all faults of requests and webhooks.
func (s *Sim) ClearFaults() {
	s.faults.mu.Lock()
	s.faults.list = nil
	s.faults.active.Store(0)
	s.faults.mu.Unlock()
	s.outbox.mu.Lock()
	s.outbox.faults = nil
	s.outbox.mu.Unlock()
}

// take gives the fault for a request, if any, and uses it up.
func (l *faultList) take(endpoint Endpoint) (f Fault, hit bool) {
	if l.active.Load() == 0 {
		return Fault{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.list {
		f = l.list[i]
		if f.Endpoint != "" && f.Endpoint != endpoint {
			continue
		}
		if f.Times > 0 {
			l.list[i].Times--
			if l.list[i].Times == 0 {
				l.list = append(l.list[:i], l.list[i+1:]...)
				l.active.Store(int32(len(l.list)))
			}
		}
		return f, true
	}
	return Fault{}, false
}

func (s *Sim) serveFaulty(w http.ResponseWriter, r *http.Request, c *call, f Fault) {
	if f.Delay != nil {
		f.Delay(r.Context())
	}
	if f.Break == BreakBefore {
		reset(w)
	}
	if f.Code != 0 && f.Break == NoBreak {
		e := fail(f.Code, "Injected fault")
		if f.Status != 0 {
			e.status = f.Status
		}
		s.refuse(c, e).write(w, c.version)
		return
	}
	rep := s.handle(c)
	switch {
	case f.Break == BreakAfter:
		reset(w)
	case f.Break == BreakMidAnswer:
		breakOff(w, rep, c.version)
	case f.WrongJSON:
		rep.body = append([]byte("<!-- "), rep.body[:len(rep.body)/2]...)
		rep.write(w, c.version)
	default:
		rep.write(w, c.version)
	}
}

// reset ends the connection with a TCP reset where there is a TCP connection of its own, as in HTTP/1; otherwise it
// aborts the stream. It does not return.
func reset(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, isTCP := conn.(*net.TCPConn); isTCP {
			_ = tcp.SetLinger(0) // unsent data is discarded and the peer gets RST, not FIN
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler) // net/http's own way to end a response; it is not logged
}

// breakOff promises the whole body and sends half of it. It does not return.
func breakOff(w http.ResponseWriter, rep reply, version string) {
	rep.head(w, version)
	_, _ = w.Write(rep.body[:len(rep.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
