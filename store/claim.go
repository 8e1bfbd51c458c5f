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
		if k.Kind == policy.ClaimBudget {
			var ok bool
			var err error
			if taken[i], ok, err = t.takeBudget(&k.Budget); err != nil {
				return nil, err
			}
			if !ok {
				return nil, fmt.Errorf("%s: %w", k.Kind, ErrClaimed)
			}
			continue
		}
		c, err := t.contact(k.Key)
		if err != nil {
			return nil, err
		}
		var ok bool
		fold, err := t.s.fold(t, r.head.Send.PhoneNumberID, r.terms, []*policy.Contact{c})
		if err != nil {
			return nil, err
		}
		if k.Kind == policy.ClaimConversation {
			taken[i], ok, err = t.takeConversation(k, c, r.at)
		} else {
			taken[i], ok = k.Take(c, fold, r.at)
		}
		if err != nil {
			return nil, err
		}
		if !ok {
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
		if k.Kind == policy.ClaimBudget {
			continue // it counts with the other meters of the send
		}
		var before, after policy.Moment
		err := t.edit([]policy.Alias{k.Key}, func(c *policy.Contact) {
			before = c.Started(k.Key, k.Portfolio)
			change(k, c, phoneNumberID)
			after = c.Started(k.Key, k.Portfolio)
		})
		if err != nil {
			return err
		}
		if err := t.countPerson(k, before, after); err != nil {
			return err
		}
	}
	return nil
}
