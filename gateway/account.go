package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// AccountCall is a request about the account's templates on its way through. What
// is asked, and what Meta answers, teaches which templates there are.
type AccountCall struct {
	gateway *Gateway
	st      store.Store
	request *cloudapi.Request
	call    cloudapi.AccountCall
	id      string         // the WABA's, or the template's
	named   store.Template // the template with that id
	at      policy.Moment  // when it was asked
}

// AccountCall is the account call r is; false where its answer teaches nothing.
// It is to be made before the request goes on. r has a body, be it empty, only if
// that is all of the request's body.
func (g *Gateway) AccountCall(ctx context.Context, r *cloudapi.Request) (*AccountCall, bool) {
	call, id := cloudapi.ReadAccountCall(r.Method, r.Path)
	if call == cloudapi.OtherCall {
		return nil, false
	}
	st, err := g.Open()
	if err != nil {
		return nil, false // there is nothing to learn into
	}
	c := &AccountCall{gateway: g, st: st, request: r, call: call, id: id}
	switch call {
	case cloudapi.NodeRead, cloudapi.NodeEdit, cloudapi.NodeDeletion:
		if c.named, err = st.TemplateByID(ctx, id); err != nil {
			return nil, false // no template is known by it, or none can be learned
		}
	}
	c.at = g.readTime()
	return c, true
}

// AccountAnswer is what Meta answered to an account call.
type AccountAnswer struct {
	// Status is the HTTP status.
	Status int
	// Whole: it came, and Body is all of it.
	Whole bool
	Body  []byte
	// Failed: something went wrong on the way, whatever the status says.
	Failed bool
}

// Learn learns from the answer to the call.
func (c *AccountCall) Learn(ctx context.Context, a *AccountAnswer) error {
	events, err := c.events(ctx, a)
	if err != nil {
		return err
	}
	return c.gateway.Learn(ctx, events)
}

func (c *AccountCall) events(ctx context.Context, a *AccountAnswer) ([]policy.Event, error) {
	r, read, success := c.request, c.request.Body != nil, !a.Failed && a.Status/100 == 2 && a.Whole
	readTime := c.gateway.readTime
	switch {
	case c.call == cloudapi.TemplateCreation && success && read:
		return cloudapi.ReadTemplateCreation(c.id, r.Query, r.ContentType, r.Body, a.Body, readTime()), nil
	case c.call == cloudapi.TemplateUpsert && success && read:
		return cloudapi.ReadTemplateUpsert(c.id, r.Query, r.ContentType, r.Body, a.Body, readTime()), nil
	case c.call == cloudapi.TemplateCreation, c.call == cloudapi.TemplateUpsert, c.call == cloudapi.TemplateMaking:
		if a.Failed || a.Status/100 != 4 { // Meta says that nothing was made
			return []policy.Event{policy.TemplatesUnsure{WABA: c.id, At: readTime()}}, nil
		}
	case !success:
	case c.call == cloudapi.TemplateDeletion:
		if name, ids, ok := cloudapi.TemplatesToDelete(r.Query, r.ContentType, r.Body, a.Body); ok && read {
			return deletions(ctx, c.st, c.id, name, ids, readTime())
		}
	case c.call == cloudapi.NodeRead:
		return cloudapi.ReadTemplateNode(c.named.WABA, c.named.Ref, c.id, r.Query, a.Body, c.at), nil
	case c.call == cloudapi.NodeEdit:
		return cloudapi.ReadTemplateEdit(c.named.WABA, c.named.Ref, r.Query, r.ContentType, r.Body, a.Body, readTime()), nil
	case c.call == cloudapi.NodeDeletion:
		if cloudapi.Succeeded(a.Body) {
			return deletions(ctx, c.st, c.named.WABA, "", []string{c.id}, readTime())
		}
	}
	return nil, nil
}

// Doubt learns what elements of a batch may have changed of the account's
// templates. Which of them succeed it doesn't look for: what it learns is that
// older knowledge no longer counts.
func (g *Gateway) Doubt(ctx context.Context, elements []cloudapi.Request) error {
	st, err := g.Open()
	if err != nil {
		return nil // there is nothing to doubt
	}
	var events []policy.Event
	at := g.readTime()
	for i := range elements {
		switch call, id := cloudapi.ReadAccountCall(elements[i].Method, elements[i].Path); call {
		case cloudapi.TemplateCreation, cloudapi.TemplateUpsert, cloudapi.TemplateMaking:
			events = append(events, policy.TemplatesUnsure{WABA: id, At: at})
		case cloudapi.NodeEdit:
			t, err := st.TemplateByID(ctx, id)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if err == nil {
				events = append(events, policy.TemplateChanged{WABA: t.WABA, Template: t.Ref, At: at, Status: policy.TemplateEdited, Read: true})
			}
		}
	}
	return g.Learn(ctx, events)
}

// deletions are the events that the templates were deleted: those with the ids,
// or every language of name.
func deletions(ctx context.Context, st store.Store, waba, name string, ids []string, at policy.Moment) (events []policy.Event, err error) {
	deleted := func(ref policy.TemplateRef) {
		events = append(events, policy.TemplateChanged{WABA: waba, Template: ref, At: at, Status: policy.TemplateDeleted, Read: true})
	}
	for _, id := range ids {
		switch t, err := st.TemplateByID(ctx, id); {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return nil, err
		case t.WABA == waba && (name == "" || t.Ref.Name == name):
			deleted(t.Ref)
		}
	}
	if len(ids) == 0 {
		refs, err := st.TemplatesNamed(ctx, waba, name)
		if err != nil {
			return nil, err
		}
		for _, ref := range refs {
			deleted(ref)
		}
	}
	return events, nil
}

// TemplateList is a page of a listing of templates on its way through.
type TemplateList struct {
	gateway *Gateway
	of      Listing
	query   string
	at      policy.Moment
}

// TemplateList is the page that query asks for. It is to be made before the
// request goes on.
func (g *Gateway) TemplateList(of Listing, query string) *TemplateList {
	return &TemplateList{gateway: g, of: of, query: query, at: g.readTime()}
}

// Learn learns from the page.
func (l *TemplateList) Learn(ctx context.Context, a *AccountAnswer) error {
	if a.Failed || a.Status != http.StatusOK || !a.Whole {
		return nil
	}
	page := cloudapi.ReadTemplateList(l.of.WABA, l.query, a.Body, l.at)
	events := make([]policy.Event, 0, len(page.Templates)+1)
	for _, t := range page.Templates {
		events = append(events, t)
	}
	if !page.Filtered {
		events = append(events, l.of.paged(&page, l.at))
	}
	return l.gateway.Learn(ctx, events)
}

// readTime dates what is read in an answer now. No two answers have the same
// time: which of two came first must show where the clock doesn't tell.
func (g *Gateway) readTime() policy.Moment {
	now := g.now()
	for {
		last := policy.Moment(g.lastRead.Load())
		next := now
		if last >= now && last < now.Add(time.Second) { // a clock that steps back is believed
			next = last + 1
		}
		if g.lastRead.CompareAndSwap(int64(last), int64(next)) {
			return next
		}
	}
}
