package cloudapi

import (
	"bytes"

	"github.com/waguard/waguard/internal/lookalike"
)

// mentions reports whether some reader could find a word in a body: in any case,
// with escapes of any kind undone up to three times, whatever stands between its
// letters. It finds too much, never too little.
func mentions(body []byte, word string) bool {
	var letters []byte
	for range 3 {
		letters = lookalike.Append(letters[:0], body)
		if bytes.Contains(letters, []byte(word)) {
			return true
		}
		if bytes.IndexByte(body, '%') < 0 && bytes.IndexByte(body, '\\') < 0 {
			return false
		}
		body = unescapeAll(body)
	}
	return false
}

// unescapeAll undoes percent escapes and the escapes of strings.
func unescapeAll(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		s := body[i:]
		if c, ok := unescapeByte(string(s[:min(3, len(s))])); ok {
			out = append(out, c)
			i += 2
			continue
		}
		if s[0] != '\\' || len(s) < 2 {
			out = append(out, s[0])
			continue
		}
		n := 0
		switch s[1] {
		case 'x', 'X':
			n = 2
		case 'u', 'U':
			n = 4
		}
		r, digits := rune(0), 0
		for digits < n && len(s) > 2+digits {
			d, ok := hexDigit(s[2+digits])
			if !ok {
				break
			}
			r = r<<4 | rune(d)
			digits++
		}
		if n > 0 && digits == n {
			out = append(out, string(r)...)
			i += 1 + n
		} else {
			i++
			if s[1] != 'n' && s[1] != 't' && s[1] != 'r' {
				out = append(out, s[1])
			}
		}
	}
	return out
}
