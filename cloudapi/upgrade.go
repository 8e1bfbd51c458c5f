package cloudapi

import (
	"net/http"
	"strings"

	"github.com/waguard/waguard/policy"
)

// DropUpgrade takes an offer to go on in another version of HTTP out of a
// request's header: the JDK's client and curl --http2 make one with every
// request in clear text. Whoever doesn't take it up answers in HTTP/1.1, and
// nobody behind may take it up instead: what follows would pass unread. All
// other options of Connection stay, and so does the offer of a protocol that is
// not HTTP.
func DropUpgrade(h http.Header) {
	offers, offered := h["Upgrade"]
	if !offered {
		return
	}
	rest := without(offers, isHTTP)
	if len(rest) == len(offers) && strings.Join(rest, ",") == strings.Join(offers, ",") {
		return
	}
	delete(h, "Http2-Settings")
	gone := map[string]bool{"http2-settings": true}
	if len(rest) == 0 {
		delete(h, "Upgrade")
		gone["upgrade"] = true
	} else {
		h["Upgrade"] = rest
	}
	if options := without(h["Connection"], func(option string) bool { return gone[lowerASCII(option)] }); len(options) > 0 {
		h["Connection"] = options
	} else {
		delete(h, "Connection")
	}
}

// isHTTP reports a protocol that is HTTP, or HTTP in something else: h2c, h2,
// HTTP/2.0, TLS/1.2.
func isHTTP(protocol string) bool {
	name, _, _ := strings.Cut(lowerASCII(protocol), "/")
	switch name {
	case "h2c", "h2", "h3", "http", "tls":
		return true
	}
	return false
}

// without are the lines of a header field that is a list, without some of its
// elements. A line of which nothing is left is left out.
func without(lines []string, drop func(element string) bool) []string {
	var left []string
	for _, line := range lines {
		var kept []string
		for element := range strings.SplitSeq(line, ",") {
			if element = strings.Trim(element, " \t"); element != "" && !drop(element) {
				kept = append(kept, element)
			}
		}
		if len(kept) > 0 {
			left = append(left, strings.Join(kept, ", "))
		}
	}
	return left
}

// refuseUpgrade refuses to open a tunnel where a message could go through it. An
// offer of another version of HTTP is none; see [DropUpgrade].
func refuseUpgrade() *Refusal {
	return refusef(policy.RuleMethod, "leave out the Upgrade header field; the API has no WebSocket and no other protocol than HTTP",
		"the request asks to leave HTTP for another protocol, in which a message could not be read")
}
