package phone

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// badCharacter says which character a phone number may not hold: the one s
// begins with.
func badCharacter(s string) error {
	return fmt.Errorf("it holds %s, and a phone number has plain digits, one leading plus, spaces, hyphens and parentheses, and nothing else", CharacterName(s))
}

// CharacterName names the character s begins with, so that somebody who can't
// see it finds it. It quotes no letter and no digit: they can be a part of a
// number or a name.
func CharacterName(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size <= 1 {
		return "a byte that is no UTF-8"
	}
	if name, ok := characterNames[r]; ok {
		return fmt.Sprintf("%s (U+%04X)", name, r)
	}
	switch {
	case unicode.Is(unicode.Nd, r):
		return digitName(r)
	case unicode.IsNumber(r):
		return "a character that stands for a number and is no digit from 0 to 9"
	case r < utf8.RuneSelf && unicode.IsLetter(r):
		return "a letter"
	case unicode.IsLetter(r):
		return fmt.Sprintf("a letter of another alphabet (U+%04X)", r)
	case unicode.IsSpace(r):
		return fmt.Sprintf("an unusual space (U+%04X)", r)
	case unicode.Is(unicode.Cf, r), unicode.IsControl(r):
		return fmt.Sprintf("an invisible character (U+%04X)", r)
	case unicode.IsMark(r):
		return fmt.Sprintf("a combining mark (U+%04X)", r)
	}
	return fmt.Sprintf("the character U+%04X", r)
}

// digitName says of which script a digit is, and not which digit.
func digitName(r rune) string {
	if r >= 0xFF10 && r <= 0xFF19 {
		return "a full-width digit (U+FF10 to U+FF19)"
	}
	for name, script := range unicode.Scripts {
		if name != "Common" && unicode.Is(script, r) {
			return "a digit of the " + name + " script"
		}
	}
	return "a digit that is not one of 0 to 9"
}

// characterNames are the characters that come along when numbers are copied from
// web pages, spreadsheets and chats, and those that look like what a number may
// have.
var characterNames = map[rune]string{
	0x0000: "a NUL", '\t': "a tab", '\n': "a line feed", '\r': "a carriage return",
	'.': "a dot", ',': "a comma", ';': "a semicolon", ':': "a colon", '/': "a slash", '\\': "a backslash", '_': "an underscore",
	'@': "an at sign", '#': "a number sign", '*': "an asterisk", '\'': "an apostrophe", '"': "a quotation mark", '~': "a tilde",
	0x00A0: "a no-break space", 0x202F: "a narrow no-break space", 0x2007: "a figure space", 0x2009: "a thin space", 0x200A: "a hair space",
	0x2002: "an en space", 0x2003: "an em space", 0x3000: "an ideographic space", 0x2028: "a line separator", 0x2029: "a paragraph separator", 0x0085: "a next line",
	0x200B: "a zero-width space", 0x200C: "a zero-width non-joiner", 0x200D: "a zero-width joiner", 0x2060: "a word joiner",
	0xFEFF: "a zero-width no-break space, or byte order mark", 0x00AD: "a soft hyphen", 0x180E: "a Mongolian vowel separator", 0x034F: "a combining grapheme joiner",
	0x200E: "a left-to-right mark", 0x200F: "a right-to-left mark", 0x061C: "an Arabic letter mark",
	0x202A: "a left-to-right embedding", 0x202B: "a right-to-left embedding", 0x202C: "a pop directional formatting",
	0x202D: "a left-to-right override", 0x202E: "a right-to-left override",
	0x2066: "a left-to-right isolate", 0x2067: "a right-to-left isolate", 0x2068: "a first strong isolate", 0x2069: "a pop directional isolate",
	0x2010: "a typographic hyphen", 0x2011: "a non-breaking hyphen", 0x2012: "a figure dash", 0x2013: "an en dash", 0x2014: "an em dash", 0x2212: "a minus sign",
	0xFF0D: "a full-width hyphen", 0xFE63: "a small hyphen", 0xFF0B: "a full-width plus", 0xFE62: "a small plus", 0x207A: "a superscript plus", 0x208A: "a subscript plus",
	0x2795: "a heavy plus", 0xFF08: "a full-width parenthesis", 0xFF09: "a full-width parenthesis", 0xFF0E: "a full-width dot", 0x00B7: "a middle dot", 0xFFFD: "a replacement character",
}
