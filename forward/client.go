package forward

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Options say how a client reaches its server. What is zero has the default.
type Options struct {
	// Server is scheme (http or https), host and, if it isn't the scheme's, port.
	// Required.
	Server *url.URL
	// Roots are whom the server's certificate must come from. Default: whom the
	// system trusts.
	Roots *x509.CertPool
	// Proxy is the proxy to reach the server by, http or https; nil for none.
	Proxy *url.URL
	// DialTimeout is the time to make a connection in. Default: 3 s.
	DialTimeout time.Duration
	// HandshakeTimeout is the time for TLS, and for a proxy's answer. Default: 5 s.
	HandshakeTimeout time.Duration
	// WriteTimeout is the time to write a request in. Default: 30 s.
	WriteTimeout time.Duration
	// IdleTimeout is how long an unused connection is kept. Servers close theirs
	// after a minute or so, and a request that meets that is lost. Default: 20 s.
	IdleTimeout time.Duration
	// MaxAge is how old a connection may be that is used again. New ones go where the
	// server's name points to by then. Default: 5 min.
	MaxAge time.Duration
	// MaxConnections is how many connections there may be at a time. Default: 512.
	MaxConnections int
	// MaxHead is how large the head of an answer may be. Default: 64 KiB.
	MaxHead int
	// Now is the clock that connections grow old by. Default: time.Now.
	Now func() time.Time
	// Counters count what the client does. Default: some of its own.
	Counters *Counters
}

// Defaults of options.
const (
	DefaultDialTimeout      = 3 * time.Second
	DefaultHandshakeTimeout = 5 * time.Second
	DefaultWriteTimeout     = 30 * time.Second
	DefaultIdleTimeout      = 20 * time.Second
	DefaultMaxAge           = 5 * time.Minute
	DefaultMaxConnections   = 512
	DefaultMaxHead          = 64 << 10
)

// Client sends requests to one server. Its methods may be called at the same time.
type Client struct {
	options  Options
	counters *Counters
	pool

	// address is what is dialled: that of the server or its proxy.
	address string
	// host is the server's name and port, as a Host field has them.
	host string
	// prefix goes before the target of a request: a plain proxy is told the server.
	prefix string
	// extra are fields for a plain proxy.
	extra string
	// connectHead asks a proxy for a tunnel; "" where there is none to be asked for.
	connectHead string
	// serverTLS and proxyTLS are the settings of TLS, nil without.
	serverTLS, proxyTLS *tls.Config
}

// New is a client. It opens no connection yet.
func New(o Options) (*Client, error) {
	setDefault(&o.DialTimeout, DefaultDialTimeout)
	setDefault(&o.HandshakeTimeout, DefaultHandshakeTimeout)
	setDefault(&o.WriteTimeout, DefaultWriteTimeout)
	setDefault(&o.IdleTimeout, DefaultIdleTimeout)
	setDefault(&o.MaxAge, DefaultMaxAge)
	setDefault(&o.MaxConnections, DefaultMaxConnections)
	setDefault(&o.MaxHead, DefaultMaxHead)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Counters == nil {
		o.Counters = new(Counters)
	}
	if o.Server == nil || o.Server.Hostname() == "" {
		return nil, errors.New("there is no server to send to")
	}
	c := &Client{options: o, counters: o.Counters, host: hostPort(o.Server)}
	c.address = c.host
	switch o.Server.Scheme {
	case "http":
	case "https":
		c.serverTLS = tlsFor(o.Server, o.Roots)
	default:
		return nil, fmt.Errorf("servers are reached by http or https, not by %q", o.Server.Scheme)
	}
	if o.Proxy == nil {
		return c, nil
	}
	return c, c.via(o.Proxy)
}

// Host is the server's name and port, as a Host field may have them.
func (c *Client) Host() string { return c.host }

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// hostPort is the host and port of a server.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// largestCopy is how large a request may be that is copied into one buffer to be
// written at once; the body of a larger one is written by itself.
const largestCopy = 64 << 10

var (
	buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}
	readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4<<10) }}
)

// Do sends a request and reads the head of the answer. Its body is to be closed, or
// read to its end. An error is always an *[Error]; then there is no answer. The
// request ends with the context, and at the earlier one of its deadline and the
// context's.
func (c *Client) Do(ctx context.Context, r *Request) (*http.Response, error) {
	resp, err := c.do(ctx, r)
	if err != nil {
		c.counters.results[err.Kind].Add(1)
		return nil, err
	}
	return resp, nil
}

func (c *Client) do(ctx context.Context, r *Request) (*http.Response, *Error) {
	deadline := r.Deadline
	if d, ok := ctx.Deadline(); ok && (deadline.IsZero() || d.Before(deadline)) {
		deadline = d
	}
	buffer := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buffer) <= 2*largestCopy {
			buffers.Put(buffer)
		}
	}()
	var err error
	if *buffer, err = r.appendHead((*buffer)[:0], c.prefix, c.host, c.extra); err != nil {
		return nil, &Error{Kind: Invalid, Err: err}
	}
	first, rest := *buffer, r.Body
	if len(first)+len(rest) <= largestCopy {
		*buffer = append(*buffer, rest...)
		first, rest = *buffer, nil
	}
	for again := false; ; again = true {
		cn, failed := c.acquire(ctx, deadline)
		if failed != nil {
			return nil, failed
		}
		resp, failed := c.exchange(ctx, cn, deadline, r.Method, first, rest)
		if failed != nil && failed.Written == Nothing && failed.Kind == Unconnected && cn.used && !again {
			continue // it was closed before anything was written
		}
		return resp, failed
	}
}
