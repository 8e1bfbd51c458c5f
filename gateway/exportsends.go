package gateway

import (
	"context"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Settled is how long after a day nothing can happen any more to what was sent or delivered
// on it, but that a person reads it: Meta drops a message that it can't deliver within 30 days,
// and repeats webhooks for 7. ReadSettled is until when a reading counts that this holds for,
// too: so much earlier that its webhook comes in time.
const (
	Settled     = 45 * 24 * time.Hour
	ReadSettled = Settled - 7*24*time.Hour
)

// SendSelection selects the sends that leave the gateway.
type SendSelection struct {
	// From and To are RFC 3339, a date where the account is, or an age; Month is a calendar
	// month such as 2026-10, in place of both.
	From, To, Month string
	PhoneNumberID   string
	// Final leaves out days on which something can still change.
	Final bool
	// Before is the Next of the page before.
	Before string
}

// SendPage is a page of them, newest first.
type SendPage struct {
	Sends []ExportedSend
	// Next is the Before of the next page; "" on the last.
	Next string
	// Now is the gateway's time, and KeptSince that of the oldest sends that are kept; zero
	// where all are.
	Now       time.Time
	KeptSince policy.Moment
	// Final is the first day on which something can still change, anywhere.
	Final string
}

// ExportedSend is a send with what is known of its account.
type ExportedSend struct {
	*store.Entry
	Zone     *time.Location
	WABA     string
	Currency billing.Currency
}

// SendsToExport is a page of the ledger, in periods that begin and end with the days of each
// account.
func (g *Gateway) SendsToExport(ctx context.Context, asked SendSelection) (*SendPage, error) {
	s := Selection{From: asked.From, To: asked.To, Before: asked.Before}
	if err := s.setMonth(asked.Month); err != nil {
		return nil, err
	}
	var err error
	if s.PhoneNumberID, err = g.businessNamed(ctx, asked.PhoneNumberID); err != nil {
		return nil, err
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	now := g.Now()
	final := finalDay(now)
	if asked.Final {
		if s.To, err = earlier(s.To, final, now); err != nil {
			return nil, misasked(err)
		}
		if from, err := billing.ParseTime(s.From, time.UTC, now); err == nil && billing.Day(from, time.UTC) >= s.To {
			return &SendPage{Now: now, KeptSince: keptSince(st), Final: final}, nil
		}
	}
	only := s.PhoneNumberID
	period, err := g.period(&s)
	if err != nil {
		return nil, err
	}
	l := liner{g: g, accounts: make(map[string]account)}
	if l.told, err = st.Numbers(ctx); err != nil {
		return nil, err
	}
	page := &SendPage{Now: now, KeptSince: keptSince(st), Final: final}
	f := period.filter
	f.PhoneNumberID = only
	for e, err := range st.Ledger(ctx, f) {
		if err != nil {
			return nil, lookup(err)
		}
		a := l.account(e.Send.PhoneNumberID)
		if !period.has(e.At.Time(), a.zone) {
			continue
		}
		send := ExportedSend{Entry: e, Zone: a.zone, WABA: a.waba, Currency: a.currency}
		if asked.Final {
			send.forgetLateReading()
		}
		page.Sends = append(page.Sends, send)
		if len(page.Sends) == largestPage {
			page.Next = e.ID.String()
			break
		}
	}
	return page, nil
}

// keptSince is the time of the oldest sends that are kept; zero where all are.
func keptSince(st store.Store) policy.Moment {
	if kept, ok := st.(store.Forgets); ok {
		return kept.KeptSince()
	}
	return 0
}

// earlier is the time s, or the date where it begins, whichever comes first.
func earlier(s, date string, now time.Time) (string, error) {
	if s == "" {
		return date, nil
	}
	at, err := billing.ParseTime(s, time.UTC, now)
	if err != nil || billing.Day(at, time.UTC) < date {
		return s, err
	}
	return date, nil
}

// forgetLateReading leaves the message delivered that was read when its day was long over:
// that can still happen, and nothing else can.
func (e *ExportedSend) forgetLateReading() {
	d := &e.Delivery
	if !d.Status.Delivered() || d.Status == policy.StatusDelivered || d.Delivered == 0 {
		return
	}
	day, err := billing.Midnight(billing.Day(e.At.Time(), e.Zone), e.Zone)
	if err == nil && d.At.Time().After(day.Add(ReadSettled)) {
		d.Status, d.At = policy.StatusDelivered, d.Delivered
	}
}

// finalDay is the first date that isn't settled yet wherever it begins last.
func finalDay(now time.Time) string {
	const latest = 12 * time.Hour // no day begins later than in UTC-12
	return billing.Day(now.Add(-Settled-latest), time.UTC)
}

// Class is the class of messages that the send is counted as; "" for none.
func (e *ExportedSend) Class() string {
	a := e.Alike()
	if counted(&a).Notification() {
		return billing.Notification
	}
	return ""
}
