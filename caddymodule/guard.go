package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/dustin/go-humanize"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
)

func init() { caddy.RegisterModule(Guard{}) }

// Guard is the handler that stands before the Graph API. It reads every send,
// judges it, and passes it on unchanged or refuses it with an error in the shape
// of the Graph API. Everything that is no send and can't become one streams
// through untouched.
//
// A request that was judged leaves these placeholders behind:
//
// Placeholder | Description
// ------------|-------------
// `{http.vars.whatsapp.decision}` | `allow`, `refuse`, or `monitor` for a send that would have been refused
// `{http.vars.whatsapp.rule}` | The rule that decided, such as `WINDOW_CLOSED`
// `{http.vars.whatsapp.category}` | `marketing`, `marketing_lite`, `utility`, `authentication`, `service`, `none` or `unknown`
// `{http.vars.whatsapp.initiation}` | `user` if the customer service window was open, else `business`
// `{http.vars.whatsapp.id}` | The id of the decision in the ledger
// `{http.vars.whatsapp.phone_number_id}` | The business phone number's id
// `{http.vars.whatsapp.sender}` | Who sent it; see the field sender
// `{http.vars.whatsapp.sender_token}` | The fingerprint of its access token
//
// All of them are also fields of the access log. Decision, rule, category and id
// reach the sender too, as the response headers `X-Waguard-Decision`, `-Rule`,
// `-Category` and `-Id`. What a send is expected to cost is in `X-Waguard-Market`,
// `-Price`, `-Price-Type`, `-Currency` and `-Card`, and `-Hint` tells what would cost less.
//
//	handle {
//		whatsapp_guard {
//			upstream https://graph.facebook.com
//		}
//		reverse_proxy https://graph.facebook.com
//	}
type Guard struct {
	// How senders speak: `cloud` for the Cloud API, `360dialog` for
	// `/messages` without a phone number id, `on_premises` for the retired
	// On-Premises API's `/v1/messages`.
	// Default: `cloud`.
	Dialect string `json:"dialect,omitempty"`

	// The business phone number's id where the path doesn't name it. Required
	// for the dialects `360dialog` and `on_premises`, not allowed for `cloud`.
	PhoneNumberID string `json:"phone_number_id,omitempty"`

	// The largest body of a request that must be read, in bytes. Uploads of
	// media are not read and have no limit here.
	// Default: 1 MiB.
	MaxBody int64 `json:"max_body,omitempty"`

	// For how long a request that came with an `Idempotency-Key` (or
	// `X-Idempotency-Key`) is remembered: a repetition gets the first answer again
	// and is not sent.
	// Default: 24h.
	IdempotencyWindow caddy.Duration `json:"idempotency_window,omitempty"`

	// How long the upstream may take to answer a send. The time runs on when the
	// sender gives up, so that the message id is not lost.
	// Default: 60s.
	SendTimeout caddy.Duration `json:"send_timeout,omitempty"`

	// Requests of senders that would change where Meta sends the account's
	// webhooks (subscribed_apps, webhook_configuration, an app's subscriptions):
	// `log` warns, counts and keeps an account event, `refuse` refuses them as
	// well, unless every business is in monitor mode. Without webhooks the gateway
	// learns of no opt-out.
	// Default: `log`.
	WebhookChanges string `json:"webhook_changes,omitempty"`

	// Who sends, as ledger, logs and `waguard violations` name it: a text with
	// placeholders, such as `{http.request.header.X-App}`. Where it comes out
	// empty, the client's address: whole from private networks, else its /16 or
	// /32 network. Beside it a keyed fingerprint of the access token is kept.
	// Default: `{http.auth.user.id}`, the user Caddy authenticated.
	Sender string `json:"sender,omitempty"`

	// Who may send at all: by access token, any of Caddy's matchers, or client
	// certificate. Others are refused before anything is judged, in monitor mode too.
	// Default: everybody who reaches the gateway; but what is known of a person is
	// told only to whom Meta has accepted lately.
	Senders *Senders `json:"senders,omitempty"`

	// Where sends go that may leave. The guard passes them on itself then, faster, and
	// knows better what became of one without an answer; everything else goes to the
	// handlers behind, and so do sends where this is not set.
	Upstream *Upstream `json:"upstream,omitempty"`

	// Where the handler stands in the Caddyfile it was read from, such as
	// `Caddyfile:91`: what can be seen to be wrong only once the whole configuration
	// is known names it. It changes nothing.
	CaddyfileLine string `json:"caddyfile_line,omitempty"`

	app     *App
	logger  *zap.Logger
	dialect cloudapi.Dialect
	sends   *gateway.Sends
}

