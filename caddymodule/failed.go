package caddymodule

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Caddy logs an error that a handler returns together with the request: its
// address with an access token in the query, and headers with a provider's key.
// So errors of what comes behind don't get that far.

// ServeHTTP judges a request, and answers itself where the upstream did not.
func (g *Guard) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if adminPath(r.URL) {
		return g.refuseAdminPath(w, r)
	}
	defer guarding(r).Add(-1)
	rec := newAnswer(w, 0)
	err := g.serve(rec, r, next)
	spend(r)
	if err == nil && rec.status == 0 {
		err = errNothingBehind
	}
	if err == nil {
		return nil
	}
	status := statusOf(err)
	if fault, ok := errors.AsType[*gateway.Fault](err); ok && !rec.started() {
		if guardedTwice(r) {
			return err // the first guard answers, and has what became of the send on record
		}
		return g.answerFault(w, fault)
	}
	if status < http.StatusInternalServerError && !rec.started() {
		return err // another handler's refusal is its own to answer
	}
	id := store.NewID(policy.MomentOf(g.app.clock.Now()))
	level := zap.ErrorLevel
	if status < http.StatusInternalServerError {
		level = zap.DebugLevel // a client that went
	}
	g.logger.Log(level, "a request got no answer", zap.Stringer("id", id), zap.String("rule", string(policy.RuleUnanswered)),
		zap.Int("status", status), gateway.Cause(err))
	if rec.started() {
		return nil // there is nothing to add to what the sender has
	}
	return writeError(w, status, &cloudapi.Refusal{
		Rule:   policy.RuleUnanswered,
		Reason: "Meta could not be reached, or its answer did not come in time, broke off or could not be read",
		Remedy: "look whether the request took effect before you repeat it; if this lasts, tell whoever runs the gateway",
		// No send that was judged ends here.
		Outcome: string(store.Unknown),
	}, id, nil)
}

// statusOf is the status an error asks for.
func statusOf(err error) int {
	if failed, ok := errors.AsType[caddyhttp.HandlerError](err); ok && failed.StatusCode != 0 {
		return failed.StatusCode
	}
	return http.StatusInternalServerError
}

// answered answers for what comes behind a webhook where that fails, and logs
// the failure without the request, whose address or headers have a secret in
// them.
func answered(logger *zap.Logger, next caddyhttp.Handler) caddyhttp.Handler {
	return caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		rec := newAnswer(w, 0)
		err := next.ServeHTTP(rec, r)
		if err == nil {
			return nil
		}
		status := statusOf(err)
		logger.Error("what comes after the webhook failed", gateway.Cause(err), zap.Int("status", status))
		if rec.started() {
			return nil
		}
		return plainError(w, status, http.StatusText(status))
	})
}
