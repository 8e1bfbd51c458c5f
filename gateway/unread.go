package gateway

import (
	"context"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Unread is a request that could be a send and could not be read as one clear
// send. It is refused; in monitor mode it passes, unless something speaks against
// it.
type Unread struct {
	door    *Sends
	request *Request
	refusal *cloudapi.Refusal
	// number is the business phone number's id as the request has it.
	number string
	sends  [1]Judged
}

// Unread is such a request, which could not be read because of refusal. r has of
// its body what was read, and no reading.
func (d *Sends) Unread(ctx context.Context, route cloudapi.Route, refusal *cloudapi.Refusal, r *Request) *Unread {
	at := d.now()
	e := &store.Entry{
		ID: store.NewID(at), At: at, Unread: true,
		Send: policy.Send{Edge: route.Edge, PhoneNumberID: route.PhoneNumberID},
		Decision: policy.Decision{
			Verdict: policy.Refuse, Rule: refusal.Rule, Reason: refusal.Reason, Remedy: refusal.Remedy,
			Category: policy.CategoryUnknown,
		},
		Outcome: store.Outcome{State: store.Refused, At: at},
		Sender:  r.By.Sender, Token: r.By.Token,
	}
	if b, ok := d.Businesses.Of(route.PhoneNumberID); ok && route.PhoneNumberID != "" {
		e.Business = b.Name
	}
	st, err := d.Open()
	if err != nil {
		st = nil // then there is no fingerprint
	}
	d.hidePhone(ctx, st, e)
	return &Unread{door: d, request: r, refusal: refusal, number: route.PhoneNumberID, sends: [1]Judged{{
		Send: &e.Send, Entry: e, element: -1, monitored: d.Businesses.Monitors(route.PhoneNumberID),
	}}}
}

// Monitored reports whether its business is in monitor mode, so that it passes if
// nothing speaks against it.
func (u *Unread) Monitored() bool { return u.sends[0].monitored }

// Refuse refuses it. exception says what spoke against it where its business is
// in monitor mode. The ledger doesn't have what was refused to a stranger, or for
// want of room: both come in masses.
func (u *Unread) Refuse(ctx context.Context, exception string) Result {
	d, j := u.door, &u.sends[0]
	j.exception = exception
	switch {
	case u.refusal.Rule == policy.RuleOverloaded:
		d.Log.Debug("no room for a body", zap.Stringer("id", j.Entry.ID))
	case !d.Accepts(&u.request.From, u.number):
		if result, waits := d.strangerWaits(&u.request.From); waits {
			return result
		}
		d.askedInVain(&u.request.From, j.Entry)
	default:
		d.report(j)
		st, err := d.Open()
		if err == nil {
			recording, recorded := d.patient(lasting(ctx))
			err = st.Reserve(lasting(ctx), j.Entry).WaitFor(recording)
			recorded()
		}
		if !d.refusalRecorded(j.Entry, err) {
			unrecorded := *u.refusal
			unrecorded.Unrecorded = true
			u.refusal = &unrecorded
		}
	}
	return Result{Sends: u.sends[:], ID: j.Entry.ID, Refusal: u.refusal, Elements: u.refusal.Elements}
}

// Pass passes it on, in monitor mode, and records it as a send is recorded.
func (u *Unread) Pass(ctx context.Context, up Upstream) Result {
	st, err := u.enter(ctx)
	if err != nil {
		return Result{Unjudged: true}
	}
	return u.door.forward(lasting(ctx), st, u.request, u.sends[:], up)
}

// Stream is Pass for what may be large and slow, and its answer too: no time is
// set, and nobody reads the answer.
func (u *Unread) Stream(ctx context.Context, up Upstream) Result {
	st, err := u.enter(ctx)
	if err != nil {
		return Result{Unjudged: true}
	}
	u.door.report(&u.sends[0])
	a := new(Answer)
	u.door.Observer.Leaving(1)
	defer func() { u.door.Observer.Returned(u.sends[:]) }()
	defer func() { u.door.settleAs(lasting(ctx), st, u.sends[:], streamedOutcome(a.Status)) }()
	_ = up.Pass(ctx, u.sends[:], a) // whoever handed it in knows
	return Result{Sends: u.sends[:], ID: u.sends[0].Entry.ID}
}

// enter puts it on its way into the ledger. Where there is none, it logs that.
func (u *Unread) enter(ctx context.Context) (store.Store, error) {
	d, j := u.door, &u.sends[0]
	j.Entry.Monitored = true
	st, err := d.Open()
	if err != nil {
		d.Observer.StoreFailed()
		d.report(j)
		d.often(zapcore.ErrorLevel, "a request that passes in monitor mode could not be recorded", zap.Stringer("id", j.Entry.ID), zap.Error(err))
		return nil, err
	}
	j.Entry.Outcome.State = store.Reserved
	j.reserved = st.Reserve(lasting(ctx), j.Entry)
	return st, nil
}

// Passed records it after it has streamed through, in monitor mode. status is that
// of the answer.
func (u *Unread) Passed(ctx context.Context, status int) Result {
	d, j := u.door, &u.sends[0]
	j.Entry.Monitored, j.Entry.Outcome.State = true, store.Reserved
	d.report(j)
	st, err := d.Open()
	if err != nil {
		d.Observer.StoreFailed()
		d.often(zapcore.ErrorLevel, "a request that passed in monitor mode could not be recorded", zap.Stringer("id", j.Entry.ID), zap.Error(err))
	} else {
		j.reserved = st.Reserve(lasting(ctx), j.Entry)
		d.settleAs(lasting(ctx), st, u.sends[:], streamedOutcome(status))
		d.Observer.Leaving(1) // it has come back already
		d.Observer.Returned(u.sends[:])
	}
	return Result{Sends: u.sends[:], ID: j.Entry.ID}
}
