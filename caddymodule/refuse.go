package caddymodule

import (
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// refuse answers a request of which at least one send is refused. All its sends
// go into the ledger as refused: nothing is sent by halves.
func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, st store.Store, reading *cloudapi.Reading, sends []judged) error {
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
		if reading.Batch {
			elements = append(elements, cloudapi.Element{Index: j.element, Rule: j.entry.Decision.Rule, Reason: j.entry.Decision.Reason})
		}
	}
	for i := range sends {
		if j := &sends[i]; j.passes() {
			j.entry.Decision.Verdict, j.entry.Decision.Rule, j.entry.Monitored = policy.Refuse, cloudapi.RuleBatch, false
			j.entry.Decision.Reason = "another send of the same batch was refused"
			j.entry.Decision.Remedy = "send it on its own"
			j.entry.Decision.Claims = false
			j.entry.Unread = true
			j.entry.Outcome = store.Outcome{State: store.Refused, At: j.entry.At}
		}
		sends[i].reserved = st.Reserve(sends[i].entry)
	}
	g.tag(w, r, sends, nil)
	for i := range sends {
		g.report(sends[i].send, sends[i].entry)
		err := sends[i].reserved.Wait()
		g.app.lease.wrote(err)
		if err != nil {
			g.logger.Error("a refusal could not be recorded", zap.Stringer("id", sends[i].entry.ID), zap.Error(err))
		}
	}
	d := sends[first].entry.Decision
	refusal := &cloudapi.Refusal{Rule: d.Rule, Reason: d.Reason, Remedy: d.Remedy}
	if reading.Batch {
		refusal = &cloudapi.Refusal{
			Rule:   cloudapi.RuleBatch,
			Reason: "a send of the batch is refused, so none of the batch was sent; the first: " + d.Reason,
			Remedy: "send the others again without it",
		}
	}
	return writeRefusal(w, refusal, sends[first].entry.ID, elements)
}

// refuseUnread refuses a request that could not be read as one clear send. In
// monitor mode it passes, if it could be read at all: next is nil or body is
// nil where it could not.
func (g *Guard) refuseUnread(w http.ResponseWriter, r *http.Request, route cloudapi.Route, refusal *cloudapi.Refusal, next caddyhttp.Handler, body []byte) error {
	at := policy.MomentOf(g.app.clock.Now())
	e := &store.Entry{
		ID: store.NewID(at), At: at, Unread: true,
		Send: policy.Send{Edge: route.Edge, PhoneNumberID: route.PhoneNumberID},
		Decision: policy.Decision{
			Verdict: policy.Refuse, Rule: refusal.Rule, Reason: refusal.Reason, Remedy: refusal.Remedy,
			Category: policy.CategoryUnknown,
		},
		Outcome: store.Outcome{State: store.Refused, At: at},
	}
	if b, ok := g.app.business(route.PhoneNumberID); ok {
		e.Business = b.name
		e.Monitored = b.monitor && body != nil && next != nil
	}
	sends := []judged{{send: &e.Send, entry: e, element: -1}}
	st, err := g.app.acquire()
	if e.Monitored {
		r, whole := withBody(r, body)
		if err != nil {
			g.report(&e.Send, e)
			g.logger.Error("a monitored send could not be recorded", zap.Stringer("id", e.ID), zap.Error(err))
			return next.ServeHTTP(w, r)
		}
		e.Outcome.State = store.Reserved
		sends[0].reserved = st.Reserve(e)
		return g.forward(w, r, whole, st, sends, next)
	}
	g.report(&e.Send, e)
	if err == nil {
		err = st.Reserve(e).Wait()
	}
	g.app.lease.wrote(err)
	if err != nil {
		g.logger.Error("a refusal could not be recorded", zap.Stringer("id", e.ID), zap.Error(err))
	}
	g.tag(w, r, sends, nil)
	drain(r)
	return writeRefusal(w, refusal, e.ID, refusal.Elements)
}

// largestDrain is how much of a refused request is read to its end: a document
// of 100 MB, the largest upload Meta takes, and what is around it.
const largestDrain = 128 << 20

// drain reads what is left of a refused request. Many clients read no answer
// while they write, and would see a broken connection instead of the refusal.
// A client that asked first doesn't write.
func drain(r *http.Request) {
	if r.Body != nil && r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, largestDrain)
	}
}

// storeDown answers while the store can't: what can't be judged is refused. In
// monitor mode it passes unrecorded.
func (g *Guard) storeDown(w http.ResponseWriter, r *http.Request, sends []policy.Send, next caddyhttp.Handler, cause error) error {
	storeFailures.Inc()
	monitored := true
	for i := range sends {
		b, ok := g.app.business(sends[i].PhoneNumberID)
		monitored = monitored && ok && b.monitor
	}
	id := store.NewID(policy.MomentOf(g.app.clock.Now()))
	g.logger.Error("the store can't answer, sends are refused", zap.Stringer("id", id), zap.Bool("monitored", monitored), zap.Error(cause))
	if monitored {
		return next.ServeHTTP(w, r)
	}
	return writeRefusal(w, &cloudapi.Refusal{
		Rule:   cloudapi.RuleStore,
		Reason: "the gateway can't reach its store, so it can't tell whether this message is allowed",
		Remedy: "send it again later; if this lasts, tell whoever runs the gateway",
	}, id, nil)
}

func writeRefusal(w http.ResponseWriter, refusal *cloudapi.Refusal, id store.ID, elements []cloudapi.Element) error {
	status, body := cloudapi.RenderError(refusal, id.String(), elements)
	h := w.Header()
	// A fault may strike after the proxy has copied the upstream's header.
	for _, name := range []string{"Content-Encoding", "Content-Length", "Etag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Content-Type", "application/json; charset=UTF-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}
