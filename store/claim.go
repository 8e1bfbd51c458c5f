package store

import (
	"fmt"

	"github.com/waguard/waguard/policy"
)

// claim takes what a send uses up, or fails with ErrClaimed. Nobody can come
// between the look and the record: see [Engine.Update].
func (t *tx) claim(r *reservation) ([]policy.Taken, error) {
	taken := make([]policy.Taken, len(r.claims))
	for i := range r.claims {
		k := &r.claims[i]
		c, err := t.contact(k.Key)
		if err != nil {
			return nil, err
		}
		var ok bool
		fold, err := t.s.fold(t, r.head.Send.PhoneNumberID, r.terms, []*policy.Contact{c})
		if err != nil {
			return nil, err
		}
		if taken[i], ok = k.Take(c, fold, r.at); !ok {
			return nil, fmt.Errorf("%s: %w", k.Kind, ErrClaimed)
		}
	}
	return taken, t.eachTaken(taken, r.head.Send.PhoneNumberID, (*policy.Taken).Record)
}

// claimed changes what stands recorded of the claims of a send.
func (t *tx) claimed(h *entryHead, change func(*policy.Taken, *policy.Contact, string)) error {
	return t.eachTaken(h.Claims, h.Send.PhoneNumberID, change)
}

func (t *tx) eachTaken(taken []policy.Taken, phoneNumberID string, change func(*policy.Taken, *policy.Contact, string)) error {
	for i := range taken {
		k := &taken[i]
		if err := t.edit([]policy.Alias{k.Key}, func(c *policy.Contact) { change(k, c, phoneNumberID) }); err != nil {
			return err
		}
	}
	return nil
}
