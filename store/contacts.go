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
	c, _, err := t.recorded(a)
	return c, err
}

// recorded is the contact a belongs to after the changes so far, and the record that
// holds it. It is read from that anew each time, unless nothing is known.
func (t *tx) recorded(a policy.Alias) (*policy.Contact, []byte, error) {
	if t.sole == nil {
		return readContact(t, a)
	}
	for {
		value, pending := t.sole.Pending(aliasKey(contactPrefix, a))
		if !pending {
			break
		}
		if value == nil { // it was erased
			return nobody, nil, nil
		}
		r, err := decodeContactInto(t.takeSpare(), value)
		if err != nil || r.Contact != nil {
			return r.Contact, value, err
		}
		a = *r.Under
	}
	// Nothing was written under a itself, but the contact a belongs to may have
	// been changed. Then something was written under that contact's old id.
	c, record, ok := t.s.cache.peek(a, t.takeSpare())
	if !ok {
		var err error
		if c, record, err = readContact(t, a); err != nil {
			return nil, nil, err
		}
	}
	if id := c.ID(); len(c.Members) > 0 && id != a {
		return t.recorded(id)
	}
	return c, record, nil
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
	err = t.putContact(c, old)
	t.spare = c
	return err
}

// takeSpare is a contact to read a record into.
func (t *tx) takeSpare() *policy.Contact {
	c := t.spare
	if t.spare = nil; c == nil {
		c = new(policy.Contact)
	}
	return c
}

// replaced is a contact whose place another one takes, as its record has it.
type replaced struct {
	record []byte
	names  []policy.Alias // its id first
}

// joined is one contact in place of those the names belonged to so far. It is the
// caller's to change. The names must be sorted.
func (t *tx) joined(names []policy.Alias) (joined *policy.Contact, old []replaced, err error) {
	for _, a := range names {
		c, record, err := t.recorded(a)
		if err != nil {
			return nil, nil, err
		}
		if len(c.Members) == 0 || slices.ContainsFunc(old, func(o replaced) bool { return o.names[0] == c.ID() }) {
			continue
		}
		old = append(old, replaced{record, aliasesOf(c)})
		if joined == nil {
			joined = c
		} else {
			joined.Merge(c)
		}
	}
	if joined == nil {
		joined = &policy.Contact{}
	}
	return joined, old, nil
}

// aliasesOf are those of all members, sorted as they are.
func aliasesOf(c *policy.Contact) []policy.Alias {
	names := make([]policy.Alias, len(c.Members))
	for i := range c.Members {
		names[i] = c.Members[i].Alias
	}
	return names
}

// putContact writes the contact that takes the place of old ones: the record
// under its smallest alias, and pointers to it under the others that don't have
// one yet. The records of the old contacts are thereby overwritten.
func (t *tx) putContact(c *policy.Contact, old []replaced) error {
	t.scratch = appendContact(t.scratch[:0], c)
	if len(old) == 1 && bytes.Equal(old[0].record, t.scratch) {
		return nil
	}
	value, names := bytes.Clone(t.scratch), aliasesOf(c)
	if err := t.countOlder(c, old); err != nil {
		return err
	}
	id := c.ID()
	if err := t.Put(aliasKey(contactPrefix, id), value, 0); err != nil {
		return err
	}
	if err := t.putPastContact(id, old); err != nil {
		return err
	}
	if t.sole != nil {
		t.Committed(func() {
			for _, a := range names {
				t.s.cache.replace(a, value)
			}
		})
	}
	var pointer []byte
	for _, a := range names {
		if a == id || slices.ContainsFunc(old, func(o replaced) bool { return o.names[0] == id && slices.Contains(o.names, a) }) {
			continue
		}
		if pointer == nil {
			var err error
			under := id
			if pointer, err = encode(contactRecord{Under: &under}); err != nil {
				return err
			}
		}
		if err := t.Put(aliasKey(contactPrefix, a), pointer, 0); err != nil {
			return err
		}
	}
	return nil
}
