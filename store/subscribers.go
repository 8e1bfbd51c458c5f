package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/waguard/waguard/policy"
)

// Subscriber is how far an endpoint for events has got: what it was told by then is not
// kept, what it wasn't is where it was written down.
type Subscriber struct {
	Name string `cbor:"1,keyasint"`
	// Holder is the process that tells it, until Until. Others leave it alone.
	Holder string        `cbor:"2,keyasint,omitempty"`
	Until  policy.Moment `cbor:"3,keyasint,omitempty"`
	// Changes counts the changes that were made by others than the holder.
	Changes uint64 `cbor:"4,keyasint,omitempty"`
	// Leaf is the next leaf of the log of consent.
	Leaf LeafPlace `cbor:"5,keyasint,omitzero"`
	// Violations and Arrivals are how far it has got in those lists.
	Violations Trail `cbor:"6,keyasint,omitzero"`
	Arrivals   Trail `cbor:"7,keyasint,omitzero"`
	// Windows: it was told of windows that end by then.
	Windows policy.Moment `cbor:"8,keyasint,omitempty"`
	// Parked are events that it didn't take yet, the oldest first.
	Parked []ParkedEvent `cbor:"9,keyasint,omitempty"`
	// Off is when it was switched off, and Why why; zero where it isn't.
	Off policy.Moment `cbor:"10,keyasint,omitempty"`
	Why string        `cbor:"11,keyasint,omitempty"`
	// Failing is since when it has taken nothing, Taken when it took something last.
	Failing policy.Moment `cbor:"12,keyasint,omitempty"`
	Taken   policy.Moment `cbor:"13,keyasint,omitempty"`
	// Error is what went wrong last; "" where nothing did since it took something.
	Error string `cbor:"14,keyasint,omitempty"`
	// Misses are how many events in a row it didn't take when they were new. From two on it
	// counts as away, and is told something new no sooner than Probe.
	Misses int           `cbor:"15,keyasint,omitempty"`
	Probe  policy.Moment `cbor:"16,keyasint,omitempty"`
	// Start is that of the process that holds it, where nobody else writes to the store: an
	// earlier one has certainly gone.
	Start uint64 `cbor:"17,keyasint,omitempty"`
}

// Trail is how far somebody has got in a list whose entries may come a little late.
type Trail struct {
	// Next is the first id that was not read.
	Next [16]byte `cbor:"1,keyasint"`
	// Settled: nothing older comes any more, and all that did was read.
	Settled policy.Moment `cbor:"2,keyasint,omitempty"`
	// Seen are ids from Settled on that were read.
	Seen []byte `cbor:"3,keyasint,omitempty"`
}

// EventRef is where it is written down what an event tells.
type EventRef struct {
	// Log is which list it is in.
	Log EventLog `cbor:"1,keyasint"`
	// ID is that of a violation or of what came in.
	ID [16]byte `cbor:"2,keyasint,omitzero"`
	// Leaf is the leaf of a consent record.
	Leaf LeafPlace `cbor:"3,keyasint,omitzero"`
	// Window is one that ends.
	Window *WindowRef `cbor:"4,keyasint,omitempty"`
}

// EventLog is a list of what happened.
type EventLog uint8

// The lists that events come from.
const (
	LogViolations EventLog = iota + 1
	LogConsents
	LogArrivals
	LogWindows
)

// WindowRef is a customer service window that ends. It is written down nowhere else.
type WindowRef struct {
	PhoneNumberID string        `cbor:"1,keyasint"`
	Opened        policy.Moment `cbor:"2,keyasint"`
	Ends          policy.Moment `cbor:"3,keyasint"`
	// Contact is whose it is; zero once their data was erased.
	Contact policy.Alias `cbor:"4,keyasint,omitzero"`
	// ID is that of the event, which stays the same when the contact is gone.
	ID string `cbor:"5,keyasint"`
	// Market is that of the contact's number, as in [OpenWindow].
	Market          string `cbor:"6,keyasint,omitempty"`
	MarketEstimated bool   `cbor:"7,keyasint,omitempty"`
	// Unknown: nobody knows whether somebody waits for an answer in it.
	Unknown bool `cbor:"8,keyasint,omitempty"`
}

