package caddymodule

import (
	"net/http"
	"strings"

	"github.com/waguard/waguard/cloudapi"
)

// namespace is the prefix of our own headers. Clients can't set them.
const namespace = "X-Waguard-"

// dropHeaders removes what a client may not set: our own headers. An offer of
// another version of HTTP goes too: it concerns this connection alone, and is not
// taken up.
func dropHeaders(h http.Header) {
	for name := range h {
		if len(name) >= len(namespace) && strings.EqualFold(name[:len(namespace)], namespace) {
			delete(h, name)
		}
	}
	cloudapi.DropUpgrade(h)
}
