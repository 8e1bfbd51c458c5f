package phone

import (
	"errors"
	"fmt"
)

// Reasons why a phone number can't be read. They are about its shape and quote
// nothing of it.
var (
	errEmpty   = errors.New("the phone number has no digits")
	errPlus    = errors.New("a phone number has one plus, before its first digit")
	errTrunk   = errors.New("the phone number starts with a national 0: write a plus, the country calling code and the number without the 0")
	errLong    = fmt.Errorf("the phone number has more than %d digits, or more than any number of its country", maxDigits)
	errShort   = fmt.Errorf("the phone number has fewer than %d digits", minDigits)
	errNowhere = errors.New("no country has such a phone number: write a plus, the country calling code and the number")
)

// Digits of an international phone number, calling code included. E.164 allows
// 15; the shortest numbers in use belong to small islands, such as Niue's.
const (
	minDigits = 7
	maxDigits = 15
)

// Number is the key under which all spellings of one line are known: its
// international digits, in the one spelling chosen here.
type Number string

// Form is the way a phone number is written.
type Form uint8

const (
	// Full: with a plus or 00 before the country calling code.
	Full Form = iota
	// International: without plus, and the likelier reading are the digits as an
	// international number.
	International
	// National: without plus, and the likelier reading is a number of the country
	// of the business.
	National
)

// Reading is what a phone number can mean as somebody has written it.
type Reading struct {
	Number Number // the likelier reading
	Second Number // another one; "" where there is none
	Form   Form
	Digits string // as written, without 00
}

// Parse reads a phone number as the `to` field of a send may write it. home is
// the calling code of the business phone number, "" where not known.
//
// Meta accepts a plus, digits, spaces, hyphens and parentheses. A number with a
// plus (or 00) has one reading. For one without, Meta documents that the calling
// code of the business number may be put before it, and in practice full
// international digits work as well: they are what webhooks call people, and what
// most programs send. So there are two readings where both could be meant, the
// likelier first: the digits as an international number if a numbering plan has
// them, else as a national number of the business's country. Which of them
// counts is for the rules to say. What is no number either way is an error that
// says how to write it.
func Parse(s, home string) (Reading, error) {
	digits, plus, err := scan(s)
	if err != nil {
		return Reading{}, err
	}
	switch {
	case plus:
	case len(digits) > 2 && digits[:2] == "00":
		digits = digits[2:]
	case digits[0] == '0':
		return Reading{}, errTrunk
	default:
		return parseBare(digits, home)
	}
	key, err := settle(digits)
	if err != nil {
		return Reading{}, err
	}
	return Reading{Number: Number(key), Digits: digits}, nil
}

// parseBare reads digits without a plus.
func parseBare(digits, home string) (Reading, error) {
	if len(digits) > maxDigits {
		return Reading{}, errLong
	}
	n := Reading{Form: National, Digits: digits}
	add := func(digits string) error {
		key, err := settle(digits)
		switch number := Number(key); {
		case err != nil:
		case n.Number == "":
			n.Number = number
		case n.Number != number:
			n.Second = number
		}
		return err
	}
	international, national := possible(digits), fitsHome(digits, home)
	// Numbering plans are costly to ask, and decide nothing where one reading is all
	// there can be.
	if international && (!national || valid(digits)) {
		n.Form = International
		if err := add(digits); err != nil {
			return Reading{}, err
		}
	}
	startsWithHome := len(digits) > len(home) && digits[:len(home)] == home
	if national && !(startsWithHome && n.Form == International) && valid(home+digits) {
		if err := add(home + digits); err != nil {
			return Reading{}, err
		}
	}
	if international && n.Form != International {
		if n.Number == "" {
			n.Form = International
		}
		if err := add(digits); err != nil {
			return Reading{}, err
		}
	}
	if n.Number == "" {
		return Reading{}, errNowhere
	}
	return n, nil
}

// ParseWaID reads a phone number as webhooks and answers write it: digits in
// international form, with or without a plus.
func ParseWaID(s string) (Number, error) {
	if len(s) > 0 && s[0] == '+' {
		s = s[1:]
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return "", badCharacter(s[i:])
		}
	}
	key, err := canonical(s)
	return Number(key), err
}

// Digits are the digits of a phone number however it is written, without a plus;
// "" where it is none.
func Digits(s string) string {
	digits, _, _ := scan(s)
	return digits
}

// scan takes the digits out of a phone number and reports whether a plus
// stands before them.
func scan(s string) (digits string, plus bool, err error) {
	clean := len(s) > 0
	n := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			n++
		case c == '+':
			if plus || n > 0 {
				return "", false, errPlus
			}
			plus, clean = true, false
		case c == ' ', c == '-', c == '(', c == ')':
			clean = false
		default:
			return "", false, badCharacter(s[i:])
		}
	}
	switch {
	case n == 0:
		return "", false, errEmpty
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
// the home for [Parse].
func CallingCode(displayNumber string) string {
	digits, _, err := scan(displayNumber)
	if err != nil || len(digits) < minDigits {
		return ""
	}
	return callingCode(digits)
}
