package cloudapi

import "net/http"

// transient are Meta's error codes for a request that was turned down for the
// moment: rate limits, an interface that is down, a number in maintenance. Its
// pages on error codes say to try again.
var transient = map[int]bool{
	2: true, 4: true, 80007: true, 130429: true, 131016: true, 131056: true, 131057: true, 133004: true,
}

// Transient reports whether the API turned a request down in a way after which
// the same request may succeed, and nothing was sent.
func Transient(status, code int) bool {
	return code != 0 && (transient[code] || status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable)
}
