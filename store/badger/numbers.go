package badger

import (
	"bytes"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// numberRecord is what webhooks told about a business phone number.
type numberRecord struct {
	PhoneNumberID string        `cbor:"1,keyasint"`
	WABA          latest        `cbor:"2,keyasint,omitempty"`
	Display       latest        `cbor:"3,keyasint,omitempty"`
	At            policy.Moment `cbor:"4,keyasint,omitempty"`
}

func (r *numberRecord) number() store.Number {
	return store.Number{WABA: r.WABA.Value, Display: r.Display.Value, At: r.At}
}

// Number is what webhooks told about a business phone number.
func (s *Store) Number(phoneNumberID string) store.Number { return s.known.number(phoneNumberID) }

func (b *batch) numberSeen(e policy.NumberSeen) error {
	r := numberRecord{PhoneNumberID: e.PhoneNumberID}
	return update(b, digestKey(numberPrefix, e.PhoneNumberID), &r, func() {
		r.WABA.set(e.At, e.WABA)
		r.Display.set(e.At, e.Display)
		r.At = max(r.At, e.At)
	})
}

// update reads the record under key into r, which holds what a new one starts
// with, changes it, and writes it back if that made a difference.
func update[R any](b *batch, key []byte, r *R, change func()) error {
	before, err := b.get(key)
	if err != nil {
		return err
	}
	if before != nil {
		if err := decode(before, r); err != nil {
			return err
		}
	}
	change()
	after, err := encode(r)
	if err != nil || bytes.Equal(before, after) {
		return err
	}
	return b.put(key, after, 0)
}
