package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fold reduces text to what people mean to write: letters and digits in one case
// without accents, with single spaces between, and none in scripts that are
// written without. Apostrophes vanish, every other character separates. What is
// longer than limit bytes is cut, and reported.
func fold(text string, limit int) (folded string, whole bool) {
	if folded, whole, ok := foldASCII(text, limit); ok {
		return folded, whole
	}
	return foldAny(text, limit)
}

// foldASCII folds a text of ASCII alone, which most are, a byte at a time.
func foldASCII(text string, limit int) (folded string, whole, ok bool) {
	var b strings.Builder
	b.Grow(min(len(text), limit))
	space := false
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			return "", false, false
		case c == '\'', c == '`':
			continue
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		default:
			space = true
			continue
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		if b.Len()+1 > limit {
			// What follows may be no ASCII, but it is cut off either way.
			return strings.TrimSuffix(b.String(), " "), false, true
		}
		b.WriteByte(c)
	}
	return b.String(), true, true
}

// foldAny folds a text of any letters.
func foldAny(text string, limit int) (folded string, whole bool) {
	var b strings.Builder
	var decomposed norm.Iter
	decomposed.InitString(norm.NFKD, apostrophes.Replace(text))
	space, last := false, rune(0)
	for !decomposed.Done() {
		for _, r := range string(decomposed.Next()) {
			// To upper case first: some letters have two lower-case forms.
			r = unicode.ToLower(unicode.ToUpper(r))
			if plain, ok := strokes[r]; ok {
				r = plain
			}
			switch {
			case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r), r == tatweel, r == 'ʼ':
				continue
			case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.Mc, r):
				if space && b.Len() > 0 && !(spaceless(last) && spaceless(r)) {
					b.WriteByte(' ')
				}
				space, last = false, r
				if b.Len()+len(string(r)) > limit {
					return strings.TrimSuffix(b.String(), " "), false
				}
				b.WriteRune(r)
			default:
				space = true
			}
		}
	}
	return b.String(), true
}

// shortened is folded with one letter in place of three or more of the same: "stoooop".
func shortened(folded string) string {
	if !stretched(folded) {
		return folded
	}
	var b strings.Builder
	for i := 0; i < len(folded); {
		r, size := utf8.DecodeRuneInString(folded[i:])
		end := i + size
		for strings.HasPrefix(folded[end:], folded[i:i+size]) {
			end += size
		}
		if n := (end - i) / size; n < 3 || unicode.IsDigit(r) {
			b.WriteString(folded[i:end])
		} else {
			b.WriteRune(r)
		}
		i = end
	}
	return b.String()
}

// stretched reports whether s may have a letter three times in a row.
func stretched(s string) bool {
	for i := 3; i <= len(s); i++ {
		if s[i-1] == s[i-2] && s[i-1] == s[i-3] || i >= 6 && s[i-2:i] == s[i-4:i-2] && s[i-2:i] == s[i-6:i-4] {
			return true
		}
	}
	return false
}

// apostrophes are the characters keyboards give people for one. They go before
// decomposing, which makes a space of the acute accent.
var apostrophes = strings.NewReplacer("'", "", "’", "", "‘", "", "ʼ", "", "´", "", "`", "", "′", "", "׳", "")

// strokes are letters whose stroke people leave out like an accent, though it
// is none to Unicode.
var strokes = map[rune]rune{'ł': 'l', 'đ': 'd', 'ø': 'o'}

// tatweel stretches Arabic words and means nothing.
const tatweel = 'ـ'

// spaceless reports whether r belongs to a script in which spaces are rare, or,
// in Korean, left out at will.
func spaceless(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Thai, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}
