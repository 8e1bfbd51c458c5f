package cloudapi

import "bytes"

// batchFinder looks, byte by byte, for a batch in a file that is taken for a form:
// an ampersand, a name that ends in batch, and a list or an object. Both are what
// no file has by chance. Escapes are undone, however often they are escaped.
type batchFinder struct {
	state finderState
	word  int // how many letters of batch were seen last
	// escape is how much of a percent escape was read: none, the sign, the sign and
	// a digit.
	escape int
	high   byte
}

type finderState uint8

const (
	inName  finderState = iota // the start of a body is the start of a name
	cutName                    // behind a NUL, where some readers end a name
	inValue                    // before the first sign of the value of a batch
	beyond                     // in what does not matter, up to the next ampersand
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
		case '=':
			f.escape = 0
			if f.state = beyond; f.word == len("batch") {
				f.state, f.word = inValue, 0
			}
			continue
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
	case f.state == inValue:
		switch {
		case c == '[' || c == '{':
			return true
		case c > ' ' && c < 0x80 && c != '+' && c != '"' && c != '\'':
			f.state = beyond
		}
	case f.state == cutName:
	case f.word == len("batch") && c == '[':
		return true
	case c == 0:
		if f.state = beyond; f.word == len("batch") {
			f.state = cutName
		}
	case f.word == len("batch") && c <= ' ':
	case f.word < len("batch") && c|0x20 == "batch"[f.word]:
		f.word++
	case c|0x20 == 'b':
		f.word = 1
	default:
		f.word = 0
	}
	return false
}
