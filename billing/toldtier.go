package billing

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// ToldTier is a volume tier of a month that Meta told of: from At on, the messages that are
// charged for fall into the band from the From-th to the To-th one of the month, until
// another tier is told. To is zero for a band that is open.
type ToldTier struct {
	At       time.Time
	From, To int
}

// ToldTiers are those of one portfolio, month, market and category.
type ToldTiers []ToldTier

// NewToldTiers are some tiers in the order in which they were reached, each once: in whatever
// order, and however often, they were told.
func NewToldTiers(tiers ...ToldTier) ToldTiers {
	ts := ToldTiers(slices.Clone(tiers))
	slices.SortFunc(ts, func(a, b ToldTier) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return slices.CompactFunc(ts, func(a, b ToldTier) bool { return a.At.Equal(b.At) && a.From == b.From && a.To == b.To })
}

// At is the tier that was told last before a time, or at it; the zero value where none was.
func (ts ToldTiers) At(at time.Time) (t ToldTier) {
	for i := range ts {
		if ts[i].At.After(at) {
			break
		}
		t = ts[i]
	}
	return t
}

// bounds are how many messages were charged for at least and at most before one at a time,
// by Meta's word; most is -1 where that bounds them by nothing. Meta tells of a tier when it is
// reached, so that before the first one the band below it holds.
func (ts ToldTiers) bounds(at time.Time) (least, most int) {
	switch t := ts.At(at); {
	case len(ts) == 0:
		return 0, -1
	case t.From == 0:
		return 0, max(0, ts[0].From-2)
	case t.To == 0:
		return t.From - 1, -1
	default:
		return t.From - 1, t.To - 1
	}
}

// Count is how many messages were charged for before one at a time: n, as far as Meta's word
// agrees, which knows of messages that nobody else sees.
func (ts ToldTiers) Count(n int, at time.Time) int {
	least, most := ts.bounds(at)
	if n = max(n, least); most >= 0 {
		n = min(n, most)
	}
	return n
}

// MarketNamed is the market of a name as Meta writes it somewhere: India, INDIA, IN,
// REST_OF_LATIN_AMERICA; false for one that is none.
func MarketNamed(name string) (Market, bool) {
	if row, ok := rowsByCountry[strings.ToUpper(name)]; ok {
		return row.market, true
	}
	m, ok := knownMarkets[foldMarket(name)]
	return m, ok
}
