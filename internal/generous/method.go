package generous

import (
	"net/http"
	"slices"
	"strings"
)

// overrideHeaders are the names frameworks take a method from.
var overrideHeaders = []string{
	"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Method",
	"HTTP-Method-Override", "Method-Override", "X-Request-Method", "X-HTTP-Override",
}

// couldPost reports whether the request could be taken for a POST.
func couldPost(r request, sources []params) (how string, ok bool) {
	switch m := fold(r.Method); m {
	case "post":
		return "", true
	case "get", "head", "options", "delete", "trace", "connect":
	default:
		return "method " + m + " taken for POST", true
	}
	for _, name := range overrideHeaders {
		if slices.ContainsFunc(headerValues(r.Header, name), isPost) {
			return "method from header", true
		}
	}
	for _, p := range sources {
		for _, name := range []string{"method", "_method"} {
			if slices.ContainsFunc(p.texts(name), isPost) {
				return "method from " + p.how, true
			}
		}
	}
	if len(r.Body) > 0 || len(r.fields) > 0 {
		return "method ignored for its body", true
	}
	return "", false
}

func isPost(s string) bool { return fold(s) == "post" }

// headerValues lists the values of a header under any spelling of its name, each also cut at commas and folded lines,
// in a stable order.
func headerValues(h http.Header, name string) []string {
	var names []string
	for n := range h {
		if strings.EqualFold(strings.ReplaceAll(strings.TrimSpace(n), "_", "-"), name) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	var out []string
	for _, n := range names {
		for _, v := range h[n] {
			out = append(out, v)
			if strings.ContainsAny(v, ",\r\n") {
				out = append(out, strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == '\r' || r == '\n' })...)
			}
		}
	}
	return out
}
