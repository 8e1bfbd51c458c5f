package strictjson

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// string reads a string, which is a value or a key.
func (p *parser) string() *Error {
	src := p.doc.src
	p.i++
	n := node{start: uint32(p.i), kind: String}
	wide := false
	for {
		p.i += plain(src[p.i:])
		if p.i >= len(src) {
			return p.fail("a string has no end")
		}
		switch c := src[p.i]; {
		case c == '"':
			n.end = uint32(p.i)
			if wide && !utf8.Valid(src[n.start:n.end]) {
				return p.fail("a string is not valid UTF-8")
			}
			p.i++
			n.next = uint32(len(p.doc.nodes) + 1)
			p.doc.nodes = append(p.doc.nodes, n)
			return nil
		case c == '\\':
			n.escaped = true
			if err := p.escape(); err != nil {
				return err
			}
		case c < ' ':
			return p.fail("a control character stands in a string")
		default:
			wide = true
			for p.i < len(src) && src[p.i] >= utf8.RuneSelf {
				p.i++
			}
		}
	}
}

func (p *parser) escape() *Error {
	src := p.doc.src
	p.i++
	switch p.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		p.i++
		return nil
	case 'u':
		if p.i+5 > len(src) {
			break
		}
		if _, ok := hex4(src[p.i+1:]); !ok {
			break
		}
		p.i += 5
		return nil
	}
	return p.fail("a backslash starts no known escape")
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain is how many bytes at the start of s are printable ASCII without quote
// and backslash. It looks at eight at a time: most of a message is such text.
func plain(s []byte) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := binary.LittleEndian.Uint64(s[i:])
		quote := w ^ ones*'"'
		backslash := w ^ ones*'\\'
		// The high bit of each byte that is under ' ', zero after the xor, or not
		// ASCII. A borrow sets bits only above a byte that is set already, so the
		// lowest one is right.
		special := ((w-ones*' ')&^w | (quote-ones)&^quote | (backslash-ones)&^backslash | w) & highs
		if special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			break
		}
	}
	return i
}

// decode undoes the escapes of a string that is known to be well formed. whole
// is false if it holds half a surrogate pair, which parsers read differently,
// or NUL, where some stop.
func decode(raw []byte) (s string, whole bool) {
	whole = true
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		c := raw[i]
		i++
		if c != '\\' {
			out = append(out, c)
			continue
		}
		c = raw[i]
		i++
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, _ := hex4(raw[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if i+6 <= len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
					low, _ = hex4(raw[i+2:])
				}
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					whole = false
				} else {
					i += 6
				}
			}
			whole = whole && r != 0
			out = utf8.AppendRune(out, r)
			continue
		}
		out = append(out, c)
	}
	return string(out), whole
}

// hex4 reads four hexadecimal digits.
func hex4(s []byte) (r rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for _, c := range s[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// Quoted is where a string stands in a document. It may be used after the document is
// done, as long as the bytes that were read stay as they are.
type Quoted struct {
	raw     []byte
	escaped bool
}

// Text is what the string says, as [Value.Text] has it.
func (q Quoted) Text() (s string, ok bool) {
	if q.escaped {
		return decode(q.raw)
	}
	return string(q.raw), true
}
