package caddymodule

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptrace"
	"sync"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/waguard/waguard/gateway"
)

// A judged request takes one trip to the upstream. Caddy's proxy can be told to
// send a request again that got no answer, or one that displeases (lb_retry_match),
// and a response handler can proxy it elsewhere: each time is a message more. So a
// trip that begins after another one took bytes of the body is stopped before its
// first byte leaves. What Go's transport repeats by itself is no such trip: it goes
// back to the beginning only where the server has not seen the request.

// trip watches how a request travels.
type trip struct {
	read   *reads
	cancel context.CancelFunc

	// mu guards what is below: hooks are called from the transport's goroutines.
	mu sync.Mutex
	// left: the header was written. wrote: so was the rest, or that has failed. took:
	// some of the body had been read by then.
	left, wrote, took bool
	// stopped: a second trip began.
	stopped bool
}

// errSecondTrip is what the sender is told of a second trip.
var errSecondTrip = &gateway.Fault{
	Reason: "what stands behind whatsapp_guard was about to send the request a second time, which the gateway stopped; whether Meta took it the first time, nobody knows",
	Remedy: "don't send it again blindly: it may have been sent. Whoever runs the gateway should take lb_retry_match, or the second reverse_proxy, out of what stands behind whatsapp_guard",
}

// once lets next send a request once, whose body tells how far it was read.
func once(read *reads, next caddyhttp.Handler) caddyhttp.Handler {
	return caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		t := &trip{read: read, cancel: cancel}
		err := next.ServeHTTP(w, r.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GotConn: t.gotConn, WroteHeaders: t.wroteHeaders, WroteRequest: t.wroteRequest,
		})))
		if t.isStopped() {
			return errSecondTrip
		}
		return err
	})
}

// gotConn is called when a request is about to be written to a connection.
func (t *trip) gotConn(info httptrace.GotConnInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.left {
		return
	}
	rewound := t.read.rewound.Swap(false)
	if took := t.took || !t.wrote && t.read.begun.Load(); rewound || !took {
		// Nobody has seen it; or it was another request made of this one, without its
		// body, such as forward_auth makes.
		t.left, t.wrote, t.took = false, false, false
		return
	}
	t.stopped = true
	t.read.over.Store(true)
	t.cancel()
	// HTTP/2 looks whether the request is cancelled before it writes, and shares the
	// connection with others. HTTP/1 does neither.
	if conn, ok := info.Conn.(*tls.Conn); !ok || conn.ConnectionState().NegotiatedProtocol != "h2" {
		_ = info.Conn.Close()
	}
}

func (t *trip) wroteHeaders() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left = true
}

func (t *trip) wroteRequest(httptrace.WroteRequestInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrote, t.took = true, t.took || t.read.begun.Load()
}

func (t *trip) isStopped() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stopped
}
