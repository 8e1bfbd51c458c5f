package store

import (
	"slices"
	"time"

	"github.com/waguard/waguard/policy"
)

// pagesRecord is who is in the middle of listing the templates of a WABA. Their pages may
// come through several gateways.
type pagesRecord struct {
	WABA string `cbor:"1,keyasint"`
	// Open are the listings without a gap that are not at their end, the newest last.
	Open []openListing `cbor:"2,keyasint,omitempty"`
}

// openListing is how a listing goes on.
type openListing struct {
	By policy.Digest `cbor:"1,keyasint"`
	// Next is where the page begins that is missing, Since when the first was asked for.
	Next  policy.Digest `cbor:"2,keyasint"`
	Since policy.Moment `cbor:"3,keyasint"`
}

const (
	// mostListings bounds the listings of a WABA that are followed at once: the oldest one
	// starts afresh.
	mostListings = 100
	// listingLife is how long one is followed that doesn't go on.
	listingLife = 24 * time.Hour
)

// templatesPaged follows listings. When one has come to its end without a gap, all
// templates were known when it began.
func (t *tx) templatesPaged(e policy.TemplatesPaged) error {
	if t.tooManyAccounts(e.WABA) {
		return nil
	}
	key := digestKey(pagesPrefix, e.WABA)
	r, err := readRecord[pagesRecord](t, key)
	if err != nil {
		return err
	}
	since, open := e.At, slices.IndexFunc(r.Open, func(l openListing) bool { return l.By == e.By })
	if e.After != (policy.Digest{}) {
		if open < 0 || r.Open[open].Next != e.After {
			return nil
		}
		since = r.Open[open].Since
	}
	ended := e.Next == policy.Digest{}
	if ended {
		if err := t.templatesListed(policy.TemplatesListed{WABA: e.WABA, At: since}); err != nil || open < 0 {
			return err
		}
	}
	r.WABA, r.Open = e.WABA, slices.Clone(r.Open)
	if open >= 0 {
		r.Open = slices.Delete(r.Open, open, open+1)
	}
	if !ended {
		r.Open = append(r.Open, openListing{By: e.By, Next: e.Next, Since: since})
		r.Open = r.Open[max(0, len(r.Open)-mostListings):]
	}
	if len(r.Open) == 0 {
		return t.Delete(key)
	}
	return t.put(key, r, listingLife)
}
