package gateway

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// OfPerson is what the store has of one person.
type OfPerson struct {
	// PhoneNumberID is the business phone number it is about; "" for all.
	PhoneNumberID string
	Pseudonym     policy.Alias
	// Shown is the contact so that nobody reads it by chance.
	Shown string
	// Contact has all names of the person, and what ties them together; nil for nobody who is
	// known.
	Contact *policy.Contact
	// Records are the newest first.
	Records []*store.ConsentRecord
	// Decisions are on sends to the person, newest first.
	Decisions iter.Seq2[*store.Entry, error]
	// Numbers are the business phone numbers that have to do with the person, and those
	// with settings of their own.
	Numbers []string
}

// OfPerson collects what there is of a person, for one business phone number or for all.
func (g *Gateway) OfPerson(ctx context.Context, contact, phoneNumberID string) (*OfPerson, error) {
	p := new(OfPerson)
	var err error
	if phoneNumberID != "" {
		if p.PhoneNumberID, err = g.NumberNamed(ctx, phoneNumberID); err != nil {
			return nil, err
		}
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	who, err := readPerson(st, contact)
	if err != nil {
		return nil, misasked(err)
	}
	p.Pseudonym, p.Shown = st.Pseudonym(who), who.String()
	if p.Contact, err = st.Contact(ctx, who); err != nil {
		return nil, err
	}
	records, err := collect(st.History(ctx, who))
	if err != nil {
		return nil, err
	}
	numbers := make(map[string]bool)
	for id := range g.Businesses.Listed {
		numbers[id] = true
	}
	for _, r := range records {
		if r.PhoneNumberID != "" {
			numbers[r.PhoneNumberID] = true
		}
		if p.PhoneNumberID == "" || r.PhoneNumberID == "" || r.PhoneNumberID == p.PhoneNumberID {
			p.Records = append(p.Records, r)
		}
	}
	if p.PhoneNumberID != "" {
		numbers = map[string]bool{p.PhoneNumberID: true}
	}
	for _, id := range slices.Sorted(maps.Keys(numbers)) {
		if _, served := g.Businesses.Of(id); served {
			p.Numbers = append(p.Numbers, id)
		}
	}
	p.Decisions = st.Ledger(ctx, store.Filter{Contact: who, PhoneNumberID: p.PhoneNumberID})
	return p, nil
}

// BusinessName is the configured name of a business phone number; its id where it has
// none.
func (g *Gateway) BusinessName(phoneNumberID string) string {
	if b, ok := g.Businesses.Of(phoneNumberID); ok && b.Name != "" {
		return b.Name
	}
	return phoneNumberID
}
