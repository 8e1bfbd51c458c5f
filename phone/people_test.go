package phone

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// Two numbers that both are numbers of the plan as they stand are two lines, and
// must not be one person. The exceptions are documented: WhatsApp itself adds and
// drops the digit.
func TestTwoNumbersAreTwoPeople(t *testing.T) {
	documented := func(code, longer string) bool {
		return code == "54" && longer[2] == '9' || // Argentina's international 9
			code == "55" && longer[4] == '9' && !brazilianFixed(longer[5]) // Brazil's ninth digit
	}
	r := rand.New(rand.NewPCG(7, 7))
	found := 0
	for i := range plans {
		code, p := plans[i].code, &plans[i]
		for length := 4; length <= 13; length++ {
			if !p.fits(length) || len(code)+length > maxDigits || len(code)+length < minDigits {
				continue
			}
			for range 60 {
				digits := code + randomDigits(r, length)
				if !validAsIs(digits) {
					continue
				}
				n, err := Parse("+"+digits, "")
				if err != nil {
					continue // a service that is longer than any person's number
				}
				found++
				key := string(n.Number)
				if key != digits && validAsIs(key) && !documented(code, digits) {
					t.Errorf("+%s and +%s are both numbers, and share the key %s", digits, key, key)
				}
			}
		}
	}
	if found < 2000 {
		t.Errorf("only %d numbers were tried", found)
	}
}

// randomDigits are national digits, more often than not with a beginning that
// means something in some country.
func randomDigits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.IntN(10))
	}
	switch r.IntN(6) {
	case 0:
		b[0] = '0'
	case 1:
		b[0] = '1'
	case 2:
		b[0] = '9'
	case 3:
		b[2] = '9'
	case 4:
		b[0], b[1] = '0', '0'
	}
	return string(b)
}

// A Brazilian fixed line and a mobile that differ in the ninth digit alone are two
// people in every area, whichever spelling.
func TestBrazilianFixedLine(t *testing.T) {
	for area := 11; area <= 99; area++ {
		for first := byte('0'); first <= '9'; first++ {
			eight := strconv.Itoa(area) + string(first) + "4567890"
			nine := eight[:2] + "9" + eight[2:]
			a, errA := Parse("+55"+eight, "")
			b, errB := Parse("+55"+nine, "")
			if errA != nil || errB != nil {
				t.Fatalf("+55%s: %v, %v", eight, errA, errB)
			}
			if two := a.Number != b.Number; two != (first >= '2' && first <= '5') {
				t.Errorf("+55%s and +55%s: two people is %v", eight, nine, two)
			}
			former, changed := b.Number.Former()
			if changed != (first >= '2' && first <= '5') || changed && former != a.Number {
				t.Errorf("+55%s had the key %s, changed: %v", nine, former, changed)
			}
			if _, changed := a.Number.Former(); changed {
				t.Errorf("+55%s had another key", eight)
			}
		}
	}
}

// An error about a number names the character that doesn't belong there, and
// nothing of the number.
func TestPhoneCharacters(t *testing.T) {
	for in, want := range map[string]string{
		"+49\u200b15112345678":  "a zero-width space (U+200B)",
		"\ufeff+4915112345678":  "a zero-width no-break space, or byte order mark (U+FEFF)",
		"+49\u2060 15112345678": "a word joiner (U+2060)",
		"+49\u00a015112345678":  "a no-break space (U+00A0)",
		"+49\u202f15112345678":  "a narrow no-break space (U+202F)",
		"+49\u200515112345678":  "an unusual space (U+2005)",
		"\u200f+4915112345678":  "a right-to-left mark (U+200F)",
		"\u202a+4915112345678":  "a left-to-right embedding (U+202A)",
		"\u2066+4915112345678":  "a left-to-right isolate (U+2066)",
		"+4915112345678\u202c":  "a pop directional formatting (U+202C)",
		"＋4915112345678":        "a full-width plus (U+FF0B)",
		"+49‐15112345678":       "a typographic hyphen (U+2010)",
		"+49–15112345678":       "an en dash (U+2013)",
		"+49−15112345678":       "a minus sign (U+2212)",
		"+٤٩15112345678":        "a digit of the Arabic script",
		"+४९15112345678":        "a digit of the Devanagari script",
		"+４９15112345678":        "a full-width digit (U+FF10 to U+FF19)",
		"+4915112345678²":       "a character that stands for a number and is no digit from 0 to 9",
		"+49\t15112345678":      "a tab (U+0009)",
		"+4915112345678\n":      "a line feed (U+000A)",
		"+4915112345678\r":      "a carriage return (U+000D)",
		"+49\x00":               "a NUL (U+0000)",
		"+49\x0115112345678":    "an invisible character (U+0001)",
		"+49\u00ad15112345678":  "a soft hyphen (U+00AD)",
		"+49\u180e15112345678":  "a Mongolian vowel separator (U+180E)",
		"+4915112345678\u0301":  "a combining mark (U+0301)",
		"+49.151.12345678":      "a dot (U+002E)",
		"+49/15112345678":       "a slash (U+002F)",
		"+491511234567O":        "a letter",
		"+491511234567О":        "a letter of another alphabet (U+041E)",
		"+49\xff15112345678":    "a byte that is no UTF-8",
		"+4915112345678💬":       "the character U+1F4AC",
	} {
		_, err := Parse(in, "49")
		if err == nil || !strings.HasPrefix(err.Error(), "it holds "+want+",") {
			t.Errorf("Parse(%+q) says %v, want %q", in, err, want)
			continue
		}
		rest := codePoint.ReplaceAllString(err.Error(), "")
		if strings.ContainsAny(strings.NewReplacer("0 to 9", "", "UTF-8", "").Replace(rest), "0123456789") {
			t.Errorf("the error for %+q quotes digits: %v", in, err)
		}
	}
}
