package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/waguard/waguard/gateway"
)

// defaultSender is the placeholder of the user Caddy's own authentication found.
const defaultSender = "http.auth.user.id"

// longestSender is how long the name of a sender may be, in characters.
const longestSender = 64

// revealing are placeholders that hold a credential or a message. Their values
// must not get into the ledger.
var revealing = regexp.MustCompile(`(?i)\{http\.request\.(header\.((proxy-)?authorization|cookie|d360-api-key|x-api-key)|(orig_)?uri(\.query|\.prefixed_query)?|uri\.query\.(access_token|appsecret_proof)|uri\.query_escaped|cookie\.[^}]*|body(_base64)?)\}`)

// checkSender checks the setting `sender`.
func checkSender(sender string) error {
	switch {
	case strings.Count(sender, "{") != strings.Count(sender, "}"):
		return fmt.Errorf("sender is %q; a placeholder is written {http.auth.user.id}", sender)
	case revealing.MatchString(sender):
		return errors.New("sender names a placeholder that holds a credential or a message, which would be kept in clear; the gateway fingerprints access tokens by itself")
	}
	return nil
}

// requestOf is r as the gateway sees it, whose body is given as far as it was
// read.
func (g *Guard) requestOf(r *http.Request, body []byte) gateway.Request {
	shown := credentials(r, body)
	return gateway.Request{Body: body, By: g.sentBy(r, shown), From: g.callerOf(r, shown)}
}

// sentBy is who sent r, which shows credentials. Without a store there are no
// fingerprints.
func (g *Guard) sentBy(r *http.Request, shown []string) gateway.By {
	sender := ""
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		if g.Sender == "" {
			sender, _ = repl.GetString(defaultSender)
		} else {
			sender = repl.ReplaceAll(g.Sender, "")
		}
		sender = senderName(sender, g.app.gateway)
	}
	if sender == "" {
		sender = clientAddress(r)
	}
	token := ""
	if len(shown) > 0 {
		token = g.app.gateway.Fingerprint(shown[0])
	}
	return gateway.By{Sender: sender, Token: token}
}

// fingerprinting makes fingerprints, as a store does.
type fingerprinting interface{ Fingerprint(string) string }

// senderName is a name as it may be kept and shown in a table: printable, on one
// line, not too long. A long number gives way to a fingerprint of it, since it
// may be somebody's phone.
func senderName(s string, by fingerprinting) string {
	if isPlainName(s) {
		return s
	}
	return cleanName(s, by)
}

func cleanName(s string, by fingerprinting) string {
	printable := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	name := []rune(strings.Join(strings.Fields(printable), " "))
	return gateway.LongNumber.ReplaceAllStringFunc(string(name[:min(len(name), longestSender)]), func(n string) string {
		return "#" + by.Fingerprint(n)
	})
}

// isPlainName reports a name that can be kept as it is: of few characters that all
// are letters, digits or signs of ASCII, without a long number.
func isPlainName(s string) bool {
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ' || c > '~':
			return false
		case c < '0' || c > '9':
			digits = 0
		default:
			if digits++; digits >= 9 {
				return false
			}
		}
	}
	return len(s) <= longestSender
}

// ownNetworks are, beside those Go knows as private, loopback and link-local,
// those behind a carrier's NAT (RFC 6598).
var ownNetworks = netip.MustParsePrefix("100.64.0.0/10")

// clientAddress is the address of the client. One in the operator's own networks
// names a machine and is kept whole. Of a public one, which can be a person's,
// only the network is kept.
func clientAddress(r *http.Request) string {
	host, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	addr, err := netip.ParseAddr(host)
	if err != nil {
		port, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			return "local" // a Unix socket
		}
		addr = port.Addr()
	}
	addr = addr.Unmap().WithZone("")
	if addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || ownNetworks.Contains(addr) {
		return addr.String()
	}
	bits := 32
	if addr.Is4() {
		bits = 16
	}
	network, _ := addr.Prefix(bits) // the bits fit
	return network.String()
}

// credentials are those for Meta that a request shows, each once, wherever Meta or
// 360dialog take one. They must go nowhere but into a digest.
func credentials(r *http.Request, body []byte) (shown []string) {
	inQuery := ""
	if r.URL.RawQuery != "" {
		inQuery = r.URL.Query().Get(tokenField)
	}
	scheme, token, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "OAuth") {
		token = ""
	}
	for _, token := range []string{
		strings.TrimSpace(token), r.Header.Get(providersKey), inQuery, tokenInBody(r.Header.Get("Content-Type"), body),
	} {
		if token != "" && !slices.Contains(shown, token) {
			shown = append(shown, token)
		}
	}
	return shown
}

// accessToken is the first of them; "" for none.
func accessToken(r *http.Request, body []byte) string {
	if shown := credentials(r, body); len(shown) > 0 {
		return shown[0]
	}
	return ""
}

const (
	tokenField = "access_token"
	// providersKey is the header that 360dialog's key is in, as Go writes its name.
	providersKey = "D360-Api-Key"
)

// tokenInBody is the access token in a body that is a form or JSON.
func tokenInBody(contentType string, body []byte) string {
	if !bytes.Contains(body, []byte(tokenField)) {
		return ""
	}
	if kind, _, _ := mime.ParseMediaType(contentType); kind == "application/x-www-form-urlencoded" {
		form, _ := url.ParseQuery(string(body)) // what can be read of it
		return form.Get(tokenField)
	}
	var fields struct {
		Token string `json:"access_token"`
	}
	_ = json.Unmarshal(body, &fields) // a body that is no object has no token
	return fields.Token
}
