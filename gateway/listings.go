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
	// open are the unbroken listings that are not at their end, by digests: callers
	// and answers say how long names and cursors are.
	open map[digest]nextPage
}

type digest [sha256.Size]byte

func (l Listing) digest() digest {
	h := sha256.New()
	h.Write(l.Token[:])
	h.Write([]byte(l.WABA))
	return digest(h.Sum(nil))
}

// Listing is who lists whose templates. Who shows another token may be shown
// other templates.
type Listing struct {
	WABA  string
	Token [sha256.Size]byte
}

// nextPage is how a listing goes on, and since when it does.
type nextPage struct {
	cursor digest
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
	key := of.digest()
	if p.After != "" {
		before, ok := l.open[key]
		if !ok || before.cursor != sha256.Sum256([]byte(p.After)) {
			return 0, false
		}
		since = before.since
	}
	delete(l.open, key)
	if p.Next == "" {
		return since, true
	}
	if l.open == nil || len(l.open) >= mostListings {
		l.open = make(map[digest]nextPage)
	}
	l.open[key] = nextPage{sha256.Sum256([]byte(p.Next)), since}
	return 0, false
}
