package caddymodule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
)

func init() { caddy.RegisterModule(Webhook{}) }

// Webhook is the handler that stands before a company's webhook endpoint. It
// verifies that a delivery comes from Meta, learns from it, and passes it on
// byte for byte once everything learned is on disk. What the endpoint answers is
// Meta's answer. With no handler behind it, it answers 200 itself.
//
// A delivery whose signature does not verify gets 401 and teaches nothing. When
// the store can't write, the answer is 503 and Meta delivers again.
//
//	handle /webhook {
//		whatsapp_webhook {
//			app_secret   {env.WA_APP_SECRET}
//			verify_token {env.WA_VERIFY_TOKEN}
//		}
//		reverse_proxy app:3000
//	}
type Webhook struct {
	// The app secret that signs deliveries; two while it is being rotated.
	// Placeholders such as {env.WA_APP_SECRET} or {file./run/secrets/wa} are
	// resolved when the configuration loads. Required.
	AppSecrets []string `json:"app_secrets,omitempty"`

	// The token Meta must show when the callback URL is set up. Placeholders are
	// resolved. Required.
	VerifyToken string `json:"verify_token,omitempty"`

	app         *App
	logger      *zap.Logger
	secrets     [][]byte
	verifyToken string
}

// largestWebhook is what Meta documents as the largest payload.
const largestWebhook = 3 << 20

// CaddyModule returns the Caddy module information.
func (Webhook) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.whatsapp_webhook", New: func() caddy.Module { return new(Webhook) }}
}

// Provision resolves the secrets. A secret that is not there keeps nothing from
// starting: it is said once in the log, and deliveries are refused.
func (h *Webhook) Provision(ctx caddy.Context) (err error) {
	h.logger = ctx.Logger()
	if h.app, err = appOf(ctx); err != nil {
		return err
	}
	if len(h.AppSecrets) == 0 {
		return errors.New("app_secret is missing: without it nobody can tell whether a delivery comes from Meta; find it in Meta's app dashboard under App settings, Basic")
	}
	if len(h.AppSecrets) > 2 {
		return fmt.Errorf("%d app secrets are given; there can be two, while one is rotated", len(h.AppSecrets))
	}
	if h.VerifyToken == "" {
		return errors.New("verify_token is missing: choose any text and enter the same in Meta's app dashboard beside the callback URL")
	}
	var missing []string
	for _, raw := range h.AppSecrets {
		secret, err := resolveSecret("app_secret", raw)
		if err != nil {
			missing = append(missing, err.Error())
			continue
		}
		h.secrets = append(h.secrets, []byte(secret))
	}
	if h.verifyToken, err = resolveSecret("verify_token", h.VerifyToken); err != nil {
		missing = append(missing, err.Error())
	}
	if len(missing) > 0 {
		h.logger.Warn("a secret of the webhook is missing; what needs it is refused until it is set",
			zap.Strings("missing", missing), zap.Bool("deliveries_refused", len(h.secrets) == 0), zap.Bool("handshake_refused", h.verifyToken == ""))
	}
	return nil
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// resolveSecret replaces placeholders. The error names the setting and the
// placeholder, never a value.
func resolveSecret(setting, raw string) (string, error) {
	secret, err := caddy.NewReplacer().ReplaceOrErr(raw, true, true)
	if err != nil {
		return "", fmt.Errorf("%s: %s is not set or can't be read", setting, strings.Join(placeholder.FindAllString(raw, -1), " or "))
	}
	if secret == "" {
		return "", fmt.Errorf("%s is empty", setting)
	}
	return secret, nil
}

// ServeHTTP answers the handshake, or verifies and learns from a delivery.
func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	dropHeaders(r.Header)
	switch r.Method {
	case http.MethodGet:
		return h.handshake(w, r)
	case http.MethodPost:
		return h.deliver(w, r, next)
	}
	w.Header().Set("Allow", "GET, POST")
	return plainError(w, http.StatusMethodNotAllowed, "a webhook takes POST, and GET for the handshake")
}

