package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/waguard/waguard/policy"
)

const (
	// opaqueLife is for how long a status can settle the send whose opaque value it
	// repeats: Meta delivers no message later.
	opaqueLife = 30 * 24 * time.Hour
	// maxSharing is how many sends, and how many messages, one opaque value can
	// stand for at a time. A sender that puts the same value on thousands of
	// sends doesn't name any of them by it.
	maxSharing = 64
)

// opaqueRecord holds what carries one biz_opaque_callback_data and hasn't found
// its other half: sends whose wamid is not known, and messages whose send isn't.
//
// Which belong together is computed when somebody asks (pairs), from the record
// alone, and never kept: a later Settle can show that a message belongs to
// another send with the same value.
type opaqueRecord struct {
	Sends []waitingSend `cbor:"1,keyasint,omitempty"` // sorted by id
	Seen  []message     `cbor:"2,keyasint,omitempty"` // sorted by time, then wamid
}

// waitingSend is a send whose wamid is not known.
type waitingSend struct {
	ID       ID             `cbor:"1,keyasint"`
	Contacts []policy.Alias `cbor:"2,keyasint,omitempty"` // of the recipient's readings
}

// message is a message Meta reported with an opaque value.
type message struct {
	Wamid policy.Alias   `cbor:"1,keyasint"`
	At    policy.Moment  `cbor:"2,keyasint,omitempty"` // of its earliest status
	Who   []policy.Alias `cbor:"3,keyasint,omitempty"` // names of the recipient, sorted
}

func readOpaque(src values, opaque policy.Alias) (opaqueRecord, error) {
	return readRecord[opaqueRecord](src, aliasKey(opaquePrefix, opaque))
}

func (t *tx) putOpaque(opaque policy.Alias, r opaqueRecord) error {
	key := aliasKey(opaquePrefix, opaque)
	if len(r.Sends) == 0 && len(r.Seen) == 0 {
		return t.Delete(key)
	}
	return t.put(key, r, opaqueLife+keptLonger)
}

// awaitMessage enters a send that is about to leave with an opaque value.
func (t *tx) awaitMessage(opaque policy.Alias, send waitingSend) error {
	r, err := readOpaque(t, opaque)
	if err != nil {
		return err
	}
	old := policy.MomentOf(t.s.options.Now()).Add(-opaqueLife)
	r.Sends = slices.DeleteFunc(r.Sends, func(s waitingSend) bool { return s.ID.Moment() < old })
	i, known := slices.BinarySearchFunc(r.Sends, send.ID, func(s waitingSend, id ID) int { return slices.Compare(s.ID[:], id[:]) })
	if known || len(r.Sends) >= maxSharing {
		return nil
	}
	r.Sends = slices.Insert(r.Sends, i, send)
	return t.putOpaque(opaque, r)
}

// messageSeen enters a message of an unknown send.
func (t *tx) messageSeen(opaque policy.Alias, m message) error {
	r, err := readOpaque(t, opaque)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(r.Seen, func(s message) bool { return s.Wamid == m.Wamid })
	if i < 0 {
		if len(r.Seen) >= maxSharing {
			return nil
		}
		r.Seen = append(r.Seen, m)
	} else {
		s := &r.Seen[i]
		who := policy.SortAliases(append(slices.Clone(s.Who), m.Who...))
		if s.At <= m.At && len(who) == len(s.Who) {
			return nil
		}
		s.At, s.Who = min(s.At, m.At), who
	}
	slices.SortFunc(r.Seen, func(x, y message) int { return cmp.Or(cmp.Compare(x.At, y.At), x.Wamid.Compare(y.Wamid)) })
	return t.putOpaque(opaque, r)
}

// messageKnown takes out a send that waits for no message any more, and the message that
// turned out to be its.
func (t *tx) messageKnown(opaque policy.Alias, id ID, wamid policy.Alias) error {
	r, err := readOpaque(t, opaque)
	if err != nil {
		return err
	}
	sends, seen := len(r.Sends), len(r.Seen)
	r.Sends = slices.DeleteFunc(r.Sends, func(s waitingSend) bool { return s.ID == id })
	r.Seen = slices.DeleteFunc(r.Seen, func(m message) bool { return m.Wamid == wamid })
	if len(r.Sends) == sends && len(r.Seen) == seen {
		return nil
	}
	return t.putOpaque(opaque, r)
}

// pairs finds for each send the message that is most likely its: the earliest
// one to the same person that no earlier send has. It is a function of what is
// stored and not of the order in which it came.
func (r *opaqueRecord) pairs(src source, now policy.Moment) (map[ID]message, error) {
	pairs := make(map[ID]message, len(r.Seen))
	for _, m := range r.Seen {
		for _, s := range r.Sends {
			if _, taken := pairs[s.ID]; taken || s.ID.Moment() < now.Add(-opaqueLife) {
				continue
			}
			same, err := mayBeTo(src, m.Who, s.Contacts)
			if err != nil {
				return nil, err
			}
			if same {
				pairs[s.ID] = m
				break
			}
		}
	}
	return pairs, nil
}

// mayBeTo reports that a message to who may be one that was sent to contacts.
func mayBeTo(src source, who, contacts []policy.Alias) (bool, error) {
	if len(who) == 0 || len(contacts) == 0 {
		return true, nil
	}
	c, err := src.contact(who[0])
	if err != nil {
		return false, err
	}
	for _, a := range who {
		for _, to := range contacts {
			if c.SamePerson(a, to) {
				return true, nil
			}
		}
	}
	return false, nil
}

// messageOf is the message that settles the send id, if there is one.
func messageOf(src source, id ID, opaque policy.Alias, now policy.Moment) (message, bool, error) {
	r, err := readOpaque(src, opaque)
	if err != nil || len(r.Seen) == 0 {
		return message{}, false, err
	}
	pairs, err := r.pairs(src, now)
	m, ok := pairs[id]
	return m, ok, err
}

// sentAs is the message of an entry, nil where nobody knows of one.
func (s *Book) sentAs(src source, l *logged) (*policy.Alias, error) {
	if l.settled != nil && l.settled.Wamid != nil {
		return l.settled.Wamid, nil
	}
	if err := l.readHead(); err != nil || l.head.Opaque.IsZero() {
		return nil, err
	}
	m, ok, err := messageOf(src, l.ID, l.head.Opaque, policy.MomentOf(s.options.Now()))
	if !ok || err != nil {
		return nil, err
	}
	return &m.Wamid, nil
}

// sendOf is the send a message with an opaque value belongs to, nil if there is
// none.
func (t *tx) sendOf(wamid, opaque policy.Alias) (*ID, error) {
	r, err := readOpaque(t, opaque)
	if err != nil {
		return nil, err
	}
	pairs, err := r.pairs(t, policy.MomentOf(t.s.options.Now()))
	for id, m := range pairs {
		if m.Wamid == wamid {
			return &id, err
		}
	}
	return nil, err
}
