//go:build unix

package forward

import (
	"net"
	"syscall"
)

// socket looks at a connection that lies idle.
type socket struct {
	raw  syscall.RawConn
	look func(fd uintptr) // made once: a look costs no memory
	one  [1]byte
	idle bool
}

// watch prepares for looks at a connection. Of one that is no socket nothing is known.
func (s *socket) watch(conn net.Conn) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	s.raw = raw
	s.look = func(fd uintptr) {
		_, err := syscall.Read(int(fd), s.one[:])
		s.idle = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
	}
}

// quiet reports whether there is nothing to be read from the connection, not even
// its end: whatever a server says that was asked nothing, the connection is not fit
// for a request. What there is gets lost.
func (s *socket) quiet() bool {
	if s.raw == nil {
		return true
	}
	s.idle = false
	// Not by the connection's own Read, which minds the deadline of the last request.
	return s.raw.Control(s.look) == nil && s.idle
}
