package caddymodule

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/waguard/waguard/forward"
	"github.com/waguard/waguard/gateway"
)

// largestAnswer is how much of an answer to a send is held back; Meta's answers
// have some hundred bytes, those to a batch of 50 some ten thousand.
const largestAnswer = 256 << 10

// sending is a request with sends on its way to Meta. The answer reaches the
// sender once the ledger has it.
type sending struct {
	guard *Guard
	r     *http.Request
	next  caddyhttp.Handler
	// behind are the handlers that next passes the request to, where they do that.
	behind caddyhttp.Handler
	// read is how far the request's body was read.
	read *reads
	// leaving is the request where the guard passes it on itself; nil where next does.
	leaving *leaving
	// rec holds the answer back.
	rec answer
	// passed: the request went on; err is how that ended.
	passed bool
	err    error
}

// send has the sends of a request judged, and the request passed on.
func (g *Guard) send(w http.ResponseWriter, r *http.Request, request *gateway.Request, read *reads, next caddyhttp.Handler) error {
	s := &sending{guard: g, r: r, read: read, rec: answerTo(w, largestAnswer)}
	if g.Upstream != nil {
		s.leaving = &leaving{upstream: g.Upstream, body: request.Body, timeout: time.Duration(g.SendTimeout)}
		s.next = s.leaving
	} else {
		s.behind, s.next = next, once(read, next)
	}
	result := g.sends.Handle(r.Context(), request, s)
	return s.answer(w, &result)
}

// answer tells the sender what its request came to.
func (s *sending) answer(w http.ResponseWriter, result *gateway.Result) error {
	switch {
	case result.Gone != nil:
		return caddyhttp.Error(gateway.StatusClientClosed, result.Gone)
	case result.Unjudged:
		return s.next.ServeHTTP(w, s.r)
	case result.Repetition:
		return answerRepetition(w, result)
	case !s.passed:
		s.guard.tag(w, s.r, result.Sends, nil)
		return writeRefusal(w, result)
	case s.rec.started():
		return s.err
	}
	if result.Untold && s.rec.tags != nil {
		s.rec.tags = s.rec.tags.untold()
	}
	// Also an error page has the decision's id, which finds the ledger entry.
	s.rec.setHeader()
	switch {
	case result.Refusal != nil:
		return writeRefusal(w, result)
	case s.err != nil:
		return s.err // another handler's refusal is its own to answer
	}
	return s.rec.release()
}

// Pass passes the request on.
func (s *sending) Pass(ctx context.Context, sends []gateway.Judged, a *gateway.Answer) error {
	s.passed = true
	s.guard.tag(&s.rec, s.r, sends, &s.rec)
	// Meta's answer is read, so it must not come compressed for the sender: Go's
	// transport asks for gzip by itself and unpacks it.
	s.r.Header.Del("Accept-Encoding")
	if body := sends[0].Body(); body != nil {
		s.replaceBody(body)
	}
	defer func() { a.Status = s.rec.status }() // what came counts where it panics too
	if s.leaving != nil {
		s.leaving.judged = true
	}
	s.err = serve(&s.rec, s.r.WithContext(ctx), s.next)
	a.ContentType, a.Body, a.Streamed = s.rec.Header().Get("Content-Type"), s.rec.held.Bytes(), s.rec.started()
	if s.err == nil && s.rec.status == 0 {
		s.err = nobodyAnswered(s.read)
	}
	a.Reached = s.read.ended.Load() && !errors.Is(s.err, errSecondGuard)
	if s.leaving != nil {
		a.Reached = s.leaving.written != forward.Nothing
	}
	if e, ok := errors.AsType[caddyhttp.HandlerError](s.err); ok && e.StatusCode < http.StatusInternalServerError {
		a.Declined = true
	}
	return s.err
}

// replaceBody has another body leave than came.
func (s *sending) replaceBody(body []byte) {
	s.r, s.read = withBody(s.r, body)
	s.r.Header.Set("Content-Type", "application/json")
	for _, name := range []string{"Content-Length", "Content-Md5", "Content-Digest", "Digest"} { // they are about what came
		s.r.Header.Del(name)
	}
	if s.leaving != nil {
		s.leaving.body = body
		return
	}
	s.next = once(s.read, s.behind)
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
