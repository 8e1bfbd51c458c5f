package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/cloudapi/webhook"
)

// WebhookAuth is a way in which deliveries prove where they come from, other
// than Meta's signature. Solution providers such as 360dialog pass webhooks on
// without it.
type WebhookAuth struct {
	// `header`: the header Name holds Secret. `basic`: HTTP basic authentication
	// with the user Name and the password Secret. `path`: a segment of the
	// address's path is Secret. `turn`: Secret signs, in Turn.io's header
	// X-Turn-Hook-Signature. Required.
	Method string `json:"method"`

	// The header's name for `header`, the user's for `basic`.
	Name string `json:"name,omitempty"`

	// Placeholders are resolved when the configuration loads. Required.
	Secret string `json:"secret"`

	secret string // resolved; "" where it is not there
}

// Methods of WebhookAuth.
const (
	authHeader = "header"
	authBasic  = "basic"
	authPath   = "path"
	authTurn   = "turn"
)

var (
	headerName  = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	pathSegment = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)
)

// check finds what makes no sense whatever the secret is.
func (a *WebhookAuth) check() error {
	switch a.Method {
	case authHeader:
		switch {
		case !headerName.MatchString(a.Name):
			return fmt.Errorf("auth header needs the header's name, and %q is none", a.Name)
		case strings.HasPrefix(http.CanonicalHeaderKey(a.Name), namespace):
			return fmt.Errorf("auth header: headers that begin with %s are the gateway's own and removed from every request", namespace)
		}
	case authBasic:
		if a.Name == "" || strings.Contains(a.Name, ":") {
			return fmt.Errorf("auth basic needs a user name without a colon, and %q is none", a.Name)
		}
	case authPath, authTurn:
		if a.Name != "" {
			return fmt.Errorf("auth %s has no name", a.Method)
		}
	default:
		return fmt.Errorf("auth is %q; it must be %s, %s, %s or %s", a.Method, authHeader, authBasic, authPath, authTurn)
	}
	if a.Secret == "" {
		return fmt.Errorf("auth %s has no secret", a.Method)
	}
	return nil
}

// checkSecret finds a secret that no request could show.
func (a *WebhookAuth) checkSecret() error {
	if a.Method == authPath && (!pathSegment.MatchString(a.secret) || strings.Trim(a.secret, ".") == "") {
		return errors.New("the secret of auth path must consist of letters, digits, hyphens, dots, underscores and tildes: it is a part of an address, such as /webhook/<secret>")
	}
	return nil
}

// shown reports whether the request shows the secret, without a look at its
// body.
func (a *WebhookAuth) shown(r *http.Request) bool {
	switch {
	case a.secret == "":
		return false
	case a.Method == authHeader:
		values := r.Header.Values(a.Name)
		return len(values) == 1 && webhook.SameSecret(values[0], a.secret)
	case a.Method == authBasic:
		user, password, ok := r.BasicAuth()
		sameUser, samePassword := webhook.SameSecret(user, a.Name), webhook.SameSecret(password, a.secret)
		return ok && sameUser && samePassword && len(r.Header.Values("Authorization")) == 1
	case a.Method == authPath:
		return inPath(r, a.secret)
	}
	return false
}

// inPath reports whether a segment of the request's path is the secret. Other
// directives may have shortened the path, so that the one asked for counts.
func inPath(r *http.Request, secret string) (found bool) {
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		r = &original
	}
	for segment := range strings.SplitSeq(r.URL.Path, "/") {
		if webhook.SameSecret(segment, secret) {
			found = true
		}
	}
	return found
}

// signable reports whether the request has a signature that could be the
// secret's.
func (a *WebhookAuth) signable(r *http.Request) bool {
	return a.Method == authTurn && a.secret != "" && webhook.IsTurnSignature(r.Header.Get(webhook.TurnSignatureHeader))
}

// signed reports whether the secret signs the body.
func (a *WebhookAuth) signed(r *http.Request, body []byte) bool {
	return a.Method == authTurn && a.secret != "" && webhook.VerifyTurnSignature(r.Header.Get(webhook.TurnSignatureHeader), body, []byte(a.secret))
}

