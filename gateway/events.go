package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// EventSelection selects account events, in the words of an operator.
type EventSelection struct {
	From, To, PhoneNumberID, WABA, Kind string
	Severity                            string // at least
	Before                              string
	Limit                               int
}

// EventPage is a page of account events, newest first.
type EventPage struct {
	Events []*store.AccountEvent
	// Next is the Before of the next page; "" on the last.
	Next string
}

// Events is a page of account events.
func (g *Gateway) Events(ctx context.Context, s EventSelection) (*EventPage, error) {
	f, err := g.eventFilter(ctx, &s)
	if err != nil {
		return nil, err
	}
	if f.PhoneNumberID != "" && f.WABA == "" {
		if b, ok := g.Businesses.Of(f.PhoneNumberID); ok {
			f.WABA = b.WABA
		}
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	asked := f.Limit
	f.Limit++
	events, err := collect(st.AccountEvents(ctx, f))
	if err != nil {
		return nil, err
	}
	p := &EventPage{Events: events}
	if len(events) > asked {
		p.Events = events[:asked]
		p.Next = events[asked-1].ID.String()
	}
	return p, nil
}

// eventFilter is a selection as the store takes it.
func (g *Gateway) eventFilter(ctx context.Context, s *EventSelection) (f store.EventFilter, err error) {
	times, err := g.filter(ctx, &Selection{From: s.From, To: s.To, PhoneNumberID: s.PhoneNumberID, Limit: s.Limit}, 0)
	if err != nil {
		return f, err
	}
	f = store.EventFilter{
		From: times.From, To: times.To, Limit: times.Limit,
		PhoneNumberID: times.PhoneNumberID, WABA: s.WABA, Kind: policy.AccountEventKind(s.Kind),
	}
	if s.Severity != "" && f.Severity.UnmarshalText([]byte(s.Severity)) != nil {
		return f, misasked(errors.New("severity must be info, warning or critical"))
	}
	if s.Before != "" {
		f.Before, err = store.ParseEventID(s.Before)
	}
	return f, misasked(err)
}

// Besides are the account events that should be seen beside violations.
type Besides struct {
	From  policy.Moment
	Count int
	// Newest are the newest of them.
	Newest []*store.AccountEvent
}

// shownBeside is how many account events are shown beside violations.
const shownBeside = 3

// eventsBeside are the account events worse than good to know, of the time and
// the business of a page of violations. Without a beginning that is the day
// before its oldest one.
func (g *Gateway) eventsBeside(ctx context.Context, st store.Store, f *store.Filter, entries []*store.Entry) (*Besides, error) {
	ef := store.EventFilter{From: f.From, To: f.To, PhoneNumberID: f.PhoneNumberID, Severity: policy.Warning}
	if b, ok := g.Businesses.Of(f.PhoneNumberID); ok {
		ef.WABA = b.WABA
	}
	if ef.From == 0 {
		oldest := g.now()
		if len(entries) > 0 {
			oldest = entries[len(entries)-1].At
		}
		ef.From = oldest.Add(-24 * time.Hour)
	}
	b := &Besides{From: ef.From}
	for e, err := range st.AccountEvents(ctx, ef) {
		if err != nil {
			return nil, err
		}
		if b.Count++; b.Count <= shownBeside {
			b.Newest = append(b.Newest, e)
		}
	}
	if b.Count == 0 {
		return nil, nil
	}
	return b, nil
}
