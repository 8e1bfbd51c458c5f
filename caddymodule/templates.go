package caddymodule

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// largestListing is how much of a page of templates is read; Meta's pages of a
// few hundred templates stay below it.
const largestListing = 8 << 20

// largestNode is how much of an answer about one template is read.
const largestNode = 1 << 20

// listings follows senders that page through the templates of a WABA. When one
// has seen every page, the list is known to be complete.
type listings struct {
	mu sync.Mutex
	// open are the unbroken listings that are not at their end.
	open map[listing]nextPage
}

// listing is who lists whose templates. Another token may be shown others.
type listing struct {
	waba  string
	token [sha256.Size]byte
}

// nextPage is how a listing goes on, and since when it does.
type nextPage struct {
	cursor string
	since  policy.Moment
}

// mostListings bounds the listings followed at once; another one starts afresh.
const mostListings = 1000

// listingOf is the listing the request belongs to.
func listingOf(waba string, r *http.Request) listing {
	h := sha256.New()
	for _, v := range r.Header["Authorization"] {
		fmt.Fprintf(h, "%d %s", len(v), v)
	}
	fmt.Fprintf(h, "?%s", r.URL.Query().Get("access_token"))
	return listing{waba, [sha256.Size]byte(h.Sum(nil))}
}

// complete notes a page that was asked for at the time at. If it ends an unbroken
// listing, all templates were known when that began.
func (l *listings) complete(of listing, p *cloudapi.TemplatePage, at policy.Moment) (since policy.Moment, complete bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.Filtered {
		return 0, false
	}
	since = at
	if p.After != "" {
		before, ok := l.open[of]
		if !ok || before.cursor != p.After {
			return 0, false
		}
		since = before.since
	}
	delete(l.open, of)
	if p.Next == "" {
		return since, true
	}
	if l.open == nil || len(l.open) >= mostListings {
		l.open = make(map[listing]nextPage)
	}
	l.open[of] = nextPage{p.Next, since}
	return 0, false
}

// passAccount lets through what is no send, and learns from answers about the
// account's templates. body is the request's, nil where it was not read.
func (g *Guard) passAccount(w http.ResponseWriter, r *http.Request, body []byte, next caddyhttp.Handler) error {
	call, id := cloudapi.ReadAccountCall(r.Method, r.URL.EscapedPath())
	if call == cloudapi.OtherCall || g.dialect != cloudapi.Cloud {
		return next.ServeHTTP(w, r)
	}
	st, err := g.app.acquire()
	if err != nil {
		return next.ServeHTTP(w, r) // there is nothing to learn into
	}
	var named store.Template
	switch call {
	case cloudapi.NodeRead, cloudapi.NodeEdit, cloudapi.NodeDeletion:
		var known bool
		if named, known = st.TemplateByID(id); !known {
			return next.ServeHTTP(w, r)
		}
	}
	query, contentType, read := r.URL.RawQuery, r.Header.Get("Content-Type"), body != nil || r.ContentLength == 0
	at := g.app.readTime()
	r.Header.Del("Accept-Encoding") // the answer is read; see forward
	rec := newAnswer(w, largestNode)
	err = next.ServeHTTP(rec, r)
	answer := rec.held.Bytes()
	success := err == nil && rec.status/100 == 2 && !rec.started()
	var events []policy.Event
	switch {
	case call == cloudapi.TemplateCreation && success && read:
		events = cloudapi.ReadTemplateCreation(id, query, contentType, body, answer, g.app.readTime())
	case call == cloudapi.TemplateUpsert && success && read:
		events = cloudapi.ReadTemplateUpsert(id, query, contentType, body, answer, g.app.readTime())
	case call == cloudapi.TemplateCreation, call == cloudapi.TemplateUpsert, call == cloudapi.TemplateMaking:
		if err != nil || rec.status/100 != 4 { // Meta says that nothing was made
			events = []policy.Event{policy.TemplatesUnsure{WABA: id, At: g.app.readTime()}}
		}
	case !success:
	case call == cloudapi.TemplateDeletion:
		if name, ids, ok := cloudapi.TemplatesToDelete(query, contentType, body, answer); ok && read {
			events = deletions(st, id, name, ids, g.app.readTime())
		}
	case call == cloudapi.NodeRead:
		events = cloudapi.ReadTemplateNode(named.WABA, named.Ref, id, query, answer, at)
	case call == cloudapi.NodeEdit:
		events = cloudapi.ReadTemplateEdit(named.WABA, named.Ref, query, contentType, body, answer, g.app.readTime())
	case call == cloudapi.NodeDeletion:
		if cloudapi.Succeeded(answer) {
			events = deletions(st, named.WABA, "", []string{id}, g.app.readTime())
		}
	}
	g.apply(r.Context(), st, events)
	if err != nil {
		return err
	}
	return rec.release()
}

