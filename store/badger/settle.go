package badger

import (
	"fmt"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Settle records what became of the reserved entry id.
func (s *Store) Settle(id store.ID, o store.Outcome) *store.Write {
	l := s.learnedOf(o)
	if o.At == 0 {
		o.At = policy.MomentOf(s.options.Now())
	}
	o.ReachedOther = nil // is for the store to say
	return s.beginSettlement(id, func(b *batch) error {
		if err := b.settle(id, o, l); err != nil {
			return fmt.Errorf("settling %s: %w", id, err)
		}
		return nil
	})
}

func (b *batch) settle(id store.ID, o store.Outcome, l learned) error {
	h, before, err := b.entry(id)
	if err != nil {
		return err
	}
	if h == nil {
		return store.ErrNotFound
	}
	if o.ReachedOther, err = b.learn(h, l, o.At); err != nil {
		return err
	}
	after := settlement{Outcome: o}
	if o.Wamid != "" && o.State == store.Accepted {
		wamid := b.s.wamidPseudonym(h.Send.PhoneNumberID, o.Wamid)
		after.Wamid = &wamid
		if err := b.tie(id, h, &after, wamid); err != nil {
			return err
		}
	}
	if err := b.settleEcho(id, h, after); err != nil {
		return err
	}
	if err := b.settleClaims(h, before, after); err != nil {
		return err
	}
	if err := b.settleAttempt(id, h, o); err != nil {
		return err
	}
	if optOut, ok := policy.OptOutByError(o.ErrorCode, h.Send.PhoneNumberID, o.At, id.String()); ok && o.State == store.Rejected {
		if optOut.At, err = b.notBefore(h.judged(), o.At); err != nil {
			return err
		}
		if err := b.stopRecipient(h, &after, optOut); err != nil {
			return err
		}
	}
	if err := b.asked(id, h, &after, l.names); err != nil {
		return err
	}
	return b.putSettlement(id, h, before, after)
}

// asked records that the person was asked for consent by a message Meta took, if
// that is the one it was judged by. The question is as old as its decision, and
// so certainly older than an answer.
func (b *batch) asked(id store.ID, h *entryHead, s *settlement, learned []policy.Alias) error {
	if s.Outcome.State != store.Accepted || len(s.Outcome.Asked) == 0 || s.strayed() {
		return nil
	}
	to, err := b.recipient(h.judged(), learned)
	if to.contact == nil || err != nil {
		return err
	}
	return b.say([]policy.Alias{*to.contact}, policy.ConsentChanged{
		At: id.Moment(), PhoneNumberID: h.Send.PhoneNumberID, State: policy.ConsentPending, Scopes: s.Outcome.Asked, Source: policy.SourceQuestion, Ref: id.String(),
	})
}

// putSettlement writes the settlement into the entry, if that is only about to
// be written, or else beside its page. A send that turns out to have gone to
// somebody else is entered among the violations.
func (b *batch) putSettlement(id store.ID, h *entryHead, before *settlement, s settlement) error {
	if e, ok := b.entered[id]; ok {
		e.Settled = &s
		return b.fits()
	}
	journals := h.journals()
	switch {
	case h.violation():
	case before.strayed():
		journals = append(journals, violations)
	case s.strayed():
		e, err := ledger.find(b.txn, id)
		if err != nil {
			return err
		}
		if e != nil {
			b.size += int64(e.size())
			b.strayed = append(b.strayed, &ledgerEntry{ID: id, Entry: e.Entry, Claims: e.Claims, Settled: &s})
		}
	}
	for _, j := range journals {
		if err := b.putRecord(idKey(j.settlements, id), s, b.s.keep(id, b.s.retention(j))); err != nil {
			return err
		}
	}
	b.settled[id] = true // nothing can fail any more
	return nil
}

// tie makes the message wamid that of the entry, and acts on what its statuses
// left for that.
func (b *batch) tie(id store.ID, h *entryHead, settled *settlement, wamid policy.Alias) error {
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
	return b.takeStops(h, settled, wamid)
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
		return b.claimed(h, (*policy.Taken).Release)
	case released && !reachedNobody(after):
		return b.claimed(h, (*policy.Taken).Retake)
	}
	return nil
}
