package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// unanswered answers for a send to which Meta did not, and says whether it may be
// sent again: Meta has no key against repetition, so a repeated message that had
// left is a second one. What other handlers refuse by themselves is theirs to
// answer.
func (g *Guard) unanswered(w http.ResponseWriter, sends []judged, cause error, late bool) error {
	if e, ok := errors.AsType[caddyhttp.HandlerError](cause); ok && e.StatusCode < http.StatusInternalServerError {
		return cause
	}
	refusal := &cloudapi.Refusal{
		Rule:    policy.RuleNotSent,
		Reason:  "Meta could not be reached, or the connection broke off before Meta had the whole request; nothing was sent",
		Remedy:  "send it again; if this lasts, tell whoever runs the gateway",
		Outcome: string(store.NotSent),
	}
	if anyState(sends, store.Unknown) {
		refusal = &cloudapi.Refusal{
			Rule:    policy.RuleUnconfirmed,
			Reason:  "the connection to Meta broke off before the answer came, so that nobody knows whether the message was sent",
			Remedy:  "don't send it again blindly: it may have been sent. The ledger has it as unknown, until a status webhook with its biz_opaque_callback_data tells",
			Outcome: string(store.Unknown),
		}
		if late {
			refusal.Reason = fmt.Sprintf("Meta did not answer within %s (send_timeout), so that nobody knows whether the message was sent", time.Duration(g.SendTimeout))
		}
	}
	g.logger.Error("a send got no answer", zap.Stringer("id", sends[0].entry.ID), zap.String("rule", string(refusal.Rule)),
		zap.String("outcome", refusal.Outcome), zap.Int("sends", len(sends)), causeField(cause))
	return writeRefusal(w, refusal, sends[0].entry.ID, nil)
}

// unrecorded answers for a send that left but whose record was lost with the
// store. The sender must know that it can't be retried blindly.
func (g *Guard) unrecorded(w http.ResponseWriter, sends []judged) error {
	outcome := store.Unknown
	if state := sends[0].outcome.State; len(sends) == 1 {
		outcome = state
	}
	refusal := &cloudapi.Refusal{
		Rule:    policy.RuleUnrecorded,
		Reason:  "the message was passed to Meta, but what became of it could not be recorded because the gateway's store failed",
		Remedy:  "do not send it again before you know whether it arrived",
		Outcome: string(outcome),
	}
	if outcome == store.Accepted {
		refusal.Reason = "Meta accepted the message, but the gateway's store failed, so that this is not on record"
		refusal.Remedy = "do not send it again: it was sent; tell whoever runs the gateway"
	}
	return writeRefusal(w, refusal, sends[0].entry.ID, nil)
}

// anyState reports that one of the sends ended so.
func anyState(sends []judged, state store.OutcomeState) bool {
	for i := range sends {
		if sends[i].outcome.State == state {
			return true
		}
	}
	return false
}

// allRejected reports that Meta refused all sends. Its answer tells that better
// than anything about a record.
func allRejected(sends []judged) bool {
	for i := range sends {
		if sends[i].outcome.State != store.Rejected {
			return false
		}
	}
	return true
}
