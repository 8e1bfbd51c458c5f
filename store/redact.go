package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"

	"github.com/waguard/waguard/policy"
)

// Redacting is an engine that can say something else in lines than was entered: for
// the erasure of what they say of a person.
type Redacting interface {
	// Redact lets redact change the data and the settlement of lines, as they are then.
	// Those that are not there are left out. All are on disk when it returns, or none;
	// nobody enters or settles any meanwhile.
	Redact(ctx context.Context, j Journal, ids []ID, redact func(*Line) error) error
}

// KeyErased marks an entry that lost its person.
const KeyErased = 32

// standIns are the random names that take the place of a person's in one entry of the
// ledger. They are others in each, so that nothing shows which entries were theirs.
type standIns struct{ secret [32]byte }

func newStandIns() *standIns {
	s := new(standIns)
	rand.Read(s.secret[:]) // which never fails
	return s
}

func (s *standIns) of(id ID, a policy.Alias) (b policy.Alias) {
	mac := hmac.New(sha256.New, s.secret[:])
	mac.Write(id[:])
	mac.Write(a[:])
	copy(b[:], mac.Sum(nil))
	return b
}

// redaction is the work on the ledger of one erasure.
type redaction struct {
	s       *Book
	of      func(policy.Alias) bool
	as      *standIns
	dryRun  bool
	entries int
	// ids are those entries, wamids and attempts the names of their messages and of their
	// requests' idempotency keys.
	ids              map[ID]bool
	wamids, attempts map[policy.Alias]bool
}

// theirs reports that an entry of the ledger names the person.
func (d *redaction) theirs(l *logged) (bool, error) {
	if err := l.readHead(); err != nil {
		return false, err
	}
	for _, p := range l.head.Facts.Persons {
		if d.of(p.Contact) {
			return true, nil
		}
	}
	if l.settled != nil && l.settled.Outcome.ReachedOther != nil && d.of(*l.settled.Outcome.ReachedOther) {
		return true, nil
	}
	for i := range l.head.Claims {
		if d.of(l.head.Claims[i].Key) {
			return true, nil
		}
	}
	return false, nil
}

// journal takes the person out of what was entered into a journal up to a time.
func (d *redaction) journal(ctx context.Context, j Journal, until policy.Moment) error {
	w := walk{journal: j, before: FirstID(until + 1)}
	for !w.done {
		var ids []ID
		statuses := make(map[policy.Alias]policy.Alias) // of messages, by the name they get
		err := d.s.view(ctx, func(r *reading) error {
			return w.read(r, func(l *logged) (enough bool, err error) {
				theirs, err := d.theirs(l)
				if !theirs || err != nil {
					return false, err
				}
				ids = append(ids, l.ID)
				if j == Ledger {
					d.ids[l.ID] = true
				}
				if l.head.Attempt != nil {
					d.attempts[*l.head.Attempt] = true
				}
				wamid, err := d.s.sentAs(r, l)
				if err == nil && wamid != nil {
					d.wamids[*wamid] = true
					statuses[d.as.of(l.ID, *wamid)] = *wamid
				}
				return len(ids) == chunkEntries, err
			})
		})
		if err != nil {
			return err
		}
		if j == Ledger {
			d.entries += len(ids)
		}
		if len(ids) == 0 || d.dryRun {
			continue
		}
		if err := d.rename(ctx, statuses); err != nil {
			return err
		}
		if err := d.redact(ctx, j, ids); err != nil {
			return err
		}
	}
	return nil
}

// rename keeps what is known of messages under other names as well, by which their
// entries will know them.
func (d *redaction) rename(ctx context.Context, statuses map[policy.Alias]policy.Alias) error {
	if len(statuses) == 0 {
		return nil
	}
	for _, wamid := range statuses {
		d.s.sums.forget(wamid)
	}
	return d.s.update(ctx, func(t *tx) error {
		for to, from := range statuses {
			for _, prefix := range []byte{statusPrefix, copiesPrefix} {
				value, err := t.get(aliasKey(prefix, from))
				if err != nil {
					return err
				}
				if value == nil {
					continue
				}
				if err := t.Put(aliasKey(prefix, to), bytes.Clone(value), t.s.statusesKept()); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (d *redaction) redact(ctx context.Context, j Journal, ids []ID) error {
	engine, ok := d.s.engine.(Redacting)
	if !ok {
		return errors.New("the store's engine can't change what was entered into the ledger")
	}
	for _, id := range ids {
		d.s.inFlight.redact(id)
	}
	return engine.Redact(ctx, j, ids, d.line)
}

// line takes the person out of a line: their names, the message's, and what could lead to
// either. What the decision was made of stays, so that it can be made again, and so do
// category and price.
func (d *redaction) line(l *Line) error {
	e, err := newLogged(l)
	if err == nil {
		err = e.readHead()
	}
	var entry Entry
	if err == nil {
		err = decode(l.Data, &entry)
	}
	if err != nil {
		return err
	}
	if s := e.settled; s != nil {
		if s.Wamid != nil {
			wamid := d.as.of(l.ID, *s.Wamid)
			s.Wamid = &wamid
		}
		if other := s.Outcome.ReachedOther; other != nil && d.of(*other) {
			random := d.as.of(l.ID, *other)
			s.Outcome.ReachedOther = &random
		}
	}
	for i := range entry.Facts.Persons {
		if p := &entry.Facts.Persons[i]; d.of(p.Contact) {
			if p.Contact = d.as.of(l.ID, p.Contact); len(p.Lots) > 0 {
				p.NoLots() // which are a part of names
			}
		}
	}
	entry.Opaque = policy.Alias{}
	if l.Data, err = AddMember(encodeEntry(&entry), KeyErased, []byte{cborTrue}); err != nil {
		return err
	}
	if e.settled != nil {
		l.Settled = encodeSettlement(e.settled)
	}
	return nil
}
