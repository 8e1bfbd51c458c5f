package store

import (
	"time"

	"github.com/waguard/waguard/policy"
)

// values is where single records are read from.
type values interface {
	// get is the value of key, nil where there is none.
	get(key []byte) ([]byte, error)
}

// source is where is read from: what is committed, or a change that is being made.
type source interface {
	values
	// contact is the contact a belongs to, empty where nobody is known by it. It
	// is shared and must not be changed.
	contact(a policy.Alias) (*policy.Contact, error)
	// number is what webhooks told about a business phone number.
	number(phoneNumberID string) (Number, error)
}

// reading is what is committed.
type reading struct {
	s *Book
	Records
	// fetched are records that were read together before they are needed, by key.
	fetched map[string][]byte
	// basis gets what is read; nil where nobody asks.
	basis *Basis
	// at is the moment of which people and templates are read as they were known then;
	// zero is now.
	at policy.Moment
}

// fetch reads records in one round trip.
func (r *reading) fetch(keys ...[]byte) error {
	values, err := r.read(keys)
	if err != nil {
		return err
	}
	if r.fetched == nil {
		r.fetched = make(map[string][]byte, len(keys))
	}
	for i, key := range keys {
		r.fetched[string(key)] = values[i]
	}
	return nil
}

// fetchMissing reads those of the records that weren't fetched.
func (r *reading) fetchMissing(keys ...[]byte) error {
	var missing [][]byte
	for _, key := range keys {
		if !r.has(key) {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return r.fetch(missing...)
}

// has reports that the record was fetched.
func (r *reading) has(key []byte) bool {
	_, ok := r.fetched[string(key)]
	return ok
}

func (r *reading) get(key []byte) ([]byte, error) {
	if value, ok := r.fetched[string(key)]; ok {
		return value, nil
	}
	values, err := r.read([][]byte{key})
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// read reads records, and notes them.
func (r *reading) read(keys [][]byte) ([][]byte, error) {
	v, ok := r.Records.(Versioned)
	if r.basis == nil || !ok {
		return r.Get(keys...)
	}
	read, err := v.Read(keys...)
	if err != nil {
		return nil, err
	}
	r.basis.note(keys, read)
	values := make([][]byte, len(keys))
	for i := range read {
		values[i] = read[i].Value
	}
	return values, nil
}

func (r *reading) contact(a policy.Alias) (*policy.Contact, error) {
	c, _, err := readContact(r, a)
	return c, err
}

func (r *reading) number(phoneNumberID string) (Number, error) {
	if r.s.known != nil {
		return r.s.known.number(phoneNumberID), nil
	}
	return readNumber(r, phoneNumberID)
}

// tx is a change that is being made. It may be made several times, so that it
// must not leave anything anywhere else that can't be left twice.
type tx struct {
	s *Book
	Tx
	sole SoleTx // nil where the engine isn't [Sole]
	// scratch is for records that are written to see whether they changed.
	scratch []byte
	// spare is a contact that nobody needs any more, nil if there is none: a change of
	// many events reads each contact into the memory of the one before.
	spare *policy.Contact
	// tail is that of the log, nil before it is needed.
	tail *tail
}

// get is the value of key as the change so far leaves it.
func (t *tx) get(key []byte) ([]byte, error) {
	values, err := t.Get(key)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// peek is like get for what need not hold against changes that are committed at the same
// time.
func (t *tx) peek(key []byte) ([]byte, error) {
	r, ok := t.Tx.(Resting)
	if !ok {
		return t.get(key)
	}
	values, err := r.Peek(key)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// peeking reads records of a transaction that need not hold against changes that are
// committed at the same time.
type peeking struct{ *tx }

func (p peeking) get(key []byte) ([]byte, error) { return p.peek(key) }

// put encodes and writes a record that is to be kept for a time, or for ever if
// that is zero.
func (t *tx) put(key []byte, record any, keep time.Duration) error {
	value, err := encode(record)
	if err != nil {
		return err
	}
	return t.Put(key, value, keep)
}

func (t *tx) number(phoneNumberID string) (Number, error) {
	if t.s.known != nil {
		return t.s.known.number(phoneNumberID), nil
	}
	return readNumber(peeking{t}, phoneNumberID)
}

// readRecord is the record under key, zero where there is none.
func readRecord[T any](src values, key []byte) (r T, err error) {
	value, err := src.get(key)
	if err != nil || value == nil {
		return r, err
	}
	return r, decode(value, &r)
}
