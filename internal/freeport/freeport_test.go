package freeport

import (
	"net"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// A held port can be listened on by Caddy, which then gets all connections, and
// by nobody else.
func TestHold(t *testing.T) {
	addr, release, err := Hold()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Fatal("somebody listens on a port that is only held")
	}
	for range 2 { // a restart
		l := caddyListener(t, addr)
		for range 50 {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatalf("a connection did not reach the listener: %v", err)
			}
			accepted, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			accepted.Close()
			conn.Close()
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func caddyListener(t *testing.T, addr string) net.Listener {
	t.Helper()
	at, err := caddy.ParseNetworkAddress(addr)
	if err != nil {
		t.Fatal(err)
	}
	l, err := at.Listen(t.Context(), 0, net.ListenConfig{})
	if err != nil {
		t.Fatalf("listening on a held port: %v", err)
	}
	return l.(net.Listener)
}
