package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"github.com/waguard/waguard/policy"
)

// What is known of people and templates changes, and "why was this sent?" is asked
// later. So each change of a record leaves the one it replaced, under the time of the
// change, for as long as the ledger is kept. What was known at a moment is then what the
// first change after it replaced, or what is known still.

// pastRecord is what a change of a contact replaced.
type pastRecord struct {
	// Was are the records of the contacts whose place the changed one took: one where a
	// contact changed, none where nobody was known by its names, several where it turned
	// out that they are one person's.
	Was [][]byte `cbor:"1,keyasint,omitempty"`
	// Erased: somebody was taken out of the contact, and with them what was known of it
	// before.
	Erased bool `cbor:"2,keyasint,omitempty"`
}

// versions number changes by the gateway's clock, each larger than the one before: the
// millisecond in the upper 52 bits, and how many came before in the lower 12.
type versions struct{ last atomic.Uint64 }

func (v *versions) next(now policy.Moment) uint64 {
	for {
		last := v.last.Load()
		n := max(last+1, uint64(max(now, 0))<<12)
		if v.last.CompareAndSwap(last, n) {
			return n
		}
	}
}

// versionAfter is larger than the number of every change up to a moment.
func versionAfter(at policy.Moment) uint64 { return (uint64(max(at, 0)) + 1) << 12 }

// pastKey is where the state before a change of a record lies. Newer ones come first, so
// that reading back from a moment goes forward in time.
func pastKey(prefix byte, key []byte, version uint64) []byte {
	k := append(make([]byte, 0, 1+len(key)+8), prefix)
	return binary.BigEndian.AppendUint64(append(k, key...), ^version)
}

// pastVersion is the number of the change.
func pastVersion(key []byte) uint64 { return ^binary.BigEndian.Uint64(key[len(key)-8:]) }

// changesAfter visits what changes of a record after a moment replaced, in their order.
func (r *reading) changesAfter(prefix byte, key []byte, at policy.Moment, visit func(version uint64, value []byte) (enough bool, err error)) error {
	from := pastKey(prefix, key, versionAfter(at))
	return r.ScanBack(from[:len(from)-8], from, func(key, value []byte) (bool, error) { return visit(pastVersion(key), value) })
}

// putPast keeps what a change of a record replaces.
func (t *tx) putPast(prefix byte, key, value []byte) error {
	now := policy.MomentOf(t.s.options.Now())
	return t.Put(pastKey(prefix, key, t.s.versions.next(now)), value, t.s.keepSince(now))
}

// putPastContact keeps the contacts whose place the one called id takes.
func (t *tx) putPastContact(id policy.Alias, old []replaced) error {
	var r pastRecord
	for _, o := range old {
		r.Was = append(r.Was, o.record)
	}
	return t.putPastOf(id, &r)
}

func (t *tx) putPastOf(id policy.Alias, r *pastRecord) error {
	value, err := encode(r)
	if err != nil {
		return err
	}
	return t.putPast(pastContactPrefix, id[:], value)
}

// contactAt is the contact that a belonged to at a moment, by what was known then; an
// [ErrErased] where that went with somebody's data.
func (r *reading) contactAt(a policy.Alias, at policy.Moment) (*policy.Contact, error) {
	c, err := r.contact(a)
	if err != nil || len(c.Members) == 0 {
		return c, err
	}
	end := ^uint64(0) // c is what there was when the change of that number came
	for {
		id, changes := c.ID(), 0
		var was *policy.Contact
		err := r.changesAfter(pastContactPrefix, id[:], at, func(version uint64, value []byte) (bool, error) {
			if version >= end {
				return true, nil
			}
			changes++
			var past pastRecord
			if err := decode(value, &past); err != nil {
				return true, err
			}
			if past.Erased {
				return true, ErrErased
			}
			for _, record := range past.Was {
				before, err := decodeContact(record)
				if err != nil {
					return true, err
				}
				if before.Contact.Has(a) {
					was, end = before.Contact, version
					return true, nil
				}
			}
			return false, nil // a was none of these yet, and may have joined later
		})
		switch {
		case err != nil:
			return nil, err
		case changes == 0:
			return c, nil
		case was == nil, was.ID() == id && changes > 1:
			return nobody, nil // the name was new to everybody
		case was.ID() == id:
			return was, nil
		}
		c = was // it joined from there, and may have changed there before
	}
}

