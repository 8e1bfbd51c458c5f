package store

import (
	"github.com/waguard/waguard/policy"
)

// numberRecord is what webhooks told about a business phone number.
type numberRecord struct {
	PhoneNumberID string        `cbor:"1,keyasint"`
	WABA          latest        `cbor:"2,keyasint,omitempty"`
	Display       latest        `cbor:"3,keyasint,omitempty"`
	At            policy.Moment `cbor:"4,keyasint,omitempty"`
}

func (r *numberRecord) number() Number {
	return Number{WABA: r.WABA.Value, Display: r.Display.Value, At: r.At}
}

func numberKey(phoneNumberID string) []byte { return digestKey(numberPrefix, phoneNumberID) }

func readNumber(src values, phoneNumberID string) (Number, error) {
	r, err := readRecord[numberRecord](src, numberKey(phoneNumberID))
	return r.number(), err
}

func (t *tx) numberSeen(e policy.NumberSeen) error {
	if k := t.s.known; k != nil && k.saw(e) {
		return nil // and whatever is about to be committed only knows more
	}
	t.Committed(func() { t.s.guesses.forget(e.PhoneNumberID) })
	r := numberRecord{PhoneNumberID: e.PhoneNumberID}
	return update(t, numberKey(e.PhoneNumberID), &r, func() { r.see(e) })
}

func (r *numberRecord) see(e policy.NumberSeen) {
	r.WABA.set(e.At, e.WABA)
	r.Display.set(e.At, e.Display)
	r.At = max(r.At, e.At)
}
