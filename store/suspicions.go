package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/waguard/waguard/policy"
)

// reviewRecord leads to a person of whom something is suspected: one of the names
// under which it came, and when it came in first. It stays where the person has opted
// in or out since: what still waits is computed.
type reviewRecord struct {
	Name  policy.Alias  `cbor:"1,keyasint"`
	Since policy.Moment `cbor:"2,keyasint"`
}

// Suspicion is a suspected opt-out that waits for somebody to decide.
type Suspicion struct {
	policy.Suspicion
	// Contact is the person's pseudonym.
	Contact policy.ContactID
}

// noteReview makes a person found who may have opted out, and no longer found when
// somebody has decided about all there was.
func (t *tx) noteReview(ch *policy.Change) error {
	e, ok := ch.Event.(policy.ConsentChanged)
	if !ok || e.State != policy.OptOutSuspected && e.State != policy.OptOutDismissed {
		return nil
	}
	c, err := t.contact(ch.Names[0])
	if err != nil {
		return err
	}
	waiting := len(c.Suspicions()) > 0
	if waiting && e.State == policy.OptOutSuspected {
		key := aliasKey(reviewPrefix, ch.Names[0])
		if known, err := t.get(key); known != nil || err != nil {
			return err
		}
		return t.put(key, reviewRecord{ch.Names[0], e.Recorded}, 0)
	}
	if waiting {
		return nil
	}
	for i := range c.Members {
		key := aliasKey(reviewPrefix, c.Members[i].Alias)
		known, err := t.get(key)
		if err == nil && known != nil {
			err = t.Delete(key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Suspicions are all suspected opt-outs that wait for somebody to decide, the one
// that came in first before the others. terms are those of a business phone number.
func (s *Book) Suspicions(ctx context.Context, terms func(phoneNumberID string) *policy.Terms) ([]Suspicion, error) {
	var names []policy.Alias
	err := s.view(ctx, func(r *reading) error {
		return r.Scan([]byte{reviewPrefix}, func(key, _ []byte) (bool, error) {
			names = append(names, policy.Alias(key[1:]))
			return false, ctx.Err()
		})
	})
	var list []Suspicion
	seen := make(map[policy.ContactID]bool)
	for len(names) > 0 && err == nil {
		some := names[:min(len(names), maxBulk)]
		names = names[len(some):]
		err = s.view(ctx, func(r *reading) error {
			for _, name := range some {
				c, err := r.contact(name)
				if err != nil {
					return err
				}
				if len(c.Members) == 0 || seen[c.ID()] {
					continue
				}
				seen[c.ID()] = true
				if list, err = s.appendWaiting(list, r, c, terms); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("reading who may have opted out: %w", err)
	}
	slices.SortFunc(list, func(a, b Suspicion) int {
		return cmp.Or(cmp.Compare(a.Recorded, b.Recorded), a.Contact.Compare(b.Contact), cmp.Compare(a.PhoneNumberID, b.PhoneNumberID))
	})
	return list, nil
}

// appendWaiting adds what is suspected of a contact, as far as they have neither opted
// out of marketing nor in to it since.
func (s *Book) appendWaiting(list []Suspicion, r *reading, c *policy.Contact, terms func(string) *policy.Terms) ([]Suspicion, error) {
	for _, suspicion := range c.Suspicions() {
		fold, err := s.fold(r, suspicion.PhoneNumberID, terms(suspicion.PhoneNumberID), []*policy.Contact{c})
		if err != nil {
			return nil, err
		}
		person := c.Person(suspicion.Names[0], fold)
		if person.Suspected != 0 && person.Suspected >= suspicion.At && person.Consent[policy.Marketing].State != policy.OptedOut {
			list = append(list, Suspicion{suspicion, person.Contact})
		}
	}
	return list, nil
}
