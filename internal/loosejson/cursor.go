package loosejson

import (
	"encoding/binary"
	"math/bits"
)

// Cursor reads ordinary JSON once, from front to back, at a small part of what
// encoding/json takes. What it takes it reads as that does; what it doesn't expect
// makes it Unusual, and is left to that: keys that need more than a look to be
// told apart, values of another type than they should have, JSON that is none.
type Cursor struct {
	data []byte
	at   int
	// Unusual is set for good by the first thing that isn't expected. Nothing that
	// was read counts then.
	Unusual bool
}

// Read begins to read data.
func Read(data []byte) Cursor { return Cursor{data: data} }

// Whole reports whether all of the data was read, and nothing of it was unusual.
func (c *Cursor) Whole() bool {
	c.space()
	return !c.Unusual && c.at == len(c.data)
}

// Enter enters an object or array, by its opening bracket, and reports whether
// there is anything in it.
func (c *Cursor) Enter(bracket byte) bool {
	if c.peek() != bracket {
		return c.odd()
	}
	c.at++
	if c.peek() == closing(bracket) {
		c.at++
		return false
	}
	return !c.Unusual
}

// More goes on to the next member or element, or leaves the object or array where
// there is none.
func (c *Cursor) More(bracket byte) bool {
	switch c.peek() {
	case ',':
		c.at++
		return !c.Unusual
	case closing(bracket):
		c.at++
		return false
	}
	return c.odd()
}

func closing(bracket byte) byte { return bracket + 2 } // in ASCII, of [ and of {

// Key is the key of a member. encoding/json takes keys in any case: only one
// without capitals, other letters and escapes is surely the name it looks like.
func (c *Cursor) Key() []byte {
	if c.peek() != '"' {
		c.odd()
		return nil
	}
	from := c.at + 1
	for i := from; i < len(c.data); i++ {
		switch b := c.data[i]; {
		case b == '"':
			c.at = i + 1
			if c.peek() != ':' {
				c.odd()
				return nil
			}
			c.at++
			return c.data[from:i]
		case b < 0x20, b >= 0x80, b == '\\', b >= 'A' && b <= 'Z':
			c.odd()
			return nil
		}
	}
	c.odd()
	return nil
}

// Null reads a null, if that is the next value.
func (c *Cursor) Null() bool { return c.peek() == 'n' && c.literal("null") }

// Text reads the next value into s.
func (c *Cursor) Text(s *String) { _ = s.UnmarshalJSON(c.Raw()) }

// Raw is the next value as it stands there.
func (c *Cursor) Raw() []byte {
	c.space()
	from := c.at
	c.Skip()
	if c.Unusual {
		return nil
	}
	return c.data[from:c.at:c.at]
}

// deepest is how deep values are followed that nobody looks at. Meta's are not
// half as deep.
const deepest = 64

// Skip passes over the next value.
func (c *Cursor) Skip() {
	var inside [deepest]byte // which brackets are open
	for depth := 0; ; {
		switch b := c.peek(); b {
		case '{', '[':
			if depth == deepest {
				c.odd()
				return
			}
			if c.Enter(b) {
				inside[depth] = b
				depth++
				if b == '{' {
					c.member()
				}
				continue
			}
		case '"':
			c.text()
		case 't':
			c.literal("true")
		case 'f':
			c.literal("false")
		case 'n':
			c.literal("null")
		default:
			c.number()
		}
		// A value has ended, and maybe what it is in.
		for depth > 0 && !c.More(inside[depth-1]) {
			depth--
			if c.Unusual {
				return
			}
		}
		if depth == 0 || c.Unusual {
			return
		}
		if inside[depth-1] == '{' {
			c.member()
		}
	}
}

// member passes over any key.
func (c *Cursor) member() {
	if c.peek() != '"' {
		c.odd()
		return
	}
	c.text()
	if c.peek() != ':' {
		c.odd()
		return
	}
	c.at++
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// text passes over a string.
func (c *Cursor) text() {
	i := c.at + 1
	for {
		// Eight bytes at a time, as long as none of them is a control character, a
		// quotation mark or a backslash: the lowest mark is of the first that is one.
		for i+8 <= len(c.data) {
			w := binary.LittleEndian.Uint64(c.data[i:])
			quote, backslash := w^(ones*'"'), w^(ones*'\\')
			special := ((w - ones*0x20) &^ w) | ((quote - ones) &^ quote) | ((backslash - ones) &^ backslash)
			if special &= highs; special != 0 {
				i += bits.TrailingZeros64(special) / 8
				break
			}
			i += 8
		}
		if i >= len(c.data) {
			c.odd()
			return
		}
		switch b := c.data[i]; {
		case b == '"':
			c.at = i + 1
			return
		case b < 0x20:
			c.odd()
			return
		case b == '\\':
			n := escape(c.data[i+1:])
			if n == 0 {
				c.odd()
				return
			}
			i += 1 + n
		default:
			i++
		}
	}
}

// escape is the length of an escape after its backslash, 0 where it is none.
func escape(s []byte) int {
	if len(s) == 0 {
		return 0
	}
	switch s[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if len(s) < 5 {
			return 0
		}
		for _, b := range s[1:5] {
			if !(b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F') {
				return 0
			}
		}
		return 5
	}
	return 0
}

// number passes over a number.
func (c *Cursor) number() {
	c.sign("-")
	switch zero := c.at < len(c.data) && c.data[c.at] == '0'; {
	case zero:
		c.at++
	case !c.digits():
		c.odd()
		return
	}
	if c.sign(".") && !c.digits() {
		c.odd()
		return
	}
	if c.sign("eE") {
		c.sign("+-")
		if !c.digits() {
			c.odd()
		}
	}
}

// sign passes over one of the characters.
func (c *Cursor) sign(of string) bool {
	if c.at < len(c.data) {
		for i := range len(of) {
			if c.data[c.at] == of[i] {
				c.at++
				return true
			}
		}
	}
	return false
}

func (c *Cursor) digits() bool {
	from := c.at
	for c.at < len(c.data) && c.data[c.at] >= '0' && c.data[c.at] <= '9' {
		c.at++
	}
	return c.at > from
}

func (c *Cursor) literal(word string) bool {
	if len(c.data)-c.at < len(word) || string(c.data[c.at:c.at+len(word)]) != word {
		return c.odd()
	}
	c.at += len(word)
	return true
}

// peek is the next character that is no space; 0 at the end, and where anything
// was unusual: then nothing is read any more.
func (c *Cursor) peek() byte {
	c.space()
	if c.Unusual || c.at == len(c.data) {
		return 0
	}
	return c.data[c.at]
}

func (c *Cursor) space() {
	for c.at < len(c.data) {
		switch c.data[c.at] {
		case ' ', '\t', '\n', '\r':
			c.at++
		default:
			return
		}
	}
}

// odd says that there is something unusual.
func (c *Cursor) odd() bool {
	c.Unusual = true
	return false
}
