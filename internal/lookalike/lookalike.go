// Package lookalike tells which names a careless reader could take for one
// another.
package lookalike

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Append appends to dst what is left of a name when everything is dropped that
// some reader somewhere ignores: case, width and other compatibility forms,
// separators, spaces, control and invisible characters, and bytes that are not
// UTF-8. What is left are letters and digits in lower case. Two names that leave
// the same could be taken for one another.
func Append(dst, name []byte) []byte {
	for i, c := range name {
		switch {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			dst = append(dst, c)
		case 'A' <= c && c <= 'Z':
			dst = append(dst, c+'a'-'A')
		case c >= utf8.RuneSelf:
			return appendWide(dst, name[i:])
		}
	}
	return dst
}

// Fold is [Append] for a string.
func Fold(name string) string {
	var buf [64]byte
	return string(Append(buf[:0], []byte(name)))
}

func appendWide(dst, name []byte) []byte {
	for _, r := range norm.NFKC.String(string(Unfold(name))) {
		// Upper case first, so that the dotless i and the long s find their letters.
		r = unicode.ToLower(unicode.ToUpper(r))
		switch {
		case r == utf8.RuneError || filler(r):
		case r == 'ß': // whose upper case is SS
			dst = append(dst, "ss"...)
		case unicode.IsLetter(r):
			dst = utf8.AppendRune(dst, r)
		case unicode.IsDigit(r):
			dst = append(dst, digit(r))
		}
	}
	return dst
}

// Unfold writes the ASCII characters of a text that are written in two to four
// bytes, which careless decoders of UTF-8 accept, in one. The text is not changed.
func Unfold(text []byte) []byte {
	var out []byte
	copied := 0
	for i := 0; i < len(text); i++ {
		c, n := overlong(text[i:])
		if n == 0 {
			continue
		}
		out = append(append(out, text[copied:i]...), c)
		i += n - 1
		copied = i + 1
	}
	if copied == 0 {
		return text
	}
	return append(out, text[copied:]...)
}

// overlong reads an ASCII character in more bytes than it needs; n is 0 if there
// is none.
func overlong(s []byte) (c byte, n int) {
	switch {
	case s[0] == 0xC0 || s[0] == 0xC1:
		n = 2
	case len(s) > 1 && s[0] == 0xE0 && s[1] <= 0x81:
		n = 3
	case len(s) > 2 && s[0] == 0xF0 && s[1] == 0x80 && s[2] <= 0x81:
		n = 4
	}
	if n == 0 || len(s) < n {
		return 0, 0
	}
	for _, b := range s[1:n] {
		if b&0xC0 != 0x80 {
			return 0, 0
		}
	}
	return s[n-2]<<6 | s[n-1]&0x3F, n
}

// filler reports letters that show nothing.
func filler(r rune) bool {
	switch r {
	case 0x115F, 0x1160, 0x3164, 0xFFA0:
		return true
	}
	return false
}

// digit is a decimal digit of any script in ASCII. Each script's digits are in a
// run of ten, zero first.
func digit(r rune) byte {
	zero := r
	for zero > 0 && r-zero < 9 && unicode.IsDigit(zero-1) {
		zero--
	}
	return '0' + byte(r-zero)
}
