package caddymodule

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/gateway"
)

// In monitor mode everything passes and is recorded, whatever is said about it.
// The exceptions are what can't be passed on as it came, and what could belong
// to a business that is not in monitor mode.

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
func (g *Guard) passUnread(w http.ResponseWriter, r *http.Request, u *gateway.Unread, sn *seen, next caddyhttp.Handler) error {
	s := &sending{guard: g, r: r, next: next, rec: answerTo(w, 0)}
	var result gateway.Result
	if streams := !sn.whole || r.Method != http.MethodPost; streams {
		s.r, s.read = sn.restore(r)
		s.next = once(s.read, next)
		result = u.Stream(r.Context(), streaming{s})
	} else {
		s.rec.limit = largestAnswer
		s.r, s.read = withBody(r, sn.body)
		s.next = once(s.read, next)
		result = u.Pass(r.Context(), s)
	}
	if result.Unjudged {
		return s.next.ServeHTTP(w, s.r)
	}
	return s.answer(w, &result)
}

// streaming is a request on its way whose answer nobody reads.
type streaming struct{ *sending }

// Pass passes the request on.
func (s streaming) Pass(_ context.Context, sends []gateway.Judged, a *gateway.Answer) error {
	s.passed = true
	s.guard.tag(&s.rec, s.r, sends, &s.rec)
	defer func() { a.Status = s.rec.status }()
	s.err = s.next.ServeHTTP(&s.rec, s.r)
	return s.err
}

// restore is r with what was read of its body put back.
func (sn *seen) restore(r *http.Request) (*http.Request, *reads) {
	if sn.whole {
		return withBody(r, sn.body)
	}
	read := new(reads)
	if len(sn.body) > 0 || r.Body != nil && r.Body != http.NoBody {
		r.Body = readCloser{notingReader{io.MultiReader(bytes.NewReader(sn.body), r.Body), read}, r.Body}
	}
	return r, read
}

// notingReader notes that it was read.
type notingReader struct {
	io.Reader
	reads *reads
}

func (n notingReader) Read(p []byte) (int, error) {
	n.reads.begun.Store(true)
	return n.Reader.Read(p)
}

type readCloser struct {
	io.Reader
	io.Closer
}

// noteStreamed records an upload that streamed through in monitor mode and would
// have been refused.
func (g *Guard) noteStreamed(r *http.Request, route cloudapi.Route, refusal *cloudapi.Refusal, rec *answer) {
	request := g.requestOf(r, nil)
	result := g.sends.Unread(r.Context(), route, refusal, &request).Passed(r.Context(), rec.status)
	g.tagLog(r, result.Sends)
}
