package badger

import (
	"context"
	"errors"
	"fmt"

	"github.com/waguard/waguard/policy"
)

// Apply makes events durable.
//
// Up to [stormBulk] of them are written in one transaction, or none is, as long as
// they fit: a megabyte of changed records. More are written in parts, one after
// the other, so that sends need not wait for all of them. If that breaks off in
// between, Apply returns an error with a part of the events on disk; applying all
// of them again completes it, since repeated events change nothing.
func (s *Store) Apply(ctx context.Context, events []policy.Event) error {
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

func (s *Store) apply(ctx context.Context, events []policy.Event) error {
	if most := s.bulkSize(); len(events) > most {
		if err := s.apply(ctx, events[:most]); err != nil {
			return err
		}
		return s.apply(ctx, events[most:])
	}
	do := s.do
	if len(events) > smallApply {
		do = func(ctx context.Context, run func(*batch) error) error { return s.doBulk(ctx, len(events), run) }
	}
	err := do(ctx, func(b *batch) error {
		for _, e := range events {
			if err := b.apply(e); err != nil {
				return fmt.Errorf("applying %T: %w", e, err)
			}
		}
		return nil
	})
	if !errors.Is(err, errTooBig) || len(events) == 1 {
		return err
	}
	half := len(events) / 2
	if err := s.apply(ctx, events[:half]); err != nil {
		return err
	}
	return s.apply(ctx, events[half:])
}

// checkEvent reports what no parser makes and no record can hold.
func checkEvent(e policy.Event) error {
	if c, ok := e.(policy.ConsentChanged); ok {
		if c.State > policy.OptedOut {
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
func (b *batch) apply(e policy.Event) error {
	if ch, ok := policy.ChangeOf(e, b.s.Pseudonym); ok {
		if err := b.change(&ch); err != nil {
			return err
		}
	}
	switch e := e.(type) {
	case policy.ServiceWindowOpened, policy.CallPermission, policy.ConsentChanged, policy.IdentityLinked, policy.IdentityChanged, policy.NewPerson:
		return nil // about a person alone
	case policy.StatusChanged:
		return b.statusChanged(e)
	case policy.TemplateChanged:
		return b.templateChanged(e)
	case policy.TemplatesListed:
		return b.templatesListed(e)
	case policy.TemplatesUnsure:
		return b.templatesUnsure(e)
	case policy.NumberSeen:
		return b.numberSeen(e)
	case policy.AccountEvent:
		return b.accountEvent(e)
	}
	return errors.New("the store doesn't know this kind of event")
}

// change records a change of one person: in the contact, where decisions look, and
// a statement on consent in the history as well.
func (b *batch) change(ch *policy.Change) error {
	c, old, err := b.joined(ch.Names)
	if err != nil || !c.Answer(ch) {
		return err
	}
	word, isWord := b.wordOf(ch)
	var told *policy.Moment
	if isWord {
		if told, err = b.told(ch, word); err != nil {
			return err
		}
	}
	c.Date(ch, told, policy.MomentOf(b.s.options.Now()))
	c.Apply(ch)
	if err := b.putContact(c, old); err != nil || !isWord {
		return err
	}
	word, _ = b.wordOf(ch)
	return b.remember(ch.Names, word)
}
