package badger

import (
	"cmp"
	"slices"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

const (
	// echoLife is for how long a status can settle the send whose opaque value it
	// echoes: Meta delivers no message later.
	echoLife = 30 * 24 * time.Hour
	// maxEchoes is how many sends, and how many messages, one opaque value can
	// stand for at a time. A sender that puts the same value on thousands of
	// sends doesn't name any of them by it.
	maxEchoes = 64
)

// echoRecord holds what carries one biz_opaque_callback_data and hasn't found
// its other half: sends whose wamid is not known, and messages whose send isn't.
//
// Which belong together is computed when somebody asks (pairs), from the record
// alone, and never kept: a later Settle can show that a message belongs to
// another send with the same value.
type echoRecord struct {
	Sends []echoSend `cbor:"1,keyasint,omitempty"` // sorted by id
	Seen  []echo     `cbor:"2,keyasint,omitempty"` // sorted by time, then wamid
}

// echoSend is a send whose wamid is not known.
type echoSend struct {
	ID       store.ID       `cbor:"1,keyasint"`
	Contacts []policy.Alias `cbor:"2,keyasint,omitempty"` // of the recipient's readings
}

// echo is a message Meta reported with an opaque value.
type echo struct {
	Wamid policy.Alias   `cbor:"1,keyasint"`
	At    policy.Moment  `cbor:"2,keyasint,omitempty"` // of its earliest status
	Who   []policy.Alias `cbor:"3,keyasint,omitempty"` // names of the recipient, sorted
}

func readEchoes(src source, opaque policy.Alias) (echoRecord, error) {
	return readRecord[echoRecord](src, aliasKey(echoPrefix, opaque))
}

func (b *batch) putEchoes(opaque policy.Alias, r echoRecord) error {
	key := aliasKey(echoPrefix, opaque)
	if len(r.Sends) == 0 && len(r.Seen) == 0 {
		return b.delete(key)
	}
	return b.putRecord(key, r, echoLife+brooms)
}

// echoAwaited enters a send that is about to leave with an opaque value.
func (b *batch) echoAwaited(opaque policy.Alias, send echoSend) error {
	r, err := readEchoes(b, opaque)
	if err != nil {
		return err
	}
	old := policy.MomentOf(b.s.options.Now()).Add(-echoLife)
	r.Sends = slices.DeleteFunc(r.Sends, func(s echoSend) bool { return s.ID.Moment() < old })
	i, known := slices.BinarySearchFunc(r.Sends, send.ID, func(s echoSend, id store.ID) int { return slices.Compare(s.ID[:], id[:]) })
	if known || len(r.Sends) >= maxEchoes {
		return nil
	}
	r.Sends = slices.Insert(r.Sends, i, send)
	return b.putEchoes(opaque, r)
}

// echoSeen enters a message of an unknown send.
func (b *batch) echoSeen(opaque policy.Alias, e echo) error {
	r, err := readEchoes(b, opaque)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(r.Seen, func(s echo) bool { return s.Wamid == e.Wamid })
	if i < 0 {
		if len(r.Seen) >= maxEchoes {
			return nil
		}
		r.Seen = append(r.Seen, e)
	} else {
		s := &r.Seen[i]
		who := policy.SortAliases(append(slices.Clone(s.Who), e.Who...))
		if s.At <= e.At && len(who) == len(s.Who) {
			return nil
		}
		s.At, s.Who = min(s.At, e.At), who
	}
	slices.SortFunc(r.Seen, func(x, y echo) int { return cmp.Or(cmp.Compare(x.At, y.At), x.Wamid.Compare(y.Wamid)) })
	return b.putEchoes(opaque, r)
}

// echoSettled takes out a send that needs no echo any more, and the message that
// turned out to be its.
func (b *batch) echoSettled(opaque policy.Alias, id store.ID, wamid policy.Alias) error {
	r, err := readEchoes(b, opaque)
	if err != nil {
		return err
	}
	sends, seen := len(r.Sends), len(r.Seen)
	r.Sends = slices.DeleteFunc(r.Sends, func(s echoSend) bool { return s.ID == id })
	r.Seen = slices.DeleteFunc(r.Seen, func(e echo) bool { return e.Wamid == wamid })
	if len(r.Sends) == sends && len(r.Seen) == seen {
		return nil
	}
	return b.putEchoes(opaque, r)
}

// pairs finds for each send the message that is most likely its: the earliest
// one to the same person that no earlier send has. It is a function of what is
// stored and not of the order in which it came.
func (r *echoRecord) pairs(src source, now policy.Moment) (map[store.ID]echo, error) {
	pairs := make(map[store.ID]echo, len(r.Seen))
	for _, e := range r.Seen {
		for _, s := range r.Sends {
			if _, taken := pairs[s.ID]; taken || s.ID.Moment() < now.Add(-echoLife) {
				continue
			}
			same, err := mayBeTo(src, e.Who, s.Contacts)
			if err != nil {
				return nil, err
			}
			if same {
				pairs[s.ID] = e
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

// echoOf is the message that settles the send id, if there is one.
func echoOf(src source, id store.ID, opaque policy.Alias, now policy.Moment) (echo, bool, error) {
	r, err := readEchoes(src, opaque)
	if err != nil || len(r.Seen) == 0 {
		return echo{}, false, err
	}
	pairs, err := r.pairs(src, now)
	e, ok := pairs[id]
	return e, ok, err
}

// sendOf is the send a message with an opaque value belongs to, nil if there is
// none.
func (b *batch) sendOf(wamid, opaque policy.Alias) (*store.ID, error) {
	r, err := readEchoes(b, opaque)
	if err != nil {
		return nil, err
	}
	pairs, err := r.pairs(b, policy.MomentOf(b.s.options.Now()))
	for id, e := range pairs {
		if e.Wamid == wamid {
			return &id, err
		}
	}
	return nil, err
}