const (
	defaultMaxBody     = 1 << 20
	smallestMaxBody    = 1 << 10
	defaultSendTimeout = 60 * time.Second
)

// dialects are those that chooseDialect names.
var dialects = map[string]cloudapi.Dialect{
	"": cloudapi.Cloud, "cloud": cloudapi.Cloud, "360dialog": cloudapi.Dialog360, "on_premises": cloudapi.OnPremises,
}

// CaddyModule returns the Caddy module information.
func (Guard) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.whatsapp_guard", New: func() caddy.Module { return new(Guard) }}
}

// Provision checks the settings and finds the app.
func (g *Guard) Provision(ctx caddy.Context) (err error) {
	g.logger = ctx.Logger()
	if g.app, err = appOf(ctx); err != nil {
		return g.located(err)
	}
	if err := chooseDialect.check(g.Dialect); err != nil {
		return err
	}
	g.dialect = dialects[g.Dialect]
	switch {
	case g.dialect == cloudapi.Cloud && g.PhoneNumberID != "":
		return g.located(errors.New("phone_number_id is for the dialects 360dialog and on_premises; in the Cloud API the path names the number"))
	case g.dialect != cloudapi.Cloud && !isDigits(g.PhoneNumberID):
		return g.located(fmt.Errorf("the dialect %s needs `phone_number_id <id>`, since its paths don't name the number", g.Dialect))
	}
	if err := chooseWebhookChanges.check(g.WebhookChanges); err != nil {
		return err
	}
	if err := checkSender(g.Sender); err != nil {
		return err
	}
	if err := g.provisionSenders(ctx); err != nil {
		return err
	}
	if err := g.checkBehind(ctx); err != nil {
		return err
	}
	if g.MaxBody == 0 {
		g.MaxBody = defaultMaxBody
	}
	if g.MaxBody < smallestMaxBody {
		return fmt.Errorf("max_body is %d; it must be a size such as 1MiB, at least 1KiB", g.MaxBody)
	}
	if most := g.app.sendBodies(g.MaxBody).large; g.MaxBody > most { // it would be told to try again later, for ever
		return fmt.Errorf("max_body is %s, and body_budget has room for bodies of %s at most: raise body_budget to %s", humanize.IBytes(uint64(g.MaxBody)), humanize.IBytes(uint64(most)), humanize.IBytes(uint64(g.MaxBody/3*4)))
	}
	if g.IdempotencyWindow == 0 {
		g.IdempotencyWindow = caddy.Duration(defaultIdempotencyWindow)
	}
	if g.IdempotencyWindow < 0 {
		return fmt.Errorf("idempotency_window is %s; it must be a duration such as 24h", time.Duration(g.IdempotencyWindow))
	}
	if g.SendTimeout == 0 {
		g.SendTimeout = caddy.Duration(defaultSendTimeout)
	}
	if g.SendTimeout < 0 {
		return fmt.Errorf("send_timeout is %s; it must be a duration such as 60s", time.Duration(g.SendTimeout))
	}
	g.sends = &gateway.Sends{
		Gateway: g.app.gateway, Log: g.logger,
		Timeout: time.Duration(g.SendTimeout), Remember: time.Duration(g.IdempotencyWindow),
	}
	g.app.gateway.Awaits(time.Duration(g.SendTimeout))
	if g.Upstream != nil {
		if err := g.Upstream.provision(ctx); err != nil {
			return g.located(err)
		}
		if sync := g.app.TemplateSync; sync != nil && sync.by == nil && g.dialect == cloudapi.Cloud {
			sync.by = g.Upstream
		}
		if r := g.app.Reconcile; r != nil && r.by == nil && g.dialect == cloudapi.Cloud {
			r.by = g.Upstream
		}
	}
	return nil
}

