package phone

import "math/bits"

//go:generate go run ../internal/plangen

// plan is the numbering plan of a calling code. Lengths are without the code; bit n
// of a set is that of n digits.
type plan struct {
	code    string
	root    uint16 // the node before the first digit behind the code
	lengths uint32 // those that numbers have
	main    uint32 // the same, in the region the code is mainly of
	longest uint8  // digits of the longest fixed or mobile number
}

// node is where the digits of a number have led to.
type node struct {
	targets uint16 // where among [targets] stand the nodes behind it
	changes uint16 // bit n: the node behind it by digit n is another than that by n-1
	answer  answer
}

// answer is what numbering plans say of the number that ends at a node. They say it
// in regular expressions, as libphonenumber has them; see internal/plangen.
type answer uint8

func (a answer) valid() bool  { return a&1 != 0 } // the plan has it
func (a answer) viable() bool { return a&2 != 0 } // it looks like a number
func (a answer) strip() uint8 { return uint8(a >> 2) }

// strip is what becomes of a number with a trunk prefix or the code of a long-distance
// carrier: its digits from and to a place, behind literal ones, and those from end on.
type strip struct {
	literal       string
	from, to, end uint8
}

// planFor is the plan of the country that digits begin with, nil where there is
// none. No calling code is the beginning of another.
func planFor(digits string) *plan {
	n := 0
	for i := range min(longestCode, len(digits)) {
		digit := digits[i] - '0'
		if n = 10*n + int(digit); n == 0 || digit > 9 {
			return nil
		}
		if place := planOf[n]; place > 0 {
			return &plans[place-1]
		}
	}
	return nil
}

// callingCode is the country calling code that digits begin with, "" where no
// country has it.
func callingCode(digits string) string {
	if p := planFor(digits); p != nil {
		return p.code
	}
	return ""
}

const longestCode = 3 // digits

// ask is what the plan says of a number of its country.
func (p *plan) ask(national string) answer {
	at := &nodes[p.root]
	for i := range len(national) {
		digit := national[i] - '0'
		if digit > 9 {
			return 0
		}
		at = &nodes[targets[int(at.targets)+bits.OnesCount16(at.changes&(1<<(digit+1)-1))]]
	}
	return at.answer
}

// significant is a number without what is dialled inside the country only.
func (p *plan) significant(national string) string {
	a := p.ask(national)
	if a.strip() == 0 {
		return national
	}
	s := &strips[a.strip()]
	rest := s.literal + national[s.from:s.to] + national[s.end:]
	if a.viable() && !p.ask(rest).viable() {
		return national
	}
	// What remains must be as long as numbers are, or longer.
	length := uint32(1) << len(rest)
	if p.main&length == 0 && length < p.main {
		return national
	}
	return rest
}

// fits reports whether numbers have so many digits.
func (p *plan) fits(length int) bool { return p.lengths&(1<<length) != 0 }

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
	p := planFor(home)
	if p == nil || p.code != home {
		return false
	}
	whole := home + digits
	key, err := canonical(whole)
	return err == nil && len(key)-len(home) <= int(p.longest) && possible(whole)
}

func fits(digits string) bool {
	p := planFor(digits)
	return p != nil && len(digits) <= maxDigits && p.fits(len(digits)-len(p.code))
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

// validAsIs reports whether the numbering plan has international digits as they
// stand: nothing of them is a prefix.
func validAsIs(digits string) bool {
	p := planFor(digits)
	if p == nil {
		return false
	}
	national := digits[len(p.code):]
	a := p.ask(national)
	return a.valid() && (a.strip() == 0 || p.significant(national) == national)
}

// settle is the canonical form of international digits that people wrote. They
// may hold what a network would drop: a trunk prefix or the code of a long
// distance carrier. What then remains must be a number.
func settle(digits string) (string, error) {
	key, err := canonical(digits)
	if err != nil {
		return "", err
	}
	p := planFor(key)
	if p == nil {
		return key, nil
	}
	longest := len(p.code) + int(p.longest)
	if national := digits[len(p.code):]; len(key) > longest || hasTrunkZero(p.code, national) {
		if rest := p.significant(national); p.ask(rest).valid() {
			if key, err = canonical(p.code + rest); err != nil {
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
