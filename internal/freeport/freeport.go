// Package freeport finds ports for servers that have to be told where to listen.
package freeport

import (
	"net"
	"strconv"
)

// Hold takes a free TCP port of the loopback interface, for a Caddy that is
// started later, in this process or a child of the same user. Until release the
// system gives the port to nobody who asks for just any, and nobody can listen
// there unawares.
//
// A port that is found by listening and closing may be somebody else's by the
// time it is used. Caddy would not notice, since it shares ports: the requests
// would go to the one or the other. Holding needs Linux; elsewhere the port is
// found and let go.
func Hold() (addr string, release func(), err error) {
	port, release, err := hold()
	if err != nil {
		return "", nil, err
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), release, nil
}
