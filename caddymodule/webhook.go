package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/cloudapi/webhook"
)

func init() { caddy.RegisterModule(Webhook{}) }

// Webhook is the handler that stands before a company's webhook endpoint. It
// verifies that a delivery comes from Meta, learns from it, and passes it on
// byte for byte once everything learned is on disk. What the endpoint answers is
// Meta's answer. With no handler behind it, it answers 200 itself.
//
// A delivery that doesn't prove where it comes from gets 401 and teaches
// nothing. When the store can't write, the answer is 503 and Meta delivers again.
//
//	handle /webhook {
//		whatsapp_webhook {
//			app_secret   {env.WA_APP_SECRET}
//			verify_token {env.WA_VERIFY_TOKEN}
//		}
//		reverse_proxy app:3000
//	}
//
// Solution providers pass webhooks on without Meta's signature, some without
// Meta's envelope:
//
//	handle /webhook {
//		whatsapp_webhook {
//			auth            header X-Webhook-Key {env.WEBHOOK_KEY}
//			dialect         on_premises
//			phone_number_id 104455667788
//		}
//		reverse_proxy app:3000
//	}
type Webhook struct {
	// The app secrets that sign deliveries: one of each app that delivers here,
	// and both while one is being rotated. Placeholders such as
	// {env.WA_APP_SECRET} or {file./run/secrets/wa} are resolved when the
	// configuration loads. Required, unless there is `auth`.
	AppSecrets []string `json:"app_secrets,omitempty"`

	// The token Meta must show when the callback URL is set up. Placeholders are
	// resolved. Required with app secrets; without them nobody asks for it.
	VerifyToken string `json:"verify_token,omitempty"`

	// Other ways in which deliveries prove where they come from. One of these or
	// one of the app secrets is enough.
	Auth []*WebhookAuth `json:"auth,omitempty"`

	// What deliveries look like: `cloud` for Meta's envelope, `360dialog` or
	// `on_premises` for those that may come without.
	// Default: `cloud`.
	Dialect string `json:"dialect,omitempty"`

	// The business phone number of deliveries that name none. Required for the
	// dialects `360dialog` and `on_premises`, not allowed for `cloud`.
	PhoneNumberID string `json:"phone_number_id,omitempty"`

	app         *App
	logger      *zap.Logger
	secrets     [][]byte
	usable      bool // a secret is there
	verifyToken string
	options     webhook.Options
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
	if err := h.checkAuth(); err != nil {
		return err
	}
	if err := h.checkDialect(); err != nil {
		return err
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
	usable := len(h.secrets) > 0
	for _, a := range h.Auth {
		if a.secret, err = resolveSecret("auth "+a.Method, a.Secret); err != nil {
			missing = append(missing, err.Error())
			continue
		}
		if err := a.checkSecret(); err != nil {
			return err
		}
		usable = true
	}
	if h.VerifyToken != "" {
		if h.verifyToken, err = resolveSecret("verify_token", h.VerifyToken); err != nil {
			missing = append(missing, err.Error())
		}
	}
	h.usable = usable
	if len(missing) > 0 {
		h.logger.Warn("a secret of the webhook is missing; what needs it is refused until it is set",
			zap.Strings("missing", missing), zap.Bool("deliveries_refused", !usable), zap.Bool("handshake_refused", h.VerifyToken != "" && h.verifyToken == ""))
	}
	return nil
}

// checkDialect finds out whose deliveries are that don't say it.
func (h *Webhook) checkDialect() error {
	if err := chooseDialect.check(h.Dialect); err != nil {
		return err
	}
	switch dialect := dialects[h.Dialect]; {
	case dialect == cloudapi.Cloud && h.PhoneNumberID != "":
		return errors.New("phone_number_id is for the dialects 360dialog and on_premises; in the Cloud API each delivery names the number")
	case dialect != cloudapi.Cloud && !isDigits(h.PhoneNumberID):
		return fmt.Errorf("the dialect %s needs `phone_number_id <id>`, since its deliveries may not name the number", h.Dialect)
	}
	h.options = webhook.Options{Words: h.app.words, Entries: h.app.entries, PhoneNumberID: h.PhoneNumberID}
	for _, b := range h.app.Businesses {
		if h.PhoneNumberID != "" && b.PhoneNumberID == h.PhoneNumberID {
			h.options.WABA, h.options.Number = b.WABA, b.Number
		}
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
	if slices.ContainsFunc(h.Auth, func(a *WebhookAuth) bool { return a.seen(r) }) {
		// Caddy's access log would show it.
		caddyhttp.SetVar(r.Context(), caddyhttp.LogSkipVar, true)
	}
	next = answered(h.logger, next)
	switch {
	case r.Method == http.MethodPost:
		return h.deliver(w, r, next)
	case r.Method == http.MethodGet && h.VerifyToken != "":
		return h.handshake(w, r)
	}
	if h.VerifyToken == "" {
		w.Header().Set("Allow", "POST")
		return plainError(w, http.StatusMethodNotAllowed, "this webhook takes POST; it has no verify_token, so there is no handshake")
	}
	w.Header().Set("Allow", "GET, POST")
	return plainError(w, http.StatusMethodNotAllowed, "a webhook takes POST, and GET for the handshake")
}

// handshake answers Meta's check of the callback URL.
func (h *Webhook) handshake(w http.ResponseWriter, r *http.Request) error {
	if h.verifyToken == "" {
		return plainError(w, http.StatusServiceUnavailable, "the gateway has no verify_token")
	}
	challenge, err := webhook.Challenge(r.URL.Query(), h.verifyToken)
	if err != nil {
		h.often(zapcore.WarnLevel, "webhook handshake refused", zap.Error(err))
		return plainError(w, http.StatusForbidden, err.Error())
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err = io.WriteString(w, challenge) // #nosec G705 -- it is plain text, and who asks has the verify token
	return err
}

func (h *Webhook) deliver(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if !h.usable {
		webhookResult(r, "setup_incomplete")
		return plainError(w, http.StatusServiceUnavailable, "the gateway has no secret by which it could tell who delivers; set what the log says is missing")
	}
	shown := slices.ContainsFunc(h.Auth, func(a *WebhookAuth) bool { return a.shown(r) })
	if !shown {
		// Nothing is read of what can't be signed.
		if err := h.signable(r); err != nil {
			leaveUnread(w, r, time.Duration(h.app.BodyTimeout))
			return h.unauthorized(w, r, err)
		}
	}
	body, held, err := h.app.webhookBodies(largestWebhook).read(w, r)
	defer held.release()
	if errors.Is(err, errNoRoom) {
		held.release()
		webhookResult(r, "overloaded")
		h.often(zapcore.ErrorLevel, "a webhook was not read, Meta will deliver it again", zap.Error(err))
		drain(w, r, time.Duration(h.app.BodyTimeout))
		return plainError(w, http.StatusServiceUnavailable, "the gateway reads as many deliveries as it has memory for; deliver again")
	}
	if err != nil {
		if _, over := errors.AsType[*http.MaxBytesError](err); over {
			webhookResult(r, "too_large")
			return plainError(w, http.StatusRequestEntityTooLarge, "a webhook delivery has 3 MiB at most")
		}
		webhookResult(r, "unreadable")
		if late(err) {
			return plainError(w, http.StatusRequestTimeout, fmt.Sprintf("the body did not come within %s", time.Duration(h.app.BodyTimeout)))
		}
		return plainError(w, http.StatusBadRequest, "the body broke off before its end")
	}
	learned, now, verified, err := h.understand(r, body, shown)
	if !verified {
		return h.unauthorized(w, r, err)
	}
	if err != nil {
		// Meta or the provider sent it: the endpoint shall see it, and a retry would
		// be no clearer.
		webhookResult(r, "unreadable")
		h.often(zapcore.ErrorLevel, "a verified webhook could not be read, nothing was learned from it", zap.Error(err))
		r, _ = withBody(r, body)
		return next.ServeHTTP(w, r)
	}
	h.compareClocks(now, learned.Newest)
	if learned.Skipped > 0 {
		h.often(zapcore.WarnLevel, "parts of a webhook could not be read", zap.Int("skipped", learned.Skipped))
	}
	if err := h.app.gateway.Hear(r.Context(), learned.Events); err != nil {
		webhookResult(r, "store_unavailable")
		h.often(zapcore.ErrorLevel, "a webhook could not be recorded, Meta will deliver it again", zap.Error(err))
		return plainError(w, http.StatusServiceUnavailable, "the gateway can't reach its store; deliver again")
	}
	webhookResult(r, "accepted")
	traceLearned(r, len(learned.Events))
	reportAccountEvents(h.logger, learned.Events)
	h.app.reportSuspicions(learned.Events)
	webhookEventsTotal.Add(float64(len(learned.Events)))
	r, _ = withBody(r, body)
	return next.ServeHTTP(w, r)
}

// compareClocks warns when the timestamps of deliveries contradict our clock.
func (h *Webhook) compareClocks(now, newest time.Time) {
	if newest.IsZero() {
		return
	}
	ahead, known, warn := h.app.gateway.Clocks.Saw(now, newest)
	if !known {
		return
	}
	clockDifference.Set(ahead.Seconds())
	if warn {
		side := "behind WhatsApp's"
		if ahead < 0 {
			side = "ahead of WhatsApp's, or deliveries take that long"
		}
		h.logger.Warn("the clocks differ: ours is "+side+"; opt-outs still hold, but windows and opt-ins may count from the wrong time. Set the clock by NTP",
			zap.Duration("whatsapp_ahead", ahead))
	}
}

// understand verifies a delivery, unless where it comes from is shown, and reads
// it. now is when it arrived. A large one gives way to sends meanwhile.
func (h *Webhook) understand(r *http.Request, body []byte, shown bool) (learned webhook.Reading, now time.Time, verified bool, err error) {
	desk := courtesyOfAll.sit(len(body))
	defer desk.leave()
	if !shown {
		if err := h.verify(r, body); err != nil {
			return learned, now, false, err
		}
		desk.pause()
	}
	options := h.options
	options.Now, options.Pause = h.app.clock.Now(), desk.pause
	learned, err = webhook.Parse(body, options)
	return learned, options.Now, true, err
}

func plainError(w http.ResponseWriter, status int, message string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, err := io.WriteString(w, message+"\n") // #nosec G705 -- it is plain text
	return err
}

// parseWebhook reads the directive. Syntax:
//
//	whatsapp_webhook [<matcher>] {
//		app_secret      <secret>...
//		verify_token    <token>
//		auth            header <name> <secret>
//		auth            basic <user> <password>
//		auth            path <secret>
//		auth            turn <secret>
//		dialect         cloud|360dialog|on_premises
//		phone_number_id <id>
//	}
func parseWebhook(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Webhook)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile reads the directive; see parseWebhook for its syntax.
func (h *Webhook) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	if d.NextArg() {
		return d.ArgErr()
	}
	err := parseBlock(d, map[string]parser{
		"app_secret":      listInto(&h.AppSecrets),
		"verify_token":    stringInto(&h.VerifyToken),
		"auth":            h.parseAuth,
		"dialect":         chooseDialect.into(&h.Dialect),
		"phone_number_id": stringInto(&h.PhoneNumberID),
	}, "app_secret", "auth")
	if err != nil {
		return err
	}
	// What has no placeholder is checked here, where the line is known.
	if err := h.checkAuth(); err != nil {
		return d.Err(err.Error())
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Webhook)(nil)
	_ caddyhttp.MiddlewareHandler = (*Webhook)(nil)
	_ caddyfile.Unmarshaler       = (*Webhook)(nil)
)
