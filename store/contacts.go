package store

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/waguard/waguard/policy"
)

// contactRecord is what stands under an alias: the contact whose smallest alias
// it is, or where that contact is.
type contactRecord struct {
	Contact *policy.Contact `cbor:"1,keyasint,omitempty"`
	Under   *policy.Alias   `cbor:"2,keyasint,omitempty"`
}

// nobody is the contact of all aliases nothing is known about. It is shared and
// never changed.
var nobody = &policy.Contact{}

// readContact is the contact a belongs to, read from its records, and the record
// that holds it.
func readContact(src values, a policy.Alias) (*policy.Contact, []byte, error) {
	for at := a; ; {
		value, err := src.get(aliasKey(contactPrefix, at))
		if err != nil {
			return nil, nil, err
		}
		if value == nil {
			return nobody, nil, nil
		}
		r, err := decodeContact(value)
		if err != nil {
			return nil, nil, fmt.Errorf("reading contact %s: %w", at, err)
		}
		switch {
		case r.Contact != nil:
			return r.Contact, value, nil
		case r.Under == nil || bytes.Compare(r.Under[:], at[:]) >= 0:
			return nil, nil, fmt.Errorf("reading contact %s: its record leads nowhere", at)
		}
		at = *r.Under
	}
}

// contact is the contact a belongs to after the changes so far.
func (t *tx) contact(a policy.Alias) (*policy.Contact, error) {
	if t.sole == nil {
		c, _, err := readContact(t, a)
		return c, err
	}
	for {
		value, pending := t.sole.Pending(aliasKey(contactPrefix, a))
		if !pending {
			break
		}
		r, err := decodeContact(value)
		if err != nil || r.Contact != nil {
			return r.Contact, err
		}
		a = *r.Under
	}
	// Nothing was written under a itself, but the contact a belongs to may have
	// been changed. Then something was written under that contact's old id.
	c, ok := t.s.cache.get(a)
	if !ok {
		var err error
		if c, _, err = readContact(t, a); err != nil {
			return nil, err
		}
	}
	if id := c.ID(); len(c.Members) > 0 && id != a {
		return t.contact(id)
	}
	return c, nil
}

// edit changes the contact of one person known by the names. It writes nothing if
// nothing has changed.
func (t *tx) edit(names []policy.Alias, change func(*policy.Contact)) error {
	c, old, err := t.joined(names)
	if err != nil {
		return err
	}
	for _, a := range names {
		c.Member(a)
	}
	change(c)
	return t.putContact(c, old)
}

// joined is one contact in place of those the names belonged to so far, which it
// returns as well. It is the caller's to change. The names must be sorted.
func (t *tx) joined(names []policy.Alias) (joined *policy.Contact, old []*policy.Contact, err error) {
	for _, a := range names {
		c, err := t.contact(a)
		if err != nil {
			return nil, nil, err
		}
		if len(c.Members) > 0 && !slices.ContainsFunc(old, func(o *policy.Contact) bool { return o.ID() == c.ID() }) {
			old = append(old, c)
		}
	}
	joined = &policy.Contact{}
	for i, c := range old {
		if i == 0 {
			joined = c.Clone()
		} else {
			joined.Merge(c)
		}
	}
	return joined, old, nil
}

// putContact writes the contact that takes the place of old ones: the record
// under its smallest alias, and pointers to it under the others that don't have
// one yet. The records of the old contacts are thereby overwritten.
func (t *tx) putContact(c *policy.Contact, old []*policy.Contact) error {
	value := appendContact(t.scratch[:0], c)
	t.scratch = value
	if len(old) == 1 {
		t.scratch = appendContact(value, old[0])
		if bytes.Equal(t.scratch[len(value):], value) {
			return nil
		}
	}
	value = bytes.Clone(value)
	id := c.ID()
	if err := t.Put(aliasKey(contactPrefix, id), value, 0); err != nil {
		return err
	}
	if t.sole != nil {
		t.Committed(func() {
			for i := range c.Members {
				t.s.cache.replace(c.Members[i].Alias, value)
			}
		})
	}
	var pointer []byte
	for i := range c.Members {
		a := c.Members[i].Alias
		if a == id || slices.ContainsFunc(old, func(o *policy.Contact) bool { return o.ID() == id && o.Has(a) }) {
			continue
		}
		if pointer == nil {
			var err error
			if pointer, err = encode(contactRecord{Under: &id}); err != nil {
				return err
			}
		}
		if err := t.Put(aliasKey(contactPrefix, a), pointer, 0); err != nil {
			return err
		}
	}
	return nil
}