// putPastRecord keeps what a change of a template or listing replaces.
func (t *tx) putPastRecord(key []byte, was any) error {
	value, err := encode(was)
	if err != nil {
		return err
	}
	return t.putPast(pastTemplatePrefix, key, value)
}

// recordAt is a template or listing as it was known at a moment.
func recordAt[R any](r *reading, key []byte, record *R) error {
	replaced := false
	err := r.changesAfter(pastTemplatePrefix, key, r.at, func(_ uint64, value []byte) (bool, error) {
		replaced = true
		return true, decode(value, record)
	})
	if err != nil || replaced {
		return err
	}
	value, err := r.get(key)
	if err != nil || value == nil {
		return err
	}
	return decode(value, record)
}

// templateAt is what was known at a moment about a template, and since when all of its
// account were.
func (r *reading) templateAt(name templateName) (f policy.TemplateFacts, listed policy.Moment, err error) {
	t := templateRecord{templateName: name}
	if err := recordAt(r, t.key(), &t); err != nil {
		return f, 0, err
	}
	listing := listingRecord{WABA: name.WABA}
	if err := recordAt(r, listingKey(name.WABA), &listing); err != nil {
		return f, 0, err
	}
	if t == (templateRecord{templateName: name}) {
		return f, listing.listedAt(), nil
	}
	t.separate()
	f = t.facts()
	f.ReadAt = min(f.ReadAt, r.at) // a later listing may have read it again
	return f, listing.listedAt(), nil
}

// OpenedLater is the newest opening of a person's window that came before a moment and of
// which the store heard after it, and when it did; zero for none. Of one that was
// followed by another before the store heard of it nothing is known.
func (s *Book) OpenedLater(ctx context.Context, who policy.Identity, phoneNumberID string, terms *policy.Terms, at policy.Moment) (opened, arrived policy.Moment, err error) {
	err = s.view(ctx, func(r *reading) error {
		name := s.Pseudonym(who)
		now, err := r.contact(name)
		if err != nil || len(now.Members) == 0 {
			return err
		}
		fold, err := s.fold(r, phoneNumberID, terms, []*policy.Contact{now})
		if err != nil {
			return err
		}
		changed := policy.Moment(0) // when what comes next began to hold
		look := func(c *policy.Contact) {
			if o := c.Person(name, fold).Opened; changed != 0 && o <= at && o > opened {
				opened, arrived = o, changed
			}
		}
		id := now.ID()
		err = r.changesAfter(pastContactPrefix, id[:], at, func(version uint64, value []byte) (bool, error) {
			var past pastRecord
			if err := decode(value, &past); err != nil {
				return true, err
			}
			for _, record := range past.Was {
				was, err := decodeContact(record)
				if err != nil {
					return true, err
				}
				if was.Contact.Has(name) {
					look(was.Contact)
				}
			}
			changed = policy.Moment(version >> 12)
			return false, nil
		})
		if err == nil {
			look(now)
		}
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("reading what came later about %s: %w", s.Pseudonym(who), err)
	}
	return opened, arrived, nil
}

// HistoryOf is every consent record of a person by the name they have in a decision,
// newest first.
func (s *Book) HistoryOf(ctx context.Context, contact policy.ContactID) ([]*ConsentRecord, error) {
	records, err := s.history(ctx, contact)
	if err != nil {
		return nil, fmt.Errorf("reading the history of %s: %w", contact, err)
	}
	return records, nil
}
