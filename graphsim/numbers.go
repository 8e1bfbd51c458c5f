package graphsim

import "strings"

// Number is a business phone number of the account.
type Number struct {
	// ID is the phone_number_id that appears in paths and webhooks.
	ID string
	// Display is the number as shown to people, for example "+49 30 555123".
	Display string
	// Name is the verified name.
	Name string
	// CountryCode without plus, for example "49". If set, a national-looking `to` (no plus, under 11 digits) is read
	// with this prefix, as Meta documents.
	CountryCode string
}

// display is display_phone_number as webhooks carry it: digits only.
func (n *Number) display() string { return onlyDigits(n.Display) }

// E.164 allows 15 digits; nothing under 7 is a subscriber number anywhere.
const (
	minPhoneDigits      = 7
	maxPhoneDigits      = 15
	minInternationalLen = 11
)

// parsePhone reads what Meta accepts in `to`: digits with plus, spaces, hyphens and parentheses. It gives the
// international digits, or false for anything else, including trunk zeros, whose treatment is not documented.
func parsePhone(to, countryCode string) (digits string, ok bool) {
	for _, r := range to {
		if (r < '0' || r > '9') && !strings.ContainsRune("+ -()", r) {
			return "", false
		}
	}
	digits = onlyDigits(to)
	plus := strings.HasPrefix(strings.TrimSpace(to), "+")
	if strings.HasPrefix(digits, "0") {
		return "", false
	}
	if !plus && countryCode != "" && len(digits) < minInternationalLen {
		digits = countryCode + digits
	}
	return digits, len(digits) >= minPhoneDigits && len(digits) <= maxPhoneDigits
}

func onlyDigits(s string) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		clean = s[i] >= '0' && s[i] <= '9'
	}
	if clean {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// canonicalWaID gives the wa_id Meta would report for international digits nobody registered explicitly: Brazilian
// mobiles without the ninth digit outside areas 11 to 28 and with it inside, Mexico with 1, Argentina with 9.
func canonicalWaID(digits string) string {
	base := phoneClass(digits)
	switch {
	case isBrazil(base) && base[2:4] >= "11" && base[2:4] <= "28" && base[4] >= '6': // landlines start with 2 to 5
		return base[:4] + "9" + base[4:]
	case isMexico(base):
		return "521" + base[2:]
	case isArgentina(base):
		return "549" + base[2:]
	default:
		return base
	}
}

// phoneClass gives all spellings of one line the same key: the digits without the extra digit of Brazil, Mexico and
// Argentina. Brazilian mobile numbers with a 2 to 5 behind the 9 never were without it: eight digits are a fixed line.
func phoneClass(digits string) string {
	switch {
	case len(digits) == 13 && strings.HasPrefix(digits, "55") && digits[4] == '9' && (digits[5] < '2' || digits[5] > '5'):
		return digits[:4] + digits[5:]
	case len(digits) == 13 && strings.HasPrefix(digits, "521"):
		return "52" + digits[3:]
	case len(digits) == 13 && strings.HasPrefix(digits, "549"):
		return "54" + digits[3:]
	default:
		return digits
	}
}

func isBrazil(base string) bool    { return len(base) == 12 && strings.HasPrefix(base, "55") }
func isMexico(base string) bool    { return len(base) == 12 && strings.HasPrefix(base, "52") }
func isArgentina(base string) bool { return len(base) == 12 && strings.HasPrefix(base, "54") }

// isUserID reports a business-scoped user id or parent id: two-letter country, dot, up to 128 alphanumerics; parents
// have "ENT." after the first dot.
func isUserID(s string) bool {
	if len(s) < 4 || s[2] != '.' || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' {
		return false
	}
	rest := strings.TrimPrefix(s[3:], parentMark)
	return rest != "" && len(rest) <= 128 && strings.IndexFunc(rest, notAlphanumeric) < 0
}

const parentMark = "ENT."

func isParentUserID(s string) bool { return isUserID(s) && strings.HasPrefix(s[3:], parentMark) }

func notAlphanumeric(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}