// ParkedEvent is an event that is tried again.
type ParkedEvent struct {
	Ref EventRef `cbor:"1,keyasint"`
	// Attempts is how often it was tried, First when that was first, and Next when it is
	// tried again.
	Attempts int           `cbor:"2,keyasint"`
	First    policy.Moment `cbor:"3,keyasint"`
	Next     policy.Moment `cbor:"4,keyasint"`
	// Status is what the endpoint answered last, 0 where it didn't; Error says what was
	// wrong.
	Status int    `cbor:"5,keyasint,omitempty"`
	Error  string `cbor:"6,keyasint,omitempty"`
}

// DeadID names an event that an endpoint didn't take. Ids sort by time.
type DeadID uint64

// DeadEvent is an event that an endpoint didn't take, however often it was tried.
type DeadEvent struct {
	ID DeadID `cbor:"-"`
	// Event and Type are what it is called in the message, and At is when it happened.
	Event string        `cbor:"1,keyasint"`
	Type  string        `cbor:"2,keyasint"`
	At    policy.Moment `cbor:"3,keyasint"`
	// Died is when it was given up.
	Died   policy.Moment `cbor:"4,keyasint"`
	Parked ParkedEvent   `cbor:"5,keyasint"`
}

const (
	subscriberKind = 's'
	deadKind       = 'd'
)

func subscriberKey(name string) []byte {
	return slices.Concat([]byte{subscriberPrefix, subscriberKind}, digestKey(subscriberPrefix, name)[1:])
}

func deadPrefix(name string) []byte {
	return slices.Concat([]byte{subscriberPrefix, deadKind}, digestKey(subscriberPrefix, name)[1:])
}

func deadKey(name string, id DeadID) []byte {
	return binary.BigEndian.AppendUint64(deadPrefix(name), uint64(id))
}

func checkSubscriber(_ func([]byte) ([]byte, error), key, value []byte) error {
	if len(key) < 2 {
		return errors.New("its key is none of an endpoint's")
	}
	switch key[1] {
	case subscriberKind:
		return decode(value, new(Subscriber))
	case deadKind:
		return decode(value, new(DeadEvent))
	}
	return errors.New("its key is none of an endpoint's")
}

// ErrHeld: somebody else tells the endpoint.
var ErrHeld = errors.New("another gateway tells the endpoint")

// Hold takes over an endpoint for a while, or goes on holding it; [ErrHeld] where somebody
// else does. One that is new is told what happens from now on.
func (s *Book) Hold(ctx context.Context, name, holder string, lasting time.Duration) (sub *Subscriber, err error) {
	end, err := s.LogEnd(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading how far endpoint %s is: %w", name, err)
	}
	err = s.update(ctx, func(t *tx) error {
		now := policy.MomentOf(s.options.Now())
		value, err := t.get(subscriberKey(name))
		if err != nil {
			return err
		}
		sub = &Subscriber{Name: name, Leaf: end, Violations: Trail{Next: FirstID(now), Settled: now}, Arrivals: Trail{Next: FirstArrival(now), Settled: now}}
		if value != nil {
			sub = new(Subscriber)
			if err := decode(value, sub); err != nil {
				return err
			}
		}
		gone := s.sole != nil && sub.Start != s.start
		if sub.Holder != holder && sub.Holder != "" && sub.Until > now && !gone {
			return ErrHeld
		}
		sub.Holder, sub.Until, sub.Start = holder, now.Add(lasting), s.start
		return t.put(subscriberKey(name), sub, 0)
	})
	if err != nil {
		return nil, fmt.Errorf("taking over endpoint %s: %w", name, err)
	}
	return sub, nil
}

