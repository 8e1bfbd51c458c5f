package cloudapi

import (
	"errors"
	"fmt"

	"github.com/waguard/waguard/policy"
)

// Reasons why a phone number can't be read. They are about its shape and quote
// nothing of it.
var (
	errPhoneEmpty     = errors.New("the phone number has no digits")
	errPhoneCharacter = errors.New("a phone number has digits, one leading plus, spaces, hyphens and parentheses, and nothing else")
	errPhonePlus      = errors.New("a phone number has one plus, before its first digit")
	errPhoneTrunk     = errors.New("the phone number starts with a national 0: write a plus, the country calling code and the number without the 0")
	errPhoneLong      = fmt.Errorf("the phone number has more than %d digits, or more than any number of its country", maxPhoneDigits)
	errPhoneShort     = fmt.Errorf("the phone number has fewer than %d digits", minPhoneDigits)
	errPhoneNowhere   = errors.New("no country has such a phone number: write a plus, the country calling code and the number")
	errUserID         = errors.New("a user id is a country in two capital letters, a dot and up to 128 letters and digits, or the same with ENT. before the letters and digits")
	errGroupID        = errors.New("a group id is 1 to 512 printable ASCII characters without spaces")
)

// Digits of an international phone number, calling code included. E.164 allows
// 15; the shortest numbers in use belong to small islands, such as Niue's.
const (
	minPhoneDigits = 7
	maxPhoneDigits = 15
)

// ReadPhone reads a phone number as the `to` field of a send may write it. home
// is the calling code of the business phone number, "" where not known.
//
// Meta accepts a plus, digits, spaces, hyphens and parentheses. A number with a
// plus (or 00) has one reading. For one without, Meta documents that the calling
// code of the business number may be put before it, and in practice full
// international digits work as well. So there are two readings where both could
// be meant: the digits as an international number, and as a national number of
// the business's country. See [policy.Send.To]: whoever is meant, the stricter
// answer holds. What is no number either way is an error that says how to write
// it.
//
// The values are canonical: all spellings of one line give the same identity.
func ReadPhone(s, home string) ([]policy.Identity, error) {
	digits, plus, err := scanPhone(s)
	if err != nil {
		return nil, err
	}
	switch {
	case plus:
	case len(digits) > 2 && digits[:2] == "00":
		digits = digits[2:]
	case digits[0] == '0':
		return nil, errPhoneTrunk
	default:
		return readBare(digits, home)
	}
	key, err := settle(digits)
	if err != nil {
		return nil, err
	}
	return []policy.Identity{phone(key)}, nil
}

// readBare reads digits without a plus.
func readBare(digits, home string) ([]policy.Identity, error) {
	if len(digits) > maxPhoneDigits {
		return nil, errPhoneLong
	}
	international := possible(digits)
	national := ""
	if fitsHome(digits, home) {
		startsWithHome := len(digits) > len(home) && digits[:len(home)] == home
		if !(startsWithHome && international && valid(digits)) && valid(home+digits) {
			national = home + digits
		}
	}
	var readings []policy.Identity
	for _, d := range []string{national, digits} {
		if d == "" || d == digits && !international {
			continue
		}
		key, err := settle(d)
		if err != nil {
			return nil, err
		}
		if id := phone(key); len(readings) == 0 || readings[0] != id {
			readings = append(readings, id)
		}
	}
	switch len(readings) {
	case 0:
		return nil, errPhoneNowhere
	case 2:
		if valid(digits) {
			readings[0], readings[1] = readings[1], readings[0]
		}
	}
	return readings, nil
}

// ReadWaID reads a phone number as webhooks and answers write it: digits in
// international form, with or without a plus.
func ReadWaID(s string) (policy.Identity, error) {
	if len(s) > 0 && s[0] == '+' {
		s = s[1:]
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return policy.Identity{}, errPhoneCharacter
		}
	}
	key, err := canonicalPhone(s)
	if err != nil {
		return policy.Identity{}, err
	}
	return phone(key), nil
}

func phone(key string) policy.Identity { return policy.Identity{Kind: policy.Phone, Value: key} }

// scanPhone takes the digits out of a phone number and reports whether a plus
// stands before them.
func scanPhone(s string) (digits string, plus bool, err error) {
	clean := len(s) > 0
	n := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			n++
		case c == '+':
			if plus || n > 0 {
				return "", false, errPhonePlus
			}
			plus, clean = true, false
		case c == ' ', c == '-', c == '(', c == ')':
			clean = false
		default:
			return "", false, errPhoneCharacter
		}
	}
	switch {
	case n == 0:
		return "", false, errPhoneEmpty
	case clean:
		return s, false, nil
	case n == len(s)-1 && plus:
		return s[1:], true, nil
	}
	b := make([]byte, 0, n)
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			b = append(b, s[i])
		}
	}
	return string(b), plus, nil
}

// ReadUserID reads a BSUID such as US.40817726355190042 or a parent BSUID such
// as US.ENT.1182. Meta writes the country in capitals; other spellings are
// refused rather than guessed, since nobody has documented that they name the
// same person.
func ReadUserID(s string) (policy.Identity, error) {
	if len(s) < 4 || !isUpper(s[0]) || !isUpper(s[1]) || s[2] != '.' {
		return policy.Identity{}, errUserID
	}
	kind, rest := policy.BSUID, s[3:]
	if len(rest) > 4 && rest[:4] == "ENT." {
		kind, rest = policy.ParentBSUID, rest[4:]
	}
	if len(rest) > maxUserID {
		return policy.Identity{}, errUserID
	}
	for i := range len(rest) {
		if c := rest[i]; !isUpper(c) && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') {
			return policy.Identity{}, errUserID
		}
	}
	return policy.Identity{Kind: kind, Value: s}, nil
}

const maxUserID = 128 // characters after the country

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

// ReadGroupID reads the id of a WhatsApp group. Meta documents no format; the
// ids look like Base64, and case matters.
func ReadGroupID(s string) (policy.Identity, error) {
	if s == "" || len(s) > maxGroupID {
		return policy.Identity{}, errGroupID
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return policy.Identity{}, errGroupID
		}
	}
	return policy.Identity{Kind: policy.Group, Value: s}, nil
}

const maxGroupID = 512 // characters; those seen have fewer than 100

// Country is the ISO country that a user id begins with, "" for other
// identities. For people known by user id alone it is all there is to estimate a
// price by.
func Country(id policy.Identity) string {
	if (id.Kind != policy.BSUID && id.Kind != policy.ParentBSUID) || len(id.Value) < 2 {
		return ""
	}
	return id.Value[:2]
}

// CallingCode is the country calling code of a business phone number as webhooks
// and the API display it ("+49 30 555123", "15550001111"), "" where it has none:
// the home for [ReadPhone].
func CallingCode(displayNumber string) string {
	digits, _, err := scanPhone(displayNumber)
	if err != nil || len(digits) < minPhoneDigits {
		return ""
	}
	return callingCode(digits)
}
