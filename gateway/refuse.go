package gateway

import (
	"context"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// refuse records a request of which at least one send is refused. All its sends
// go into the ledger as refused: nothing is sent by halves.
func (d *Sends) refuse(ctx context.Context, st store.Store, r *Request, sends []Judged) Result {
	var elements []cloudapi.Element
	first := -1
	for i := range sends {
		j := &sends[i]
		if j.passes() {
			continue
		}
		if first < 0 {
			first = i
		}
		d.propose(ctx, st, j)
		if r.Reading.Batch {
			elements = append(elements, cloudapi.Element{
				Index: j.element, Rule: j.Entry.Decision.Rule, RuleID: j.Entry.Decision.RuleID, Reason: j.Entry.Decision.Reason, Remedy: j.Entry.Decision.Remedy,
				RetryAt: retryAt(j.Entry), Alternatives: j.alternatives,
			})
		}
	}
	for i := range sends {
		if j := &sends[i]; j.passes() {
			j.fallWith()
		}
		sends[i].reserved = st.Reserve(lasting(ctx), sends[i].Entry)
	}
	unrecorded := false
	for i := range sends {
		d.report(&sends[i])
		unrecorded = !d.refusalRecorded(sends[i].Entry, sends[i].reserved.WaitFor(ctx)) || unrecorded
	}
	decision := &sends[first].Entry.Decision
	refusal := &cloudapi.Refusal{Rule: decision.Rule, RuleID: decision.RuleID, Reason: decision.Reason, Remedy: decision.Remedy, RetryAt: retryAt(sends[first].Entry), Alternatives: sends[first].alternatives}
	if why := sends[first].fallbackRefused; why != "" {
		refusal.Reason += "; " + why
	}
	if r.Reading.Batch {
		refusal = batchRefused(decision.Reason)
	}
	refusal.Unrecorded = unrecorded
	result := Result{Sends: sends, ID: sends[first].Entry.ID, Refusal: refusal, Elements: elements}
	if decision.Retry > sends[first].Entry.At {
		result.RetryAfter = int((decision.Retry - sends[first].Entry.At + 999) / 1000)
	}
	return result
}

// retryAt is from when on a refused send may pass; nil where that is no matter of time.
func retryAt(e *store.Entry) *time.Time {
	if e.Decision.Retry <= e.At {
		return nil
	}
	return new(e.Decision.Retry.Time())
}

// batchRefused is what is said of a batch whose first refused send is refused for
// that reason.
func batchRefused(reason string) *cloudapi.Refusal {
	return &cloudapi.Refusal{
		Rule:   policy.RuleBatch,
		Reason: "a send of the batch is refused, so none of the batch was sent; the first: " + reason,
		Remedy: "error.waguard.elements has each that is refused, and why; send the others again without them",
	}
}

// fallWith refuses a send that may leave, since another one of its batch may not.
func (j *Judged) fallWith() {
	e := j.Entry
	e.Facts.SiblingRefused = true
	if sh := e.Shadow; sh != nil && sh.Facts != nil {
		sh.Facts.SiblingRefused = true // with which policy the others would pass is not asked
	}
	j.decideAgain()
	e.Monitored = false
	e.Outcome = store.Outcome{State: store.Refused, At: e.At}
	if j.monitored {
		j.exception = "another send of the same batch, of a business that is not in monitor mode, is refused"
	}
}

// refusalRecorded notes how it ended to record a refusal, and reports whether it is
// on record. It holds all the same.
func (d *Sends) refusalRecorded(e *store.Entry, err error) bool {
	d.wrote(err)
	if err != nil {
		d.often(zapcore.ErrorLevel, "a refusal could not be recorded", zap.Stringer("id", e.ID), zap.Error(err))
	}
	return err == nil
}

// storeDown is what sends come to while the store can't answer: what can't be
// judged is refused. In monitor mode it passes unrecorded, also to people for whom the policy
// is enforced there: who they are is not known.
func (d *Sends) storeDown(sends []policy.Send, cause error) Result {
	d.Observer.StoreFailed()
	all, some := true, false
	for i := range sends {
		monitored := d.Businesses.Monitors(sends[i].PhoneNumberID)
		all, some = all && monitored, some || monitored
	}
	id := store.NewID(d.now())
	fields := []zap.Field{zap.Stringer("id", id), zap.Int("sends", len(sends)), zap.Error(cause)}
	if all {
		d.often(zapcore.ErrorLevel, "the store can't answer: passing sends unjudged and unrecorded, since their business is in monitor mode", fields...)
		return Result{Unjudged: true}
	}
	if some {
		fields = append(fields, zap.String("why", "a batch is refused although in monitor mode, since it also holds sends of a business that is not"))
	}
	d.often(zapcore.ErrorLevel, "the store can't answer: refusing sends that can't be judged or recorded", fields...)
	return Result{ID: id, Refusal: &cloudapi.Refusal{
		Rule:   policy.RuleStore,
		Reason: "the gateway's store can't read or write at the moment, so that the message can't be judged or recorded; it was not sent",
		Remedy: "send it again later; if this lasts, tell whoever runs the gateway",
	}}
}
