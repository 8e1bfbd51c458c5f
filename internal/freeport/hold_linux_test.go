package freeport

import (
	"net"
	"testing"
)

// Nobody else gets a held port, by name or by chance.
func TestHoldKeepsOthersAway(t *testing.T) {
	held := make(map[string]bool)
	for range 200 {
		addr, release, err := Hold()
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if held[addr] {
			t.Fatalf("%s was given twice", addr)
		}
		held[addr] = true
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			t.Errorf("%s can be taken by its name", addr)
		}
	}
	server := caddyListener(t, "127.0.0.1:0")
	defer server.Close()
	for range 2000 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if held[l.Addr().String()] {
			t.Errorf("%s was given to a listener", l.Addr())
		}
		l.Close()
		conn, err := net.Dial("tcp", server.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if held[conn.LocalAddr().String()] {
			t.Errorf("%s was given to a connection", conn.LocalAddr())
		}
		conn.(*net.TCPConn).SetLinger(0) // no port stays behind
		conn.Close()
		if accepted, err := server.Accept(); err == nil {
			accepted.Close()
		}
	}
}
