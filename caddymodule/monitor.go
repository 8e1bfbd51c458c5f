package caddymodule

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// In monitor mode everything passes and is recorded, whatever is said about it.
// The exceptions are what can't be passed on as it came, and what could belong
// to a business that is not in monitor mode.

// monitorsSends reports whether all of some sends pass whatever the decision.
func (a *App) monitorsSends(sends []policy.Send) bool {
	return !slices.ContainsFunc(sends, func(s policy.Send) bool { return !a.gateway.Businesses.Monitors(s.PhoneNumberID) })
}

func allMonitored(sends []judged) bool {
	for i := range sends {
		if !sends[i].monitored {
			return false
		}
	}
	return true
}

// seen is how much of a request was read before it was refused.
type seen struct {
	body []byte
	// whole: body is all there was.
	whole bool
	// broken: there is no more, and body is not all.
	broken bool
	// late: it is broken because it did not come in time.
	late bool
	// noRoom: there may be more, but no memory for it.
	noRoom bool
	// held is what body takes of the memory that bodies may take.
	held *share
}

// exception is why a request that could not be judged can't pass although its
// business is in monitor mode, "" if it can. It may read on.
func (g *Guard) exception(w http.ResponseWriter, r *http.Request, sn *seen) string {
	if sn.broken {
		return "it can't be passed on, since it never came to its end"
	}
	if g.app.gateway.Businesses.AllMonitored() {
		return ""
	}
	if !sn.whole && len(sn.body) == 0 && r.Body != nil {
		g.readOn(w, r, sn)
	}
	if !sn.whole || sn.broken || cloudapi.CouldReachOthers(r, sn.body) {
		return "it could hold sends of another business, which is not in monitor mode"
	}
	return ""
}

// readOn reads the body of a request that was refused before.
func (g *Guard) readOn(w http.ResponseWriter, r *http.Request, sn *seen) {
	sn.held.release()
	body, held, err := g.app.sendBodies(g.MaxBody).read(w, r)
	*sn = seen{body: body, whole: err == nil, broken: broken(err), late: late(err), noRoom: errors.Is(err, errNoRoom), held: held}
}

// passUnread lets a request through that could not be judged, and records it.
func (g *Guard) passUnread(w http.ResponseWriter, r *http.Request, sends []judged, sn *seen, next caddyhttp.Handler) error {
	st, err := g.app.acquire()
	if err != nil {
		storeFailures.Inc()
		g.report(&sends[0])
		g.logger.Error("a request that passes in monitor mode could not be recorded", zap.Stringer("id", sends[0].entry.ID), zap.Error(err))
		return next.ServeHTTP(w, sn.restore(r))
	}
	sends[0].entry.Outcome.State = store.Reserved
	sends[0].reserved = st.Reserve(sends[0].entry)
	if sn.whole && r.Method == http.MethodPost {
		r, whole := withBody(r, sn.body)
		return g.forward(w, r, sn.body, g.callerOf(r, sn.body), whole, st, sends, next)
	}
	// It may be large and slow, and its answer too: both stream, with no time set.
	rec := newAnswer(w, 0)
	g.tag(w, r, sends, rec)
	g.report(&sends[0])
	defer func() { g.settleAs(st, sends, streamedOutcome(rec)) }()
	return next.ServeHTTP(rec, sn.restore(r))
}

// restore is r with what was read of its body put back.
func (sn *seen) restore(r *http.Request) *http.Request {
	if sn.whole {
		r, _ = withBody(r, sn.body)
		return r
	}
	if len(sn.body) > 0 {
		r.Body = readCloser{io.MultiReader(bytes.NewReader(sn.body), r.Body), r.Body}
	}
	return r
}

type readCloser struct {
	io.Reader
	io.Closer
}

// streamedOutcome tells what became of a request whose answer nobody read.
func streamedOutcome(rec *answer) store.Outcome {
	o := store.Outcome{State: store.Unknown, HTTPStatus: rec.status}
	if rec.status >= 400 && rec.status < 500 {
		o.State = store.Rejected
	}
	return o
}

// noteStreamed records an upload that streamed through in monitor mode and would
// have been refused.
func (g *Guard) noteStreamed(w http.ResponseWriter, r *http.Request, route cloudapi.Route, refusal *cloudapi.Refusal, rec *answer) {
	e := g.unreadEntry(r, route, refusal, nil)
	e.Monitored, e.Outcome.State = true, store.Reserved
	sends := []judged{{send: &e.Send, entry: e, element: -1, monitored: true}}
	g.tag(w, r, sends, nil)
	g.report(&sends[0])
	st, err := g.app.acquire()
	if err != nil {
		storeFailures.Inc()
		g.logger.Error("a request that passed in monitor mode could not be recorded", zap.Stringer("id", e.ID), zap.Error(err))
		return
	}
	sends[0].reserved = st.Reserve(e)
	g.settleAs(st, sends, streamedOutcome(rec))
}
