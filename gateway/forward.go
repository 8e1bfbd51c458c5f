package gateway

import (
	"context"

	"github.com/waguard/waguard/store"
)

// forward passes on what was reserved, and settles it. When it returns the ledger
// has on disk what Meta answered.
func (d *Sends) forward(ctx context.Context, st store.Store, r *Request, sends []Judged, up Upstream) Result {
	for i := range sends {
		if sends[i].Entry.Monitored {
			d.propose(ctx, st, &sends[i])
		}
		d.report(&sends[i])
	}
	timed, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	a, settled := new(Answer), false
	d.Observer.Leaving(len(sends))
	defer func() { d.Observer.Returned(sends) }()
	defer func() {
		if !settled {
			// What comes behind panicked: the answer broke off after the request was sent.
			d.settleAs(ctx, st, sends, store.Outcome{State: store.Unknown, HTTPStatus: a.Status})
		}
	}()
	began := d.Now()
	err := up.Pass(timed, sends, a)
	d.Observer.Answered(d.Now().Sub(began))
	readOutcomes(a, err, sends)
	stranger := d.sentInVain(st, &r.From, sends)
	d.learnFromOutcomes(st, &r.From, r.Body, sends)
	d.keepAnswer(a, sends, stranger)
	settled = true
	recording, recorded := d.patient(ctx)
	failed := d.settle(recording, st, sends)
	recorded()
	d.listenFor(ctx, st, sends)
	d.reportStrayed(ctx, st, sends)
	d.refusedAtOnce(sends)
	result := Result{Sends: sends, ID: sends[0].Entry.ID, Untold: stranger}
	switch {
	case a.Streamed, a.Declined:
	case err != nil:
		result.Refusal = d.unanswered(sends, err, timed.Err() != nil)
	case failed != nil && !allMonitored(sends) && !allRejected(sends):
		result.Refusal = leftUnrecorded(sends)
	}
	return result
}

// lasting is ctx, but doesn't end: what was begun is ended.
func lasting(ctx context.Context) context.Context {
	if ctx.Done() == nil { // it does not
		return ctx
	}
	return context.WithoutCancel(ctx)
}
