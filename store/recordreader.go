package store

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
	return decodeContactInto(new(policy.Contact), value)
}

// decodeContactInto is like decodeContact, and uses the memory of a contact that
// nobody needs any more.
func decodeContactInto(contact *policy.Contact, value []byte) (contactRecord, error) {
	c := recordReader{rest: value}
	if c.record(contact); !c.unusual && len(c.rest) == 0 {
		return contactRecord{Contact: contact}, nil
	}
	var r contactRecord
	err := decode(value, &r)
	return r, err
}

// decodeStatus reads a statusRecord in the same way.
func decodeStatus(value []byte) (statusRecord, error) {
	c := recordReader{rest: value}
	var r statusRecord
	if c.readStatusRecord(&r); !c.unusual && len(c.rest) == 0 {
		return r, nil
	}
	r = statusRecord{}
	err := decode(value, &r)
	return r, err
}

// decodeMeter reads a meterRecord in the same way.
func decodeMeter(value []byte) (meterRecord, error) {
	c := recordReader{rest: value}
	var r meterRecord
	if c.readMeterRecord(&r); !c.unusual && len(c.rest) == 0 {
		return r, nil
	}
	r = meterRecord{}
	err := decode(value, &r)
	return r, err
}

// recordReader reads the CBOR that encode writes. The methods that read structs
// are generated from their tags.
type recordReader struct {
	rest []byte
	// unusual is set for good by the first thing that isn't expected.
	unusual bool
}

func (c *recordReader) record(contact *policy.Contact) {
	if c.count(cborMap) != 1 || c.key() != 1 { // a pointer
		c.unusual = true
		return
	}
	c.readContact(contact)
}

// sized is a slice of n elements, in the memory of s if there is room. What is in
// them is overwritten by who reads them.
func sized[S ~[]E, E any](s S, n int) S {
	if s != nil && n <= cap(s) {
		return s[:n]
	}
	return make(S, n)
}

func (c *recordReader) bool() bool {
	b := c.take(1)
	if len(b) == 0 || b[0] != cborTrue { // encode writes no other
		c.unusual = true
	}
	return true
}

// key is the key of a struct's field.
func (c *recordReader) key() uint64 { return c.head(cborUint) }

// count is how many bytes or elements follow. There can't be more than bytes are
// left.
func (c *recordReader) count(major byte) int {
	n := c.head(major)
	if n > uint64(len(c.rest)) {
		c.unusual = true
		return 0
	}
	return int(n)
}

// bytes reads as many bytes as there is room for.
func (c *recordReader) bytes(to []byte) {
	if c.count(cborBytes) != len(to) {
		c.unusual = true
	}
	copy(to, c.take(len(to)))
}

func (c *recordReader) text() string {
	text := c.take(c.count(cborText))
	c.unusual = c.unusual || !utf8.Valid(text)
	return texts.of(text)
}

// int is a number that isn't negative.
func (c *recordReader) int() int64 {
	n := c.head(cborUint)
	if n > math.MaxInt64 {
		c.unusual = true
	}
	return int64(n)
}

func (c *recordReader) uint8() uint8 {
	n := c.head(cborUint)
	if n > math.MaxUint8 {
		c.unusual = true
	}
	return uint8(n)
}

// head is the number in a head of the given major type.
func (c *recordReader) head(major byte) uint64 {
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

func (c *recordReader) number(size int) uint64 {
	var be [8]byte
	copy(be[8-size:], c.take(size))
	return binary.BigEndian.Uint64(be[:])
}

// take is the next n bytes, none where there are fewer.
func (c *recordReader) take(n int) []byte {
	if c.unusual || n > len(c.rest) {
		c.unusual = true
		return nil
	}
	taken := c.rest[:n]
	c.rest = c.rest[n:]
	return taken
}
