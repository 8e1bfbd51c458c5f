package gateway

import (
	"errors"
	"fmt"
	"regexp"

	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Fault is why what stands behind a gateway can't pass a request on, or would pass
// it on twice, because of how it is configured.
type Fault struct {
	// Reason is what was found, Remedy what to do about it.
	Reason, Remedy string
}

func (f *Fault) Error() string { return f.Reason }

// unanswered says of sends to which Meta gave no answer whether they may be sent
// again: Meta has no key against repetition, so a repeated message that had left
// is a second one.
func (d *Sends) unanswered(sends []Judged, cause error, late bool) *cloudapi.Refusal {
	refusal := &cloudapi.Refusal{
		Rule:    policy.RuleNotSent,
		Reason:  "Meta could not be reached, or the connection broke off before Meta had the whole request; nothing was sent",
		Remedy:  "send it again; if this lasts, tell whoever runs the gateway",
		Outcome: string(store.NotSent),
	}
	if anyState(sends, store.Unknown) {
		refusal = &cloudapi.Refusal{
			Rule:    policy.RuleUnconfirmed,
			Reason:  "Meta's answer did not come in time, broke off or could not be read, so that nobody knows whether the message was sent",
			Remedy:  "don't send it again blindly: it may have been sent. The ledger has it as unknown, until a status webhook with its biz_opaque_callback_data tells",
			Outcome: string(store.Unknown),
		}
		if late {
			refusal.Reason = fmt.Sprintf("Meta did not answer within %s (send_timeout), so that nobody knows whether the message was sent", d.Timeout)
		}
	}
	if fault, ok := errors.AsType[*Fault](cause); ok {
		refusal.Rule, refusal.Reason, refusal.Remedy = policy.RuleMisconfigured, fault.Reason, fault.Remedy
	}
	d.Log.Error("a send got no answer", zap.Stringer("id", sends[0].Entry.ID), zap.String("rule", string(refusal.Rule)),
		zap.String("outcome", refusal.Outcome), zap.Int("sends", len(sends)), Cause(cause))
	return refusal
}

// quoted is what an error quotes: bytes of an answer nobody understood, which may
// repeat the request.
var quoted = regexp.MustCompile(`"[^"]*"?`)

// Cause is an error of what comes behind as it may be logged.
func Cause(err error) zap.Field {
	return zap.String("error", quoted.ReplaceAllString(err.Error(), `"..."`))
}

// leftUnrecorded is what is said of sends that left but whose record was lost with
// the store. The sender must know that they can't be retried blindly.
func leftUnrecorded(sends []Judged) *cloudapi.Refusal {
	outcome := store.Unknown
	if state := sends[0].Outcome.State; len(sends) == 1 {
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
	return refusal
}
