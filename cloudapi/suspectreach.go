package cloudapi

import (
	"net/http"
	"strings"
)

// CouldReachOthers reports whether a request that can't be read could, for some
// reader, send from another business phone number than the one its path names:
// with a batch, through a tunnel, or in a body that nobody here can search.
func CouldReachOthers(r *http.Request, body []byte) bool {
	if len(r.Header["Upgrade"]) > 0 || isCompressed(body) {
		return true
	}
	for _, encoding := range r.Header["Content-Encoding"] {
		if encoding = strings.TrimSpace(encoding); encoding != "" && !strings.EqualFold(encoding, "identity") {
			return true
		}
	}
	for _, contentType := range r.Header["Content-Type"] {
		t := parseContentType(contentType)
		if !textCharsets[t.charset] || t.format == formatOdd && strings.Contains(strings.ToLower(contentType), "charset") {
			return true
		}
	}
	for _, cookie := range r.Header["Cookie"] { // some readers take them for parameters
		if mentions([]byte(cookie), "batch") {
			return true
		}
	}
	return mentions([]byte(r.URL.RawQuery), "batch") || mentions(body, "batch")
}
