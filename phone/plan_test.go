package phone

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

// library is what libphonenumber makes of international digits: the number without
// prefixes, and whether the numbering plan has it. "" where it can't read them.
func library(digits string) (read string, valid bool) {
	n, err := phonenumbers.Parse("+"+digits, "")
	if err != nil {
		return "", false
	}
	return digitsOf(n), phonenumbers.IsValidNumber(n)
}

func digitsOf(n *phonenumbers.PhoneNumber) string {
	return strconv.Itoa(int(n.GetCountryCode())) + phonenumbers.GetNationalSignificantNumber(n)
}

// asLibrary checks what the plans say of digits against the library.
func asLibrary(t interface{ Errorf(string, ...any) }, digits string) {
	read, known := library(digits)
	p := planFor(digits)
	if p == nil {
		if read != "" {
			t.Errorf("%s has no plan, and the library reads it as %s", digits, read)
		}
		return
	}
	national := digits[len(p.code):]
	if len(national) < 2 {
		return // no number of anybody's
	}
	rest := p.significant(national)
	if got := p.code + rest; got != read {
		t.Errorf("%s without prefixes is %s, and %s to the library", digits, got, read)
	}
	if got := p.ask(rest).valid(); got != known {
		t.Errorf("%s is a number: %v, and %v to the library", digits, got, known)
	}
	if got, want := validAsIs(digits), known && read == digits; got != want {
		t.Errorf("%s is a number as it stands: %v, and %v to the library", digits, got, want)
	}
}

// Numbers of all regions and kinds, with a digit changed, dropped or put in, and
// behind all kinds of prefixes, are what the library takes them for.
func TestPlansAreTheLibrarys(t *testing.T) {
	var examples []string
	for region := range phonenumbers.GetSupportedRegions() {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			if n := phonenumbers.GetExampleNumberForType(region, kind); n != nil {
				examples = append(examples, digitsOf(n))
			}
		}
	}
	prefixes := []string{"0", "1", "8", "9", "06", "80", "90", "15", "011", "015", "0311", "03", "09", "1904", "0444", "1831", "12080", "17911", "180020", "003768", "0037680", "1001", "1511", "08501", "01199", "0549", "11", "15"}
	for _, digits := range examples {
		asLibrary(t, digits)
		p := planFor(digits)
		for _, prefix := range prefixes {
			if spelled := p.code + prefix + digits[len(p.code):]; len(spelled) <= maxDigits {
				asLibrary(t, spelled)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.SampledFrom(examples).Draw(t, "example")
		at := rapid.IntRange(1, len(digits)-1).Draw(t, "at")
		digit := rapid.StringMatching(`[0-9]{0,2}`).Draw(t, "digits")
		digits = digits[:at] + digit + digits[min(len(digits), at+rapid.IntRange(0, 2).Draw(t, "fewer")):]
		asLibrary(t, digits[:min(len(digits), maxDigits)])
	})
	rapid.Check(t, func(t *rapid.T) {
		code := plans[rapid.IntRange(0, len(plans)-1).Draw(t, "plan")].code
		digits := code + rapid.StringMatching(`[0-9]{2,14}`).Draw(t, "national")
		asLibrary(t, digits[:min(len(digits), maxDigits)])
	})
}

// Every step of the graph is the library's: from each node, reached by one way, each
// digit is taken, and what follows is completed to a number and to none.
func TestEveryStepIsTheLibrarys(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range plans {
		p := &plans[i]
		reached := map[uint16]string{p.root: ""}
		for queue := []uint16{p.root}; len(queue) > 0; queue = queue[1:] {
			at := reached[queue[0]]
			for digit := byte('0'); digit <= '9'; digit++ {
				national := at + string(digit)
				if len(p.code)+len(national) > maxDigits {
					break
				}
				next := step(queue[0], digit)
				if len(national) >= 2 {
					asLibrary(t, p.code+national)
				}
				if _, known := reached[next]; !known {
					reached[next] = national
					queue = append(queue, next)
				}
				if end, ok := toNumber(next, maxDigits-len(p.code)-len(national)); ok && r.IntN(4) == 0 {
					asLibrary(t, p.code+national+end)
				}
			}
		}
	}
}

// step is the node behind another.
func step(at uint16, digit byte) uint16 {
	n := &nodes[at]
	place := n.targets
	for d := byte('1'); d <= digit; d++ {
		if n.changes&(1<<(d-'0')) != 0 {
			place++
		}
	}
	return targets[place]
}

// toNumber are the fewest digits that lead from a node to a number.
func toNumber(from uint16, most int) (string, bool) {
	reached := map[uint16]string{from: ""}
	for queue := []uint16{from}; len(queue) > 0; queue = queue[1:] {
		at := reached[queue[0]]
		if nodes[queue[0]].answer.valid() {
			return at, true
		}
		if len(at) == most {
			continue
		}
		for digit := byte('0'); digit <= '9'; digit++ {
			next := step(queue[0], digit)
			if _, known := reached[next]; !known {
				reached[next] = at + string(digit)
				queue = append(queue, next)
			}
		}
	}
	return "", false
}

// The table holds no node that isn't needed, and is small: that is why there is one.
func TestPlansAreSmall(t *testing.T) {
	if size := 6*len(nodes) + 2*len(targets); size > 128<<10 {
		t.Errorf("the numbering plans take %d bytes", size)
	}
}
