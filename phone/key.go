package phone

import (
	"strings"
)

// canonical is the key under which all spellings of one line are known, for
// international digits. WhatsApp may add or drop a digit between what a sender
// writes and the wa_id it reports, so consent, windows and opt-outs are looked
// up by this key:
//
//   - Brazil (55): without the ninth digit that mobile numbers got from 2012 on.
//     Those with a 2 to 5 behind it never were without: eight digits that begin
//     so are a fixed line, which is somebody else's.
//   - Mexico (52): without the 1 that mobile numbers had until 2019.
//   - Argentina (54): without the 9 of the international form, and without the
//     15 after the area code of the national one.
//   - Benin (229): with the 01 put before all numbers in November 2024.
//   - Ivory Coast (225): the ten digits in use since January 2021; see
//     [ivoryCoast].
//   - San Marino (378): with the area code 0549.
//   - Anywhere: without a trunk zero behind the calling code, where numbers
//     don't begin with one. Italy's do, and so do some services of other
//     countries.
//
// The key of a key is itself.
func canonical(digits string) (string, error) {
	switch {
	case len(digits) < minDigits:
		return "", errShort
	case len(digits) > maxDigits:
		return "", errLong
	case digits[0] == '0':
		return "", errNowhere
	}
	code := callingCode(digits)
	if code == "" {
		return digits, nil
	}
	national := digits[len(code):]
	for hasTrunkZero(code, national) && !validAsIs(code+national) {
		national = national[1:]
	}
	switch code {
	case "55":
		if len(national) == 11 && national[2] == '9' && !brazilianFixed(national[3]) {
			national = national[:2] + national[3:]
		}
	case "52":
		if len(national) == 11 && national[0] == '1' && national[1] != '0' {
			national = national[1:]
		}
	case "54":
		national = argentina(national)
	case "229":
		if len(national) == 8 {
			national = "01" + national
		}
	case "225":
		if len(national) == 8 {
			national = ivoryCoast(national) + national
		}
	case "378":
		if len(national) == 6 && (national[0] == '8' || national[0] == '9') {
			national = "0549" + national
		}
	}
	if len(code)+len(national) < minDigits {
		return "", errShort
	}
	if national == digits[len(code):] { // most are written canonically
		return digits, nil
	}
	return code + national, nil
}

// genuineZero holds the calling codes where numbers can begin with a zero of
// their own, and the length of the longest that do. A zero before more digits
// than that is a trunk prefix.
var genuineZero = map[string]int{
	"39":  maxDigits, // Italy and the Vatican keep it
	"47":  5,         // Norway
	"225": 10,        // Ivory Coast
	"226": 8,         // Burkina Faso
	"227": 8,         // Niger
	"229": 10,        // Benin
	"241": 8,         // Gabon
	"242": 9,         // Congo
	"247": 6,         // Ascension
	"250": 8,         // Rwanda
	"378": 10,        // San Marino
	"687": 6,         // New Caledonia
	"992": 9,         // Tajikistan
}

// hasTrunkZero reports whether a national number begins with a zero that is
// dialled inside the country only.
func hasTrunkZero(code, national string) bool {
	return strings.HasPrefix(national, "0") && len(national) > genuineZero[code]
}

// brazilianFixed reports whether eight digits behind a Brazilian area code that
// begin with c are a fixed line.
func brazilianFixed(c byte) bool { return c >= '2' && c <= '5' }

// Former is the number under which a line was known before the keys of numbers
// became what they are, and whether it is another one: Brazilian mobile numbers
// that never had eight digits shared the key of a fixed line. What was said under
// it may be of either.
func (n Number) Former() (Number, bool) {
	if len(n) != 13 || n[:2] != "55" || n[4] != '9' || !brazilianFixed(n[5]) {
		return "", false
	}
	return n[:4] + n[5:], true
}

// sameEnd is how many digits at their end two spellings of one line share.
const sameEnd = 6

// MayBe reports whether two numbers can be spellings of one line that isn't known
// to have them: they end alike in the same country, and not both are numbers.
func (n Number) MayBe(other Number) bool {
	a, b := string(n), string(other)
	code := callingCode(a)
	return code == callingCode(b) && len(a)-len(code) >= sameEnd && len(b)-len(code) >= sameEnd &&
		a[len(a)-sameEnd:] == b[len(b)-sameEnd:] && len(a) != len(b) && !(valid(a) && valid(b))
}

// argentina removes what marks a mobile number: the 9 in front, and the 15
// behind the area code. Area codes have two digits (11 alone), three or four
// (beginning with 2 or 3); behind the 15 they leave ten digits.
func argentina(national string) string {
	if (len(national) == 11 || len(national) == 13) && national[0] == '9' && national[1] != '0' {
		national = national[1:]
	}
	if len(national) != 12 {
		return national
	}
	for area := 2; area <= 4; area++ {
		if national[area:area+2] == "15" && (area == 2) == (national[:2] == "11") && strings.IndexByte("123", national[0]) >= 0 {
			return national[:area] + national[area+2:]
		}
	}
	return national
}

// ivoryCoast is the prefix that a number of eight digits got on 31 January 2021.
// It names the operator, which the second digit of mobile numbers and the third
// of fixed ones told before. Dropping the prefix instead would be simpler, but
// numbers given out since then differ in it alone: two people would share a key.
func ivoryCoast(old string) string {
	mobile := [10]string{"01", "01", "01", "01", "05", "05", "05", "07", "07", "07"}
	switch {
	case old[0] == '1': // emergency and special services
		return ""
	case old[0] != '2' && old[0] != '3':
		return mobile[old[1]-'0']
	case old[2] == '0':
		return "25"
	case old[2] == '8' && old[0] == '2':
		return "21"
	}
	return "27"
}

// spellings lists other ways to write a canonical number that numbering plans
// may know it by.
func spellings(key string) []string {
	switch {
	case strings.HasPrefix(key, "55") && len(key) == 12 && !brazilianFixed(key[4]):
		return []string{key[:4] + "9" + key[4:]}
	case strings.HasPrefix(key, "52") && len(key) == 12:
		return []string{"521" + key[2:]}
	case strings.HasPrefix(key, "54") && len(key) == 12:
		return []string{"549" + key[2:]}
	case strings.HasPrefix(key, "22901") && len(key) == 13:
		return []string{"229" + key[5:]}
	}
	return nil
}
