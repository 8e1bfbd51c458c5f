package testproc

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// FreePort finds a port of an address of this machine that nobody listens on. It is none of
// those that systems hand out by themselves (on Linux from 32768 on), so that a server
// that is killed and started again still finds it free.
func FreePort(host string) (int, error) {
	for range 1000 {
		port := 10240 + rand.IntN(20000) // #nosec G404 -- a port, no secret
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no port is free")
}
