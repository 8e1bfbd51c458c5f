package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// recordedConn keeps what comes over a connection.
type recordedConn struct {
	net.Conn
	came *recorded
}

type recorded struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (c recordedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.came.mu.Lock()
	defer c.came.mu.Unlock()
	c.came.b.Write(p[:n])
	return n, err
}

// take is what came since it was last asked.
func (r *recorded) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.b.Reset()
	return r.b.String()
}

type recordedListener struct {
	net.Listener
	came *recorded
	tls  *tls.Config
}

func (l recordedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if l.tls != nil {
		conn = tls.Server(conn, l.tls)
	}
	return recordedConn{conn, l.came}, nil
}

// TestForwardedAlike: what reaches Meta of a send is the same by the guard's own
// client as by reverse_proxy, to the byte and in the same order, and so is what
// reaches the sender of the answer; but for what Go's client asks for by itself.
func TestForwardedAlike(t *testing.T) {
	body := strings.ReplaceAll(textBody, "\n", "")
	length := fmt.Sprint("Content-Length: ", len(body))
	type exchange struct{ meta, sender string }
	for _, secured := range []bool{false, true} {
		for name, test := range map[string]struct {
			servers  string // lines of the servers option
			headerUp string
			request  []string // lines of the request's header
			answer   http.HandlerFunc
		}{
			"plain":            {request: []string{"User-Agent: shop/1.0", "Accept: */*", "Authorization: Bearer test-token"}},
			"no-user-agent":    {request: []string{"X-B: 1", "X-A: 2", "X-a: 3"}},
			"empty-user-agent": {request: []string{"User-Agent:", "X-Empty:"}},
			"hop-by-hop": {request: []string{
				"Connection: X-Hop, close", "Connection: X-Forwarded-Host", "X-Hop: 1", "Keep-Alive: 5", "Proxy-Connection: x", "Proxy-Authorization: Basic eDp5", "Proxy-Authenticate: Basic", "TE: trailers, deflate", "Alt-Svc: x",
				"Trailer: X-T", "X-Forwarded-Host: forged", "X-Kept: 1",
			}},
			"te-without-trailers": {request: []string{"TE: deflate"}},
			"forwarded-by-nobody": {request: []string{"X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: forged", "Via: 1.0 first", "Via: 1.1 second", "Forwarded: for=9.9.9.9"}},
			"forwarded-by-a-proxy": {
				servers: "trusted_proxies static 127.0.0.0/8",
				request: []string{"X-Forwarded-For: 9.9.9.9", "X-Forwarded-For: 8.8.8.8", "X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example", "X-Forwarded-Host: other.example"},
			},
			"forwarded-by-a-proxy-that-says-nothing": {servers: "trusted_proxies static 127.0.0.0/8"},
			"expects":                                {request: []string{"Expect: 100-continue"}},
			"compressed":                             {request: []string{"Accept-Encoding: gzip, br"}},
			"upgrade-of-http":                        {request: []string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"}},
			"changed": {
				headerUp: "header_up -X-Forwarded-For\nheader_up -x-own\nheader_up X-Key secret\nheader_up +X-Many b\nheader_up X-App ^(.)rm $1\nheader_up -X-Wild-*\nheader_up User-Agent shop/2",
				request:  []string{"X-Own: 1", "X-Many: a", "X-App: crm", "X-Wild-A: 1", "X-Wild-B: 2"},
			},
			"taken-out":    {headerUp: "header_up -X-Forwarded-For\nheader_up -X-Own\nheader_up -Via", request: []string{"X-Own: 1", "User-Agent: shop/1.0"}},
			"another-host": {headerUp: "header_up Host graph.example"},
			"answer/headers": {answer: func(w http.ResponseWriter, r *http.Request) {
				h := w.Header()
				h.Set("Connection", "X-Hop")
				h.Set("X-Hop", "1")
				h.Set("Keep-Alive", "timeout=5")
				h.Set("Proxy-Authenticate", "Basic")
				h.Set("Alt-Svc", "h3")
				h.Set("Server", "Meta")
				h.Set("Date", "Mon, 02 Nov 2026 09:00:00 GMT")
				h["Via"] = []string{"1.1 edge"}
				h["X-Many"] = []string{"a", "b"}
				h.Set("Cache-Control", "no-store")
				answer(200, accepted)(w, r)
			}},
			"answer/chunked": {answer: func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, accepted[:10])
				w.(http.Flusher).Flush()
				io.WriteString(w, accepted[10:])
			}},
			"answer/trailers": {answer: func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Trailer", "X-T")
				answer(200, accepted)(w, r)
				w.Header().Set("X-T", "after")
			}},
			"answer/rejected": {answer: answer(400, `{"error":{"code":131026}}`)},
			"answer/empty":    {answer: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }},
		} {
			t.Run(fmt.Sprint(name, "/tls=", secured), func(t *testing.T) {
				came := new(recorded)
				respond := test.answer
				if respond == nil {
					respond = answer(200, accepted)
				}
				var got [2]exchange
				upstream := httptest.NewUnstartedServer(respond)
				p := path{tls: secured}
				cert := p.to(t, respond) // for its certificate
				listener := recordedListener{Listener: upstream.Listener, came: came}
				if secured {
					listener.tls = &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}
				}
				upstream.Listener = listener
				upstream.Start()
				defer upstream.Close()
				to, trust, transport := "http://"+listener.Addr().String(), "", ""
				if secured {
					to = "https://" + listener.Addr().String()
					trust, transport = "trust "+cert.Trust, "transport http {\ntls_trust_pool file "+cert.Trust+"\n}"
				}
				second := gatewaytest.FreeAddr(t)
				guard := func(own string) string {
					return "whatsapp_guard {\nsenders match path *\n" + own + "\n}\nreverse_proxy " + to + " {\n" + transport + "\n" + test.headerUp + "\n}\n}\n"
				}
				config := strings.Replace(behind, "protocols h1", "protocols h1\n\t\t"+test.servers, 1) + guard("") +
					"http://" + second + " {\n" + guard("upstream "+to+" {\n"+trust+"\n"+test.headerUp+"\n}")
				w := newWorld(t, options{Options: gatewaytest.Options{Upstream: to, Caddyfile: config}})
				if _, err := w.sim.Inbound(t.Context(), shop, ana.User, graphsim.Text("Hello")); err != nil {
					t.Fatal(err)
				}
				for i, addr := range []string{w.Addr, second} {
					came.take()
					head := append([]string{"POST " + messages + "?appsecret_proof=%41bc&a=;b HTTP/1.1", "Host: " + addr, "Content-Type: application/json", length}, test.request...)
					answered := writeOut(t, addr, strings.Join(head, "\r\n")+"\r\n\r\n"+body)
					same := func(text string) string { return strings.ReplaceAll(text, addr, "GATEWAY") }
					got[i] = exchange{strings.Replace(same(came.take()), "Accept-Encoding: gzip\r\n", "", 1), same(answered)}
				}
				if got[0].meta == "" || got[0].meta != got[1].meta {
					t.Errorf("by reverse_proxy Meta got\n%s\nby the guard itself\n%s", got[0].meta, got[1].meta)
				}
				if got[0].sender != got[1].sender {
					t.Errorf("by reverse_proxy the sender got\n%s\nby the guard itself\n%s", got[0].sender, got[1].sender)
				}
			})
		}
	}
}

