package gateway

import (
	"crypto/sha256"
	"sync"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
)

// listings follows senders that page through the templates of a WABA. When one
// has seen every page, the list is known to be complete.
type listings struct {
	mu sync.Mutex
	// open are the unbroken listings that are not at their end.
	open map[Listing]nextPage
}

// Listing is who lists whose templates. Who shows another token may be shown
// other templates.
type Listing struct {
	WABA  string
	Token [sha256.Size]byte
}

// nextPage is how a listing goes on, and since when it does.
type nextPage struct {
	cursor string
	since  policy.Moment
}

// mostListings bounds the listings followed at once; another one starts afresh.
const mostListings = 1000

// complete notes a page that was asked for at the time at. If it ends an unbroken
// listing, all templates were known when that began.
func (l *listings) complete(of Listing, p *cloudapi.TemplatePage, at policy.Moment) (since policy.Moment, complete bool) {
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
		l.open = make(map[Listing]nextPage)
	}
	l.open[of] = nextPage{p.Next, since}
	return 0, false
}
