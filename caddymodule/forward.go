package caddymodule

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// largestAnswer is how much of an answer to a send is held back; Meta's answers
// have some hundred bytes, those to a batch of 50 some ten thousand.
const largestAnswer = 256 << 10

// statusClientClosed is what Caddy's proxy notes when the client has gone.
const statusClientClosed = 499

// forward sends what was reserved, and settles it. The upstream's answer reaches
// the sender once the ledger has it on disk.
func (g *Guard) forward(w http.ResponseWriter, r *http.Request, body []byte, from caller, whole *atomic.Bool, st store.Store, sends []judged, next caddyhttp.Handler) (err error) {
	rec := newAnswer(w, largestAnswer)
	g.tag(w, r, sends, rec)
	for i := range sends {
		g.report(&sends[i])
	}
	// The sender may give up; the message is on its way all the same, and its id
	// must not be lost.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Duration(g.SendTimeout))
	defer cancel()
	// Meta's answer is read, so it must not come compressed for the sender: Go's
	// transport asks for gzip by itself and unpacks it.
	r.Header.Del("Accept-Encoding")

	settled := false
	defer func() {
		if !settled {
			// The proxy panicked: the answer broke off after the request was sent.
			g.settleAs(st, sends, store.Outcome{State: store.Unknown, HTTPStatus: rec.status})
		}
	}()
	err = serve(rec, r.WithContext(ctx), next)
	readOutcomes(rec, err, whole.Load(), sends)
	stranger := g.sentInVain(r, st, from, rec, sends)
	g.learnFromOutcomes(st, from, body, sends)
	g.keepAnswer(rec, sends, stranger)
	settled = true
	recorded := g.settle(st, sends)
	g.listenFor(st, sends)
	g.reportStrayed(ctx, st, sends)
	if rec.started() {
		return err
	}
	// Also an error page has the decision's id, which finds the ledger entry.
	rec.setHeader()
	switch {
	case err != nil:
		return g.unanswered(w, sends, err, ctx.Err() != nil)
	case recorded != nil && !allMonitored(sends) && !allRejected(sends):
		return g.unrecorded(w, sends)
	}
	return rec.release()
}

// errBrokeOff: the upstream's answer broke off.
var errBrokeOff = errors.New("the answer broke off before its end")

// serve runs the handlers behind. The proxy panics when the answer breaks off;
// while the sender has got nothing of it, that is an error like any other.
func serve(rec *answer, r *http.Request, next caddyhttp.Handler) (err error) {
	defer func() {
		switch p := recover(); {
		case p == nil:
		case p == http.ErrAbortHandler && !rec.started():
			err = errBrokeOff
		default:
			panic(p)
		}
	}()
	return next.ServeHTTP(rec, r)
}

// settleAs records the same outcome for all sends.
func (g *Guard) settleAs(st store.Store, sends []judged, o store.Outcome) {
	for i := range sends {
		sends[i].outcome = o
	}
	_ = g.settle(st, sends) // which logs what fails
}

// settle records what became of the sends and waits until it is on disk,
// together with the reservations before it.
func (g *Guard) settle(st store.Store, sends []judged) error {
	at := policy.MomentOf(g.app.clock.Now())
	entered := false
	for i := range sends {
		j := &sends[i]
		if j.lost {
			continue
		}
		j.outcome.At = at
		if b, ok := g.app.gateway.Businesses.Of(j.send.PhoneNumberID); ok {
			j.outcome.Asked = b.Questions[j.send.Template.Name]
		}
		j.settled = st.Settle(j.entry.ID, j.outcome)
		entered = true
	}
	var failed error
	for i := range sends {
		// The settlement first: the reservation is there no later, so that one
		// wait of the two costs nothing.
		for _, write := range [...]*store.Write{sends[i].settled, sends[i].reserved} {
			if write != nil {
				failed = errors.Join(failed, write.Wait())
			}
		}
	}
	if !entered {
		return nil
	}
	g.app.gateway.Wrote(failed)
	if failed != nil {
		g.logger.Error("the outcome of a send could not be recorded", zap.Error(failed))
	}
	return failed
}

// readOutcomes tells from the upstream's answer, or its absence, what became of
// each send. whole says that the body was read to its end, so that the upstream
// may have got the request.
func readOutcomes(rec *answer, err error, whole bool, sends []judged) {
	unclear := store.Outcome{State: store.Unknown, HTTPStatus: rec.status}
	if !whole {
		unclear.State = store.NotSent
	}
	readable := err == nil && rec.status != statusClientClosed && !rec.started()
	var answer cloudapi.Answer
	if readable {
		answer = cloudapi.ReadSendAnswer(rec.status, rec.held.Bytes())
	}
	for i := range sends {
		o := &sends[i].outcome
		if *o = unclear; !readable {
			continue
		}
		a := answer
		if sends[i].element >= 0 {
			a = answer.Element(sends[i].element)
		}
		o.HTTPStatus = a.Status
		switch {
		case a.ErrorCode != 0, a.Status >= 400 && a.Status < 500:
			o.State, o.ErrorCode = store.Rejected, a.ErrorCode
		case a.Success():
			o.State, o.Wamid, o.Learned = store.Accepted, a.Wamid, a.Learned
			o.Digits, o.Elsewhere = sends[i].send.Digits, sends[i].elsewhere(a.Learned)
		}
	}
}
