package caddymodule

import (
	"encoding/json"
	"net/http"
	"net/netip"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/gateway"
)

// callerOf is who sent r, which shows credentials.
func (g *Guard) callerOf(r *http.Request, shown []string) gateway.Caller {
	c := gateway.Caller{Named: g.Senders != nil, Source: sourceOf(r)} // others don't get this far
	if len(shown) == 1 {
		c.Credential = shown[0]
	}
	return c
}

// sourceOf is where r comes from: an address, or of IPv6 the network somebody has;
// the zero value for a Unix socket.
func sourceOf(r *http.Request) netip.Prefix {
	host, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	addr, err := netip.ParseAddr(host)
	if err != nil {
		port, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			return netip.Prefix{}
		}
		addr = port.Addr()
	}
	return subscriber(addr)
}

// subscriber is what one subscriber to the internet has: an address of IPv4, a network of
// IPv6.
func subscriber(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	network, _ := addr.Prefix(bits) // the bits fit
	return network
}

// largestProof is how much of an answer is read to see that it is one.
const largestProof = 64 << 10

// watchAcceptance is next, or a handler before it that learns from the answer to
// a call about a business phone number that Meta accepts the caller. Such a call
// is how somebody gets accepted who has nothing to send.
func (g *Guard) watchAcceptance(r *http.Request, next caddyhttp.Handler) caddyhttp.Handler {
	number, proves := cloudapi.ProvesAccess(r.Method, r.URL.EscapedPath())
	if _, served := g.app.gateway.Businesses.Of(number); !served || !proves || g.dialect != cloudapi.Cloud {
		return next
	}
	return caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		c := g.callerOf(r, credentials(r, nil))
		if c.Credential == "" || g.app.gateway.Accepts(&c, number) {
			return next.ServeHTTP(w, r)
		}
		r.Header.Del("Accept-Encoding") // the answer is read; see forward
		rec := newAnswer(w, largestProof)
		err := next.ServeHTTP(rec, r)
		if err == nil && rec.status/100 == 2 && !rec.started() && provesAccess(r.Method, number, rec.held.Bytes()) {
			g.app.gateway.LearnCaller(&c, number)
		}
		if err != nil {
			return err
		}
		return rec.release()
	})
}

// provesAccess reports whether an answer is one that Meta gives only to whom it
// lets at the number: the number itself, or an id of what was uploaded. An error is
// none, which Meta answers with 200 to who asks for that.
func provesAccess(method, number string, body []byte) bool {
	var answer struct {
		ID    string          `json:"id"`
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Error != nil {
		return false
	}
	return answer.ID == number || method == http.MethodPost && answer.ID != ""
}
