package store

import (
	"context"
	"fmt"
	"math"

	"github.com/waguard/waguard/policy"
)

// InTouch is how many people were lately in touch with business phone numbers.
type InTouch struct {
	// People are how many, by phone number id. Numbers without any are missing.
	People map[string]int
	// Estimated: not everybody was read.
	Estimated bool
}

// enoughContacts is how many contacts are read before the rest is estimated.
const enoughContacts = 100_000

// InTouch counts the people who were in touch with business phone numbers.
//
// Pseudonyms are random, so that those with the smallest first bytes are a sample.
// A contact lies under the smallest of its names, though, and one with more names
// is found sooner: it counts by how likely it was to be found.
func (s *Book) InTouch(ctx context.Context, since func(phoneNumberID string) policy.Moment) (*InTouch, error) {
	// read are how many contacts with as many names were in touch with a number.
	read := make(map[string]map[int]int)
	contacts, part := 0, 0
	for part < 256 && contacts < enoughContacts {
		err := s.view(ctx, func(r *reading) error {
			return r.Scan([]byte{contactPrefix, byte(part)}, func(_, value []byte) (bool, error) {
				record, err := decodeContact(value)
				if err != nil || record.Contact == nil {
					return false, err
				}
				contacts++
				for number := range touched(record.Contact, since) {
					if read[number] == nil {
						read[number] = make(map[int]int)
					}
					read[number][len(record.Contact.Members)]++
				}
				return false, ctx.Err()
			})
		})
		if err != nil {
			return nil, fmt.Errorf("counting people: %w", err)
		}
		part++
	}
	t := &InTouch{People: make(map[string]int), Estimated: part < 256}
	for number, byNames := range read {
		t.People[number] = estimate(byNames, float64(part)/256)
	}
	return t, nil
}

// estimate is how many contacts there are, of which some were found, by how many
// names they have, in a part of the space of names that begins with the smallest.
func estimate(found map[int]int, part float64) int {
	contacts := 0.0
	for names, count := range found {
		contacts += float64(count) / (1 - math.Pow(1-part, float64(names)))
	}
	return int(math.Round(contacts))
}

// touched are the numbers that a contact was in touch with.
func touched(c *policy.Contact, since func(string) policy.Moment) map[string]struct{} {
	var numbers map[string]struct{}
	for i := range c.Members {
		m := &c.Members[i]
		for j := range m.Numbers {
			if r := &m.Numbers[j]; r.Opened > max(since(r.PhoneNumberID), m.NewSince) {
				if numbers == nil {
					numbers = make(map[string]struct{})
				}
				numbers[r.PhoneNumberID] = struct{}{}
			}
		}
	}
	return numbers
}
