package badger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/waguard/waguard/policy"
)

// Apply makes events durable.
//
// Up to [maxBulk] of them are written in one transaction, or none is, as long as
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
	if len(events) > maxBulk {
		if err := s.apply(ctx, events[:maxBulk]); err != nil {
			return err
		}
		return s.apply(ctx, events[maxBulk:])
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
	switch e := e.(type) {
	case policy.ServiceWindowOpened:
		return b.person(e.Who, e.At, func(m *policy.Member) { m.Relation(e.PhoneNumberID).Open(e.At, e.OptOut) })
	case policy.CallPermission:
		return b.person(e.Who, e.At, func(m *policy.Member) { m.Relation(e.PhoneNumberID).PermitCalls(e.At, e.Until) })
	case policy.ConsentChanged:
		return b.consentChanged(e)
	case policy.IdentityLinked:
		return b.person(e.Who, e.At, func(*policy.Member) {})
	case policy.IdentityChanged:
		return b.identityChanged(e)
	case policy.NewPerson:
		return b.newPerson(e)
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

// person links all names of one person and changes what is known under each of
// them. What a person does is recorded under all names it came with: when one of
// them goes to somebody else, it still holds for the others.
func (b *batch) person(who []policy.Identity, at policy.Moment, change func(*policy.Member)) error {
	names := b.s.aliases(who)
	if len(names) == 0 {
		return nil
	}
	return b.edit(names, func(c *policy.Contact) {
		linkAll(c, names, at)
		for _, a := range names {
			change(c.Member(a))
		}
	})
}

// identityChanged links each old name with each new one, so that the person is
// still known when one of the old ones, a number, goes to somebody else.
func (b *batch) identityChanged(e policy.IdentityChanged) error {
	before, after := b.s.aliases(e.Old), b.s.aliases(e.New)
	all := sortAliases(slices.Concat(before, after))
	if len(all) == 0 {
		return nil
	}
	return b.edit(all, func(c *policy.Contact) {
		linkAll(c, before, e.At)
		linkAll(c, after, e.At)
		for i, old := range before {
			for j, next := range after {
				if i+j == 0 || len(all) <= fullyLinked {
					c.Link(old, next, policy.Successor, e.At)
				}
			}
		}
	})
}

func (b *batch) newPerson(e policy.NewPerson) error {
	if e.Who.IsZero() {
		return nil
	}
	a := b.s.Pseudonym(e.Who)
	names := []policy.Alias{a}
	if e.Recorded == 0 {
		c, err := b.contact(a)
		if err != nil {
			return err
		}
		if known := c.NewSince(a); known != 0 && known == e.At {
			return nil // told again
		}
		if e.Recorded, err = b.arrival(names); err != nil {
			return err
		}
	}
	if e.At == 0 {
		e.At = e.Recorded
	}
	return b.edit(names, func(c *policy.Contact) { c.Member(a).GiveAway(e.At, e.Recorded) })
}
