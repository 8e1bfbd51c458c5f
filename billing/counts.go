package billing

import (
	"encoding/json"
	"errors"
)

// Send is one send, as far as it is counted.
type Send struct {
	Fate Fate
	// Status is what status webhooks told last, in Meta's words; "" for nothing.
	Status string
	// Charged: Meta says that it charges for the message.
	Charged bool
	// Template: it is a template. ByBusiness: no customer service window was open.
	Template, ByBusiness bool
	// Part is what it is of a message to a group.
	Part Part
}

// Part says of a message to a group what is counted. Such a message is one send, and charged for
// each copy that reaches a member, at the member's market.
type Part string

const (
	// Whole: it is no message to a group.
	Whole Part = ""
	// ToGroup: it is a message to a group of whose copies no status has told. What it costs
	// nobody knows, unless it is free.
	ToGroup Part = "group"
	// Divided: it is one whose copies are counted each by itself.
	Divided Part = "divided"
	// Copy: it is a copy, and no send.
	Copy Part = "copy"
)

// Fate is how far a send got on its way to Meta.
type Fate int

const (
	// Refused: it never left.
	Refused Fate = iota
	// Accepted: Meta took it.
	Accepted
	// Failed: Meta rejected it, or it never got there.
	Failed
	// Unknown: it may have been sent.
	Unknown
)

// Notification is the one class of messages that can be counted apart.
const Notification = "notification"

// Notification reports whether s is a notification, sent or refused: a template
// while no customer service window was open, which policies call a push
// notification. A send that was refused before anybody looked at the window is none.
func (s Send) Notification() bool { return s.Template && s.ByBusiness }

// Delivered reports whether it reached the person.
func (s Send) Delivered() bool {
	return s.Status == "delivered" || s.Status == "read" || s.Status == "played"
}

// settles reports whether it reached the person and is charged for by itself, if at all: not by
// its copies.
func (s Send) settles() bool { return s.Delivered() && s.Part != Divided }

// Counts are how many messages there were, what became of them, and what they cost.
type Counts struct {
	// Of the day of sending.
	Sends    int `json:"sends"`    // all that were seen
	Accepted int `json:"accepted"` // taken by Meta
	Failed   int `json:"failed"`   // rejected by Meta, not sent, or failed later
	Unknown  int `json:"unknown"`  // may have been sent
	Refused  int `json:"refused"`  // never left
	// Estimated is what those are expected to cost that Meta took, and Unestimated how many of
	// them no price was known for.
	Estimated   Amount `json:"estimated"`
	Unestimated int    `json:"unestimated"`

	// Of the day of delivery.
	Delivered int `json:"delivered"` // reached the person, read or not
	Billable  int `json:"billable"`  // Meta says it charges for them
	Charged   int `json:"charged"`   // are charged for, by Meta's word or else by its rules
	Free      int `json:"free"`      // are not
	// Actual is what the charged ones cost by the card of the day, and Unpriced how many of
	// them it has no price for.
	Actual   Amount `json:"actual"`
	Unpriced int    `json:"unpriced"`

	// SeveralCurrencies: the amounts would be of several, which don't add up. There are none.
	SeveralCurrencies bool `json:"several_currencies,omitempty"`
}

// Cost is what the delivered ones cost, as far as prices are known; false where nobody knows
// it, since none of those that are charged for has a known price.
func (c *Counts) Cost() (Amount, bool) {
	return c.Actual, !c.SeveralCurrencies && (c.Unpriced == 0 || c.Unpriced < c.Charged)
}

// Expected is what those that Meta took were expected to cost, as far as prices were known;
// false where nobody knew it of any.
func (c *Counts) Expected() (Amount, bool) {
	return c.Estimated, !c.SeveralCurrencies && (c.Unestimated == 0 || c.Estimated != 0)
}

// countsJSON are counts as JSON has them: money that nobody knows is null, and never zero.
type countsJSON struct {
	plainCounts
	Estimated *Amount `json:"estimated"`
	Actual    *Amount `json:"actual"`
}

type plainCounts Counts

func (c *Counts) json() countsJSON {
	j := countsJSON{plainCounts: plainCounts(*c)}
	if a, ok := c.Expected(); ok {
		j.Estimated = &a
	}
	if a, ok := c.Cost(); ok {
		j.Actual = &a
	}
	return j
}

// MarshalJSON writes money that nobody knows as null.
func (c Counts) MarshalJSON() ([]byte, error) { return json.Marshal(c.json()) }

// known is an amount; nil where nobody knows it, since some messages have no price and none
// has one.
func known(a Amount, without int) *Amount {
	if without > 0 && a == 0 {
		return nil
	}
	return &a
}

func (c *Counts) add(other *Counts) (err error) {
	c.Sends += other.Sends
	c.Accepted += other.Accepted
	c.Failed += other.Failed
	c.Unknown += other.Unknown
	c.Refused += other.Refused
	c.Unestimated += other.Unestimated
	c.Delivered += other.Delivered
	c.Billable += other.Billable
	c.Charged += other.Charged
	c.Free += other.Free
	c.Unpriced += other.Unpriced
	var overflow error
	c.Estimated, err = c.Estimated.Plus(other.Estimated)
	c.Actual, overflow = c.Actual.Plus(other.Actual)
	return errors.Join(err, overflow)
}

// sent are what the messages of a line count as on the day of sending.
func (l *Line) sent() (c Counts, err error) {
	if l.Send.Part == Copy {
		return c, nil
	}
	c.Sends = l.N
	switch l.Send.Fate {
	case Refused:
		c.Refused = l.N
	case Accepted:
		c.Accepted = l.N
	case Failed:
		c.Failed = l.N
	case Unknown:
		c.Unknown = l.N
	}
	if l.Send.Status == "failed" {
		c.Failed = l.N
	}
	if l.Send.Fate != Accepted && !l.Send.Delivered() || l.Category == "none" {
		return c, nil
	}
	if !l.Estimate.Known {
		c.Unestimated = l.N
		return c, nil
	}
	c.Estimated, err = l.Estimate.Unit.Times(l.N)
	return c, err
}

// delivered are what n messages of a line count as on the day of delivery, at a price.
func (l *Line) delivered(n int, q *Quote) (c Counts, err error) {
	c.Delivered = n
	if l.Send.Charged {
		c.Billable = n
	}
	switch {
	case q.Type == "":
	case q.Type.Free():
		c.Free = n
	case !q.Known:
		c.Charged, c.Unpriced = n, n
	default:
		c.Charged = n
		c.Actual, err = q.Unit.Times(n)
	}
	return c, err
}
