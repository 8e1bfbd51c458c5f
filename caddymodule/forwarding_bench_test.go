package caddymodule

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/waguard/waguard/forward"
)

// BenchmarkForwarding is what passing a send on costs the guard itself: its header is
// chosen, it is written, and the answer is read and passed back, over loopback.
func BenchmarkForwarding(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	const body = `{"messaging_product":"whatsapp","to":"+4915112345678","type":"text","text":{"body":"Hello"}}`
	const answer = `{"messaging_product":"whatsapp","contacts":[{"input":"+4915112345678","wa_id":"4915112345678"}],"messages":[{"id":"wamid.HBgNNDkxNTExMjM0NTY3OBUCABEYEjlBNEFBNzI5NzE5ODYxRkU2QgA="}]}`
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { // reads heads and bodies of one size, and allocates nothing
				defer conn.Close()
				from := bufio.NewReader(conn)
				said := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Mon, 02 Nov 2026 09:00:00 GMT\r\nX-Fb-Trace-Id: abc\r\nContent-Length: " + strconv.Itoa(len(answer)) + "\r\n\r\n" + answer)
				for {
					for {
						line, err := from.ReadSlice('\n')
						if err != nil {
							return
						}
						if len(line) == 2 {
							break
						}
					}
					if _, err := from.Discard(len(body)); err != nil {
						return
					}
					if _, err := conn.Write(said); err != nil {
						return
					}
				}
			}()
		}
	}()
	client, err := forward.New(forward.Options{Server: &url.URL{Scheme: "http", Host: l.Addr().String()}})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	u := &Upstream{client: client, without: []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}}
	timed, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	ctx := &requestContext{Context: timed, vars: make(map[string]any), extra: new(caddyhttp.ExtraLogFields)}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/v25.0/104455667788/messages", strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.RemoteAddr = "127.0.0.1:1"
	r.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer x"}, "User-Agent": {"x"}, "Accept": {"*/*"}, "Content-Length": {strconv.Itoa(len(body))}}
	b.ReportAllocs()
	for b.Loop() {
		rec := answerTo(&sink{header: make(http.Header)}, largestAnswer)
		passing := &leaving{upstream: u, body: []byte(body), judged: true}
		if err := passing.ServeHTTP(&rec, r); err != nil {
			b.Fatal(err)
		}
		if rec.status != http.StatusOK || rec.held.Len() != len(answer) {
			b.Fatalf("answered %d, %d bytes", rec.status, rec.held.Len())
		}
	}
}