// passElements lets a batch through, and learns what its elements may have changed
// of the account's templates. Which of them succeeded it doesn't look for: what it
// learns is that older knowledge no longer counts.
func (g *Guard) passElements(elements []cloudapi.Request, next caddyhttp.Handler) caddyhttp.Handler {
	if len(elements) == 0 {
		return next
	}
	return caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		st, err := g.app.acquire()
		if err == nil {
			// Before the answer, since a send may follow it at once.
			g.apply(r.Context(), st, doubts(st, elements, g.app.readTime()))
		}
		return next.ServeHTTP(w, r)
	})
}

// doubts are the events that elements of a batch make knowledge doubtful.
func doubts(st store.Store, elements []cloudapi.Request, at policy.Moment) (events []policy.Event) {
	for i := range elements {
		switch call, id := cloudapi.ReadAccountCall(elements[i].Method, elements[i].Path); call {
		case cloudapi.TemplateCreation, cloudapi.TemplateUpsert, cloudapi.TemplateMaking:
			events = append(events, policy.TemplatesUnsure{WABA: id, At: at})
		case cloudapi.NodeEdit:
			if t, known := st.TemplateByID(id); known {
				events = append(events, policy.TemplateChanged{WABA: t.WABA, Template: t.Ref, At: at, Status: policy.TemplateEdited, Read: true})
			}
		}
	}
	return events
}

// deletions are the events that the templates were deleted: those with the ids,
// or every language of name.
func deletions(st store.Store, waba, name string, ids []string, at policy.Moment) (events []policy.Event) {
	deleted := func(ref policy.TemplateRef) {
		events = append(events, policy.TemplateChanged{WABA: waba, Template: ref, At: at, Status: policy.TemplateDeleted, Read: true})
	}
	for _, id := range ids {
		if t, ok := st.TemplateByID(id); ok && t.WABA == waba && (name == "" || t.Ref.Name == name) {
			deleted(t.Ref)
		}
	}
	if len(ids) == 0 {
		for _, ref := range st.TemplatesNamed(waba, name) {
			deleted(ref)
		}
	}
	return events
}

// listTemplates lets a listing of templates through and learns from the answer.
func (g *Guard) listTemplates(w http.ResponseWriter, r *http.Request, route cloudapi.Route, next caddyhttp.Handler) error {
	query, of, at := r.URL.RawQuery, listingOf(route.WABA, r), g.app.readTime()
	r.Header.Del("Accept-Encoding") // the answer is read; see forward
	rec := newAnswer(w, largestListing)
	if err := next.ServeHTTP(rec, r); err != nil {
		return err
	}
	if rec.status == http.StatusOK && !rec.started() {
		page := cloudapi.ReadTemplateList(route.WABA, query, rec.held.Bytes(), at)
		events := make([]policy.Event, 0, len(page.Templates)+1)
		for _, t := range page.Templates {
			events = append(events, t)
		}
		if since, complete := g.listings.complete(of, &page, at); complete {
			events = append(events, policy.TemplatesListed{WABA: route.WABA, At: since})
		}
		st, err := g.app.acquire()
		if err == nil {
			g.apply(r.Context(), st, events)
		}
	}
	return rec.release()
}

// apply records what was learned from an answer. Should that fail, the answer is
// none the worse.
func (g *Guard) apply(ctx context.Context, st store.Store, events []policy.Event) {
	if len(events) == 0 {
		return
	}
	if err := st.Apply(context.WithoutCancel(ctx), events); err != nil {
		storeFailures.Inc()
		g.logger.Error("what an answer told about the account could not be recorded", zap.Error(err))
	}
}

// readTime dates what is read in an answer now. No two answers have the same
// time: which of two came first must show where the clock doesn't tell.
func (a *App) readTime() policy.Moment {
	now := policy.MomentOf(a.clock.Now())
	for {
		last := policy.Moment(a.lastRead.Load())
		next := now
		if last >= now && last < now.Add(time.Second) { // a clock that steps back is believed
			next = last + 1
		}
		if a.lastRead.CompareAndSwap(int64(last), int64(next)) {
			return next
		}
	}
}
