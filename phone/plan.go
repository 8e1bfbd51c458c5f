package phone

import (
	"strconv"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// callingCode is the country calling code that digits begin with, "" where no
// country has it. No code is the beginning of another.
func callingCode(digits string) string {
	n := 0
	for i := range min(longestCode, len(digits)) {
		digit := digits[i] - '0'
		if n = 10*n + int(digit); n == 0 || digit > 9 {
			return ""
		}
		if codes()[n] {
			return digits[:i+1]
		}
	}
	return ""
}

// codes says which numbers are calling codes. It is asked several times for each
// number that is read, so it is no map.
var codes = sync.OnceValue(func() *[1000]bool {
	all := new([1000]bool)
	for code := range plans() {
		n, err := strconv.Atoi(code)
		if err != nil || len(code) > longestCode {
			panic("numbering plans: " + code + " is no calling code")
		}
		all[n] = true
	}
	return all
})

const longestCode = 3 // digits

// plan says how long the numbers of a calling code are, without the code.
type plan struct {
	lengths uint32 // bit n is set where numbers of n digits exist
	longest int    // digits of the longest fixed or mobile number
}

// plans holds the numbering plan of every calling code.
var plans = sync.OnceValue(func() map[string]plan {
	all := make(map[string]plan)
	c, err := phonenumbers.MetadataCollection()
	if err != nil {
		panic("numbering plans: " + err.Error()) // they are compiled in
	}
	for _, m := range c.GetMetadata() {
		code := itoa(int(m.GetCountryCode()))
		p := all[code]
		general := m.GetGeneralDesc().GetPossibleLength()
		for _, n := range general {
			if n > 0 && n <= maxDigits {
				p.lengths |= 1 << n
			}
		}
		for _, d := range []*phonenumbers.PhoneNumberDesc{m.GetMobile(), m.GetFixedLine()} {
			lengths := d.GetPossibleLength() // -1 alone where the country has no such numbers
			if len(lengths) == 0 {
				lengths = general
			}
			for _, n := range lengths {
				p.longest = max(p.longest, int(n))
			}
		}
		if p.longest <= 0 { // satellites and other services
			p.longest = maxDigits
		}
		all[code] = p
	}
	return all
})

// possible reports whether international digits are as long as numbers of their
// country are, in any spelling.
func possible(digits string) bool {
	if fits(digits) {
		return true
	}
	key, err := canonical(digits)
	return err == nil && key != digits && fits(key)
}

// fitsHome reports whether national digits are no longer than a person's number
// in the country with the calling code home.
func fitsHome(digits, home string) bool {
	if home == "" || callingCode(home) != home {
		return false
	}
	key, err := canonical(home + digits)
	return err == nil && len(key)-len(home) <= plans()[home].longest && possible(home+digits)
}

func fits(digits string) bool {
	code := callingCode(digits)
	n := len(digits) - len(code)
	return code != "" && len(digits) <= maxDigits && plans()[code].lengths&(1<<n) != 0
}

// valid reports whether the numbering plan has international digits, in any
// spelling.
func valid(digits string) bool {
	if validAsIs(digits) {
		return true
	}
	key, err := canonical(digits)
	if err != nil {
		return false
	}
	if key != digits && validAsIs(key) {
		return true
	}
	for _, d := range spellings(key) {
		if d != digits && validAsIs(d) {
			return true
		}
	}
	return false
}

func validAsIs(digits string) bool {
	n, err := phonenumbers.Parse("+"+digits, "")
	return err == nil && phonenumbers.IsValidNumber(n) && digitsOf(n) == digits
}

// settle is the canonical form of international digits that people wrote. They
// may hold what a network would drop: a trunk prefix or the code of a long
// distance carrier. What then remains must be a number.
func settle(digits string) (string, error) {
	key, err := canonical(digits)
	if err != nil {
		return "", err
	}
	code := callingCode(key)
	if code == "" {
		return key, nil
	}
	longest := len(code) + plans()[code].longest
	if len(key) > longest || hasTrunkZero(code, digits[len(code):]) {
		if n, err := phonenumbers.Parse("+"+digits, ""); err == nil && phonenumbers.IsValidNumber(n) {
			if key, err = canonical(digitsOf(n)); err != nil {
				return "", err
			}
		}
	}
	// Services can have longer numbers than any person has, if the plan has them
	// as they are.
	if len(key) > longest && !validAsIs(key) {
		return "", errLong
	}
	return key, nil
}

func digitsOf(n *phonenumbers.PhoneNumber) string {
	return itoa(int(n.GetCountryCode())) + phonenumbers.GetNationalSignificantNumber(n)
}
