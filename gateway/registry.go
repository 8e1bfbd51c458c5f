package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// registry has the templates of accounts in memory that may be sent, for what is looked
// for among all of them. It is made from the store when it is asked, and again once a
// template of the account changed or it is old: what a price or another configuration
// taught comes in then.
type registry struct {
	mu       sync.Mutex
	accounts map[string]*registered
}

type registered struct {
	at   time.Time
	list []store.KnownTemplate
}

const (
	// registryAge is how long templates are taken from memory.
	registryAge = 5 * time.Minute
	// mostRegistered bounds the accounts: configured ones, and those webhooks told of.
	mostRegistered = 1000
	// largestAccount is how many templates of an account are looked at. Meta allows
	// 6,000.
	largestAccount = 10_000
)

// templates are those of an account of which it is known that they may be sent, and in
// which category. Nobody may change the list.
func (r *registry) templates(ctx context.Context, st store.Store, waba string, now time.Time) ([]store.KnownTemplate, error) {
	if waba == "" {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.accounts[waba]; a != nil && !now.Before(a.at) && now.Sub(a.at) < registryAge {
		return a.list, nil
	}
	known, err := st.Templates(ctx, waba, largestAccount)
	if err != nil {
		return nil, err
	}
	a := &registered{at: now}
	for _, t := range known.Templates {
		if t.Facts.Status != "" && t.Facts.Status.MayBeSent() && t.Facts.CategoryAt(policy.MomentOf(now)) != policy.CategoryUnknown {
			a.list = append(a.list, t)
		}
	}
	if r.accounts == nil || len(r.accounts) >= mostRegistered {
		r.accounts = make(map[string]*registered)
	}
	r.accounts[waba] = a
	return a.list, nil
}

// forget has the templates read again that events changed.
func (r *registry) forget(events []policy.Event) {
	for _, e := range events {
		if e, ok := e.(policy.TemplateChanged); ok {
			r.mu.Lock()
			delete(r.accounts, e.WABA)
			r.mu.Unlock()
		}
	}
}