// seen reports whether Caddy's access log would show the secret.
func (a *WebhookAuth) seen(r *http.Request) bool {
	return (a.Method == authPath || a.Method == authHeader) && a.shown(r)
}

// String names the way, for people who set it up.
func (a *WebhookAuth) String() string {
	switch a.Method {
	case authHeader:
		return "the header " + a.Name
	case authBasic:
		return "basic authentication"
	case authPath:
		return "the secret in the path"
	}
	return "the header " + webhook.TurnSignatureHeader
}

// checkAuth reports a webhook that anybody could deliver to.
func (h *Webhook) checkAuth() error {
	for _, a := range h.Auth {
		if err := a.check(); err != nil {
			return err
		}
	}
	switch {
	case len(h.AppSecrets) == 0 && len(h.Auth) == 0:
		return errors.New("app_secret is missing: without it nobody can tell whether a delivery comes from Meta; find it in Meta's app dashboard under App settings, Basic. Where a solution provider delivers without Meta's signature, use `auth header`, `auth basic`, `auth path` or `auth turn`")
	case len(h.AppSecrets) > 0 && h.VerifyToken == "":
		return errors.New("verify_token is missing: choose any text and enter the same in Meta's app dashboard beside the callback URL")
	}
	return nil
}

// signable reports, before the body is read, that no signature this delivery
// comes with could be one over it.
func (h *Webhook) signable(r *http.Request) error {
	if slices.ContainsFunc(h.Auth, func(a *WebhookAuth) bool { return a.signable(r) }) {
		return nil
	}
	if len(h.secrets) == 0 {
		return h.noProof()
	}
	return h.unproven(webhook.CheckSignature(r.Header.Get(webhook.SignatureHeader)))
}

// verify reports that nobody who knows a secret signed the body.
func (h *Webhook) verify(r *http.Request, body []byte) error {
	if slices.ContainsFunc(h.Auth, func(a *WebhookAuth) bool { return a.signed(r, body) }) {
		return nil
	}
	return h.unproven(webhook.VerifySignature(r.Header.Get(webhook.SignatureHeader), body, h.secrets...))
}

// unproven is what is said about a signature that is none: where there are other
// ways to prove where a delivery comes from, they are named.
func (h *Webhook) unproven(err error) error {
	if err != nil && len(h.Auth) > 0 {
		return h.noProof()
	}
	return err
}

// noProof names the ways in which a delivery could have proved where it comes
// from.
func (h *Webhook) noProof() error {
	var ways []string
	if len(h.AppSecrets) > 0 {
		ways = append(ways, "Meta's signature in "+webhook.SignatureHeader)
	}
	for _, a := range h.Auth {
		if !slices.Contains(ways, a.String()) {
			ways = append(ways, a.String())
		}
	}
	return fmt.Errorf("the webhook doesn't prove where it comes from; accepted here: %s", strings.Join(ways, ", "))
}

func (h *Webhook) unauthorized(w http.ResponseWriter, r *http.Request, err error) error {
	result := "unauthorized"
	if len(h.Auth) == 0 {
		result = "bad_signature"
	}
	webhookResult(r, result)
	h.often(zapcore.WarnLevel, "webhook refused", zap.Error(err), zap.String("remote", r.RemoteAddr))
	if slices.ContainsFunc(h.Auth, func(a *WebhookAuth) bool { return a.Method == authBasic }) {
		w.Header().Set("WWW-Authenticate", `Basic realm="webhook"`)
	}
	return plainError(w, http.StatusUnauthorized, err.Error())
}

// parseAuth reads one `auth` subdirective.
func (h *Webhook) parseAuth(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.ArgErr()
	}
	a := &WebhookAuth{Method: args[0]}
	switch {
	case slices.Contains([]string{authHeader, authBasic}, a.Method) && len(args) == 3:
		a.Name, a.Secret = args[1], args[2]
	case slices.Contains([]string{authPath, authTurn}, a.Method) && len(args) == 2:
		a.Secret = args[1]
	case slices.Contains([]string{authHeader, authBasic, authPath, authTurn}, a.Method):
		return d.ArgErr()
	}
	if err := a.check(); err != nil {
		return d.Err(err.Error())
	}
	h.Auth = append(h.Auth, a)
	return nil
}
