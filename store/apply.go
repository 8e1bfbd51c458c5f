package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/waguard/waguard/policy"
)

const (
	// maxBulk is the most events one change applies, unless the engine knows better.
	// More are written as several changes, so that sends get between them: at some
	// 50 µs each, a webhook of 1,000 updates would keep them waiting for longer than
	// all else together.
	maxBulk = 64
	// smallApply is the most events that are written as a send is, with all others.
	smallApply = 8
)

// Apply makes events durable.
//
// Some dozens of them are written in one transaction, or none is, as long as
// they fit: a megabyte of changed records. More are written in parts, one after
// the other, so that sends need not wait for all of them. If that breaks off in
// between, Apply returns an error with a part of the events on disk; applying all
// of them again completes it, since repeated events change nothing.
func (s *Book) Apply(ctx context.Context, events []policy.Event) error {
	if len(events) == 0 {
		return nil
	}
	for _, e := range events {
		if err := checkEvent(e); err != nil {
			return fmt.Errorf("applying events: %w", err)
		}
	}
	if err := s.apply(ctx, events); err != nil {
		return err
	}
	return s.findStopped(ctx, events)
}

func (s *Book) apply(ctx context.Context, events []policy.Event) error {
	if most := s.bulkSize(); len(events) > most {
		if err := s.apply(ctx, events[:most]); err != nil {
			return err
		}
		return s.apply(ctx, events[most:])
	}
	err := s.updateBulk(ctx, len(events), func(t *tx) error {
		for _, e := range events {
			if err := t.apply(e); err != nil {
				return fmt.Errorf("applying %T: %w", e, err)
			}
		}
		return nil
	})
	if !errors.Is(err, ErrTooBig) || len(events) == 1 {
		return err
	}
	half := len(events) / 2
	if err := s.apply(ctx, events[:half]); err != nil {
		return err
	}
	return s.apply(ctx, events[half:])
}

// bulkSize is the most events one change applies now.
func (s *Book) bulkSize() int {
	if s.bulky == nil {
		return maxBulk
	}
	return s.bulky.BulkSize()
}

// checkEvent reports what no parser makes and no record can hold.
func checkEvent(e policy.Event) error {
	if c, ok := e.(policy.ConsentChanged); ok {
		if c.State > policy.CodeRequested {
			return fmt.Errorf("a consent has no state %d", c.State)
		}
		for _, scope := range c.Scopes {
			if scope >= policy.Scopes {
				return fmt.Errorf("a consent has no scope %d", scope)
			}
		}
	}
	return nil
}

// apply changes what the event is about.
func (t *tx) apply(e policy.Event) error {
	if ch, ok := policy.ChangeOf(e, t.s.Pseudonym); ok {
		if err := t.change(&ch); err != nil {
			return err
		}
	}
	switch e := e.(type) {
	case policy.ServiceWindowOpened, policy.CallPermission, policy.ConsentChanged, policy.IdentityLinked, policy.IdentityChanged, policy.NewPerson, policy.NewPersonUndone:
		return nil // about a person alone
	case policy.ChallengeAnswered:
		return t.challengeAnswered(e)
	case policy.StatusChanged:
		return t.statusChanged(e)
	case policy.TemplateChanged:
		return t.templateChanged(e)
	case policy.TemplatesListed:
		return t.templatesListed(e)
	case policy.TemplatesPaged:
		return t.templatesPaged(e)
	case policy.TemplatesUnsure:
		return t.templatesUnsure(e)
	case policy.NumberSeen:
		return t.numberSeen(e)
	case policy.TemplateAccepted:
		return t.templateAccepted(e)
	case policy.CampaignSwitched:
		return t.campaignSwitched(e)
	case policy.MessagingLimitTold:
		return t.limitTold(e)
	case policy.AccountEvent:
		return t.accountEvent(e)
	case policy.VolumeTierTold:
		return t.tierTold(&e)
	case policy.DriftCosted:
		return t.driftCosted(&e)
	}
	return errors.New("the store doesn't know this kind of event")
}

// change records a change of one person: in the contact, where decisions look, and
// a statement on consent in the history as well.
func (t *tx) change(ch *policy.Change) error {
	erased, gone, err := t.ofErased(ch)
	if gone || err != nil {
		return err
	}
	c, old, err := t.joined(ch.Names)
	if err != nil || !c.Answer(ch) {
		return err
	}
	record, isRecord := t.recordOf(ch)
	var told *policy.Moment
	if isRecord {
		if told, err = t.told(ch, record); err != nil {
			return err
		}
	}
	c.Date(ch, told, max(policy.MomentOf(t.s.options.Now()), erased.At+1)) // what comes in after an erasure is later
	c.Apply(ch)
	err = t.putContact(c, old)
	t.spare = c
	if err != nil || !isRecord {
		return err
	}
	if err := t.noteReview(ch); err != nil {
		return err
	}
	record, _ = t.recordOf(ch)
	return t.remember(ch.Names, record)
}
