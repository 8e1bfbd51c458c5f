package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/waguard/waguard/policy"
)

// sharedChain is that of all sums of an engine that several gateways share: each of them
// knows of sums. It is no start of a [Sole] one.
const sharedChain = 1 << 62

const (
	// sharedSumDelay is how long after its end a quarter is summed up that several gateways
	// write to, and youngFor how long after it nobody looks for sums. Between them there is
	// room for clocks that don't agree.
	sharedSumDelay = 30 * time.Minute
	youngFor       = 15 * time.Minute
	// lookFor is how long a look at a quarter may take before another gateway may begin one:
	// the first has ended, or is past help.
	lookFor = 10 * time.Minute
	// mostTouched is how many entries of a quarter may be touched while it is summed up.
	// Sums would hardly spare anything then.
	mostTouched = 256
)

// errOthersLook: another gateway sums up the quarter, or has taken the look over.
var errOthersLook = errors.New("another gateway sums up the quarter")

// sumDelay is how long after its end a quarter is summed up.
func (s *Book) sumDelay() time.Duration {
	if s.sums != nil && s.sums.shared {
		return sharedSumDelay
	}
	return sumDelay
}

// correctShared is correct where several gateways share the records. That there is no record
// is held against whoever begins a look at the same time.
func (t *tx) correctShared(q int64, id ID) error {
	if beginOf(q+1) > policy.MomentOf(t.s.options.Now()).Add(-youngFor) {
		return nil
	}
	value, err := t.get(sumsKey(q))
	if err != nil || value == nil {
		return err
	}
	var r sumsRecord
	if err := decode(value, &r); err != nil {
		return t.Delete(sumsKey(q))
	}
	if r.Look != nil && !slices.Contains(r.Look.Touched, id) {
		if r.Look.Touched = append(r.Look.Touched, id); len(r.Look.Touched) > mostTouched {
			r.Look = nil // whoever looked finds that out
		}
		if err := t.put(sumsKey(q), &r, 0); err != nil {
			return err
		}
	}
	if t.s.heldSums(value) == nil {
		return nil
	}
	if known, err := t.get(correctionKey(id)); err != nil || known != nil {
		return err
	}
	return t.putCorrection(q, id)
}

// watchShared begins a look at a quarter, instead of an earlier one of this gateway.
func (s *Book) watchShared(ctx context.Context, q int64) error {
	now := policy.MomentOf(s.options.Now())
	look := sumsLook{Of: NewID(now), Began: now}
	err := s.update(ctx, func(t *tx) error {
		value, err := t.get(sumsKey(q))
		if err != nil {
			return err
		}
		var r sumsRecord
		if value != nil && decode(value, &r) != nil {
			r = sumsRecord{}
		}
		if r.Look != nil && r.Look.Of != s.sums.lookOf() && r.Look.Began.Add(lookFor) > now {
			return errOthersLook
		}
		r.Look = &look
		return t.put(sumsKey(q), &r, 0)
	})
	if err == nil {
		s.sums.setLook(look.Of)
	}
	return err
}

// disturbedShared are the entries that were touched during this gateway's look.
func (t *tx) disturbedShared(q int64) (map[ID]bool, error) {
	value, err := t.get(sumsKey(q))
	if err != nil {
		return nil, err
	}
	var r sumsRecord
	if value == nil || decode(value, &r) != nil || r.Look == nil || r.Look.Of != t.s.sums.lookOf() {
		return nil, errOthersLook
	}
	touched := make(map[ID]bool, len(r.Look.Touched))
	for _, id := range r.Look.Touched {
		touched[id] = true
	}
	return touched, nil
}

func (k *keptSums) lookOf() ID {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.look
}

func (k *keptSums) setLook(of ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.look = of
}