// selfSigned is the certificate that servers of package httptest have.
func selfSigned(t *testing.T) tls.Certificate {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	return s.TLS.Certificates[0]
}

// writeOut sends a request as it is written, and gives the answer without what is of this
// moment alone.
func writeOut(t *testing.T, addr, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, request)
	from := bufio.NewReader(conn)
	resp, err := http.ReadResponse(from, nil)
	if err == nil && resp.StatusCode == http.StatusContinue {
		resp, err = http.ReadResponse(from, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"X-Waguard-Id", "Date"} {
		if resp.Header.Get(name) == "" {
			t.Errorf("the answer has no %s: %s", name, body)
		}
		resp.Header.Del(name)
	}
	var b strings.Builder
	resp.Header.Write(&b)
	return fmt.Sprint(resp.Status, "\n", b.String(), resp.TransferEncoding, resp.ContentLength, resp.Trailer, "\n", string(body))
}

// TestUpstreamByProxy: the proxy of the environment is used, with its password, over
// TLS by a tunnel.
func TestUpstreamByProxy(t *testing.T) {
	for _, path := range paths {
		t.Run(path.name, func(t *testing.T) {
			o := path.to(t, answer(200, accepted))
			real := strings.TrimPrefix(strings.TrimPrefix(o.Upstream, "https://"), "http://")
			var asked atomic.Int64
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Proxy-Authorization") != "Basic dXNlcjpwYXNzd29yZA==" || !strings.HasPrefix(r.Host, "example.com") {
					t.Errorf("the proxy was asked for %s by %q", r.Host, r.Header.Get("Proxy-Authorization"))
				}
				asked.Add(1)
				if r.Method != http.MethodConnect {
					if r.RequestURI != "http://example.com"+messages {
						t.Errorf("the proxy was asked for %s", r.RequestURI)
					}
					answer(200, accepted)(w, r)
					return
				}
				to, err := net.Dial("tcp", real)
				if err != nil {
					t.Error(err)
					return
				}
				defer to.Close()
				w.WriteHeader(http.StatusOK)
				conn, from, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				go io.Copy(to, from)
				io.Copy(conn, to)
			}))
			t.Cleanup(proxy.Close)
			if !path.forwards {
				return // Go's client reads the environment once, for all tests
			}
			for _, name := range []string{"http_proxy", "https_proxy"} {
				t.Setenv(name, "http://user:password@"+strings.TrimPrefix(proxy.URL, "http://"))
			}
			o.Upstream = strings.Replace(o.Upstream, real, "example.com", 1)
			w := newWorld(t, options{Options: o})
			ana.writes("Hello")(t, w)
			if resp, body := w.Post(t, messages, textBody); resp.StatusCode != 200 || string(body) != accepted {
				t.Errorf("got %s %s", resp.Status, body)
			}
			if asked.Load() != 1 {
				t.Errorf("the proxy was asked %d times", asked.Load())
			}
		})
	}
}

