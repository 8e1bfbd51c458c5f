package caddymodule

import (
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
)

// webhookChanges are the requests, of r and the elements of its batch, that would
// change where the account's webhooks go. body is nil where it was not read.
func webhookChanges(r *http.Request, body []byte, elements []cloudapi.Request) (changes []cloudapi.WebhookChange) {
	if c, found := cloudapi.FindWebhookChange(callOf(r, body)); found {
		changes = append(changes, c)
	}
	for i := range elements {
		if c, found := cloudapi.FindWebhookChange(&elements[i]); found {
			changes = append(changes, c)
		}
	}
	return changes
}

// watchWebhooks is next, or what stands before it if the request would change
// where the account's webhooks go: a refusal, or a handler that makes it known.
func (g *Guard) watchWebhooks(r *http.Request, body []byte, elements []cloudapi.Request, next caddyhttp.Handler) (caddyhttp.Handler, *cloudapi.Refusal) {
	changes := webhookChanges(r, body, elements)
	if len(changes) == 0 {
		return next, nil
	}
	if g.WebhookChanges == webhookChangesRefuse && !g.app.gateway.Businesses.AllMonitored() {
		if g.fromStranger(r, body) {
			countChanges(changes)
		} else {
			g.webhooksChanged(r, body, changes, "refused")
		}
		return next, &cloudapi.Refusal{
			Rule:   policy.RuleWebhooks,
			Reason: "the request could change where Meta sends the account's webhooks, from which the gateway learns who wrote and who opted out",
			Remedy: "ask whoever runs the gateway to change it in Meta's app dashboard, or to set `webhook_changes log`",
		}
	}
	return caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		rec := newAnswer(w, 0)
		err := next.ServeHTTP(rec, r)
		became := "not answered"
		if rec.status/100 == 4 && g.fromStranger(r, body) {
			countChanges(changes)
			return err // Meta did nothing, for somebody nobody knows
		}
		if rec.status != 0 {
			became = fmt.Sprintf("answered %d", rec.status)
		}
		g.webhooksChanged(r, body, changes, became)
		return err
	}), nil
}

// fromStranger reports whether a request is one of a caller whom Meta hasn't
// accepted for any business phone number. Such requests leave no trace but a count.
func (g *Guard) fromStranger(r *http.Request, body []byte) bool {
	c := g.callerOf(r, credentials(r, body))
	_, err := g.app.acquire()
	return err == nil && !g.app.gateway.Accepts(&c, "")
}

func countChanges(changes []cloudapi.WebhookChange) {
	for _, c := range changes {
		webhookChangesTotal.WithLabelValues(c.Name).Inc()
	}
}

// webhooksChanged tells whoever runs the gateway.
func (g *Guard) webhooksChanged(r *http.Request, body []byte, changes []cloudapi.WebhookChange, became string) {
	at := policy.MomentOf(g.app.clock.Now())
	by := g.sentBy(r, credentials(r, body))
	events := make([]policy.Event, len(changes))
	countChanges(changes)
	for i, c := range changes {
		e := policy.AccountEvent{
			At: at, WABA: c.WABA, PhoneNumberID: c.PhoneNumberID, Kind: policy.WebhookChange, Name: c.Name,
			Detail: became, Severity: policy.Warning, Sender: by.Sender, Token: by.Token,
		}
		if c.App != "" {
			e.Detail += ", app " + c.App
		}
		if c.Host != "" {
			e.Detail += ", to " + c.Host
		}
		events[i] = e
		g.logger.Warn("a sender asks Meta to change where the account's webhooks go; without them no opt-out is learned",
			zap.String("change", c.Name), zap.String("waba", c.WABA), zap.String("phone_number_id", c.PhoneNumberID), zap.String("app", c.App),
			zap.String("host", c.Host), zap.String("outcome", became), zap.String("sender", by.Sender), zap.String("sender_token", by.Token))
		accountEventsTotal.WithLabelValues(e.Severity.String()).Inc()
	}
	if err := g.app.gateway.Learn(r.Context(), events); err != nil {
		g.logger.Error("a change of webhooks could not be recorded", zap.Error(err))
	}
}
