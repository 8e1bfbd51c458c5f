package caddymodule

import (
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// What of a configuration can't work is refused when it is loaded, where that can
// be seen; see behind.go. The rest shows when a request comes.

// errNothingBehind: the handlers behind ended, and none of them has answered or
// read the request.
var errNothingBehind = &gateway.Fault{
	Reason: "whatsapp_guard has nothing behind it that would pass the request on to Meta; nothing was sent",
	Remedy: "put `reverse_proxy https://graph.facebook.com` behind whatsapp_guard, in the same block; then send it again",
}

// errSecondGuard: a request that one guard judged came to another one.
var errSecondGuard = &gateway.Fault{
	Reason: "the request came through two whatsapp_guard handlers, and would have been judged and recorded twice; nothing was sent",
	Remedy: "take one of them out of the configuration, or give each a matcher of its own; then send it again",
}

// errNoAnswer: somebody behind took the request and answered nothing.
var errNoAnswer = errors.New("what stands behind took the request and gave no answer")

// nobodyAnswered is what it means that handlers ended without an answer.
func nobodyAnswered(read *reads) error {
	if read.begun.Load() {
		return errNoAnswer
	}
	return errNothingBehind
}

// guardedVar is how many guards work on a request, an *atomic.Int32. Caddy keeps
// variables for as long as the request lasts, and all handlers share them.
const guardedVar = "whatsapp.guarded"

// guarding counts this guard among those that work on r; what it gives counts it out
// again.
//
// The variable itself is set before anything behind has seen the request, and never
// again: a connection that Caddy's proxy begins for it reads the variables for as
// long as that takes, also when the request has long been answered.
func guarding(r *http.Request) *atomic.Int32 {
	guards, ok := caddyhttp.GetVar(r.Context(), guardedVar).(*atomic.Int32)
	if !ok {
		guards = new(atomic.Int32)
		caddyhttp.SetVar(r.Context(), guardedVar, guards)
	}
	guards.Add(1)
	return guards
}

// guardedTwice reports that another guard is working on r as well.
func guardedTwice(r *http.Request) bool {
	guards, _ := caddyhttp.GetVar(r.Context(), guardedVar).(*atomic.Int32)
	return guards != nil && guards.Load() > 1
}

// answerFault tells the sender of a request that was no send, or was not judged,
// that the configuration can't pass it on.
func (g *Guard) answerFault(w http.ResponseWriter, fault *gateway.Fault) error {
	refusal := &cloudapi.Refusal{Rule: policy.RuleMisconfigured, Reason: fault.Reason, Remedy: fault.Remedy, Outcome: string(store.NotSent)}
	if fault == errSecondTrip {
		refusal.Outcome = string(store.Unknown)
	}
	id := store.NewID(policy.MomentOf(g.app.clock.Now()))
	g.often(zapcore.ErrorLevel, "the configuration can't pass a request on", zap.Stringer("id", id), zap.String("rule", string(refusal.Rule)), zap.String("reason", fault.Reason), zap.String("remedy", fault.Remedy))
	return writeRefusal(w, &gateway.Result{ID: id, Refusal: refusal})
}
