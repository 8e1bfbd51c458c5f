package main

import (
	"fmt"
	"strconv"

	"github.com/nyaruka/phonenumbers"
)

// country is what there is to know of a calling code.
type country struct {
	code    string
	regions []region
	// viable is the pattern that says of what a number is before a trunk prefix is
	// taken from it, in the region the code is mainly of.
	viable *pattern
	prefix *prefix // nil where there is none

	lengths uint32 // bit n is set where numbers of n digits exist, in any region
	main    uint32 // the same, of the main region
	longest int    // digits of the longest fixed or mobile number

	patterns []*pattern // each once
}

// region is one of those that share a calling code. It has the numbers that begin
// with its leading digits, or where it has none those that are its own.
type region struct {
	leading *pattern
	general kind
	kinds   []kind
}

// kind is a kind of number, such as mobile.
type kind struct {
	lengths uint32 // 0: of any length
	pattern *pattern
}

func countryOf(code int, all []*phonenumbers.PhoneMetadata) (*country, error) {
	c := &country{code: strconv.Itoa(code)}
	byID := make(map[string]*phonenumbers.PhoneMetadata)
	for _, m := range all {
		byID[m.GetId()] = m
		general := m.GetGeneralDesc().GetPossibleLength()
		c.lengths |= bits(general, maxDigits)
		for _, d := range []*phonenumbers.PhoneNumberDesc{m.GetMobile(), m.GetFixedLine()} {
			lengths := d.GetPossibleLength() // -1 alone where the country has no such numbers
			if len(lengths) == 0 {
				lengths = general
			}
			for _, n := range lengths {
				c.longest = max(c.longest, int(n))
			}
		}
	}
	if c.longest <= 0 { // satellites and other services
		c.longest = maxDigits
	}
	ids := phonenumbers.GetRegionCodesForCountryCode(code)
	if len(ids) != len(all) {
		return nil, fmt.Errorf("it is of %d regions, and %d have it", len(ids), len(all))
	}
	for i, id := range ids {
		m := byID[id]
		if m == nil {
			return nil, fmt.Errorf("nothing is known of %s", id)
		}
		if i == 0 {
			if err := c.mainly(m); err != nil {
				return nil, err
			}
		}
		r, err := c.region(m, len(ids) == 1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		c.regions = append(c.regions, r)
	}
	return c, nil
}

// mainly takes from the main region what holds for all numbers of the code.
func (c *country) mainly(m *phonenumbers.PhoneMetadata) (err error) {
	general := m.GetGeneralDesc()
	if c.viable, err = c.pattern(general.GetNationalNumberPattern()); err != nil {
		return err
	}
	// Those that are dialled inside of an area only are shorter than the longest of
	// these, and none of them; so nothing more is to know of them.
	c.main = bits(general.GetPossibleLength(), 31)
	if local := bits(general.GetPossibleLengthLocalOnly(), 31); local > c.main || local&c.main != 0 {
		return fmt.Errorf("local numbers of the lengths %#x among those of %#x", local, c.main)
	}
	c.prefix, err = newPrefix(m.GetNationalPrefixForParsing(), m.GetNationalPrefixTransformRule())
	return err
}

func (c *country) region(m *phonenumbers.PhoneMetadata, alone bool) (r region, err error) {
	if leading := m.GetLeadingDigits(); leading != "" && !alone {
		if r.leading, err = c.pattern("(?:" + leading + `)[0-9]*`); err != nil {
			return r, err
		}
	}
	if r.general, err = c.kind(m.GetGeneralDesc()); err != nil {
		return r, err
	}
	descriptions := []*phonenumbers.PhoneNumberDesc{
		m.GetPremiumRate(), m.GetTollFree(), m.GetSharedCost(), m.GetVoip(), m.GetPersonalNumber(),
		m.GetPager(), m.GetUan(), m.GetVoicemail(), m.GetFixedLine(),
	}
	if !m.GetSameMobileAndFixedLinePattern() {
		descriptions = append(descriptions, m.GetMobile())
	}
	for _, d := range descriptions {
		k, err := c.kind(d)
		if err != nil {
			return r, err
		}
		r.kinds = append(r.kinds, k)
	}
	return r, nil
}

func (c *country) kind(d *phonenumbers.PhoneNumberDesc) (k kind, err error) {
	k.pattern, err = c.pattern(d.GetNationalNumberPattern())
	for _, n := range d.GetPossibleLength() {
		if k.lengths |= 1; n > 0 { // of no length: there are none
			k.lengths |= 1 << n
		}
	}
	return k, err
}

func (c *country) pattern(expression string) (*pattern, error) {
	for _, p := range c.patterns {
		if p.expression == expression {
			return p, nil
		}
	}
	p, err := newPattern(expression, len(c.patterns))
	c.patterns = append(c.patterns, p)
	return p, err
}

// bits is the set of those lengths that are not above a limit.
func bits(lengths []int32, limit int32) (set uint32) {
	for _, n := range lengths {
		if n > 0 && n <= limit {
			set |= 1 << n
		}
	}
	return set
}
