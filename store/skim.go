package store

import (
	"cmp"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// Counting reads a few fields of millions of entries. They are skimmed: fields that
// aren't counted are passed over. Whatever looks unusual is left to the general
// decoder.

// skimmedEntry is what is counted of an entry as it was entered.
type skimmedEntry struct {
	at policy.Moment
	Alike
	verdict   policy.Verdict
	monitored bool
	opaque    policy.Alias
	// told: the entry itself tells what became of its message.
	told bool
	// copies: its message went to a group, and there are copies.
	copies bool
	// persons are the first of those it was judged by, and person which of them it is for.
	persons [skimmedPersons]policy.ContactID
	person  uint64
	// received is when the message reached whom it was for, or another.
	received policy.Moment
	other    *policy.ContactID
	// score is what scoring needs in addition; nil where nobody scores.
	score *skimmedScore
}

// skimmedScore is what scoring needs to know of an entry beside what is counted.
type skimmedScore struct {
	rule          policy.Rule
	sender, token string
	edge          policy.Edge
	bare          policy.Bare
	// rejected is Meta's code in its answer, failed the one of a status.
	rejected, failed int
	// categorised: Meta told the category.
	categorised bool
}

// skimmedPersons is of how many persons the names are read.
const skimmedPersons = 2

// skimmedLine is what a line counts as, when it was decided, and of which message; nil
// for none.
type skimmedLine struct {
	counted
	wamid *policy.Alias
	// entry is that of the message, as far as its record tells.
	entry ID
	// received is when the message reached the person; zero where it didn't. Unnamed: who
	// that is wasn't read.
	received policy.Moment
	person   policy.ContactID
	unnamed  bool
}

// skim is what a line counts as; false where others say what became of it.
func skim(src values, l *Line) (k skimmedLine, ok bool, err error) {
	return new(skimmedEntry).skim(src, l)
}

// skim is what a line counts as, of which e takes notes.
func (e *skimmedEntry) skim(src values, l *Line) (k skimmedLine, ok bool, err error) {
	if c := (recordReader{rest: l.Data}); !c.skimEntry(e) {
		return k, false, nil
	}
	var wamid *policy.Alias
	if l.Settled != nil {
		c := recordReader{rest: l.Settled}
		if wamid, ok = c.skimSettlement(e); !ok {
			return k, false, nil
		}
	}
	if e.State == Reserved {
		e.State = Unknown
	}
	awaited := wamid == nil && (e.State == Unknown || e.State == Accepted)
	if e.told || awaited && !e.opaque.IsZero() {
		return k, false, nil
	}
	e.Tag = tagOf(e.verdict, e.monitored)
	if wamid != nil {
		if ok, err = skimStatus(src, *wamid, e, &k.entry); !ok || err != nil {
			return k, false, err
		}
	}
	k.at, k.Alike, k.wamid = e.at, e.Alike, wamid
	if e.Status.Delivered() {
		k.received = max(e.received, e.at)
	}
	switch {
	case e.other != nil:
		k.person = *e.other
	case e.person < skimmedPersons:
		k.person = e.persons[e.person]
	default:
		k.unnamed = true
	}
	if !e.copies {
		return k, true, nil
	}
	copies, err := readCopies(src, *wamid)
	if err != nil {
		return k, false, err
	}
	if len(copies.Copies) > 0 {
		k.Part = billing.Divided
	}
	for i := range copies.Copies {
		k.copies = append(k.copies, copies.Copies[i].counts(k.at, &k.Alike))
	}
	return k, true, nil
}

// skimStatus reads what statuses told about a message.
func skimStatus(src values, wamid policy.Alias, e *skimmedEntry, entry *ID) (ok bool, err error) {
	value, err := src.get(aliasKey(statusPrefix, wamid))
	if value == nil || err != nil {
		return err == nil, err
	}
	c := recordReader{rest: value}
	return c.skimDelivery(e, entry), nil
}

func (c *recordReader) skimEntry(e *skimmedEntry) bool {
	c.members(func(key uint64) {
		switch {
		case e.score == nil:
		case key == 15:
			e.score.sender = c.text()
			return
		case key == 16:
			e.score.token = c.text()
			return
		}
		switch key {
		case 2:
			e.at = policy.Moment(c.int())
		case 3:
			e.Business = c.text()
		case 4:
			c.members(func(key uint64) {
				switch {
				case e.score == nil:
				case key == 1:
					e.score.edge = policy.Edge(c.uint8())
					return
				case key == 10:
					e.score.bare = policy.Bare(c.uint8())
					return
				}
				switch key {
				case 2:
					e.PhoneNumberID = c.text()
				case 3:
					e.Kind = policy.Kind(c.uint8())
				case 5:
					c.members(func(key uint64) {
						if key == 1 {
							e.Template = c.text()
						} else {
							c.skip()
						}
					})
				case 8:
					if c.bool() {
						e.Part = billing.ToGroup
					}
				default:
					c.skip()
				}
			})
		case 5:
			c.skimPersons(&e.persons)
		case 7:
			c.members(func(key uint64) {
				if e.score != nil && key == 2 {
					e.score.rule = policy.Rule(c.text())
					return
				}
				switch key {
				case 1:
					e.verdict = policy.Verdict(c.text())
				case 5:
					e.Category = policy.Category(c.text())
					e.Estimated = e.Category
				case 6:
					e.Initiation = policy.Initiation(c.text())
				case 8:
					e.person = c.head(cborUint)
				default:
					c.skip()
				}
			})
		case 8:
			e.monitored = c.bool()
		case 10:
			e.Market = c.text()
		case 11:
			e.MarketEstimated = c.bool()
		case 12:
			c.members(func(key uint64) {
				switch {
				case key == 1:
					e.State = OutcomeState(c.text())
				case key == 4 && e.score != nil:
					e.score.rejected = int(c.int())
				default:
					c.skip()
				}
			})
		case 13:
			e.told = true
			c.skip()
		case 14:
			c.bytes(e.opaque[:])
		case 20:
			c.skimQuote(&e.Price)
		case 21:
			e.Tags = billing.Tags(c.text())
		default:
			c.skip()
		}
	})
	if e.Price.Category != "" {
		e.Category = policy.Category(e.Price.Category)
		e.Estimated = e.Category
	}
	return c.whole()
}

// skimPersons reads the names of persons in facts.
func (c *recordReader) skimPersons(persons *[skimmedPersons]policy.ContactID) {
	c.members(func(key uint64) {
		if key != 1 {
			c.skip()
			return
		}
		for i := range c.count(cborArray) {
			c.members(func(key uint64) {
				if key == 1 && i < skimmedPersons {
					c.bytes(persons[i][:])
				} else {
					c.skip()
				}
			})
		}
	})
}

func (c *recordReader) skimQuote(q *billing.Quote) {
	c.members(func(key uint64) {
		switch key {
		case 1:
			q.Category = billing.Category(c.text())
		case 2:
			q.Type = billing.PriceType(c.text())
		case 3:
			q.Unit = billing.Amount(c.int())
		case 4:
			q.Known = c.bool()
		case 5:
			q.Currency = billing.Currency(c.text())
		case 6:
			q.Card = c.text()
		case 7:
			q.List = billing.Amount(c.int())
		default:
			c.skip()
		}
	})
}

func (c *recordReader) skimSettlement(e *skimmedEntry) (wamid *policy.Alias, ok bool) {
	e.State = ""
	if e.score != nil {
		e.score.rejected = 0
	}
	c.members(func(key uint64) {
		switch key {
		case 1:
			c.members(func(key uint64) {
				switch key {
				case 1:
					e.State = OutcomeState(c.text())
				case 4:
					if e.score == nil {
						c.skip()
						return
					}
					e.score.rejected = int(c.int())
				case 5:
					e.other = new(policy.ContactID)
					c.bytes(e.other[:])
				default:
					c.skip()
				}
			})
		case 2:
			wamid = new(policy.Alias)
			c.bytes(wamid[:])
		default:
			c.skip()
		}
	})
	return wamid, c.whole()
}

func (c *recordReader) skimDelivery(e *skimmedEntry, sent *ID) bool {
	var entry ID
	var told, delivered policy.Moment
	c.members(func(key uint64) {
		switch key {
		case 1:
			c.bytes(entry[:])
		case 2:
			c.members(func(key uint64) {
				switch key {
				case 1:
					e.Status = policy.DeliveryStatus(c.text())
				case 2:
					told = policy.Moment(c.int())
				default:
					c.skip()
				}
			})
		case 3:
			c.members(func(key uint64) {
				if key == 2 && e.score != nil {
					e.score.failed = int(c.int())
				} else {
					c.skip()
				}
			})
		case 4:
			c.members(func(key uint64) {
				if key != 2 {
					c.skip()
					return
				}
				expected := e.Category
				e.Category = ""
				c.skimPricing(&e.Alike)
				if e.score != nil {
					e.score.categorised = e.Category != ""
				}
				e.Category = cmp.Or(e.Category, expected)
			})
		case 6:
			delivered = policy.Moment(c.int())
		case 7:
			c.bytes(sent[:])
		case 10:
			e.copies = c.bool()
		default:
			c.skip()
		}
	})
	if !entry.IsZero() {
		*sent = entry
	}
	if delivered == 0 {
		delivered = told
	}
	e.received = delivered
	e.deliveredAt(e.at, delivered)
	return c.whole()
}

func (c *recordReader) skimPricing(a *Alike) {
	var model, written string
	c.members(func(key uint64) {
		switch key {
		case 1:
			if told := policy.BilledCategory(c.text()); told != "" {
				a.Category = told
			}
		case 2:
			written = c.text()
		case 3:
			model = c.text()
		case 4:
			a.Charged = c.bool()
		default:
			c.skip()
		}
	})
	a.Told = toldType(written, model, a.Charged)
}

// members visits the keys of a map, whose values visit reads.
func (c *recordReader) members(visit func(key uint64)) {
	for n := c.count(cborMap); n > 0 && !c.unusual; n-- {
		visit(c.key())
	}
}

// whole reports that a record was read, and nothing else.
func (c *recordReader) whole() bool { return !c.unusual && len(c.rest) == 0 }

// skip passes over a data item.
func (c *recordReader) skip() {
	for items := uint64(1); items > 0 && !c.unusual; items-- {
		first := c.take(1)
		if len(first) == 0 {
			return
		}
		n := uint64(first[0] & 0x1f)
		switch {
		case n > 27: // of no length told before
			c.unusual = true
			return
		case n >= 24:
			n = c.number(1 << (n - 24))
		}
		switch first[0] >> 5 {
		case cborBytes, cborText:
			c.take(int(min(n, uint64(len(c.rest))+1)))
		case cborArray:
			items += min(n, uint64(len(c.rest))+1)
		case cborMap:
			items += 2 * min(n, uint64(len(c.rest))+1)
		case cborTag:
			items++
		}
	}
}
