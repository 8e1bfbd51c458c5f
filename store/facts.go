package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/waguard/waguard/policy"
)

// Facts reads what a decision about one send needs: from memory, if the engine is
// [Sole], else in one round trip, or a few where people or accounts have several
// names.
func (s *Book) Facts(ctx context.Context, q Query) (policy.Facts, error) {
	if s.sole == nil {
		return s.readFacts(ctx, q)
	}
	f, err := s.facts(ctx, nil, q)
	if err != nil {
		return policy.Facts{}, fmt.Errorf("reading facts: %w", err)
	}
	return f, nil
}

// readFacts reads them from the engine.
func (s *Book) readFacts(ctx context.Context, q Query) (f policy.Facts, err error) {
	err = s.view(ctx, func(r *reading) (err error) {
		r.basis = q.Basis
		if err := r.fetchFor(&q); err != nil {
			return err
		}
		f, err = s.facts(ctx, r, q)
		return err
	})
	if err != nil {
		return policy.Facts{}, fmt.Errorf("reading facts: %w", err)
	}
	return f, nil
}

// FactsAt reads them as they were known at a moment. What numbers belong to one account,
// and whom digits were shown to mean, is what is known now. It is an [ErrForgotten]
// of moments that are before what is kept, and an [ErrErased] where it went with somebody's data.
func (s *Book) FactsAt(ctx context.Context, q Query, at policy.Moment) (f policy.Facts, err error) {
	if at < s.PastSince() {
		return policy.Facts{}, fmt.Errorf("what was known at %s: %w", at, ErrForgotten)
	}
	err = s.view(ctx, func(r *reading) (err error) {
		r.at = at
		f, err = s.facts(ctx, r, q)
		return err
	})
	if err != nil {
		return policy.Facts{}, fmt.Errorf("reading facts of %s: %w", at, err)
	}
	return f, nil
}

// facts reads from r, which is nil where the engine is sole.
func (s *Book) facts(ctx context.Context, r *reading, q Query) (f policy.Facts, err error) {
	people, contacts, err := s.peopleOf(ctx, r, &q)
	if err != nil {
		return f, err
	}
	fold, err := s.fold(r, q.PhoneNumberID, q.Terms, contacts)
	if err != nil {
		return f, err
	}
	f.Persons = make([]policy.PersonFacts, len(people))
	for i := range people {
		if r != nil && r.at != 0 && people[i].Erased.At > r.at {
			return f, ErrErased
		}
		f.Persons[i] = people[i].Facts(fold)
		if people[i].Erased.At != 0 && !f.Persons[i].Known {
			rand.Read(f.Persons[i].Contact[:]) // what comes after an erasure keeps no name of theirs
		}
		if q.Lots {
			f.Persons[i].Lots = people[i].Lots()
		}
	}
	f.OnePerson = policy.OnePerson(people)
	if s.restored != 0 && slices.ContainsFunc(f.Persons, func(p policy.PersonFacts) bool { return p.Opened <= s.restored }) {
		f.Restored = s.restored
	}
	if err := s.limitFacts(r, q.PhoneNumberID, q.WABA, &f); err != nil {
		return f, err
	}
	if q.Portfolio != nil {
		if err := s.portfolioFacts(r, &q, people, &f); err != nil {
			return f, err
		}
	}
	if f.Template, err = s.templateFacts(r, q.WABA, q.PhoneNumberID, q.Template); err != nil || q.Digits == "" {
		return f, err
	}
	f.Shown, err = s.shownAmong(r, s.digitsPseudonym(q.PhoneNumberID, q.Digits), people)
	return f, err
}

// peopleOf are those whom a query names, and all contacts that were looked at.
func (s *Book) peopleOf(ctx context.Context, r *reading, q *Query) (people []policy.Named, contacts []*policy.Contact, err error) {
	if len(q.Known) == 0 {
		return s.lookUpIn(ctx, r, q.Who)
	}
	names := make([]policy.Alias, len(q.Known))
	for i, known := range q.Known {
		names[i] = policy.Alias(known)
	}
	if contacts, err = s.contacts(ctx, r, names); err != nil {
		return nil, nil, err
	}
	for i, name := range names {
		people = append(people, policy.Named{Name: name, Contact: contacts[i]})
	}
	return people, contacts, nil
}

// fetchFor reads in one round trip whatever is known by then to be needed.
func (r *reading) fetchFor(q *Query) error {
	keys := [][]byte{numberKey(q.PhoneNumberID), limitSubject{limitedNumber, q.PhoneNumberID}.key()}
	waba := q.WABA
	if waba == "" {
		waba = r.s.guesses.account(q.PhoneNumberID)
	}
	if waba != "" {
		keys = append(keys, limitSubject{limitedAccount, waba}.key())
	}
	for _, subject := range q.portfolioSubjects("") {
		keys = append(keys, subject.key())
	}
	for _, who := range q.Who {
		names := []policy.Alias{r.s.Pseudonym(who)}
		if other, ok := who.OtherUserID(); ok {
			names = append(names, r.s.Pseudonym(other))
		}
		for _, name := range names {
			keys = append(keys, aliasKey(contactPrefix, name), tombstoneKey(r.s.tombs.of(name)))
		}
	}
	for _, known := range q.Known {
		keys = append(keys, aliasKey(contactPrefix, policy.Alias(known)))
	}
	keys = append(keys, r.s.guesses.keys(q.PhoneNumberID)...)
	if waba != "" && q.Template != (policy.TemplateRef{}) {
		keys = append(keys, templateName{waba, q.Template}.key(), listingKey(waba))
	}
	if q.Digits != "" {
		keys = append(keys, aliasKey(shownPrefix, r.s.digitsPseudonym(q.PhoneNumberID, q.Digits)))
	}
	return r.fetch(keys...)
}

