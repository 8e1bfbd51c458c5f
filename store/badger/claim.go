package badger

import (
	"fmt"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// claim takes what a send uses up, or fails with ErrClaimed. It runs in the
// writer, so nobody can come between the look and the record.
func (b *batch) claim(r reservation) ([]policy.Taken, error) {
	taken := make([]policy.Taken, len(r.claims))
	for i := range r.claims {
		k := &r.claims[i]
		c, err := b.contact(k.Key)
		if err != nil {
			return nil, err
		}
		var ok bool
		if taken[i], ok = k.Take(c, b.s.fold(r.head.Send.PhoneNumberID, r.terms), r.at); !ok {
			return nil, fmt.Errorf("%s: %w", k.Kind, store.ErrClaimed)
		}
	}
	return taken, b.eachTaken(taken, r.head.Send.PhoneNumberID, (*policy.Taken).Record)
}

// claimed changes what stands recorded of the claims of a send.
func (b *batch) claimed(h *entryHead, change func(*policy.Taken, *policy.Contact, string)) error {
	return b.eachTaken(h.claims, h.Send.PhoneNumberID, change)
}

func (b *batch) eachTaken(taken []policy.Taken, phoneNumberID string, change func(*policy.Taken, *policy.Contact, string)) error {
	for i := range taken {
		t := &taken[i]
		if err := b.edit([]policy.Alias{t.Key}, func(c *policy.Contact) { change(t, c, phoneNumberID) }); err != nil {
			return err
		}
	}
	return nil
}