// Cleanup gives the connections to the upstream up.
func (g *Guard) Cleanup() error { return g.Upstream.release() }

// located adds to an error where the handler stands in the Caddyfile, if in one.
func (g *Guard) located(err error) error { return located(err, g.CaddyfileLine) }

// located adds to an error a line of a Caddyfile; "" is none.
func located(err error, line string) error {
	if line == "" {
		return err
	}
	return fmt.Errorf("%w, at %s", err, line)
}

// serve judges a request.
func (g *Guard) serve(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	key, keyRefusal := idempotencyKey(r.Header)
	given := g.tagsGiven(r.Header)
	dropHeaders(r.Header)
	r, held, refused := g.admit(w, r)
	defer held.release()
	if refused != nil {
		return g.turnAway(w, r, refused)
	}
	route, refusal := cloudapi.Classify(g.dialect, r, g.PhoneNumberID)
	if refusal != nil {
		return g.refuseUnread(w, r, route, refusal, next, seen{whole: r.Body == nil || r.Body == http.NoBody})
	}
	switch route.Class {
	case cloudapi.TemplateList:
		return g.listTemplates(w, r, route, next)
	case cloudapi.Pass, cloudapi.StreamInspect:
		if next, refusal = g.watchWebhooks(r, nil, nil, next); refusal != nil {
			return g.refuseUnread(w, r, route, refusal, next, seen{})
		}
		next = g.watchAcceptance(r, next)
		if route.Class == cloudapi.StreamInspect {
			return g.stream(w, r, route, next)
		}
		return g.passAccount(w, r, nil, next)
	}
	if route.Class == cloudapi.SendEdge && r.TLS != nil && !r.TLS.HandshakeComplete {
		// Early data can be replayed, and a replayed send is a second message.
		return caddyhttp.Error(http.StatusTooEarly, errors.New("sends are not accepted as TLS early data, in monitor mode neither"))
	}
	if route.Class == cloudapi.SendEdge && guardedTwice(r) {
		return errSecondGuard
	}
	sn, refusal := g.readBody(w, r)
	defer sn.held.release()
	if refusal != nil {
		return g.refuseUnread(w, r, route, refusal, next, sn)
	}
	courtesyOfAll.send()
	body := sn.body
	reading, refusal := cloudapi.ReadSends(route, r.Header.Get("Content-Type"), body, func(id string) string { return g.app.gateway.Home(r.Context(), id) })
	if refusal != nil {
		return g.refuseUnread(w, r, route, refusal, next, sn)
	}
	r, read := withBody(r, body)
	if route.Class == cloudapi.Inspect {
		if next, refusal = g.watchWebhooks(r, body, reading.Others, next); refusal != nil {
			return g.refuseUnread(w, r, route, refusal, next, sn)
		}
		next = g.passElements(reading.Others, next)
	}
	if len(reading.Sends) == 0 {
		return g.passAccount(w, r, body, next)
	}
	if guardedTwice(r) {
		return errSecondGuard
	}
	if keyRefusal != nil {
		return g.refuseUnread(w, r, route, keyRefusal, next, sn)
	}
	request := g.requestOf(r, body)
	request.Reading, request.Key, request.By.Tags = reading, key, given
	return g.send(w, r, &request, read, next)
}

// readBody reads the body once, up to the cap.
func (g *Guard) readBody(w http.ResponseWriter, r *http.Request) (seen, *cloudapi.Refusal) {
	var sn seen
	g.readOn(w, r, &sn)
	switch {
	case sn.late:
		return sn, &cloudapi.Refusal{
			Rule:   policy.RuleUnreadable,
			Reason: fmt.Sprintf("the body did not come to its end within %s", time.Duration(g.app.BodyTimeout)),
			Remedy: "send the request again, whole, or raise body_timeout",
		}
	case sn.noRoom:
		return sn, &cloudapi.Refusal{
			Rule:   policy.RuleOverloaded,
			Reason: fmt.Sprintf("the gateway is reading as many bodies as fit into %s, and has no room for this one; nothing was sent", humanize.IBytes(uint64(g.app.BodyBudget))),
			Remedy: "send it again a little later; if this lasts, find out who holds requests open, or raise body_budget",
		}
	case sn.broken:
		return sn, &cloudapi.Refusal{
			Rule:   policy.RuleUnreadable,
			Reason: "the body could not be read to its end: it broke off, or its chunks are not what HTTP says",
			Remedy: "send the request again, whole",
		}
	case !sn.whole:
		return sn, &cloudapi.Refusal{
			Rule:   policy.RuleTooLarge,
			Reason: fmt.Sprintf("the body is larger than %s", humanize.IBytes(uint64(g.MaxBody))),
			Remedy: "upload media first and send its id, or raise max_body",
		}
	}
	return sn, nil
}