// Told keeps how far an endpoint has got, and the events that it didn't take. It is
// [ErrHeld] where somebody else holds it by now, or has changed it.
func (s *Book) Told(ctx context.Context, sub *Subscriber, dead []*DeadEvent, lasting, keepDead time.Duration) error {
	err := s.update(ctx, func(t *tx) error {
		now := policy.MomentOf(s.options.Now())
		is, err := readRecord[Subscriber](t, subscriberKey(sub.Name))
		if err != nil {
			return err
		}
		if is.Holder != sub.Holder || is.Changes != sub.Changes {
			return ErrHeld
		}
		if sub.Holder != "" {
			sub.Until = now.Add(lasting)
		}
		for i := range sub.Parked {
			if err := t.unname(&sub.Parked[i].Ref); err != nil {
				return err
			}
		}
		for _, d := range dead {
			if err := t.unname(&d.Parked.Ref); err != nil {
				return err
			}
			if err := t.put(deadKey(sub.Name, DeadID(s.versions.next(now))), d, keepDead+keptLonger); err != nil {
				return err
			}
		}
		return t.put(subscriberKey(sub.Name), sub, 0)
	})
	if err != nil {
		return fmt.Errorf("recording how far endpoint %s is: %w", sub.Name, err)
	}
	return nil
}

// Release lets others hold an endpoint at once.
func (s *Book) Release(ctx context.Context, sub *Subscriber) error {
	err := s.update(ctx, func(t *tx) error {
		is, err := readRecord[Subscriber](t, subscriberKey(sub.Name))
		if err != nil || is.Holder != sub.Holder {
			return err
		}
		is.Holder, is.Until = "", 0
		return t.put(subscriberKey(sub.Name), is, 0)
	})
	if err != nil {
		return fmt.Errorf("letting go of endpoint %s: %w", sub.Name, err)
	}
	return nil
}

// unname takes out of a reference whom it is about, where their data was erased since.
func (t *tx) unname(ref *EventRef) error {
	if ref.Window == nil || ref.Window.Contact.IsZero() || t.s.nobodyErased() {
		return nil
	}
	e, err := t.s.erasure(peeking{t}, ref.Window.Contact)
	if err != nil || e.At == 0 || e.At < ref.Window.Opened {
		return err
	}
	w := *ref.Window
	w.Contact = policy.Alias{}
	ref.Window = &w
	return nil
}

// subscriber takes the person out of the events that an endpoint didn't take yet.
func (w *eraser) subscriber(key, value []byte) (verdict, error) {
	theirs := func(ref *EventRef) bool {
		if ref.Window == nil || !w.theirs(ref.Window.Contact) {
			return false
		}
		ref.Window.Contact = policy.Alias{}
		return true
	}
	if key[1] == deadKind {
		var d DeadEvent
		err := decode(value, &d)
		if err != nil || !theirs(&d.Parked.Ref) {
			return verdict{}, err
		}
		// What says who it was is gone; that it was given up is of no use without that.
		return verdict{goes: true}, nil
	}
	var sub Subscriber
	if err := decode(value, &sub); err != nil {
		return verdict{}, err
	}
	changed := false
	for i := range sub.Parked {
		changed = theirs(&sub.Parked[i].Ref) || changed
	}
	if !changed {
		return verdict{}, nil
	}
	sub.Changes++
	return verdict{instead: &sub}, nil
}

