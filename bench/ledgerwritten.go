package main

import (
	"context"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Sends of the past are written into the engine as the store writes them once their
// statuses have come, which is some ten times as fast as making them.

// writtenSettlement and writtenStatus are the store's records of an outcome and of what
// statuses told.
type writtenSettlement struct {
	Outcome store.Outcome `cbor:"1,keyasint"`
	Wamid   *policy.Alias `cbor:"2,keyasint,omitempty"`
}

type writtenStatus struct {
	Status struct {
		Status policy.DeliveryStatus `cbor:"1,keyasint,omitempty"`
		At     policy.Moment         `cbor:"2,keyasint,omitempty"`
	} `cbor:"2,keyasint,omitempty"`
	Priced struct {
		At      policy.Moment   `cbor:"1,keyasint,omitempty"`
		Pricing *policy.Pricing `cbor:"2,keyasint,omitempty"`
	} `cbor:"4,keyasint,omitempty"`
	Delivered policy.Moment `cbor:"6,keyasint,omitempty"`
	Sent      *store.ID     `cbor:"7,keyasint,omitempty"`
}

// writtenAtOnce is how many sends one change writes.
const writtenAtOnce = 500

// written is a quarter of an hour of the past.
func (l *life) written(ctx context.Context, q, sends int) error {
	begin := l.began.Add(time.Duration(q) * lifeQuarter)
	l.clock.Store(int64(policy.MomentOf(begin.Add(lifeQuarter))))
	for first := 0; first < sends; first += writtenAtOnce {
		var lines []*store.Line
		statuses := make(map[string][]byte)
		for i := first; i < min(first+writtenAtOnce, sends); i++ {
			line, err := l.write(l.next(begin.Add(lifeQuarter*time.Duration(i)/time.Duration(sends))), statuses)
			if err != nil {
				return err
			}
			lines = append(lines, line)
		}
		err := l.engine.Update(ctx, func(tx store.Tx) error {
			for _, line := range lines {
				if err := tx.Append(store.Ledger, line); err != nil {
					return err
				}
			}
			for key, value := range statuses {
				if err := tx.Put([]byte(key), value, fillRetention); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("writing the past: %w", err)
		}
	}
	return nil
}

// write makes the line of a send, and the record of its message among statuses. Statuses
// that come later than what is written come when they do.
func (l *life) write(s *sent, statuses map[string][]byte) (*store.Line, error) {
	e := s.entry
	e.Decision.Reason, e.Decision.Remedy, e.Decision.Retry, e.Unworded = "", "", 0, true // as the store leaves them out
	line := &store.Line{ID: e.ID, Columns: &store.Columns{
		PhoneNumberID: e.Send.PhoneNumberID, Rule: string(e.Decision.Rule), Template: e.Send.Template.Name, Sender: e.Sender, Token: e.Token,
	}}
	settled := writtenSettlement{Outcome: s.outcome}
	var err error
	if s.outcome.Wamid != "" {
		name := l.b.MessagePseudonym(e.Send.PhoneNumberID, s.outcome.Wamid)
		settled.Wamid = &name
		told := writtenStatus{Sent: &e.ID}
		for _, status := range s.statuses {
			if status.At.Time().Sub(l.began) >= (fillDays*96-lifeLived)*lifeQuarter {
				l.tell(0, status)
				continue
			}
			told.Status.Status, told.Status.At = status.Status, status.At
			if status.Pricing != nil {
				told.Priced.At, told.Priced.Pricing = status.At, status.Pricing
			}
			if status.Status.Delivered() && told.Delivered == 0 {
				told.Delivered = status.At
			}
		}
		if statuses["s"+string(name[:])], err = cbor.Marshal(told); err != nil {
			return nil, err
		}
	}
	if line.Data, err = cbor.Marshal(e); err != nil {
		return nil, err
	}
	line.Settled, err = cbor.Marshal(settled)
	return line, err
}
