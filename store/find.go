package store

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"github.com/waguard/waguard/policy"
)

// findPseudonym finds the person whose pseudonym is, or begins with, the filter's.
// Where nobody is known by it, it may still be that of a send's recipient.
func (sc *scan) findPseudonym(r *reading) error {
	given := sc.filter.Pseudonym
	prefix, err := hex.DecodeString(given[:len(given)&^1])
	if err != nil {
		return err
	}
	return r.Scan(append([]byte{contactPrefix}, prefix...), func(key, _ []byte) (enough bool, err error) {
		a := policy.Alias(key[1:])
		if !strings.HasPrefix(a.String(), given) {
			return false, nil
		}
		c, err := r.contact(a)
		switch {
		case err != nil:
			return false, err
		case sc.contact == nil:
			sc.contact, sc.names = c, c.Names(a)
		case !c.SamePerson(a, sc.names[0]):
			return false, ErrAmbiguous
		}
		return false, nil
	})
}

// statusSlack is how much later than a status says its message may have been sent,
// by our clock.
const statusSlack = 10 * time.Minute

// messageScans are the walks that find the entry of a message. There is no index
// of messages, which would cost every send. But a status of the message tells when
// it was there already, and it was sent shortly before: so that is looked at first.
func (s *Book) messageScans(ctx context.Context, sc *scan) ([]*scan, error) {
	sc.left, sc.wamids = 1, make(map[string]policy.Alias)
	first := *sc
	first.before = ID{}
	err := s.view(ctx, func(r *reading) error {
		numbers, err := r.numbers()
		if err != nil {
			return err
		}
		if sc.filter.PhoneNumberID != "" {
			numbers = map[string]Number{sc.filter.PhoneNumberID: {}}
		}
		for id := range numbers {
			status, err := readStatus(r, sc.wamid(id))
			if err != nil {
				return err
			}
			for _, at := range []policy.Moment{status.Status.At, status.Failed.At, status.Priced.At} {
				if sent := FirstID(at.Add(statusSlack)); at != 0 && compareIDs(sent, first.before) > 0 {
					first.before = sent
				}
			}
		}
		return nil
	})
	if err != nil || compareIDs(first.before, sc.before) >= 0 || first.before.IsZero() {
		return []*scan{sc}, err
	}
	later := *sc
	later.from = max(sc.from, first.before.Moment())
	return []*scan{&first, &later}, nil
}

// wamid is the pseudonym of the filter's message, if it is one of a business phone
// number.
func (sc *scan) wamid(phoneNumberID string) policy.Alias {
	a, ok := sc.wamids[phoneNumberID]
	if !ok {
		a = sc.s.wamidPseudonym(phoneNumberID, sc.filter.Wamid)
		sc.wamids[phoneNumberID] = a
	}
	return a
}

// isMessage reports that the message of an entry is the filter's: Meta's answer said
// so, or a status with the opaque value of the send.
func (sc *scan) isMessage(r *reading, l *logged) (bool, error) {
	h := l.head
	if l.settled != nil && l.settled.Wamid != nil {
		return *l.settled.Wamid == sc.wamid(h.Send.PhoneNumberID), nil
	}
	if h.Opaque.IsZero() || h.violation() && !h.Monitored || l.settled != nil && !l.settled.awaited() {
		return false, nil
	}
	seen, ok, err := messageOf(r, l.ID, h.Opaque, policy.MomentOf(sc.s.options.Now()))
	return ok && seen.Wamid == sc.wamid(h.Send.PhoneNumberID), err
}