// Subscriber is how far an endpoint has got; a zero one where nobody was ever told under that
// name.
func (s *Book) Subscriber(ctx context.Context, name string) (sub *Subscriber, err error) {
	err = s.view(ctx, func(r *reading) error {
		is, err := readRecord[Subscriber](r, subscriberKey(name))
		sub = &is
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading how far endpoint %s is: %w", name, err)
	}
	return sub, nil
}

// Subscribers are all endpoints that were ever told something, by name.
func (s *Book) Subscribers(ctx context.Context) (list []*Subscriber, err error) {
	err = s.view(ctx, func(r *reading) error {
		list = nil
		return r.Scan([]byte{subscriberPrefix, subscriberKind}, func(_, value []byte) (bool, error) {
			sub := new(Subscriber)
			list = append(list, sub)
			return false, decode(value, sub)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading how far endpoints are: %w", err)
	}
	slices.SortFunc(list, func(a, b *Subscriber) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// DeadEvents are the events that an endpoint didn't take, the oldest first, at most so many,
// and how many there are.
func (s *Book) DeadEvents(ctx context.Context, name string, most int) (list []*DeadEvent, all int, err error) {
	err = s.view(ctx, func(r *reading) error {
		list, all = nil, 0
		return r.Scan(deadPrefix(name), func(key, value []byte) (bool, error) {
			if all++; len(list) == most {
				return false, ctx.Err()
			}
			d := &DeadEvent{ID: DeadID(binary.BigEndian.Uint64(key[len(key)-8:]))}
			list = append(list, d)
			return false, decode(value, d)
		})
	})
	if err != nil {
		return nil, 0, fmt.Errorf("reading the events that endpoint %s didn't take: %w", name, err)
	}
	return list, all, nil
}

// Revive has dead events tried again, as if they had not been tried before, and tells how
// many there are: those that want selects, up to most. Of gone ones what they tell is no
// longer kept; they stay dead.
func (s *Book) Revive(ctx context.Context, name string, want func(*DeadEvent) bool, most int) (revived, gone int, err error) {
	var chosen []*DeadEvent
	err = s.view(ctx, func(r *reading) error {
		chosen, gone = nil, 0
		now := policy.MomentOf(s.options.Now())
		return r.Scan(deadPrefix(name), func(key, value []byte) (bool, error) {
			d := &DeadEvent{ID: DeadID(binary.BigEndian.Uint64(key[len(key)-8:]))}
			if err := decode(value, d); err != nil {
				return false, err
			}
			if !want(d) {
				return false, ctx.Err()
			}
			tellable, err := r.tellable(&d.Parked.Ref, now)
			switch {
			case err != nil:
				return false, err
			case tellable:
				chosen = append(chosen, d)
			default:
				gone++
			}
			return len(chosen) == most, ctx.Err()
		})
	})
	if err == nil && len(chosen) > 0 {
		err = s.update(ctx, func(t *tx) error {
			revived = 0
			sub, err := readRecord[Subscriber](t, subscriberKey(name))
			if err != nil {
				return err
			}
			now := policy.MomentOf(s.options.Now())
			sub.Name = name
			sub.Changes++
			for _, d := range chosen {
				key := deadKey(name, d.ID)
				if value, err := t.get(key); err != nil || value == nil { // somebody else did it
					if err != nil {
						return err
					}
					continue
				}
				sub.Parked = append(sub.Parked, ParkedEvent{Ref: d.Parked.Ref, First: now, Next: now})
				if err := t.Delete(key); err != nil {
					return err
				}
				revived++
			}
			return t.put(subscriberKey(name), sub, 0)
		})
	}
	if err != nil {
		return 0, 0, fmt.Errorf("having events tried again at endpoint %s: %w", name, err)
	}
	return revived, gone, nil
}

// SwitchOn has an endpoint told again that was switched off, at once. It is [ErrNotFound]
// where nobody was ever told under that name.
func (s *Book) SwitchOn(ctx context.Context, name string) error {
	err := s.update(ctx, func(t *tx) error {
		value, err := t.get(subscriberKey(name))
		if err != nil {
			return err
		}
		if value == nil {
			return ErrNotFound
		}
		var sub Subscriber
		if err := decode(value, &sub); err != nil {
			return err
		}
		now := policy.MomentOf(s.options.Now())
		sub.Changes++
		sub.Off, sub.Why, sub.Failing, sub.Misses, sub.Probe = 0, "", 0, 0, 0
		for i := range sub.Parked {
			sub.Parked[i].Attempts, sub.Parked[i].First, sub.Parked[i].Next = 0, now, now
		}
		return t.put(subscriberKey(name), sub, 0)
	})
	if err != nil {
		return fmt.Errorf("switching endpoint %s on: %w", name, err)
	}
	return nil
}

// MostSeen is how many ids of a trail are kept over a restart. What was told of more than
// these in the time in which something may come late is told again.
const MostSeen = 512

// SawID notes that an id was read.
func (t *Trail) SawID(id [16]byte) {
	t.Seen = append(t.Seen, id[:]...)
	if most := MostSeen * len(id); len(t.Seen) > most {
		t.Seen = slices.Clone(t.Seen[len(t.Seen)-most:])
	}
}

// Saw reports that an id was read.
func (t *Trail) Saw(id [16]byte) bool {
	for seen := t.Seen; len(seen) >= len(id); seen = seen[len(id):] {
		if bytes.Equal(seen[:len(id)], id[:]) {
			return true
		}
	}
	return false
}
