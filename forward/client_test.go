package forward

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

var answered = got{status: 200, body: "ok", written: Whole}

// TestAnswers: what comes of a request over a connection that does one thing or
// another, and whether a second request may use that connection.
func TestAnswers(t *testing.T) {
	failed := func(kind Kind) got { return got{kind: kind, written: Whole} }
	says := func(answer string) func(p *peer) {
		return func(p *peer) {
			for p.request() != nil {
				p.say(answer)
			}
		}
	}
	for _, test := range []struct {
		name string
		// first serves the first connection; all others answer ok.
		first func(p *peer)
		want  got
		// again: the second request goes over the same connection.
		again bool
	}{
		{"answered", says(ok), answered, true},
		{"answered/no-content", says("HTTP/1.1 204 No Content\r\n\r\n"), got{status: 204, written: Whole}, true},
		{"answered/empty", says("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), got{status: 500, written: Whole}, true},
		{"answered/chunked", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n"), answered, true},
		{"answered/trailers", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n"), answered, true},
		{"answered/chunked-and-length", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n2\r\nok\r\n0\r\n\r\n"), answered, true},
		{"answered/same-length-twice", says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"), answered, true},
		{"answered/informational-first", says("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok), answered, true},
		{"answered/close", func(p *peer) {
			p.request()
			p.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
			p.request()
		}, answered, false},
		{"answered/to-the-end", func(p *peer) { p.request(); p.say("HTTP/1.1 200 OK\r\n\r\nok") }, answered, false},
		{"answered/http-1.0", func(p *peer) { p.request(); p.say("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"); p.request() }, answered, false},
		{"answered/http-1.0-keep-alive", says("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"), answered, true},
		{"answered/and-more", says(ok + "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nforged ok"), answered, false},
		{"answered/large-head", says("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 60<<10) + "\r\nContent-Length: 2\r\n\r\nok"), answered, true},

		{"unanswered/read-and-closed", func(p *peer) { p.request() }, failed(Unanswered), false},
		{"unanswered/reset", func(p *peer) { p.request(); p.reset() }, failed(Unanswered), false},
		{"unanswered/half-a-head", func(p *peer) { p.request(); p.say("HTTP/1.1 200 OK\r\nX-Id: " + secret) }, failed(Unanswered), false},

		{"broke-off/half-a-body", func(p *peer) { p.request(); p.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + secret[:5]) }, got{status: 200, body: secret[:5], kind: BrokeOff, written: Whole}, false},
		{"broke-off/chunks", func(p *peer) { p.request(); p.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n") }, got{status: 200, body: "ok", kind: BrokeOff, written: Whole}, false},
		{"broke-off/no-chunk", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n" + secret + "x\r\n"), got{status: 200, body: "ok", kind: BrokeOff, written: Whole}, false},
		{"broke-off/trailer", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n" + secret + "\r\n\r\n"), got{status: 200, body: "ok", kind: BrokeOff, written: Whole}, false},

		{"unreadable/no-http", says(secret + "\r\n\r\n"), failed(Unreadable), false},
		{"unreadable/http-2", says("HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), failed(Unreadable), false},
		{"unreadable/header", says("HTTP/1.1 200 OK\r\n" + secret + "\r\n\r\n"), failed(Unreadable), false},
		{"unreadable/two-lengths", says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk"), failed(Unreadable), false},
		{"unreadable/length", says("HTTP/1.1 200 OK\r\nContent-Length: " + secret + "x\r\n\r\nok"), failed(Unreadable), false},
		{"unreadable/bare-lf", says("HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok"), failed(Unreadable), false},
		{"unreadable/bare-lf-at-the-end", says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok"), failed(Unreadable), false},
		{"unreadable/bare-lf-after-informational", says("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok"), failed(Unreadable), false},
		{"unreadable/head-too-large", says("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 65<<10) + "\r\nContent-Length: 2\r\n\r\nok"), failed(Unreadable), false},
		{"unreadable/endless-line", says("HTTP/1.1 200 " + strings.Repeat(secret, 65<<10)), failed(Unreadable), false},
		{"unreadable/informational-only", says(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 20) + ok), failed(Unreadable), false},
		{"unreadable/switching", says("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), failed(Unreadable), false},
	} {
		for _, way := range ways {
			t.Run(test.name+"/"+way.name, func(t *testing.T) {
				t.Parallel()
				w := way.world(t, Options{}, func(n int64, p *peer) {
					if n == 0 {
						test.first(p)
						return
					}
					for p.request() != nil {
						p.say(ok)
					}
				})
				if got := w.ask(t, text(secret)); got != test.want {
					t.Errorf("got %+v, want %+v", got, test.want)
				}
				second := w.ask(t, text(secret))
				if conns := w.server.conns.Load(); (conns == 1) != test.again {
					t.Errorf("two requests took %d connections", conns)
				}
				if want := test.want; test.again && second != want || !test.again && second != answered {
					t.Errorf("then got %+v", second)
				}
				if n := w.counters.Of(test.want.kind); n == 0 {
					t.Errorf("no %s is counted", test.want.kind)
				}
				if n := w.counters.Dials(); n != w.server.conns.Load() {
					t.Errorf("%d dials are counted", n)
				}
				if open, idle := w.counters.Open(), w.counters.Idle(); open != 1 || idle != 1 {
					t.Errorf("%d connections are open and %d idle", open, idle)
				}
				if through := w.proxied.Load(); way.proxy != (through > 0) {
					t.Errorf("%d connections were proxied", through)
				}
			})
		}
	}
}

// TestClosedWhileIdle: a connection that the server has closed, or has said
// something on, is not used, and nobody notices.
func TestClosedWhileIdle(t *testing.T) {
	for name, end := range map[string]func(p *peer){
		"closed": func(*peer) {}, "reset": (*peer).reset, "said-goodbye": func(p *peer) { p.say("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") },
	} {
		for _, way := range ways {
			t.Run(name+"/"+way.name, func(t *testing.T) {
				t.Parallel()
				leave := make(chan bool)
				w := way.world(t, Options{}, func(n int64, p *peer) {
					p.request()
					p.say(ok)
					<-leave
					end(p)
				})
				for i := range int64(3) {
					if got := w.ask(t, text("x")); got != answered {
						t.Fatalf("request %d got %+v", i, got)
					}
					leave <- true
					<-w.server.over
					if way.tls && way.proxy {
						w.untilSeen(t) // what the tunnel passes on comes later
					}
				}
				if n := w.server.conns.Load(); n != 3 {
					t.Errorf("there were %d connections", n)
				}
			})
		}
	}
}

// untilSeen waits until the end of the idle connection has come.
func (w *world) untilSeen(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for deadline := time.Now().Add(10 * time.Second); w.idle[0].socket.quiet(); {
		if time.Now().After(deadline) {
			t.Fatal("the end of a connection doesn't come")
		}
	}
}

// TestRequestOnTheWire: what is written, to the byte.
func TestRequestOnTheWire(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			seen := make(chan string, 1)
			w := way.world(t, Options{}, func(_ int64, p *peer) {
				all := make([]byte, 4096)
				n, _ := p.Read(all) // it comes in one piece
				seen <- string(all[:n])
				p.say(ok)
			})
			w.ask(t, text("the body"))
			target, extra := "", ""
			if way.proxy && !way.tls {
				target, extra = "http://example.com:8443", "Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n"
			}
			want := "POST " + target + "/v25.0/1/messages?a=%2F HTTP/1.1\r\nHost: " + w.host + "\r\nUser-Agent: shop/1\r\nContent-Length: 8\r\nAccept: a\r\nAccept: b\r\n" + extra + "\r\nthe body"
			if got := <-seen; got != want {
				t.Errorf("the server saw\n%q, want\n%q", got, want)
			}
		})
	}
}

// TestLargeBody: a body too large for one buffer arrives whole.
func TestLargeBody(t *testing.T) {
	for _, way := range ways {
		for _, size := range []int{largestCopy - 300, largestCopy, largestCopy + 1, 3 << 20} {
			body := strings.Repeat("0123456789", size/10)
			w := way.world(t, Options{}, func(_ int64, p *peer) {
				for r := p.request(); r != nil; r = p.request() {
					if got, _ := io.ReadAll(r.Body); string(got) != body {
						t.Errorf("%d bytes of %d came", len(got), len(body))
					}
					p.say(ok)
				}
			})
			if got := w.ask(t, text(body)); got != answered {
				t.Errorf("%s, %d bytes: got %+v", way.name, size, got)
			}
		}
	}
}

// TestAnsweredWhileWriting: a server that doesn't want all of it says so and closes;
// that answer is read.
func TestAnsweredWhileWriting(t *testing.T) {
	for _, way := range ways[:2] {
		w := way.world(t, Options{}, func(n int64, p *peer) {
			if n > 0 {
				p.request()
				p.say(ok)
				return
			}
			p.from.ReadString('\n')
			p.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
		})
		r := text(strings.Repeat("x", 32<<20))
		switch got := w.ask(t, r); {
		case got.status == 413 && (got.body == "no" || got.kind == BrokeOff):
		case got.kind == Unwritten && got.written == Part: // the answer was lost with the connection
		default:
			t.Errorf("%s: got %+v", way.name, got)
		}
		if got := w.ask(t, text("x")); got != answered || w.server.conns.Load() != 2 {
			t.Errorf("%s: then got %+v over %d connections", way.name, got, w.server.conns.Load())
		}
	}
}

// TestUnwritten: a server that takes nothing more leaves a request written in part.
func TestUnwritten(t *testing.T) {
	for _, way := range ways[:2] {
		done := make(chan bool)
		w := way.world(t, Options{WriteTimeout: 100 * time.Millisecond}, func(_ int64, p *peer) {
			p.from.ReadString('\n')
			<-done
		})
		if got := w.ask(t, text(strings.Repeat("x", 32<<20))); got.kind != Late || got.written != Part {
			t.Errorf("%s: got %+v", way.name, got)
		}
		close(done)
	}
}

// TestNothingWritten: where no connection is to be had, nothing was written.
func TestNothingWritten(t *testing.T) {
	gone := ways[0].world(t, Options{}, nil)
	gone.server.Close()
	silent := ways[0].world(t, Options{}, func(_ int64, p *peer) { p.request() })
	for name, o := range map[string]Options{
		"refused":              {Server: &url.URL{Scheme: "http", Host: gone.host}},
		"no-tls":               {Server: &url.URL{Scheme: "https", Host: serve(t, nil, func(_ int64, p *peer) { p.request(); p.say(ok) }).Addr().String()}},
		"tls-silent":           {Server: &url.URL{Scheme: "https", Host: silent.host}, HandshakeTimeout: 50 * time.Millisecond},
		"certificate":          {Server: &url.URL{Scheme: "https", Host: ways[1].world(t, Options{}, func(_ int64, p *peer) { p.request() }).host}},
		"proxy-refuses":        {Server: &url.URL{Scheme: "https", Host: "example.com"}, Proxy: &url.URL{Scheme: "http", Host: proxyThat(t, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")}},
		"proxy-is-none":        {Server: &url.URL{Scheme: "https", Host: "example.com"}, Proxy: &url.URL{Scheme: "http", Host: proxyThat(t, secret+"\r\n\r\n")}},
		"proxy-says-nothing":   {Server: &url.URL{Scheme: "https", Host: "example.com"}, Proxy: &url.URL{Scheme: "http", Host: proxyThat(t, "")}},
		"proxy-says-too-much":  {Server: &url.URL{Scheme: "https", Host: "example.com"}, Proxy: &url.URL{Scheme: "http", Host: proxyThat(t, "HTTP/1.1 200 OK\r\n\r\n"+secret)}},
		"proxy-says-no-end":    {Server: &url.URL{Scheme: "https", Host: "example.com"}, Proxy: &url.URL{Scheme: "http", Host: proxyThat(t, "HTTP/1.1 200 "+strings.Repeat(secret, 65<<10))}},
		"proxy-can't-be-found": {Server: &url.URL{Scheme: "https", Host: "example.com"}, Proxy: &url.URL{Scheme: "http", Host: gone.host}},
	} {
		c, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Do(t.Context(), text(secret))
		e, _ := errors.AsType[*Error](err)
		if e == nil || e.Kind != Unconnected || e.Written != Nothing || e.Err == nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkQuiet(t, e)
		if c.open != 0 || c.counters.Open() != 0 {
			t.Errorf("%s: a place was lost", name)
		}
	}
}

func proxyThat(t *testing.T, says string) string {
	return serve(t, nil, func(_ int64, p *peer) {
		http.ReadRequest(p.from)
		p.say(says)
	}).Addr().String()
}

// TestInvalid: what would be read as something else is not written.
func TestInvalid(t *testing.T) {
	w := ways[0].world(t, Options{}, func(_ int64, p *peer) { t.Error("a connection was made") })
	for name, change := range map[string]func(r *Request){
		"method":       func(r *Request) { r.Method = "GET /" },
		"no-method":    func(r *Request) { r.Method = "" },
		"target-space": func(r *Request) { r.Target = "/a b" },
		"target-line":  func(r *Request) { r.Target = "/a\r\nX: y" },
		"target-host":  func(r *Request) { r.Target = "http://example.com/" },
		"no-target":    func(r *Request) { r.Target = "" },
		"host":         func(r *Request) { r.Host = "a\r\nX: y" },
		"name":         func(r *Request) { r.Fields = []Field{{"A b", []string{"x"}}} },
		"value":        func(r *Request) { r.Fields = []Field{{"A", []string{secret + "\r\nX: y"}}} },
		"user-agent":   func(r *Request) { r.Fields[0].Values[0] = "a\nb" },
		"length":       func(r *Request) { r.Fields = []Field{{"content-length", []string{"1"}}} },
		"encoding":     func(r *Request) { r.Fields = []Field{{"Transfer-encoding", []string{"chunked"}}} },
		"two-hosts":    func(r *Request) { r.Fields = []Field{{"host", []string{"x"}}} },
	} {
		r := text("x")
		change(r)
		if got := w.ask(t, r); got.kind != Invalid || got.written != Nothing {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// TestTimeIsOver: the deadline counts, and so does the context's end, wherever a
// request is.
func TestTimeIsOver(t *testing.T) {
	for _, way := range ways {
		for name, answer := range map[string]string{"no-answer": "", "half-a-head": "HTTP/1.1 200 OK\r\n", "half-a-body": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"} {
			t.Run(name+"/"+way.name, func(t *testing.T) {
				t.Parallel()
				asked := make(chan bool, 2)
				w := way.world(t, Options{}, func(_ int64, p *peer) {
					p.request()
					p.say(answer)
					asked <- true
					p.request() // until the client is gone
				})
				r := text("x")
				r.Deadline = time.Now().Add(200 * time.Millisecond)
				if got := w.ask(t, r); got.kind != Late && got.kind != Unconnected {
					t.Errorf("past its deadline got %+v", got)
				}
				ctx, cancel := context.WithCancel(t.Context())
				go func() { <-asked; <-asked; cancel() }()
				got := w.askWith(t, ctx, text("x"))
				if got.written != Whole || got.kind != Cancelled && answer[max(0, len(answer)-4):] != "half" {
					t.Errorf("cancelled got %+v", got)
				}
				if w.counters.Open() != 0 {
					t.Errorf("%d connections are open", w.counters.Open())
				}
			})
		}
	}
	w := ways[0].world(t, Options{}, func(_ int64, p *peer) {
		for p.request() != nil {
			p.say(ok)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.ask(t, text("x"))
	if got := w.askWith(t, ctx, text("x")); got.kind != Cancelled || got.written != Nothing {
		t.Errorf("cancelled beforehand got %+v", got)
	}
}