// TestUpstreamAcrossReloads: a reload that leaves the upstream as it is keeps its
// connections; one that changes it ends those that are idle, and lets those in use
// answer.
func TestUpstreamAcrossReloads(t *testing.T) {
	for _, path := range paths {
		if !path.forwards {
			continue
		}
		t.Run(path.name, func(t *testing.T) {
			arrived, release := make(chan bool), make(chan bool)
			var hold atomic.Bool
			o := path.to(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if hold.CompareAndSwap(true, false) {
					arrived <- true
					<-release
				}
				answer(200, accepted)(w, r)
			}))
			w := newWorld(t, options{Options: o})
			ana.writes("Hello")(t, w)
			dials := func() float64 { return w.metric(t, "caddy_whatsapp_upstream_dials_total") }
			before := dials()
			send := func(when string) {
				t.Helper()
				if resp, body := w.Post(t, messages, textBody); resp.StatusCode != 200 || string(body) != accepted {
					t.Errorf("%s: %s %s", when, resp.Status, body)
				}
			}
			send("first")
			w.Guard = "send_timeout 30s"
			if err := w.Load(); err != nil {
				t.Fatal(err)
			}
			send("after a reload")
			if n := dials() - before; n != 1 {
				t.Errorf("%v connections were made", n)
			}
			hold.Store(true)
			held := make(chan bool)
			go func() { defer close(held); send("in flight") }()
			<-arrived
			send("beside it") // its connection is idle afterwards
			other := w.Guard
			w.Guard = other + "\nmax_body 2MiB"
			w.Forwards = false // the upstream is given up
			loaded := make(chan error)
			go func() { loaded <- w.Load() }()
			eventually(t, "the idle connection ends", func() bool { return w.metric(t, "caddy_whatsapp_upstream_idle_connections") == 0 })
			close(release)
			<-held
			if err := <-loaded; err != nil {
				t.Fatal(err)
			}
			eventually(t, "the last connection ends", func() bool { return w.metric(t, "caddy_whatsapp_upstream_connections") == 0 })
			send("without it")
		})
	}
}

// TestUpstreamIsFull: sends wait for a connection in order, until their time is over;
// then nothing was sent.
func TestUpstreamIsFull(t *testing.T) {
	arrived, release := make(chan bool, 10), make(chan bool)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		arrived <- true
		<-release
		answer(200, accepted)(w, r)
	}))
	t.Cleanup(upstream.Close)
	// Guards with the same upstream share its connections.
	impatient := gatewaytest.FreeAddr(t)
	guard := func(option string) string {
		return "whatsapp_guard {\nsenders match path *\n" + option + "\nupstream " + upstream.URL + " {\nmax_connections 1\n}\n}\nreverse_proxy " + upstream.URL
	}
	w := newBehind(t, guard("")+"\n}\nhttp://"+impatient+" {\n"+guard("send_timeout 200ms"))
	first := make(chan string)
	go func() {
		_, body := w.Post(t, messages, textBody)
		first <- string(body)
	}()
	<-arrived
	resp, body := gatewaytest.Do(t, http.MethodPost, "http://"+impatient+messages, textBody, http.Header{"Content-Type": {"application/json"}})
	if resp.StatusCode != 503 {
		t.Errorf("without a connection the sender got %s", resp.Status)
	}
	checkUnanswered(t, notSent, string(body))
	close(release)
	<-first
	if resp, body := w.Post(t, messages, textBody); resp.StatusCode != 200 {
		t.Errorf("with a connection again: %s %s", resp.Status, body)
	}
	if n := w.metric(t, "caddy_whatsapp_upstream_waiting"); n != 0 {
		t.Errorf("%v requests wait still", n)
	}
}
