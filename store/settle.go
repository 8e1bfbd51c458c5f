package store

import (
	"context"
	"fmt"

	"github.com/waguard/waguard/policy"
)

// Settle records what became of the reserved entry id.
func (s *Book) Settle(ctx context.Context, id ID, o Outcome) *Write {
	l := s.learnedOf(o)
	if o.At == 0 {
		o.At = policy.MomentOf(s.options.Now())
	}
	o.ReachedOther = nil // is for the store to say
	return s.follow(ctx, id, func(t *tx) error {
		if err := t.settle(id, o, l); err != nil {
			return fmt.Errorf("settling %s: %w", id, err)
		}
		return nil
	})
}

func (t *tx) settle(id ID, o Outcome, l learned) error {
	h, before, err := t.entry(id)
	if err != nil {
		return err
	}
	if h == nil {
		return ErrNotFound
	}
	if h.Erased {
		return t.settleErased(id, h, before, o)
	}
	if o.ReachedOther, err = t.learn(h, l, o.At); err != nil {
		return err
	}
	after := settlement{Outcome: o}
	if o.Wamid != "" && o.State == Accepted {
		wamid := t.s.wamidPseudonym(h.Send.PhoneNumberID, o.Wamid)
		after.Wamid = &wamid
		if err := t.messageIs(id, h, &after, wamid); err != nil {
			return err
		}
	}
	if err := t.settleOpaque(id, h, after); err != nil {
		return err
	}
	if err := t.settleClaims(h, before, after); err != nil {
		return err
	}
	if err := t.settleMeters(id, h, before, after); err != nil {
		return err
	}
	if err := t.answersAd(id, h, &after); err != nil {
		return err
	}
	if err := t.settleAttempt(id, h, o); err != nil {
		return err
	}
	if optOut, ok := policy.OptOutByError(o.ErrorCode, h.Send.PhoneNumberID, o.At, id.String()); ok && o.State == Rejected {
		if optOut.At, err = t.notBefore(h.judged(), o.At); err != nil {
			return err
		}
		if err := t.stopRecipient(h, &after, optOut); err != nil {
			return err
		}
	}
	switch {
	case o.State == Rejected:
		err = t.limitedBy(o.ErrorCode, h.Send.PhoneNumberID, o.At, h.judged()[:min(len(h.judged()), 1)])
	case o.State == Accepted:
		err = t.gotThrough(h, o)
	}
	if err != nil {
		return err
	}
	if err := t.asked(id, h, &after, l.names); err != nil {
		return err
	}
	return t.putSettlement(id, h, before, after)
}

// asked records that the person was asked for consent by a message Meta took, if
// that is the one it was judged by. The question is as old as its decision, and
// so certainly older than an answer.
func (t *tx) asked(id ID, h *entryHead, s *settlement, learned []policy.Alias) error {
	if s.Outcome.State != Accepted || len(s.Outcome.Asked) == 0 || s.strayed() {
		return nil
	}
	to, err := t.recipient(h.judged(), learned)
	if to.contact == nil || err != nil {
		return err
	}
	return t.say([]policy.Alias{*to.contact}, policy.ConsentChanged{
		At: id.Moment(), PhoneNumberID: h.Send.PhoneNumberID, State: policy.ConsentPending, Scopes: s.Outcome.Asked, Source: policy.SourceQuestion, Ref: id.String(),
	})
}

// putSettlement writes what became of an entry. A send that turns out to have gone
// to somebody else is entered among the violations.
func (t *tx) putSettlement(id ID, h *entryHead, before *settlement, s settlement) error {
	value := encodeSettlement(&s)
	if err := t.correct(id); err != nil {
		return err
	}
	err := t.Settle(Ledger, id, value, string(s.Outcome.State))
	if err != nil {
		return err
	}
	if h.violation() || before.strayed() {
		err = t.Settle(Violations, id, value, string(s.Outcome.State))
	} else if s.strayed() {
		err = t.enterStrayed(id, value, s.Outcome.State)
	}
	if err == nil {
		t.certainly(func() { t.s.inFlight.drop(id) }) // nothing can fail any more
	}
	return err
}

func (t *tx) enterStrayed(id ID, settled []byte, state OutcomeState) error {
	known, err := t.Find(Violations, id)
	if err != nil {
		return err
	}
	if known != nil { // it was one before, and then it wasn't
		return t.Settle(Violations, id, settled, string(state))
	}
	l, err := t.Find(Ledger, id)
	if l == nil || err != nil {
		return err
	}
	strayed := Line{ID: id, Data: l.Data, Settled: settled}
	if strayed.Columns, err = ColumnsOf(&strayed); err != nil {
		return err
	}
	return t.Append(Violations, &strayed)
}

// messageIs makes the message wamid that of the entry, and acts on what its statuses
// left for that.
func (t *tx) messageIs(id ID, h *entryHead, settled *settlement, wamid policy.Alias) error {
	if rests, ok := t.Tx.(Resting); ok { // few messages have statuses before Meta's answer
		rests.Presume(aliasKey(stopsPrefix, wamid), aliasKey(statusPrefix, wamid))
	}
	if !h.Opaque.IsZero() {
		before, err := readStatus(t, wamid)
		if err != nil {
			return err
		}
		after := before
		after.Entry = &id
		if err := t.putStatus(wamid, before, after); err != nil {
			return err
		}
	}
	t.s.sums.sent(wamid, id)
	if err := t.messageFrom(h, wamid); err != nil {
		return err
	}
	return t.takeStops(h, settled, wamid)
}

// settleOpaque stops or goes on waiting for a status that repeats the send's opaque
// value.
func (t *tx) settleOpaque(id ID, h *entryHead, s settlement) error {
	switch {
	case h.Opaque.IsZero():
		return nil
	case s.awaited():
		return t.awaitMessage(h.Opaque, waitingSend{ID: id, Contacts: h.contacts()})
	}
	var wamid policy.Alias
	if s.Wamid != nil {
		wamid = *s.Wamid
	}
	return t.messageKnown(h.Opaque, id, wamid)
}

// settleClaims gives back what a send used up that reached nobody.
func (t *tx) settleClaims(h *entryHead, before *settlement, after settlement) error {
	switch released := before != nil && before.reachedNobody(); {
	case !released && after.reachedNobody():
		return t.claimed(h, (*policy.Taken).Release)
	case released && !after.reachedNobody():
		return t.claimed(h, (*policy.Taken).Retake)
	}
	return nil
}

// settleErased records what became of a send whose person's data was erased meanwhile: how
// it ended, and nothing of whom it went to.
func (t *tx) settleErased(id ID, h *entryHead, before *settlement, o Outcome) error {
	after := settlement{Outcome: o}
	if o.Wamid != "" && o.State == Accepted {
		wamid := newStandIns().of(id, policy.Alias{})
		after.Wamid = &wamid
	}
	if err := t.settleMeters(id, h, before, after); err != nil {
		return err
	}
	return t.putSettlement(id, h, before, after)
}
