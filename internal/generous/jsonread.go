package generous

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	maxNodes  = 100_000 // values read from one text
	maxDepth  = 64      // deeper values are skipped
	maxValues = 16      // values in a row in one text
)

// readJSON lists the values found one after another in a text that starts like JSON. It forgives nearly everything:
// comments, trailing and missing commas, single quotes, bare words, control characters, invisible characters, a
// missing end, and garbage between values. Fields keep their order and their duplicates.
func readJSON(s string) []value {
	p := jsonReader{s: s}
	if c := p.next(); c != '{' && c != '[' && c != '"' {
		return nil
	}
	var out []value
	for len(out) < maxValues && p.nodes < maxNodes {
		out = append(out, p.value(0))
		start := strings.IndexAny(p.s[p.i:], "{[")
		if start < 0 {
			break
		}
		p.i += start
	}
	return out
}

// jsonReader reads s from i on. Every method that reads a value moves i forward.
type jsonReader struct {
	s     string
	i     int
	nodes int
}

// next skips what may stand between tokens and returns the byte that follows, 0 at the end.
func (p *jsonReader) next() byte {
	for p.i < len(p.s) {
		c := p.s[p.i]
		rest := p.s[p.i:]
		switch {
		case c <= ' ' || c == 0x7F:
			p.i++
		case c == '#' || strings.HasPrefix(rest, "//"):
			p.i += lengthUntil(rest, "\n", 1)
		case strings.HasPrefix(rest, "/*"):
			p.i += lengthUntil(rest, "*/", 2)
		case c < utf8.RuneSelf:
			return c
		default:
			r, size := utf8.DecodeRuneInString(rest)
			if clean(string(r)) != "" {
				return c
			}
			p.i += size
		}
	}
	return 0
}

// lengthUntil is how far s goes up to and with end, or altogether.
func lengthUntil(s, end string, size int) int {
	if i := strings.Index(s, end); i >= 0 {
		return i + size
	}
	return len(s)
}

func (p *jsonReader) value(depth int) value {
	p.nodes++
	switch c := p.next(); {
	case c == '{' || c == '[':
		if depth >= maxDepth {
			p.skip()
			return value{}
		}
		if c == '{' {
			return p.object(depth)
		}
		return p.array(depth)
	case c == '"' || c == '\'':
		return textValue(p.quoted())
	}
	return p.word()
}

func (p *jsonReader) object(depth int) value {
	v := value{kind: object}
	p.i++
	for p.nodes < maxNodes {
		var name string
		switch c := p.next(); c {
		case '}':
			p.i++
			return v
		case 0, ']': // an end that belongs to something else
			return v
		case ',', '{', '[':
			p.i++
			continue
		case '"', '\'':
			name = p.quoted()
		default:
			name = p.bare()
		}
		if p.next() == ':' {
			p.i++
			v.fields = append(v.fields, newField(name, p.value(depth+1)))
		}
	}
	return v
}

func (p *jsonReader) array(depth int) value {
	v := value{kind: array}
	p.i++
	for p.nodes < maxNodes {
		switch p.next() {
		case ']':
			p.i++
			return v
		case 0, '}':
			return v
		case ',', ':':
			p.i++
		default:
			v.items = append(v.items, p.value(depth+1))
		}
	}
	return v
}

// skip moves past a value nested too deep.
func (p *jsonReader) skip() {
	for open := 0; p.i < len(p.s); {
		switch p.s[p.i] {
		case '{', '[':
			open++
		case '}', ']':
			open--
		case '"':
			p.quoted()
			continue
		}
		p.i++
		if open <= 0 {
			return
		}
	}
}

// quoted reads a string in quotes of either kind, or up to the end.
func (p *jsonReader) quoted() string {
	quote := p.s[p.i]
	p.i++
	rest := p.s[p.i:]
	// Most strings hold no escape and are a piece of the text.
	if end := strings.IndexByte(rest, quote); end >= 0 && strings.IndexByte(rest[:end], '\\') < 0 {
		p.i += end + 1
		return rest[:end]
	}
	var b strings.Builder
	for p.i < len(p.s) {
		c := p.s[p.i]
		p.i++
		switch {
		case c == quote:
			return b.String()
		case c == '\\' && p.i < len(p.s):
			b.WriteRune(p.escape())
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// escape reads what follows a backslash. An unknown escape is the character itself.
func (p *jsonReader) escape() rune {
	r, size := utf8.DecodeRuneInString(p.s[p.i:])
	p.i += size
	switch r {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'x':
		if h, ok := p.hex(2); ok {
			return h
		}
	case 'u', 'U':
		high, ok := p.hex(4)
		if !ok {
			break
		}
		if utf16.IsSurrogate(high) && strings.HasPrefix(p.s[p.i:], `\u`) {
			before := p.i
			p.i += 2
			if low, ok := p.hex(4); ok && utf16.DecodeRune(high, low) != utf8.RuneError {
				return utf16.DecodeRune(high, low)
			}
			p.i = before
		}
		return high
	}
	return r
}

// hex reads n hexadecimal digits or nothing.
func (p *jsonReader) hex(n int) (r rune, ok bool) {
	if p.i+n > len(p.s) {
		return 0, false
	}
	for _, c := range []byte(p.s[p.i : p.i+n]) {
		d := hexDigit(c)
		if d < 0 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	p.i += n
	return r, true
}

// bare reads a run of characters that mean nothing in JSON. The run may be empty.
func (p *jsonReader) bare() string {
	start := p.i
	if n := strings.IndexAny(p.s[start:], " \t\r\n,:{}[]\"'"); n >= 0 {
		p.i += n
	} else {
		p.i = len(p.s)
	}
	return p.s[start:p.i]
}

// word reads a number, a literal or a bare word as a value.
func (p *jsonReader) word() value {
	w := p.bare()
	switch {
	case w == "" || isLiteral(w):
		return value{}
	case isNumber(w):
		return value{kind: number, text: w}
	}
	return textValue(w)
}

func isLiteral(w string) bool {
	switch strings.ToLower(w) {
	case "null", "true", "false", "undefined":
		return true
	}
	return false
}
