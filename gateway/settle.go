package gateway

import (
	"context"
	"errors"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// reserve enters sends into the ledger before they leave, and waits until they
// are on disk. Where the gateway overlaps only those are waited for that use up
// something, since another send may have been quicker, in which case none
// leaves; those for which the store has no room; and all while it fails to write:
// what can't be recorded must not leave. If that fails it tells at which send. It waits no
// longer than ctx lasts.
func (d *Sends) reserve(ctx context.Context, st store.Store, sends []Judged) (failed int, err error) {
	if together, ok := st.(store.Together); ok && len(sends) > 1 {
		if w, ok := together.ReserveTogether(lasting(ctx), entriesOf(sends)); ok {
			return reserved(ctx, w, sends)
		}
	}
	for i := range sends {
		sends[i].reserved = st.Reserve(lasting(ctx), sends[i].Entry)
	}
	for i := range sends {
		e := sends[i].Entry
		if d.Overlap && len(e.Decision.Claims) == 0 && e.Attempt == nil && !d.failing.Load() && sends[i].reserved.Failed() == nil {
			continue
		}
		err := sends[i].reserved.WaitFor(ctx)
		sends[i].reserved = nil
		if err != nil {
			sends[i].lost = !errors.Is(err, store.ErrLate) // it may be entered yet
			return i, err
		}
	}
	return 0, nil
}

func entriesOf(sends []Judged) []*store.Entry {
	entries := make([]*store.Entry, len(sends))
	for i := range sends {
		entries[i] = sends[i].Entry
	}
	return entries
}

// reserved waits until sends are entered together.
func reserved(ctx context.Context, w *store.Write, sends []Judged) (failed int, err error) {
	err = w.WaitFor(ctx)
	if err != nil && !errors.Is(err, store.ErrLate) { // else they may be entered yet
		for i := range sends {
			sends[i].lost = true
		}
	}
	if why, ok := errors.AsType[*store.NotReserved](err); ok {
		failed = why.Place
	}
	return failed, err
}

// settleAs records the same outcome for all sends.
func (d *Sends) settleAs(ctx context.Context, st store.Store, sends []Judged, o store.Outcome) {
	for i := range sends {
		sends[i].Outcome = o
	}
	_ = d.settle(ctx, st, sends) // which logs what fails
}

// settle records what became of the sends and waits until it is on disk,
// together with the reservations before it, or ctx is over.
func (d *Sends) settle(ctx context.Context, st store.Store, sends []Judged) error {
	at := d.now()
	entered := false
	for i := range sends {
		j := &sends[i]
		if j.lost {
			continue
		}
		j.Outcome.At = at
		if b, ok := d.Businesses.Of(j.Send.PhoneNumberID); ok {
			j.Outcome.Asked = b.Questions[j.Send.Template.Name]
		}
		if turn, ok := policy.SwitchedByError(j.Outcome.ErrorCode, j.Send.PhoneNumberID, at); ok {
			d.often(zapcore.WarnLevel, "marketing was switched off by Meta's answer", zap.String("says", turn.Says), zap.String("phone_number_id", j.Send.PhoneNumberID))
		}
		j.settled = st.Settle(lasting(ctx), j.Entry.ID, j.Outcome)
		entered = true
	}
	var failed error
	for i := range sends {
		// The settlement first: the reservation is there no later, so that one
		// wait of the two costs nothing.
		for _, write := range [...]*store.Write{sends[i].settled, sends[i].reserved} {
			if write != nil && !errors.Is(failed, store.ErrLate) {
				failed = errors.Join(failed, write.WaitFor(ctx))
			}
		}
	}
	if !entered {
		return nil
	}
	d.wrote(failed)
	if failed != nil {
		d.often(zapcore.ErrorLevel, "the outcome of a send could not be recorded", zap.Error(failed))
	}
	return failed
}
