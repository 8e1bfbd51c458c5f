package cloudapi

import (
	"errors"
	"fmt"

	"github.com/waguard/waguard/policy"
)

// Reasons why a phone number can't be read. They are about its shape and quote
// nothing of it.
var (
	errPhoneEmpty   = errors.New("the phone number has no digits")
	errPhonePlus    = errors.New("a phone number has one plus, before its first digit")
	errPhoneTrunk   = errors.New("the phone number starts with a national 0: write a plus, the country calling code and the number without the 0")
	errPhoneLong    = fmt.Errorf("the phone number has more than %d digits, or more than any number of its country", maxPhoneDigits)
	errPhoneShort   = fmt.Errorf("the phone number has fewer than %d digits", minPhoneDigits)
	errPhoneNowhere = errors.New("no country has such a phone number: write a plus, the country calling code and the number")
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
// international digits work as well: they are what webhooks call people, and what
// most programs send. So there are two readings where both could be meant, the
// likelier first: the digits as an international number if a numbering plan has
// them, else as a national number of the business's country. Which of them
// counts is for [policy.Decide] to say. What is no number either way is an error
// that says how to write it.
//
// The values are canonical: all spellings of one line give the same identity.
func ReadPhone(s, home string) ([]policy.Identity, error) {
	n, err := readNumber(s, home)
	return n.readings, err
}

// writtenNumber is a phone number as a send writes it.
type writtenNumber struct {
	readings []policy.Identity
	bare     policy.Bare
	digits   string
}

func readNumber(s, home string) (writtenNumber, error) {
	digits, plus, err := scanPhone(s)
	if err != nil {
		return writtenNumber{}, err
	}
	switch {
	case plus:
	case len(digits) > 2 && digits[:2] == "00":
		digits = digits[2:]
	case digits[0] == '0':
		return writtenNumber{}, errPhoneTrunk
	default:
		return readBare(digits, home)
	}
	key, err := settle(digits)
	if err != nil {
		return writtenNumber{}, err
	}
	return writtenNumber{readings: []policy.Identity{phone(key)}, digits: digits}, nil
}

// readBare reads digits without a plus.
func readBare(digits, home string) (writtenNumber, error) {
	if len(digits) > maxPhoneDigits {
		return writtenNumber{}, errPhoneLong
	}
	n := writtenNumber{bare: policy.BareNational, digits: digits}
	add := func(digits string) error {
		key, err := settle(digits)
		if id := phone(key); err == nil && (len(n.readings) == 0 || n.readings[0] != id) {
			n.readings = append(n.readings, id)
		}
		return err
	}
	international, national := possible(digits), fitsHome(digits, home)
	// Numbering plans are costly to ask, and decide nothing where one reading is all
	// there can be.
	if international && (!national || valid(digits)) {
		n.bare = policy.BareInternational
		if err := add(digits); err != nil {
			return writtenNumber{}, err
		}
	}
	startsWithHome := len(digits) > len(home) && digits[:len(home)] == home
	if national && !(startsWithHome && n.bare == policy.BareInternational) && valid(home+digits) {
		if err := add(home + digits); err != nil {
			return writtenNumber{}, err
		}
	}
	if international && n.bare != policy.BareInternational {
		if len(n.readings) == 0 {
			n.bare = policy.BareInternational
		}
		if err := add(digits); err != nil {
			return writtenNumber{}, err
		}
	}
	if len(n.readings) == 0 {
		return writtenNumber{}, errPhoneNowhere
	}
	return n, nil
}

// ReadWaID reads a phone number as webhooks and answers write it: digits in
// international form, with or without a plus.
func ReadWaID(s string) (policy.Identity, error) {
	if len(s) > 0 && s[0] == '+' {
		s = s[1:]
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return policy.Identity{}, phoneCharacter(s[i:])
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
			return "", false, phoneCharacter(s[i:])
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