// stream lets an upload through while looking for parts that would turn it into
// something else. If there is one the upstream never sees the end of
// the request; in monitor mode it does, and it is noted.
func (g *Guard) stream(w http.ResponseWriter, r *http.Request, route cloudapi.Route, next caddyhttp.Handler) error {
	body := r.Body
	guard := cloudapi.NewStreamGuard(body, r.Header.Get("Content-Type"))
	monitored := g.app.gateway.Businesses.Monitors(route.PhoneNumberID)
	guard.Watch = monitored
	// The transport closes what it is given when the guard breaks off; the rest of
	// the body is still to be read.
	r.Body = io.NopCloser(guard)
	rec := newAnswer(w, 0)
	err := g.passAccount(rec, r, nil, next)
	switch refusal := guard.Refusal(); {
	case refusal == nil:
	case monitored:
		g.noteStreamed(r, route, refusal, rec)
	case !rec.started():
		r.Body = body
		return g.refuseUnread(w, r, route, refusal, next, seen{broken: true})
	}
	return err
}

// parseGuard reads the directive. Syntax:
//
//	whatsapp_guard [<matcher>] {
//		dialect         cloud|360dialog|on_premises
//		phone_number_id <id>
//		upstream        <url> {
//			dial_timeout    <duration>
//			max_connections <number>
//			trust           <file>
//			header_up       [+|-]<field> [<value|regexp> [<replacement>]]
//		}
//		max_body        <size>
//		send_timeout    <duration>
//		idempotency_window <duration>
//		webhook_changes log|refuse
//		sender          <text with placeholders>
//		senders         token_sha256 <hash>...
//		senders         match <matcher>|{ <matchers> }
//		senders         client_cert verified|<hash>...
//	}
func parseGuard(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	g := new(Guard)
	return g, g.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile reads the directive; see parseGuard for its syntax.
func (g *Guard) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	g.CaddyfileLine = fmt.Sprintf("%s:%d", d.File(), d.Line())
	if d.NextArg() {
		return d.ArgErr()
	}
	var timeout, window *caddy.Duration
	err := parseBlock(d, map[string]parser{
		"dialect":            chooseDialect.into(&g.Dialect),
		"phone_number_id":    stringInto(&g.PhoneNumberID),
		"send_timeout":       positiveInto(&timeout),
		"idempotency_window": positiveInto(&window),
		"webhook_changes":    chooseWebhookChanges.into(&g.WebhookChanges),
		"sender": func(d *caddyfile.Dispenser) error {
			if !d.AllArgs(&g.Sender) || g.Sender == "" {
				return d.ArgErr()
			}
			if err := checkSender(g.Sender); err != nil {
				return d.Err(err.Error())
			}
			return nil
		},
		"senders":  g.parseSenders,
		"upstream": g.parseUpstream,
		"max_body": func(d *caddyfile.Dispenser) error {
			var arg string
			if !d.AllArgs(&arg) {
				return d.ArgErr()
			}
			size, err := humanize.ParseBytes(arg)
			if err != nil || size < smallestMaxBody || size > 64<<20 {
				return d.Errf("max_body is %q; it must be a size such as 1MiB, at least 1KiB and at most 64MiB", arg)
			}
			g.MaxBody = int64(size)
			return nil
		},
	}, "senders")
	if timeout != nil {
		g.SendTimeout = *timeout
	}
	if window != nil {
		g.IdempotencyWindow = *window
	}
	return err
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Guard)(nil)
	_ caddy.CleanerUpper          = (*Guard)(nil)
	_ caddyhttp.MiddlewareHandler = (*Guard)(nil)
	_ caddyfile.Unmarshaler       = (*Guard)(nil)
)