// shownAmong is who of people digits without a plus sign were shown to mean.
func (s *Book) shownAmong(r *reading, digits policy.Alias, people []policy.Named) (policy.Shown, error) {
	if s.known != nil {
		if number, ok := s.known.shownWho(digits); ok {
			return policy.ShownAmong(people, number), nil
		}
		return policy.NotShown, nil
	}
	shown, err := readRecord[shownRecord](r, aliasKey(shownPrefix, digits))
	if err != nil || shown.Who.IsZero() {
		return policy.NotShown, err
	}
	return policy.ShownAmong(people, shown.Who), nil
}

// defaultTerms are those of a query without any.
var defaultTerms = policy.DefaultTerms()

// fold says which words of these contacts count for a business phone number. It
// reads from src, which is needed where the engine isn't sole.
func (s *Book) fold(src values, phoneNumberID string, terms *policy.Terms, contacts []*policy.Contact) (*policy.Fold, error) {
	if terms == nil {
		terms = defaultTerms
	}
	if s.known != nil {
		return terms.For(phoneNumberID, func(id string) string { return s.known.number(id).WABA }), nil
	}
	accounts := map[string]string{phoneNumberID: ""}
	for _, c := range contacts {
		for i := range c.Members {
			for j := range c.Members[i].Numbers {
				accounts[c.Members[i].Numbers[j].PhoneNumberID] = ""
			}
		}
	}
	if r, ok := src.(*reading); ok && len(accounts) > 1 {
		var keys [][]byte
		for id := range accounts {
			key := numberKey(id)
			if keys = append(keys, key); !r.has(key) {
				s.guesses.number(id)
			}
		}
		if err := r.fetchMissing(keys...); err != nil {
			return nil, err
		}
	}
	for id := range accounts {
		n, err := readNumber(src, id)
		if err != nil {
			return nil, err
		}
		accounts[id] = n.WABA
	}
	return terms.For(phoneNumberID, func(id string) string { return accounts[id] }), nil
}

// contacts are those the names belong to. They are read from r, which is nil
// where the engine is sole.
func (s *Book) contacts(ctx context.Context, r *reading, names []policy.Alias) ([]*policy.Contact, error) {
	if r != nil {
		return r.contacts(names)
	}
	if err := s.sole.Serving(ctx); err != nil {
		return nil, err
	}
	contacts := make([]*policy.Contact, len(names))
	var generations []uint64 // where some are missing
	for i, a := range names {
		var ok bool
		if contacts[i], ok = s.cache.get(a); !ok {
			if generations == nil {
				generations = make([]uint64, len(names))
			}
			generations[i] = s.cache.generation(a)
		}
	}
	if generations == nil {
		return contacts, nil
	}
	err := s.view(ctx, func(r *reading) (err error) {
		for i, a := range names {
			if contacts[i] != nil {
				continue
			}
			var record []byte
			if contacts[i], record, err = readContact(r, a); err != nil {
				return err
			}
			s.cache.fill(a, record, generations[i])
		}
		return nil
	})
	return contacts, err
}

func (r *reading) contacts(names []policy.Alias) (contacts []*policy.Contact, err error) {
	if r.at != 0 {
		for _, a := range names {
			c, err := r.contactAt(a, r.at)
			if err != nil {
				return nil, err
			}
			contacts = append(contacts, c)
		}
		return contacts, nil
	}
	var keys [][]byte
	for _, a := range names {
		keys = append(keys, aliasKey(contactPrefix, a))
	}
	if err := r.fetchMissing(keys...); err != nil {
		return nil, err
	}
	contacts = make([]*policy.Contact, len(names))
	for i, a := range names {
		if contacts[i], err = r.contact(a); err != nil {
			return nil, err
		}
	}
	return contacts, nil
}

// NewSince is when an identity was last given to a new person.
func (s *Book) NewSince(ctx context.Context, who policy.Identity) (since policy.Moment, err error) {
	alias := s.Pseudonym(who)
	err = s.view(ctx, func(r *reading) error {
		c, err := r.contact(alias)
		if err == nil {
			since = c.NewSince(alias)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("reading whose the name %s is: %w", s.Pseudonym(who), err)
	}
	return since, nil
}

// Person is what is known about the person behind an identity in relation to a
// business phone number.
func (s *Book) Person(ctx context.Context, who policy.Identity, phoneNumberID string, terms *policy.Terms) (f policy.PersonFacts, err error) {
	err = s.look(ctx, func(r *reading) error {
		people, contacts, err := s.lookUpIn(ctx, r, []policy.Identity{who})
		if err != nil {
			return err
		}
		fold, err := s.fold(r, phoneNumberID, terms, contacts)
		if err == nil {
			f = people[0].Facts(fold)
		}
		return err
	})
	if err != nil {
		return policy.PersonFacts{}, fmt.Errorf("reading the person %s: %w", s.Pseudonym(who), err)
	}
	return f, nil
}
