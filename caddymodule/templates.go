package caddymodule

import (
	"context"
	"net/http"
	"sync"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
)

// largestListing is how much of a page of templates is read; Meta's pages of a
// few hundred templates stay below it.
const largestListing = 8 << 20

// listings follows senders that page through the templates of a WABA. When one
// has seen every page, the list is known to be complete.
type listings struct {
	mu sync.Mutex
	// next is the cursor each WABA's unbroken listing goes on with.
	next map[string]string
}

// mostListings bounds the WABAs followed at once; another one starts afresh.
const mostListings = 1000

// complete notes a page and reports whether it ends an unbroken listing.
func (l *listings) complete(waba string, p *cloudapi.TemplatePage) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.Filtered {
		return false
	}
	if p.After != "" && l.next[waba] != p.After {
		return false
	}
	delete(l.next, waba)
	if p.Next == "" {
		return true
	}
	if l.next == nil || len(l.next) >= mostListings {
		l.next = make(map[string]string)
	}
	l.next[waba] = p.Next
	return false
}

// listTemplates lets a listing of templates through and learns from the answer.
func (g *Guard) listTemplates(w http.ResponseWriter, r *http.Request, route cloudapi.Route, next caddyhttp.Handler) error {
	query := r.URL.Query()
	r.Header.Del("Accept-Encoding") // the answer is read; see forward
	rec := newAnswer(w, largestListing)
	if err := next.ServeHTTP(rec, r); err != nil {
		return err
	}
	if rec.status == http.StatusOK && !rec.started() {
		g.learnTemplates(r.Context(), route, cloudapi.ReadTemplateList(route.WABA, query, rec.held.Bytes(), policy.MomentOf(g.app.clock.Now())))
	}
	return rec.release()
}

func (g *Guard) learnTemplates(ctx context.Context, route cloudapi.Route, p cloudapi.TemplatePage) {
	events := make([]policy.Event, 0, len(p.Templates)+1)
	for _, t := range p.Templates {
		events = append(events, t)
	}
	if g.listings.complete(route.WABA, &p) {
		events = append(events, policy.TemplatesListed{WABA: route.WABA, At: policy.MomentOf(g.app.clock.Now())})
	}
	if len(events) == 0 {
		return
	}
	st, err := g.app.acquire()
	if err == nil {
		err = st.Apply(context.WithoutCancel(ctx), events)
	}
	if err != nil {
		storeFailures.Inc()
		g.logger.Error("templates could not be recorded", zap.Error(err))
	}
}