// handshake answers Meta's check of the callback URL.
func (h *Webhook) handshake(w http.ResponseWriter, r *http.Request) error {
	if h.verifyToken == "" {
		return plainError(w, http.StatusServiceUnavailable, "the gateway has no verify_token")
	}
	challenge, err := cloudapi.Challenge(r.URL.Query(), h.verifyToken)
	if err != nil {
		h.logger.Warn("webhook handshake refused", zap.Error(err))
		return plainError(w, http.StatusForbidden, err.Error())
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err = io.WriteString(w, challenge)
	return err
}

func (h *Webhook) deliver(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if len(h.secrets) == 0 {
		webhooksTotal.WithLabelValues("setup_incomplete").Inc()
		return plainError(w, http.StatusServiceUnavailable, "the gateway has no app secret and can't verify deliveries")
	}
	body, err := readAll(r, largestWebhook)
	if err != nil {
		if _, over := errors.AsType[*http.MaxBytesError](err); over {
			webhooksTotal.WithLabelValues("too_large").Inc()
			return plainError(w, http.StatusRequestEntityTooLarge, "a webhook delivery has 3 MiB at most")
		}
		webhooksTotal.WithLabelValues("unreadable").Inc()
		return plainError(w, http.StatusBadRequest, "the body broke off before its end")
	}
	if err := cloudapi.VerifySignature(r.Header.Get("X-Hub-Signature-256"), body, h.secrets...); err != nil {
		webhooksTotal.WithLabelValues("bad_signature").Inc()
		h.logger.Warn("webhook refused", zap.Error(err), zap.String("remote", r.RemoteAddr))
		return plainError(w, http.StatusUnauthorized, err.Error())
	}
	learned, err := cloudapi.ParseWebhook(body, cloudapi.WebhookOptions{Words: h.app.words, Now: h.app.clock.Now()})
	if err != nil {
		// It is signed, so Meta sent it: the endpoint shall see it, and a retry
		// would be no clearer.
		webhooksTotal.WithLabelValues("unreadable").Inc()
		h.logger.Error("a signed webhook could not be read, nothing was learned from it", zap.Error(err))
		r, _ = withBody(r, body)
		return next.ServeHTTP(w, r)
	}
	if learned.Skipped > 0 {
		h.logger.Warn("parts of a webhook could not be read", zap.Int("skipped", learned.Skipped))
	}
	if len(learned.Events) > 0 {
		st, err := h.app.acquire()
		if err == nil {
			// What has come whole is learned, whether or not Meta waits for the answer.
			err = st.Apply(context.WithoutCancel(r.Context()), learned.Events)
		}
		h.app.lease.wrote(err)
		if err != nil {
			webhooksTotal.WithLabelValues("store_unavailable").Inc()
			h.logger.Error("a webhook could not be recorded, Meta will deliver it again", zap.Error(err))
			return plainError(w, http.StatusServiceUnavailable, "the gateway can't reach its store; deliver again")
		}
	}
	h.app.heard(learned.Events)
	webhooksTotal.WithLabelValues("accepted").Inc()
	webhookEventsTotal.Add(float64(len(learned.Events)))
	r, _ = withBody(r, body)
	return next.ServeHTTP(w, r)
}

// firstRead is how much of an announced body room is made for at once; nearly
// every send is smaller.
const firstRead = 8 << 10

// readAll reads a body of up to limit bytes. Of a larger one, or one that breaks
// off, it gives what it has read together with the error.
func readAll(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	src, room := io.Reader(r.Body), bytes.MinRead
	if r.ContentLength >= 0 {
		// net/http ends the body there. What was announced need not come, though:
		// thousands could announce the most and send a byte a second. The buffer
		// grows with what comes. One more byte has room for finding the end.
		room = int(min(r.ContentLength, firstRead)) + 1
	} else {
		src = io.LimitReader(r.Body, limit+1)
	}
	body := make([]byte, 0, room)
	for {
		n, err := src.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if int64(len(body)) > limit {
			return body, &http.MaxBytesError{Limit: limit}
		}
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
		if len(body) == cap(body) {
			body = slices.Grow(body, len(body))
		}
	}
}

func plainError(w http.ResponseWriter, status int, message string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, err := io.WriteString(w, message+"\n")
	return err
}

// parseWebhook reads the directive. Syntax:
//
//	whatsapp_webhook [<matcher>] {
//		app_secret   <secret> [<secret>]
//		verify_token <token>
//	}
func parseWebhook(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	webhook := new(Webhook)
	return webhook, webhook.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile reads the directive; see parseWebhook for its syntax.
func (h *Webhook) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	if d.NextArg() {
		return d.ArgErr()
	}
	return parseBlock(d, map[string]parser{
		"app_secret": func(d *caddyfile.Dispenser) error {
			if h.AppSecrets = d.RemainingArgs(); len(h.AppSecrets) == 0 || len(h.AppSecrets) > 2 {
				return d.ArgErr()
			}
			return nil
		},
		"verify_token": stringInto(&h.VerifyToken),
	})
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Webhook)(nil)
	_ caddyhttp.MiddlewareHandler = (*Webhook)(nil)
	_ caddyfile.Unmarshaler       = (*Webhook)(nil)
)
