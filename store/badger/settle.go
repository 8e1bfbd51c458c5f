package badger

import (
	"fmt"
	"slices"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Settle records what became of the reserved entry id.
func (s *Store) Settle(id store.ID, o store.Outcome) *store.Write {
	learned := s.aliases(o.Learned)
	if o.At == 0 {
		o.At = policy.MomentOf(s.options.Now())
	}
	return s.beginSettlement(id, func(b *batch) error {
		if err := b.settle(id, o, learned); err != nil {
			return fmt.Errorf("settling %s: %w", id, err)
		}
		return nil
	})
}

func (b *batch) settle(id store.ID, o store.Outcome, learned []policy.Alias) error {
	h, before, err := b.entry(id)
	if err != nil {
		return err
	}
	if h == nil {
		return store.ErrNotFound
	}
	after := settlement{Outcome: o}
	if o.Wamid != "" && o.State == store.Accepted {
		wamid := b.s.wamidPseudonym(h.Send.PhoneNumberID, o.Wamid)
		after.Wamid = &wamid
		if err := b.tie(id, h, wamid); err != nil {
			return err
		}
	}
	if err := b.settleEcho(id, h, after); err != nil {
		return err
	}
	if err := b.settleClaims(h, before, after); err != nil {
		return err
	}
	if err := b.learn(h, learned, o.At); err != nil {
		return err
	}
	if o.State == store.Rejected && policy.StopsMarketing(o.ErrorCode) {
		if err := b.stopRecipient(h, id.String(), o.At); err != nil {
			return err
		}
	}
	return b.putSettlement(id, h, after)
}

// putSettlement writes the settlement into the entry, if that is only about to
// be written, or else beside its page.
func (b *batch) putSettlement(id store.ID, h *entryHead, s settlement) error {
	if e, ok := b.entered[id]; ok {
		e.Settled = &s
		return nil
	}
	for _, j := range h.journals() {
		if err := b.putRecord(idKey(j.settlements, id), s, b.s.keep(id, b.s.retention(j))); err != nil {
			return err
		}
	}
	b.settled[id] = true // nothing can fail any more
	return nil
}

// tie makes the message wamid that of the entry, and acts on what its statuses
// left for that.
func (b *batch) tie(id store.ID, h *entryHead, wamid policy.Alias) error {
	if !h.Opaque.IsZero() {
		before, err := readStatus(b, wamid)
		if err != nil {
			return err
		}
		after := before
		after.Entry = &id
		if err := b.putStatus(wamid, before, after); err != nil {
			return err
		}
	}
	if err := b.tieTemplate(h, wamid); err != nil {
		return err
	}
	return b.takeStops(h, wamid)
}

// settleEcho stops or goes on waiting for a status that echoes the send's opaque
// value.
func (b *batch) settleEcho(id store.ID, h *entryHead, s settlement) error {
	switch {
	case h.Opaque.IsZero():
		return nil
	case s.awaited():
		return b.echoAwaited(h.Opaque, echoSend{ID: id, Contacts: h.contacts()})
	}
	var wamid policy.Alias
	if s.Wamid != nil {
		wamid = *s.Wamid
	}
	return b.echoSettled(h.Opaque, id, wamid)
}

// settleClaims gives back what a send used up that reached nobody.
func (b *batch) settleClaims(h *entryHead, before *settlement, after settlement) error {
	reachedNobody := func(s settlement) bool {
		return s.Outcome.State == store.Rejected || s.Outcome.State == store.NotSent
	}
	switch released := before != nil && reachedNobody(*before); {
	case !released && reachedNobody(after):
		return b.release(h.claims, h.Send.PhoneNumberID)
	case released && !reachedNobody(after):
		return b.retake(h.claims, h.Send.PhoneNumberID)
	}
	return nil
}

// learn links the identities Meta's answer showed with the person the message
// was sent to. It writes only what is new: most answers tell what is known.
func (b *batch) learn(h *entryHead, learned []policy.Alias, at policy.Moment) error {
	if len(learned) == 0 {
		return nil
	}
	names := learned
	to, err := b.recipient(h, learned)
	if err != nil {
		return err
	}
	if to != nil {
		names = sortAliases(append(slices.Clone(learned), *to))
	}
	if len(names) < 2 {
		return nil
	}
	c, err := b.contact(names[0])
	if err != nil {
		return err
	}
	if linked(c, names, at) {
		return nil
	}
	return b.edit(names, func(c *policy.Contact) { linkAll(c, names, at) })
}

// recipient is the contact Meta's answer is about. A number that can be read in
// two ways stands for two persons, and which one it was Meta's answer must show;
// otherwise nobody is linked, since that can't be undone.
func (b *batch) recipient(h *entryHead, learned []policy.Alias) (*policy.Alias, error) {
	contacts := h.contacts()
	switch len(contacts) {
	case 0:
		return nil, nil
	case 1:
		return &contacts[0], nil
	}
	first, err := b.contact(contacts[0])
	if err != nil {
		return nil, err
	}
	onePerson := !slices.ContainsFunc(contacts[1:], func(a policy.Alias) bool { return !first.SamePerson(contacts[0], a) })
	if onePerson {
		return &contacts[0], nil
	}
	for _, a := range learned {
		c, err := b.contact(a)
		if err != nil {
			return nil, err
		}
		for i := range contacts {
			if c.SamePerson(a, contacts[i]) {
				return &contacts[i], nil
			}
		}
	}
	return nil, nil
}

// linkSeen is how old the last sight of a link may be before another one is
// written down. Finer than a day it would cost every send a record; it only
// matters for an identity that an operator says went to somebody else within
// that day.
const linkSeen = 24 * time.Hour

// linked reports that all names were already linked with one another as one
// person's by the time at, by links that count and were seen lately.
func linked(c *policy.Contact, names []policy.Alias, at policy.Moment) bool {
	for i, a := range names {
		for _, other := range names[i+1:] {
			since := max(newSince(c, a), newSince(c, other))
			seen := slices.ContainsFunc(c.Links, func(l policy.Link) bool {
				return l.A == a && l.B == other && l.Kind == policy.SamePerson &&
					l.First <= at && l.Last > since && l.Last > at.Add(-linkSeen)
			})
			if !seen {
				return false
			}
		}
	}
	return true
}
