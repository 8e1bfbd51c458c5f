package store

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// A message to a group has one ledger entry, one id and a copy for each member. Meta tells of
// each copy what became of it, and charges for each that is delivered, at the member's market.
// Who the members are nobody knows before.

// Copy is what became of the copy of a message to a group that one member got.
type Copy struct {
	// Contact is a name of the member, by which statuses told of them.
	Contact policy.ContactID `json:"contact"`
	// Market is the member's, by their earliest status; estimated where it was taken from the
	// country of a user id.
	Market          string   `json:"market,omitempty"`
	MarketEstimated bool     `json:"market_estimated,omitempty"`
	Delivery        Delivery `json:"delivery"`
}

// copiesRecord holds what statuses told about the copies of one message.
type copiesRecord struct {
	Copies []copyRecord `cbor:"1,keyasint,omitempty"` // sorted by name
}

// copyRecord joins what all statuses told about one copy, so that their order makes no
// difference.
type copyRecord struct {
	// Who are the names of the member in all statuses, sorted.
	Who    []policy.Alias `cbor:"1,keyasint"`
	Told   statusRecord   `cbor:"2,keyasint"`
	Market toldMarket     `cbor:"3,keyasint,omitempty"`
	// Price is what the copy costs by Told.Priced.
	Price copyPrice `cbor:"4,keyasint,omitempty"`
}

// toldMarket is the market of a member: of the earliest status that shows a phone number, else
// of the earliest one.
type toldMarket struct {
	At        policy.Moment `cbor:"1,keyasint,omitempty"`
	Market    string        `cbor:"2,keyasint,omitempty"`
	Estimated bool          `cbor:"3,keyasint,omitempty"`
}

func (m toldMarket) compare(o toldMarket) int {
	return cmp.Or(
		policy.CompareBools(m.Market == "", o.Market == ""), policy.CompareBools(m.Estimated, o.Estimated),
		cmp.Compare(m.At, o.At), strings.Compare(m.Market, o.Market),
	)
}

// copyPrice is what one copy costs; not Known where nobody knows it.
type copyPrice struct {
	Unit  billing.Amount `cbor:"1,keyasint,omitempty"`
	Known bool           `cbor:"2,keyasint,omitempty"`
}

func (p copyPrice) compare(o copyPrice) int {
	return cmp.Or(policy.CompareBools(p.Known, o.Known), cmp.Compare(p.Unit, o.Unit))
}

// join joins a status of the copy that a member has these names of. Copies that turn out to be
// one person's become one.
func (r *copiesRecord) join(names []policy.Alias, e *policy.StatusChanged) {
	is := copyRecord{Who: names, Market: toldMarket{e.At, e.Market, e.Estimated}}
	if is.Told.join(*e); e.Pricing != nil {
		is.Price = copyPrice{billing.Amount(e.Price), e.Priced}
	}
	rest := make([]copyRecord, 0, len(r.Copies)+1)
	for i := range r.Copies {
		if c := &r.Copies[i]; slices.ContainsFunc(c.Who, func(a policy.Alias) bool { return slices.Contains(names, a) }) {
			is.merge(c)
		} else {
			rest = append(rest, *c)
		}
	}
	r.Copies = append(rest, is)
	r.sort()
}

func (r *copiesRecord) sort() {
	slices.SortFunc(r.Copies, func(a, b copyRecord) int { return a.Who[0].Compare(b.Who[0]) })
}

func (c *copyRecord) merge(other *copyRecord) {
	c.Who = policy.SortAliases(slices.Concat(c.Who, other.Who))
	if d := c.Told.Priced.compare(other.Told.Priced); d < 0 || d == 0 && c.Price.compare(other.Price) < 0 {
		c.Price = other.Price
	}
	c.Told.merge(&other.Told)
	if other.Market.compare(c.Market) < 0 {
		c.Market = other.Market
	}
}

// counts is what the copy counts as of a message that counts as own.
func (c *copyRecord) counts(at policy.Moment, own *Alike) Alike {
	a := *own
	a.Part, a.Market, a.MarketEstimated = billing.Copy, c.Market.Market, c.Market.Estimated
	d := c.Told.delivery()
	a.tell(at, &d)
	return a
}

// readCopies are the copies of a message that are known.
func readCopies(src values, wamid policy.Alias) (copiesRecord, error) {
	return readRecord[copiesRecord](src, aliasKey(copiesPrefix, wamid))
}

// copies are they as a ledger entry shows them.
func (r *copiesRecord) copies() []Copy {
	var copies []Copy
	for i := range r.Copies {
		c := &r.Copies[i]
		copies = append(copies, Copy{c.Who[0], c.Market.Market, c.Market.Estimated, c.Told.delivery()})
	}
	return copies
}

// changedCopies are the copies of a message before and after a status; nil for a message that
// has none.
type changedCopies struct{ before, after copiesRecord }

// copyChanged is what a status changes of the copies of its message, and of the record of that,
// which was another one before it.
// Of a person whose data was erased since the message was sent nothing is kept any more.
func (t *tx) copyChanged(wamid policy.Alias, e *policy.StatusChanged, names []policy.Alias, was, message *statusRecord) (*changedCopies, error) {
	if !e.Copy && !message.Copies {
		return nil, nil
	}
	before, err := readCopies(t, wamid)
	if err != nil {
		return nil, err
	}
	copies := &changedCopies{before, before}
	if !e.Copy || len(names) == 0 {
		return copies, nil
	}
	sent := e.At
	if id := message.sent(); id != nil {
		sent = id.Moment()
	} else { // no later than any status of it
		for _, at := range []policy.Moment{was.Delivered, was.Status.At} {
			if at != 0 {
				sent = min(sent, at)
			}
		}
	}
	for _, a := range names {
		erased, err := t.s.erasure(t, a)
		if err != nil {
			return nil, err
		}
		if erased.At != 0 && sent <= erased.At {
			return copies, nil
		}
	}
	message.Copies = true
	copies.after.join(names, e)
	if id := message.sent(); id != nil {
		return copies, t.correct(*id)
	}
	return copies, nil
}

func (t *tx) putCopies(wamid policy.Alias, c *changedCopies) error {
	if c == nil {
		return nil
	}
	before, err := encode(c.before)
	if err != nil {
		return err
	}
	after, err := encode(c.after)
	if err != nil || bytes.Equal(before, after) {
		return err
	}
	return t.Put(aliasKey(copiesPrefix, wamid), after, t.s.statusesKept())
}
