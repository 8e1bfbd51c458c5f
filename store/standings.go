package store

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/waguard/waguard/policy"
)

// Standing is where a person stands in relation to a business phone number, under one of
// their names.
type Standing struct {
	Name          policy.Alias
	PhoneNumberID string
	// Own: something of the person was told to this number; else what was told to others
	// may reach it.
	Own bool
	policy.PersonFacts
}

// Installation names the key of the pseudonyms.
func (s *Book) Installation() string { return s.installation }

// Standings are where the people stand whose names are in one shard.
func (s *Book) Standings(ctx context.Context, shard byte, numbers []string, only bool, terms func(phoneNumberID string) *policy.Terms) (list []Standing, err error) {
	err = s.view(ctx, func(r *reading) error {
		var names []policy.Alias
		err := r.Scan([]byte{contactPrefix, shard}, func(key, _ []byte) (bool, error) {
			names = append(names, policy.Alias(key[1:]))
			return false, ctx.Err()
		})
		if err != nil {
			return err
		}
		for _, name := range names {
			c, err := r.contact(name)
			if err != nil {
				return err
			}
			for number, own := range numbersOf(c, numbers, only) {
				fold, err := s.fold(r, number, terms(number), []*policy.Contact{c})
				if err != nil {
					return err
				}
				person := []policy.Named{{Identity: name.Identity(), Name: name, Contact: c}}
				if err := s.heedErasures(r, person); err != nil {
					return err
				}
				list = append(list, Standing{name, number, own, person[0].Facts(fold)})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading where people stand: %w", err)
	}
	return list, nil
}

// numbersOf are these business phone numbers and, unless only they are asked for, those
// that a contact has to do with; each with whether the contact has to do with it.
func numbersOf(c *policy.Contact, numbers []string, only bool) iter.Seq2[string, bool] {
	own := make(map[string]bool)
	for i := range c.Members {
		for j := range c.Members[i].Numbers {
			own[c.Members[i].Numbers[j].PhoneNumberID] = true
		}
	}
	all := slices.Clone(numbers)
	if !only {
		all = slices.AppendSeq(all, maps.Keys(own))
	}
	slices.Sort(all)
	return func(yield func(string, bool) bool) {
		for _, number := range slices.Compact(all) {
			if !yield(number, own[number]) {
				return
			}
		}
	}
}
