package generous

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text what a reader would see: fullwidth forms and foreign digits become ASCII, invisible characters
// vanish, every kind of space becomes a plain one, and spaces around the text go.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = shorten(s)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case ' ' < r && r < utf8.RuneSelf-1:
			return r
		case unicode.IsSpace(r):
			return ' '
		case 0xFF01 <= r && r <= 0xFF5E: // fullwidth forms of '!' to '~'
			return r - 0xFF01 + '!'
		case invisible(r):
			return -1
		}
		if d, ok := digitOf(r); ok {
			return d
		}
		return r
	}, s))
}

// shorten writes ASCII characters in one byte that are written in two or three, which some decoders of UTF-8 allow.
func shorten(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i]&^1 == 0xC0 && i+1 < len(s) && s[i+1]&0xC0 == 0x80:
			b.WriteByte(s[i]<<6 | s[i+1]&0x3F)
			i++
		case s[i] == 0xE0 && i+2 < len(s) && s[i+1]&^1 == 0x80 && s[i+2]&0xC0 == 0x80:
			b.WriteByte(s[i+1]<<6 | s[i+2]&0x3F)
			i += 2
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// fold is clean in one case. Upper first, so that the long s and the dotless i find their letters.
func fold(s string) string {
	return strings.Map(func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }, clean(s))
}

// foldKey folds a field name. Inner spaces and dots become underscores, as they do in PHP.
func foldKey(s string) string {
	s = fold(s)
	if strings.ContainsAny(s, " .") {
		s = strings.NewReplacer(" ", "_", ".", "_").Replace(s)
	}
	return s
}

// clip bounds what goes into a Send. It comes last, so that padding hides nothing.
func clip(s string) string { return s[:min(len(s), maxName)] }

func invisible(r rune) bool {
	switch r {
	case utf8.RuneError, // also every byte that is not UTF-8
		0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0: // joiners, fillers and blanks
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r)
}

// digitOf turns a decimal digit of any script into its ASCII form. Each range of unicode.Nd is runs of zero to nine.
func digitOf(r rune) (rune, bool) {
	if !unicode.IsDigit(r) {
		return 0, false
	}
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + (r-rune(t.Lo))%10, true
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + (r-rune(t.Lo))%10, true
		}
	}
	return 0, false
}
