package badger

import (
	"context"
	"fmt"

	"github.com/waguard/waguard/policy"
)

// lookedUp is what is known of somebody a send or an operator names.
type lookedUp struct {
	name    policy.Alias
	contact *policy.Contact
	// against are contacts under other names that may be the person's or somebody
	// else's. What they opted out of counts against the person, and nothing else
	// does.
	against []against
}

type against struct {
	name    policy.Alias
	contact *policy.Contact
}

// lookUp finds people by the identities they are named by.
//
// A user id may be of either kind, since who names one needn't say which: the
// one that is known is meant. Where both are, and are two people, the other one
// counts against. So does, of a number whose key has changed since the store was
// made, what was said under its former key by then.
func (s *Store) lookUp(ctx context.Context, who []policy.Identity) ([]lookedUp, error) {
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
	contacts, err := s.contacts(ctx, names)
	if err != nil {
		return nil, err
	}
	people := make([]lookedUp, len(who))
	for i := range who {
		people[i].name, people[i].contact = names[i], contacts[i]
	}
	for i, c := range others {
		name, contact, person := names[len(who)+i], contacts[len(who)+i], &people[c.of]
		switch {
		case !contact.Has(name) || person.contact.SamePerson(person.name, name):
		case c.former:
			person.against = append(person.against, against{name, contact.Until(s.keysChanged)})
		case !person.contact.Has(person.name):
			person.name, person.contact = name, contact
		default:
			person.against = append(person.against, against{name, contact})
		}
	}
	return people, nil
}

// person are the facts about somebody in relation to a business phone number.
func (p *lookedUp) person(fold *policy.Fold) policy.PersonFacts {
	f := p.contact.Person(p.name, fold)
	f.Known = p.contact.Has(p.name)
	for _, a := range p.against {
		other := a.contact.Person(a.name, fold)
		f.Heed(&other)
	}
	return f
}

// Meant lists the identities that a name may mean which somebody wrote down.
func (s *Store) Meant(ctx context.Context, who policy.Identity) ([]policy.Identity, error) {
	other, ok := who.OtherUserID()
	if !ok {
		return []policy.Identity{who}, nil
	}
	names := []policy.Alias{s.Pseudonym(who), s.Pseudonym(other)}
	contacts, err := s.contacts(ctx, names)
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
