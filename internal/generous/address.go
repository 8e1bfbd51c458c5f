package generous

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

const maxZeros = 40 // digits an exponent may add; a phone number has fifteen

var (
	numberText  = regexp.MustCompile(`^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?$`)
	digitText   = regexp.MustCompile(`[0-9]`)
	numericText = regexp.MustCompile(`[eE]|\.0*$`)
	bsuidText   = regexp.MustCompile(`^[A-Za-z]{2}\.`)
)

// address is one person or group a value could name. A guess is digits picked out of a text with letters.
type address struct {
	name  string
	guess bool
}

// addresses lists whom a parameter could name, over all its occurrences.
func addresses(p params, key string) []address {
	var out []address
	for _, v := range get(p.fields, key) {
		for _, s := range scalars(v) {
			for _, a := range addressesIn(s, key) {
				a.name = clip(a.name)
				out = append(out, a)
			}
		}
	}
	return unique(out, MaxSends)
}

func addressesIn(v value, key string) []address {
	if strings.Contains(v.text, reference) {
		return []address{{name: strings.TrimSpace(v.text)}}
	}
	var out []address
	if v.kind == number {
		out = append(out, address{name: wholeNumber(v.text)})
		if !strings.ContainsAny(v.text, "eE") {
			out = append(out, address{name: digits(v.text)})
		}
		return out
	}
	texts := []string{v.text}
	if strings.ContainsAny(v.text, ",;|\n") { // one text, several people
		parts := strings.FieldsFunc(v.text, func(r rune) bool { return strings.ContainsRune(",;|\n", r) })
		texts = append(texts, bounded(parts, MaxSends)...)
	}
	for _, t := range texts {
		t = clean(t)
		if strings.ContainsFunc(t, unicode.IsLetter) {
			out = append(out, address{name: t})
			if key == "recipient" && bsuidText.MatchString(t) {
				continue // where it belongs, a BSUID is nothing else
			}
			if d := digits(t); d != "" {
				out = append(out, address{d, true})
			}
		} else if d := digits(t); d != "" {
			out = append(out, address{name: d})
		}
		if isNumber(t) && numericText.MatchString(t) {
			out = append(out, address{wholeNumber(t), true})
		}
	}
	return out
}

// digits keeps the digits of a clean text.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func isNumber(s string) bool { return numberText.MatchString(s) && digitText.MatchString(s) }

// wholeNumber writes a number out without sign, exponent and fraction: 4.479e3 is 4479.
func wholeNumber(s string) string {
	m := numberText.FindStringSubmatch(s)
	if m == nil {
		return digits(s)
	}
	whole, fraction := m[2], m[3]
	exponent, _ := strconv.Atoi(m[4])
	all, point := whole+fraction, len(whole)+exponent
	switch {
	case point <= 0:
		return "0"
	case point < len(all):
		all = all[:point]
	default:
		all += strings.Repeat("0", min(point-len(all), maxZeros))
	}
	if all = strings.TrimLeft(all, "0"); all == "" {
		return "0"
	}
	return all
}
