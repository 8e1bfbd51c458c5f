package cloudapi

import (
	"net/http"
	"strings"

	"github.com/waguard/waguard/internal/lookalike"
	"github.com/waguard/waguard/policy"
)

// methods are those the API has; a reader that meets another could take it for
// anything.
var methods = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodOptions: true,
	http.MethodPost: true, http.MethodPut: true, http.MethodPatch: true, http.MethodDelete: true,
}

// isSafe reports the methods that only read.
func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// overrideHeaders are the header fields that frameworks take a method from, as
// lookalike leaves them.
var overrideHeaders = map[string]bool{
	"xhttpmethodoverride": true, "xmethodoverride": true, "xhttpmethod": true, "xmethod": true,
	"httpmethodoverride": true, "methodoverride": true, "xrequestmethod": true, "xhttpoverride": true,
}

// bodyHeader is what the header says about the body, and the cookies, which some
// servers take for parameters too.
type bodyHeader struct {
	types, encodings []string
	cookies          []string
	// odd reports a field that some reader could take for one of the two, such as
	// Content_Type.
	odd bool
	// dropped reports that Connection names one of the two, so that a proxy drops
	// it and the next reader guesses.
	dropped bool
	// upgrade reports an offer to leave HTTP for another protocol.
	upgrade bool
}

// checkMethod refuses a request that could become one with another method.
func checkMethod(r *http.Request) (bodyHeader, *Refusal) {
	var h bodyHeader
	if !methods[r.Method] {
		return h, refusef(policy.RuleMethod, "use GET, POST or DELETE, in capitals", "the method is none that the API has")
	}
	var buf [64]byte
	for name, values := range r.Header {
		switch loose := lookalike.Append(buf[:0], []byte(name)); string(loose) {
		case "contenttype":
			h.types = values
			h.odd = h.odd || name != "Content-Type"
		case "contentencoding":
			h.encodings = values
			h.odd = h.odd || name != "Content-Encoding"
		case "cookie":
			h.cookies = append(h.cookies, values...)
		case "upgrade":
			h.upgrade = true
		case "connection":
			for option := range strings.SplitSeq(strings.Join(values, ","), ",") {
				option = lookalike.Fold(option)
				h.dropped = h.dropped || option == "contenttype" || option == "contentencoding"
			}
		default:
			if overrideHeaders[string(loose)] {
				return h, refusef(policy.RuleMethod, "leave the header field out and use the method itself",
					"a header field asks for another method than the request has")
			}
		}
	}
	if isSafe(r.Method) && hasBody(r) {
		return h, refusef(policy.RuleMethod, "send what has a body with POST, everything else without one",
			"a %s request has a body", r.Method)
	}
	return h, nil
}

// hasBody reports whether a request announces a body.
func hasBody(r *http.Request) bool { return r.ContentLength != 0 || len(r.TransferEncoding) > 0 }

func methodParameter(where string) *Refusal {
	return refusef(policy.RuleMethod, "leave the parameter out and use the method itself",
		"%s has a parameter called method, which could turn the request into another", where)
}
