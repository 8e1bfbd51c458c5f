package badger

import (
	"fmt"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// claim is the confirmation of an opt-out that a send used up.
type claim struct {
	Contact policy.Alias  `cbor:"1,keyasint"`
	At      policy.Moment `cbor:"2,keyasint"`           // under which it was recorded
	Before  policy.Moment `cbor:"3,keyasint,omitempty"` // what was recorded before
}

// claim takes the one confirmation of everybody the send is judged by, or fails
// with ErrClaimed. It runs in the writer, so nobody can come between the look
// and the record.
func (b *batch) claim(r reservation) ([]claim, error) {
	contacts := r.head.judged()
	claims := make([]claim, len(contacts))
	for i, a := range contacts {
		c, err := b.contact(a)
		if err != nil {
			return nil, err
		}
		p := c.Person(a, b.s.fold(r.head.Send.PhoneNumberID, r.terms))
		optedIn := p.Consent[policy.Transactional].LastOptIn
		if p.Confirmed != 0 && p.Confirmed >= optedIn {
			return nil, fmt.Errorf("the confirmation of an opt-out: %w", store.ErrClaimed)
		}
		// Our clock and WhatsApp's may differ, and a step back of ours must not
		// make the record look older than what it answers.
		claims[i] = claim{Contact: a, At: max(r.at, optedIn, c.NewSince(a)+1)}
	}
	for i := range claims {
		k := &claims[i]
		err := b.edit([]policy.Alias{k.Contact}, func(c *policy.Contact) {
			relation := c.Member(k.Contact).Relation(r.head.Send.PhoneNumberID)
			k.Before = relation.Confirmed
			relation.Confirm(k.At)
		})
		if err != nil {
			return nil, err
		}
	}
	return claims, nil
}

// release gives back the confirmations of a send that reached nobody.
//
// This makes a smaller value of one that otherwise only grows. It is safe since
// nothing but claim and release ever changes Confirmed, one after the other in
// the writer, and never an event: no webhook can arrive late and bring the
// released claim back. A record that is no longer the send's own is left alone.
func (b *batch) release(claims []claim, phoneNumberID string) error {
	return b.confirmed(claims, phoneNumberID, func(r *policy.Relation, k claim) {
		if r.Confirmed == k.At {
			r.Confirmed = k.Before
		}
	})
}

// retake records the confirmations again, of a send that after all may have
// reached somebody.
func (b *batch) retake(claims []claim, phoneNumberID string) error {
	return b.confirmed(claims, phoneNumberID, func(r *policy.Relation, k claim) { r.Confirm(k.At) })
}

func (b *batch) confirmed(claims []claim, phoneNumberID string, change func(*policy.Relation, claim)) error {
	for _, k := range claims {
		err := b.edit([]policy.Alias{k.Contact}, func(c *policy.Contact) {
			change(c.Member(k.Contact).Relation(phoneNumberID), k)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
