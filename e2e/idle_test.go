package e2e

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

var idle = flag.Int("idle", 1000, "connections that TestIdleConnections leaves open")

// TestIdleConnections: connections that were used and left open, on the side of
// senders and on that of webhooks, and those that never said anything, cost little
// memory, and nobody else notices them. Caddy ends them after five minutes.
func TestIdleConnections(t *testing.T) {
	sim, p := serving(t)
	if resp, body := p.Post(t, messages, textBody); resp.StatusCode != http.StatusOK {
		t.Fatalf("a send before: %s %s", resp.Status, body)
	}
	before, known := gatewaytest.ResidentMemory(p.Cmd.Process.Pid)
	refused := strings.ReplaceAll(textBody, "+4915112345678", "+4915119876543")
	requests := []struct {
		request string
		want    int
	}{
		{fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAuthorization: Bearer test-token\r\nContent-Length: %d\r\n\r\n%s", messages, p.Addr, len(refused), refused), http.StatusBadRequest},
		{fmt.Sprintf("POST /webhook HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", p.Addr), http.StatusUnauthorized},
		{},
	}
	for i := range *idle {
		conn, err := net.Dial("tcp", p.Addr)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		t.Cleanup(func() { conn.Close() })
		r := requests[i%len(requests)]
		if r.request == "" {
			continue
		}
		conn.SetDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.WriteString(conn, r.request); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != r.want {
			t.Fatalf("connection %d is answered %s, %v; want %d", i, resp.Status, err, r.want)
		}
	}
	for range 10 {
		if resp, body := p.Post(t, messages, textBody); resp.StatusCode != http.StatusOK {
			t.Errorf("a send meanwhile: %s %s", resp.Status, body)
		}
		if _, err := sim.Inbound(t.Context(), shop, ana.User, graphsim.Text("Hello")); err != nil {
			t.Errorf("a webhook meanwhile: %v", err)
		}
	}
	if after, ok := gatewaytest.ResidentMemory(p.Cmd.Process.Pid); ok && known {
		each := (after - before) / int64(*idle)
		t.Logf("%d idle connections: %d MiB resident before, %d MiB with them, %d KiB each", *idle, before>>20, after>>20, each>>10)
		const most, slack = 64 << 10, 64 << 20
		if after-before > int64(*idle)*most+slack {
			t.Errorf("an idle connection takes %d bytes, want %d at most", each, most)
		}
	}
}
