package caddymodule

import (
	"crypto/sha256"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/gateway"
)

// largestListing is how much of a page of templates is read; Meta's pages of a
// few hundred templates stay below it.
const largestListing = 8 << 20

// largestNode is how much of an answer about one template is read.
const largestNode = 1 << 20

// passAccount lets through what is no send, and learns from answers about the
// account's templates. body is the request's, nil where it was not read.
func (g *Guard) passAccount(w http.ResponseWriter, r *http.Request, body []byte, next caddyhttp.Handler) error {
	if g.dialect != cloudapi.Cloud {
		return next.ServeHTTP(w, r)
	}
	if body == nil && r.ContentLength == 0 {
		body = []byte{}
	}
	call, ok := g.app.gateway.AccountCall(r.Context(), callOf(r, body))
	if !ok {
		return next.ServeHTTP(w, r)
	}
	r.Header.Del("Accept-Encoding") // the answer is read; see forward
	rec := newAnswer(w, largestNode)
	err := next.ServeHTTP(rec, r)
	g.learned(call.Learn(r.Context(), accountAnswer(rec, err)))
	if err != nil {
		return err
	}
	return rec.release()
}

// callOf is r in the words of cloudapi. body is nil where it was not read.
func callOf(r *http.Request, body []byte) *cloudapi.Request {
	return &cloudapi.Request{
		Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery,
		ContentType: r.Header.Get("Content-Type"), Body: body,
	}
}

// accountAnswer is what was answered to an account call.
func accountAnswer(rec *answer, err error) *gateway.AccountAnswer {
	return &gateway.AccountAnswer{Status: rec.status, Whole: !rec.started(), Body: rec.held.Bytes(), Failed: err != nil}
}

// listTemplates lets a listing of templates through and learns from the answer.
func (g *Guard) listTemplates(w http.ResponseWriter, r *http.Request, route cloudapi.Route, next caddyhttp.Handler) error {
	list := g.app.gateway.TemplateList(listingOf(route.WABA, r), r.URL.RawQuery)
	r.Header.Del("Accept-Encoding") // the answer is read; see forward
	rec := newAnswer(w, largestListing)
	if err := next.ServeHTTP(rec, r); err != nil {
		return err
	}
	g.learned(list.Learn(r.Context(), accountAnswer(rec, nil)))
	return rec.release()
}

// listingOf is the listing the request belongs to.
func listingOf(waba string, r *http.Request) gateway.Listing {
	h := sha256.New()
	for _, v := range r.Header["Authorization"] {
		fmt.Fprintf(h, "%d %s", len(v), v)
	}
	fmt.Fprintf(h, "?%s", r.URL.Query().Get("access_token"))
	return gateway.Listing{WABA: waba, Token: [sha256.Size]byte(h.Sum(nil))}
}

// passElements lets a batch through, and learns what its elements may have changed
// of the account's templates.
func (g *Guard) passElements(elements []cloudapi.Request, next caddyhttp.Handler) caddyhttp.Handler {
	if len(elements) == 0 {
		return next
	}
	return caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		// Before the answer, since a send may follow it at once.
		g.learned(g.app.gateway.Doubt(r.Context(), elements))
		return next.ServeHTTP(w, r)
	})
}

// learned notes how it ended that something was learned from an answer. Should
// that have failed, the answer is none the worse.
func (g *Guard) learned(err error) {
	if err != nil {
		g.often(zapcore.ErrorLevel, "what an answer told about the account could not be recorded", zap.Error(err))
	}
}
