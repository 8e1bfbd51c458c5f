package caddymodule

import (
	"io"
	"net/http"
	"time"

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
			elements = append(elements, cloudapi.Element{Index: j.element, Rule: j.entry.Decision.Rule, Reason: j.entry.Decision.Reason, Remedy: j.entry.Decision.Remedy})
		}
	}
	for i := range sends {
		if j := &sends[i]; j.passes() {
			j.entry.Facts.SiblingRefused = true
			j.decideAgain()
			j.entry.Monitored = false
			j.entry.Outcome = store.Outcome{State: store.Refused, At: j.entry.At}
			if j.monitored {
				j.exception = "another send of the same batch, of a business that is not in monitor mode, is refused"
			}
		}
		sends[i].reserved = st.Reserve(sends[i].entry)
	}
	g.tag(w, r, sends, nil)
	for i := range sends {
		g.report(&sends[i])
		err := sends[i].reserved.Wait()
		g.app.gateway.Wrote(err)
		if err != nil {
			g.logger.Error("a refusal could not be recorded", zap.Stringer("id", sends[i].entry.ID), zap.Error(err))
		}
	}
	d := sends[first].entry.Decision
	refusal := &cloudapi.Refusal{Rule: d.Rule, Reason: d.Reason, Remedy: d.Remedy}
	if reading.Batch {
		refusal = &cloudapi.Refusal{
			Rule:   policy.RuleBatch,
			Reason: "a send of the batch is refused, so none of the batch was sent; the first: " + d.Reason,
			Remedy: "error.waguard.elements has each that is refused, and why; send the others again without them",
		}
	}
	return writeRefusal(w, refusal, sends[first].entry.ID, elements)
}

// refuseUnread refuses a request that could not be read as one clear send. In
// monitor mode it passes, unless something speaks against it. The ledger doesn't
// have what was refused to a stranger, or for want of room: both come in masses.
func (g *Guard) refuseUnread(w http.ResponseWriter, r *http.Request, route cloudapi.Route, refusal *cloudapi.Refusal, next caddyhttp.Handler, sn seen) error {
	e := g.unreadEntry(r, route, refusal, sn.body)
	sends := []judged{{send: &e.Send, entry: e, element: -1, monitored: g.app.gateway.Businesses.Monitors(route.PhoneNumberID)}}
	defer func() { sn.held.release() }()
	if sends[0].monitored {
		if sends[0].exception = g.exception(w, r, &sn); sends[0].exception == "" {
			e.Monitored = true
			return g.passUnread(w, r, sends, &sn, next)
		}
	}
	st, err := g.app.acquire()
	if err != nil {
		st = nil // then nobody is known
	}
	stranger := !g.app.accepted(st, g.callerOf(r, sn.body), route.PhoneNumberID)
	switch {
	case refusal.Rule == policy.RuleOverloaded:
		g.logger.Debug("no room for a body", zap.Stringer("id", e.ID))
	case stranger:
		if waits, err := g.strangerWaits(w, r); waits {
			return err
		}
		g.askedInVain(r, e)
	default:
		g.report(&sends[0])
		if err == nil {
			err = st.Reserve(e).Wait()
		}
		g.app.gateway.Wrote(err)
		if err != nil {
			g.logger.Error("a refusal could not be recorded", zap.Stringer("id", e.ID), zap.Error(err))
		}
	}
	g.tag(w, r, sends, nil)
	sn.held.release()
	drain(w, r, time.Duration(g.app.BodyTimeout))
	return writeRefusal(w, refusal, e.ID, refusal.Elements)
}

// unreadEntry is the ledger entry of a request that could not be judged. body is
// what was read of it.
func (g *Guard) unreadEntry(r *http.Request, route cloudapi.Route, refusal *cloudapi.Refusal, body []byte) *store.Entry {
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
	if b, ok := g.app.gateway.Businesses.Of(route.PhoneNumberID); ok && route.PhoneNumberID != "" {
		e.Business = b.Name
	}
	st, err := g.app.acquire()
	if err != nil {
		st = nil // then there is no fingerprint
	}
	g.app.hidePhone(st, e)
	by := g.sentBy(r, st, body)
	e.Sender, e.Token = by.sender, by.token
	return e
}

// largestDrain is how much of a refused request is read to its end: a document
// of 100 MB, the largest upload Meta takes, and what is around it.
const largestDrain = 128 << 20

// drain reads what is left of a refused request. Many clients read no answer
// while they write, and would see a broken connection instead of the refusal.
// A client that asked first doesn't write. What doesn't come in time is not
// waited for.
func drain(w http.ResponseWriter, r *http.Request, timeout time.Duration) {
	if r.Body == nil || r.Header.Get("Expect") != "" {
		return
	}
	setBodyDeadline(w, time.Now().Add(timeout))
	if _, err := io.CopyN(io.Discard, r.Body, largestDrain); err == io.EOF {
		setBodyDeadline(w, time.Time{})
	}
}

// storeDown answers while the store can't: what can't be judged is refused. In
// monitor mode it passes unrecorded.
func (g *Guard) storeDown(w http.ResponseWriter, r *http.Request, sends []policy.Send, next caddyhttp.Handler, cause error) error {
	storeFailures.Inc()
	all, some := true, false
	for i := range sends {
		monitored := g.app.gateway.Businesses.Monitors(sends[i].PhoneNumberID)
		all, some = all && monitored, some || monitored
	}
	id := store.NewID(policy.MomentOf(g.app.clock.Now()))
	fields := []zap.Field{zap.Stringer("id", id), zap.Int("sends", len(sends)), zap.Error(cause)}
	if all {
		g.logger.Error("the store can't answer: passing sends unjudged and unrecorded, since their business is in monitor mode", fields...)
		return next.ServeHTTP(w, r)
	}
	if some {
		fields = append(fields, zap.String("why", "a batch is refused although in monitor mode, since it also holds sends of a business that is not"))
	}
	g.logger.Error("the store can't answer: refusing sends that can't be judged or recorded", fields...)
	return writeRefusal(w, &cloudapi.Refusal{
		Rule:   policy.RuleStore,
		Reason: "the gateway's store can't read or write at the moment, so that the message can't be judged or recorded; it was not sent",
		Remedy: "send it again later; if this lasts, tell whoever runs the gateway",
	}, id, nil)
}

func writeRefusal(w http.ResponseWriter, refusal *cloudapi.Refusal, id store.ID, elements []cloudapi.Element) error {
	return writeError(w, cloudapi.Status(refusal.Rule), refusal, id, elements)
}

// writeError answers with an error in the shape of the Graph API, under a status
// that need not be the rule's.
func writeError(w http.ResponseWriter, status int, refusal *cloudapi.Refusal, id store.ID, elements []cloudapi.Element) error {
	_, body := cloudapi.RenderError(refusal, id.String(), elements)
	h := w.Header()
	// A fault may strike after the proxy has copied the upstream's header.
	for _, name := range []string{"Content-Encoding", "Content-Length", "Etag", "Last-Modified", "Trailer"} {
		h.Del(name)
	}
	h.Set("Content-Type", "application/json; charset=UTF-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err := w.Write(body) // #nosec G705 -- it is JSON, and is called so
	return err
}
