package forward

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// certificate is one for 127.0.0.1 and example.com, and who trusts it.
var certificate = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.TLS.Certificates[0], roots
})

// peer is one connection as the server sees it.
type peer struct {
	net.Conn
	from *bufio.Reader
	// raw is the connection below TLS.
	raw net.Conn
}

// request reads a request to its end; nil where none comes.
func (p *peer) request() *http.Request {
	r, err := http.ReadRequest(p.from)
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return r
}

func (p *peer) say(text string) { io.WriteString(p, text) }

// reset ends the connection without an end of what was sent.
func (p *peer) reset() {
	p.raw.(*net.TCPConn).SetLinger(0)
	p.raw.Close()
}

// server is a raw TCP server that serves each connection by its number.
type server struct {
	net.Listener
	tls   *tls.Config
	conns atomic.Int64
	// over gets the number of each connection that was served and closed.
	over chan int64
}

func serve(t testing.TB, config *tls.Config, connection func(n int64, p *peer)) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Listener: l, tls: config, over: make(chan int64, 100)}
	var serving sync.WaitGroup
	t.Cleanup(func() { l.Close(); serving.Wait() })
	go func() {
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			n := s.conns.Add(1) - 1
			serving.Go(func() {
				raw.SetDeadline(time.Now().Add(20 * time.Second))
				conn := raw
				if config != nil {
					conn = tls.Server(raw, config)
				}
				connection(n, &peer{Conn: conn, from: bufio.NewReader(conn), raw: raw})
				conn.Close()
				s.over <- n
			})
		}
	}()
	return s
}

// way is a way to a server.
type way struct {
	name                 string
	tls, proxy, proxyTLS bool
}

var ways = []way{
	{name: "plain"},
	{name: "tls", tls: true},
	{name: "plain/proxy", proxy: true},
	{name: "tls/proxy", tls: true, proxy: true},
	{name: "tls/proxy-tls", tls: true, proxy: true, proxyTLS: true},
}

// world is a client and a server it reaches by a way.
type world struct {
	*Client
	server *server
	host   string
	// proxied counts the connections a proxy took.
	proxied atomic.Int64
}

func (y way) world(t testing.TB, o Options, connection func(n int64, p *peer)) *world {
	t.Helper()
	w := new(world)
	cert, roots := certificate()
	var config *tls.Config
	scheme := "http"
	if y.tls {
		config, scheme = &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}, "https"
	}
	inner := connection
	if y.proxy && !y.tls { // the proxy is the server, and is told which one is meant
		inner = func(n int64, p *peer) { w.proxied.Add(1); connection(n, p) }
	}
	w.server = serve(t, config, inner)
	w.host = w.server.Addr().String()
	server := &url.URL{Scheme: scheme, Host: w.host}
	if y.proxy {
		server.Host, w.host = "example.com:8443", "example.com:8443"
		through := w.server
		proxyScheme := "http"
		if y.tls {
			var proxyConfig *tls.Config
			if y.proxyTLS {
				proxyConfig, proxyScheme = &tls.Config{Certificates: []tls.Certificate{cert}}, "https"
			}
			through = serve(t, proxyConfig, func(_ int64, p *peer) { w.tunnel(t, p) })
		}
		o.Proxy = &url.URL{Scheme: proxyScheme, Host: through.Addr().String(), User: url.UserPassword("user", "password")}
	}
	o.Server, o.Roots = server, roots
	var err error
	if w.Client, err = New(o); err != nil {
		t.Fatal(err)
	}
	if w.proxyTLS != nil {
		w.proxyTLS.RootCAs = roots
	}
	t.Cleanup(func() {
		w.Close()
		if n := w.counters.Idle(); n != 0 {
			t.Errorf("%d connections are idle at the end", n)
		}
	})
	return w
}

// tunnel is a proxy that opens a tunnel to the server.
func (w *world) tunnel(t testing.TB, p *peer) {
	r, err := http.ReadRequest(p.from)
	if err != nil {
		return
	}
	w.proxied.Add(1)
	if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("user:password")); r.Method != "CONNECT" || r.RequestURI != "example.com:8443" || r.Header.Get("Proxy-Authorization") != want {
		t.Errorf("the proxy was asked for %s %s", r.Method, r.RequestURI)
	}
	to, err := net.Dial("tcp", w.server.Addr().String())
	if err != nil {
		t.Error(err)
		return
	}
	p.say("HTTP/1.1 200 Connection established\r\n\r\n")
	go func() { io.Copy(to, p.from); to.(*net.TCPConn).CloseWrite() }()
	io.Copy(p, to)
	p.raw.(*net.TCPConn).CloseWrite()
}

// text is a request with a body.
func text(body string) *Request {
	return &Request{
		Method: "POST", Target: "/v25.0/1/messages?a=%2F", Body: []byte(body), Deadline: time.Now().Add(10 * time.Second),
		Fields: []Field{{"User-Agent", []string{"shop/1"}}, {"Accept", []string{"a", "b"}}, {"X-None", nil}},
	}
}

// got is what came of a request.
type got struct {
	status  int
	body    string
	kind    Kind
	written Written
}

// ask sends a request and reads the answer to its end.
func (w *world) ask(t testing.TB, r *Request) got { return w.askWith(t, t.Context(), r) }

func (w *world) askWith(t testing.TB, ctx context.Context, r *Request) got {
	t.Helper()
	resp, err := w.Do(ctx, r)
	if err != nil {
		e := err.(*Error)
		checkQuiet(t, e)
		return got{kind: e.Kind, written: e.Written}
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		e := err.(*Error)
		checkQuiet(t, e)
		return got{status: resp.StatusCode, body: string(body), kind: e.Kind, written: e.Written}
	}
	return got{status: resp.StatusCode, body: string(body), written: Whole}
}

// secret is in requests and answers, and must be in no error.
const secret = "4915112345678"

func checkQuiet(t testing.TB, e *Error) {
	t.Helper()
	if strings.Contains(e.Error(), secret) {
		t.Errorf("an error repeats a request or an answer: %v", e)
	}
}
