package cloudapi

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/waguard/waguard/internal/lookalike"
)

// batchFinder looks, byte by byte, for a batch in a file that is taken for a form:
// an ampersand, a name that some reader could take for one that ends in batch, and
// a list or an object. Both are what no file has by chance. Escapes are undone,
// however often they are escaped.
type batchFinder struct {
	state finderState
	// name holds the last n bytes of the name being read, as many as it takes to
	// recognise batch among signs that some reader ignores.
	name [128]byte
	n    int
	// escape is how much of a percent escape was read: none, the sign, the sign and
	// a digit.
	escape int
	high   byte
}

type finderState uint8

const (
	inName     finderState = iota // the start of a body is the start of a name
	cutName                       // behind a NUL, where some readers end a name
	inValue                       // before the first sign of the value of a batch
	behindText                    // behind a quote there: a lenient reader of JSON passes over it, and what follows
	beyond                        // in what does not matter, up to the next ampersand
)

// find reads on and reports whether there is a batch.
func (f *batchFinder) find(s []byte) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if f.state == beyond && f.escape == 0 {
			n := bytes.IndexByte(s[i:], '&')
			if n < 0 {
				return false
			}
			i += n
			*f = batchFinder{}
			continue
		}
		switch c {
		case '&':
			*f = batchFinder{}
			continue
		case '=': // the first one ends the name, a later one is a sign of the value
			f.escape = 0
			switch f.state {
			case cutName:
				f.state = inValue
				continue
			case inName:
				if f.state = beyond; f.namesBatch() {
					f.state = inValue
				}
				continue
			}
		case '%':
			f.escape = 1
			continue
		}
		if f.escape > 0 {
			digit, ok := hexDigit(c)
			switch {
			case !ok:
				f.escape = 0
			case f.escape == 1:
				f.escape, f.high = 2, digit
				continue
			default:
				c, f.escape = f.high<<4|digit, 0
				if c == '%' {
					f.escape = 1
					continue
				}
			}
		}
		if f.sign(c) {
			return true
		}
	}
	return false
}

// sign reads a sign of a name or of a value.
func (f *batchFinder) sign(c byte) bool {
	switch {
	case f.state == behindText:
		return c == '[' || c == '{'
	case f.state == inValue:
		switch {
		case c == '[' || c == '{':
			return true
		case c == '"' || c == '\'':
			f.state = behindText
		case c > ' ' && c < 0x7F && c != '+':
			f.state = beyond
		}
	case f.state != inName:
	case c == '[' && f.namesBatch() && !f.quoted():
		return true
	case c == 0 && f.namesBatch():
		f.state = cutName
	default:
		if f.n == len(f.name) {
			f.n = copy(f.name[:], f.name[len(f.name)/2:])
		}
		f.name[f.n] = c
		f.n++
	}
	return false
}

// namesBatch reports whether some reader could take the name for one that ends in
// batch. Nearly all names end in another letter, which is seen at once.
func (f *batchFinder) namesBatch() bool {
	for name := f.name[:f.n]; len(name) > 0; {
		r, n := utf8.DecodeLastRune(name)
		switch {
		case r == 'h', r == 'H', r >= utf8.RuneSelf && n > 1:
			return strings.HasSuffix(lookalike.Fold(string(f.name[:f.n])), "batch")
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return false
		}
		name = name[:len(name)-n]
	}
	return false
}

// quoted reports a punctuation mark behind the last letter of the name: with a
// bracket behind that it is JSON, such as {"batch":[, and no form.
func (f *batchFinder) quoted() bool {
	name := bytes.TrimRightFunc(f.name[:f.n], func(r rune) bool { return r <= ' ' || r >= utf8.RuneSelf })
	return len(name) > 0 && !isLetter(name[len(name)-1])
}
