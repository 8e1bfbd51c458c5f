package badger

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/waguard/waguard/policy"
)

// decodeContact reads a contactRecord. Every send reads one, most of them from
// the cache, and the record of an ordinary contact is read here at a fraction of
// what the general decoder takes. Whatever looks unusual is left to that.
func decodeContact(value []byte) (contactRecord, error) {
	c := contactReader{rest: value}
	if contact := c.record(); !c.unusual && len(c.rest) == 0 {
		return contactRecord{Contact: contact}, nil
	}
	var r contactRecord
	err := decode(value, &r)
	return r, err
}

// contactReader reads the CBOR that encode writes for a contact. Its methods
// mirror the structs they read, key by key.
type contactReader struct {
	rest []byte
	// unusual is set for good by the first thing that isn't expected.
	unusual bool
}

func (c *contactReader) record() *policy.Contact {
	if c.count(cborMap) != 1 || c.key() != 1 { // a pointer
		c.unusual = true
		return nil
	}
	contact := new(policy.Contact)
	for range c.count(cborMap) {
		switch c.key() {
		case 1:
			contact.Members = make([]policy.Member, c.count(cborArray))
			for i := range contact.Members {
				c.member(&contact.Members[i])
			}
		case 2:
			contact.Links = make([]policy.Link, c.count(cborArray))
			for i := range contact.Links {
				c.link(&contact.Links[i])
			}
		default:
			c.unusual = true
		}
	}
	return contact
}

func (c *contactReader) link(l *policy.Link) {
	for range c.count(cborMap) {
		switch c.key() {
		case 1:
			l.A = c.alias()
		case 2:
			l.B = c.alias()
		case 3:
			l.Kind = policy.LinkKind(c.head(cborUint))
		case 4:
			l.First = c.moment()
		case 5:
			l.Last = c.moment()
		default:
			c.unusual = true
		}
	}
}

func (c *contactReader) member(m *policy.Member) {
	for range c.count(cborMap) {
		switch c.key() {
		case 1:
			m.Alias = c.alias()
		case 2:
			m.Numbers = make([]policy.Relation, c.count(cborArray))
			for i := range m.Numbers {
				c.relation(&m.Numbers[i])
			}
		case 3:
			m.NewSince = c.moment()
		case 4:
			m.NewRecorded = c.moment()
		default:
			c.unusual = true
		}
	}
}

func (c *contactReader) relation(r *policy.Relation) {
	for range c.count(cborMap) {
		switch c.key() {
		case 1:
			r.PhoneNumberID = c.text()
		case 2:
			r.Opened = c.moment()
		case 3:
			if c.count(cborArray) != len(r.Consent) {
				c.unusual = true
				return
			}
			for i := range r.Consent {
				c.consent(r, i)
			}
		case 4:
			r.Confirmed = c.moment()
		case 5:
			r.CallSaid = c.moment()
		case 6:
			r.CallUntil = c.moment()
		case 7:
			r.Spoke = c.moment()
		default:
			c.unusual = true
		}
	}
}

func (c *contactReader) consent(r *policy.Relation, scope int) {
	consent := &r.Consent[scope]
	for range c.count(cborMap) {
		switch c.key() {
		case 1:
			c.mark(&consent.In)
		case 2:
			c.mark(&consent.Out)
		case 3:
			c.mark(&consent.Pending)
		case 4:
			consent.FirstOut = c.moment()
		case 5:
			consent.Ins = c.marks()
		case 6:
			consent.Starts = c.marks()
		case 7:
			c.mark(&consent.Stop)
		case 8:
			c.mark(&consent.StopAll)
		case 9:
			c.mark(&consent.Told)
		case 10:
			c.mark(&consent.ToldAll)
		case 11:
			consent.FirstStart = c.moment()
		default:
			c.unusual = true
		}
	}
}

func (c *contactReader) marks() []policy.Mark {
	marks := make([]policy.Mark, c.count(cborArray))
	for i := range marks {
		c.mark(&marks[i])
	}
	return marks
}

func (c *contactReader) mark(m *policy.Mark) {
	for range c.count(cborMap) {
		switch c.key() {
		case 1:
			m.At = c.moment()
		case 2:
			m.Source = policy.Source(c.text())
		case 3:
			m.Recorded = c.moment()
		case 4:
			m.Tap = c.bool()
		default:
			c.unusual = true
		}
	}
}

func (c *contactReader) bool() bool {
	b := c.take(1)
	if len(b) == 0 || b[0] != cborTrue { // encode writes no other
		c.unusual = true
	}
	return true
}

// key is the key of a struct's field.
func (c *contactReader) key() uint64 { return c.head(cborUint) }

// count is how many bytes or elements follow. There can't be more than bytes are
// left.
func (c *contactReader) count(major byte) int {
	n := c.head(major)
	if n > uint64(len(c.rest)) {
		c.unusual = true
		return 0
	}
	return int(n)
}

func (c *contactReader) alias() (a policy.Alias) {
	if c.count(cborBytes) != len(a) {
		c.unusual = true
	}
	copy(a[:], c.take(len(a)))
	return a
}

func (c *contactReader) text() string {
	text := c.take(c.count(cborText))
	c.unusual = c.unusual || !utf8.Valid(text)
	return string(text)
}

func (c *contactReader) moment() policy.Moment {
	n := c.head(cborUint)
	if n > math.MaxInt64 {
		c.unusual = true
	}
	return policy.Moment(n)
}

// head is the number in a head of the given major type.
func (c *contactReader) head(major byte) uint64 {
	first := c.take(1)
	if len(first) == 0 || first[0]>>5 != major {
		c.unusual = true
		return 0
	}
	switch n := first[0] & 0x1f; n {
	case 24:
		return c.number(1)
	case 25:
		return c.number(2)
	case 26:
		return c.number(4)
	case 27:
		return c.number(8)
	default:
		if n > 24 {
			c.unusual = true
		}
		return uint64(n)
	}
}

func (c *contactReader) number(size int) uint64 {
	var be [8]byte
	copy(be[8-size:], c.take(size))
	return binary.BigEndian.Uint64(be[:])
}

// take is the next n bytes, none where there are fewer.
func (c *contactReader) take(n int) []byte {
	if c.unusual || n > len(c.rest) {
		c.unusual = true
		return nil
	}
	taken := c.rest[:n]
	c.rest = c.rest[n:]
	return taken
}
