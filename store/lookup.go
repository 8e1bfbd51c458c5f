package store

import (
	"context"
	"fmt"

	"github.com/waguard/waguard/policy"
)

// lookUp finds people by the identities they are named by: what is known under
// those, under the user id of the other kind with the same spelling, and under the
// former key of a number whose key has changed since the store was made.
func (s *Book) lookUp(ctx context.Context, who []policy.Identity) (people []policy.Named, err error) {
	err = s.look(ctx, func(r *reading) (err error) {
		people, _, err = s.lookUpIn(ctx, r, who)
		return err
	})
	return people, err
}

// Contact is what is known under an identity, with all names of the same person.
func (s *Book) Contact(ctx context.Context, who policy.Identity) (*policy.Contact, error) {
	people, err := s.lookUp(ctx, []policy.Identity{who})
	if err != nil {
		return nil, fmt.Errorf("reading what is known of a person: %w", err)
	}
	if people[0].Erased.At != 0 {
		return nil, nil
	}
	return people[0].Contact, nil
}

// lookUpIn reads from r, which is nil where the engine is sole. It returns all
// contacts it has looked at as well.
func (s *Book) lookUpIn(ctx context.Context, r *reading, who []policy.Identity) (people []policy.Named, contacts []*policy.Contact, err error) {
	names := make([]policy.Alias, len(who), len(who)+2)
	for i, id := range who {
		names[i] = s.Pseudonym(id)
	}
	type candidate struct {
		of     int // place in who
		former bool
	}
	var others []candidate // of names behind those of who
	for i, id := range who {
		if other, ok := id.OtherUserID(); ok {
			names, others = append(names, s.Pseudonym(other)), append(others, candidate{of: i})
		}
		if s.keysChanged != 0 && s.options.Former != nil {
			if former, ok := s.options.Former(id); ok {
				names, others = append(names, s.Pseudonym(former)), append(others, candidate{i, true})
			}
		}
	}
	if contacts, err = s.contacts(ctx, r, names); err != nil {
		return nil, nil, err
	}
	people = make([]policy.Named, len(who))
	for i := range who {
		people[i] = policy.Named{Identity: who[i], Name: names[i], Contact: contacts[i]}
	}
	for i, c := range others {
		name, contact := names[len(who)+i], contacts[len(who)+i]
		if c.former {
			people[c.of].AsFormer(name, contact, s.keysChanged)
		} else {
			people[c.of].AsOtherKind(name, contact)
		}
	}
	if s.tombs.any.Load() || s.sole == nil {
		var src values
		if s.sole == nil {
			src = r
		}
		if err := s.heedErasures(src, people); err != nil {
			return nil, nil, err
		}
	}
	return people, contacts, nil
}

// Meant lists the identities that a name may mean which somebody wrote down.
func (s *Book) Meant(ctx context.Context, who policy.Identity) ([]policy.Identity, error) {
	other, ok := who.OtherUserID()
	if !ok {
		return []policy.Identity{who}, nil
	}
	names := []policy.Alias{s.Pseudonym(who), s.Pseudonym(other)}
	var contacts []*policy.Contact
	err := s.look(ctx, func(r *reading) (err error) {
		contacts, err = s.contacts(ctx, r, names)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w", who, err)
	}
	var meant []policy.Identity
	for i, id := range []policy.Identity{who, other} {
		if contacts[i].Has(names[i]) {
			meant = append(meant, id)
		}
	}
	if len(meant) == 0 {
		meant = append(meant, who)
	}
	return meant, nil
}
