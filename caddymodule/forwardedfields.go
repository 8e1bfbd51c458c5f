package caddymodule

import (
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"golang.org/x/net/http/httpguts"

	"github.com/waguard/waguard/forward"
)

// Which header fields go on is what Caddy's reverse_proxy does; a test holds both
// side by side.

// hopByHop are the fields that concern a connection, not what is sent over it.
var hopByHop = []string{
	"Alt-Svc", "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// named are the fields that Connection names in a header; they concern the
// connection too.
func named(h http.Header) (names []string) {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = textproto.TrimString(name); name != "" {
				names = append(names, textproto.CanonicalMIMEHeaderKey(name))
			}
		}
	}
	return names
}

// dropHopByHop removes the fields that concern the connection.
func dropHopByHop(h http.Header) {
	for _, name := range named(h) {
		delete(h, name)
	}
	for _, name := range hopByHop {
		delete(h, name)
	}
}

// appendFields appends the fields of a request that go on, sorted, User-Agent first.
// The request stays as it is: others may look at it still.
func appendFields(fields []forward.Field, r *http.Request) []forward.Field {
	dropped := named(r.Header)
	if agent := r.Header["User-Agent"]; len(agent) > 0 && agent[0] != "" && !slices.Contains(dropped, "User-Agent") {
		fields = append(fields, forward.Field{Name: "User-Agent", Values: agent[:1]})
	}
	early := r.TLS != nil && !r.TLS.HandshakeComplete
	for name, values := range r.Header {
		switch name {
		case "User-Agent", "Host", "Content-Length", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Via":
			continue
		case "Te":
			if httpguts.HeaderValuesContainsToken(values, "trailers") && !slices.Contains(dropped, name) {
				fields = append(fields, forward.Field{Name: name, Values: teTrailers})
			}
			continue
		case "Early-Data":
			if early {
				continue
			}
		}
		if len(values) > 0 && !slices.Contains(hopByHop, name) && !slices.Contains(dropped, name) {
			fields = append(fields, forward.Field{Name: name, Values: values})
		}
	}
	if early {
		fields = append(fields, forward.Field{Name: "Early-Data", Values: earlyData})
	}
	via := viaOf(r.ProtoMajor, r.ProtoMinor)
	if before := r.Header["Via"]; len(before) > 0 && !slices.Contains(dropped, "Via") {
		via = slices.Concat(before, via)
	}
	fields = appendForwarded(fields, r, dropped)
	fields = append(fields, forward.Field{Name: "Via", Values: via})
	sortFields(fields)
	return fields
}

var (
	teTrailers = []string{"trailers"}
	earlyData  = []string{"1"}
	protoHTTP  = []string{"http"}
	protoHTTPS = []string{"https"}
)

// appendForwarded appends for whom the request is passed on. What it says itself
// counts if it comes from a proxy that is trusted.
func appendForwarded(fields []forward.Field, r *http.Request, dropped []string) []forward.Field {
	trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	client := ""
	if r.RemoteAddr != "@" {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			return fields // nobody knows who it is, so it must not say so itself
		}
		client, _, _ = strings.Cut(host, "%")
	} else if !trusted {
		return fields
	}
	// before is what the request says; omit that another handler wants none.
	before := func(name string) (values []string, omit bool) {
		if slices.Contains(dropped, name) {
			return nil, false
		}
		values, ok := r.Header[name]
		return values, ok && values == nil
	}
	if values, omit := before("X-Forwarded-For"); !omit {
		prior := strings.Join(values, ", ")
		switch {
		case trusted && prior != "" && client != "":
			fields = append(fields, forward.Field{Name: "X-Forwarded-For", Values: []string{prior + ", " + client}})
		case trusted && prior != "":
			fields = append(fields, forward.Field{Name: "X-Forwarded-For", Values: []string{prior}})
		case client != "":
			fields = append(fields, forward.Field{Name: "X-Forwarded-For", Values: []string{client}})
		case len(values) > 0:
			fields = append(fields, forward.Field{Name: "X-Forwarded-For", Values: values})
		}
	}
	if values, omit := before("X-Forwarded-Proto"); !omit {
		proto := protoHTTPS
		if r.TLS == nil {
			proto = protoHTTP
		}
		if n := len(values); trusted && n > 0 && values[n-1] != "" {
			proto = values[n-1:]
		}
		fields = append(fields, forward.Field{Name: "X-Forwarded-Proto", Values: proto})
	}
	if values, omit := before("X-Forwarded-Host"); !omit {
		host := []string{r.Host}
		if n := len(values); trusted && n > 0 && values[n-1] != "" {
			host = values[n-1:]
		}
		fields = append(fields, forward.Field{Name: "X-Forwarded-Host", Values: host})
	}
	return fields
}
