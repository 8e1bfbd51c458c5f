package caddymodule

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/store"
)

// refuseUnread refuses a request that could not be read as one clear send. In
// monitor mode it passes, unless something speaks against it.
func (g *Guard) refuseUnread(w http.ResponseWriter, r *http.Request, route cloudapi.Route, refusal *cloudapi.Refusal, next caddyhttp.Handler, sn seen) error {
	request := g.requestOf(r, sn.body)
	u := g.sends.Unread(r.Context(), route, refusal, &request)
	defer func() { sn.held.release() }()
	exception := ""
	if u.Monitored() {
		exception = g.exception(w, r, &sn)
		request.Body, request.From = sn.body, g.callerOf(r, credentials(r, sn.body)) // more may have been read
		if exception == "" {
			return g.passUnread(w, r, u, &sn, next)
		}
	}
	result := u.Refuse(r.Context(), exception)
	g.tag(w, r, result.Sends, nil)
	sn.held.release()
	drain(w, r, time.Duration(g.app.BodyTimeout))
	return writeRefusal(w, &result)
}

// writeRefusal answers with the refusal a request came to.
func writeRefusal(w http.ResponseWriter, result *gateway.Result) error {
	if result.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(result.RetryAfter))
	}
	refusal := *result.Refusal
	// The body says what the header says.
	refusal.Monitored = slices.ContainsFunc(result.Sends, func(j gateway.Judged) bool { return j.Entry != nil && j.Entry.Monitored })
	return writeError(w, cloudapi.Status(refusal.Rule), &refusal, result.ID, result.Elements)
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
