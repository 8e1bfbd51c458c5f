package caddymodule

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// peersKnown: the system tells who is at the other end of a Unix socket.
const peersKnown = true

// peerUser is the id of the user at the other end of a Unix socket, as it was
// when they connected.
func peerUser(conn net.Conn) (uid uint32, err error) {
	for {
		inner, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = inner.NetConn()
	}
	s, ok := conn.(syscall.Conn)
	if !ok {
		return 0, errors.New("the connection is no socket")
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, err
	}
	controlErr := raw.Control(func(fd uintptr) {
		var cred *unix.Ucred
		if cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			uid = cred.Uid
		}
	})
	return uid, errors.Join(err, controlErr)
}
