package badger

import (
	"context"
	"fmt"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Facts reads what a decision about one send needs: from the cache, or in one
// snapshot what isn't there.
func (s *Store) Facts(ctx context.Context, q store.Query) (policy.Facts, error) {
	people, err := s.lookUp(ctx, q.Who)
	if err != nil {
		return policy.Facts{}, fmt.Errorf("reading facts: %w", err)
	}
	f := policy.Facts{Persons: make([]policy.PersonFacts, len(people))}
	fold := s.fold(q.PhoneNumberID, q.Terms)
	for i := range people {
		f.Persons[i] = people[i].Facts(fold)
	}
	f.OnePerson = policy.OnePerson(people)
	f.Template = s.known.template(q.WABA, q.PhoneNumberID, q.Template)
	if q.Digits != "" {
		f.Shown = s.known.shownAmong(s.digitsPseudonym(q.PhoneNumberID, q.Digits), people)
	}
	return f, nil
}

// shownAmong is who of people digits without a plus sign were shown to mean.
func (k *knowledge) shownAmong(digits policy.Alias, people []policy.Named) policy.Shown {
	k.mu.RLock()
	number, ok := k.shown[digits]
	k.mu.RUnlock()
	if !ok {
		return policy.NotShown
	}
	return policy.ShownAmong(people, number)
}

// defaultTerms are those of a query without any.
var defaultTerms = policy.DefaultTerms()

// fold says which words count for a business phone number.
func (s *Store) fold(phoneNumberID string, terms *policy.Terms) *policy.Fold {
	if terms == nil {
		terms = defaultTerms
	}
	return terms.For(phoneNumberID, func(id string) string { return s.known.number(id).WABA })
}

// contacts are those the names belong to.
func (s *Store) contacts(ctx context.Context, names []policy.Alias) ([]*policy.Contact, error) {
	if err := s.serving(ctx); err != nil {
		return nil, err
	}
	contacts := make([]*policy.Contact, len(names))
	missing := false
	generations := make([]uint64, len(names))
	for i, a := range names {
		var ok bool
		if contacts[i], ok = s.cache.get(a); !ok {
			generations[i] = s.cache.generation(a)
			missing = true
		}
	}
	if !missing {
		return contacts, nil
	}
	err := s.view(ctx, func(snap snapshot) (err error) {
		for i, a := range names {
			if contacts[i] != nil {
				continue
			}
			var record []byte
			if contacts[i], record, err = readContact(snap, a); err != nil {
				return err
			}
			s.cache.fill(a, record, generations[i])
		}
		return nil
	})
	return contacts, err
}

// serving says why the store can't serve, if so.
func (s *Store) serving(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.alive()
}

// Person is what is known about the person behind an identity in relation to a
// business phone number.
func (s *Store) Person(ctx context.Context, who policy.Identity, phoneNumberID string, terms *policy.Terms) (policy.PersonFacts, error) {
	people, err := s.lookUp(ctx, []policy.Identity{who})
	if err != nil {
		return policy.PersonFacts{}, fmt.Errorf("reading the person %s: %w", s.Pseudonym(who), err)
	}
	return people[0].Facts(s.fold(phoneNumberID, terms)), nil
}
