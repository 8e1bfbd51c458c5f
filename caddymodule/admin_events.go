package caddymodule

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// eventFilter is a selection as the store takes it.
func (a *App) eventFilter(s *adminapi.EventSelection) (f store.EventFilter, err error) {
	times, err := a.filter(&adminapi.Selection{From: s.From, To: s.To, PhoneNumberID: s.PhoneNumberID, Limit: s.Limit}, 0)
	if err != nil {
		return f, err
	}
	f = store.EventFilter{
		From: times.From, To: times.To, Limit: times.Limit,
		PhoneNumberID: s.PhoneNumberID, WABA: s.WABA, Kind: policy.AccountEventKind(s.Kind),
	}
	if s.Severity != "" && f.Severity.UnmarshalText([]byte(s.Severity)) != nil {
		return f, errors.New("severity must be info, warning or critical")
	}
	if s.Before != "" {
		f.Before, err = store.ParseEventID(s.Before)
	}
	return f, err
}

// eventLine is an account event as people read it.
func (a *App) eventLine(e *store.AccountEvent) *adminapi.EventLine {
	business := ""
	if e.PhoneNumberID != "" {
		if b, ok := a.gateway.Businesses.Of(e.PhoneNumberID); ok {
			business = b.Name
		}
	}
	return adminapi.EventLineOf(e, business)
}

func adminEvents(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var s adminapi.EventSelection
	if err := readAdmin(r, &s); err != nil {
		return err
	}
	f, err := a.eventFilter(&s)
	if err != nil {
		return adminError(http.StatusBadRequest, err)
	}
	if f.PhoneNumberID != "" && f.WABA == "" {
		if b, ok := a.gateway.Businesses.Of(f.PhoneNumberID); ok {
			f.WABA = b.WABA
		}
	}
	asked := f.Limit
	f.Limit++
	events, err := collect(st.AccountEvents(r.Context(), f))
	if err != nil {
		return adminError(http.StatusInternalServerError, err)
	}
	p := adminapi.EventPage{Events: []*adminapi.EventLine{}}
	if len(events) > asked {
		events = events[:asked]
		p.Next = events[asked-1].ID.String()
	}
	for _, e := range events {
		p.Events = append(p.Events, a.eventLine(e))
	}
	return jsonAnswer(w, p)
}

// shownBeside is how many account events are shown beside violations.
const shownBeside = 3

// eventsBeside are the account events worse than good to know, of the time and
// the business of a page of violations. Without a beginning that is the day
// before its oldest one.
func (a *App) eventsBeside(ctx context.Context, st store.Store, f store.Filter, entries []*store.Entry) (*adminapi.Besides, error) {
	ef := store.EventFilter{From: f.From, To: f.To, PhoneNumberID: f.PhoneNumberID, Severity: policy.Warning}
	if b, ok := a.gateway.Businesses.Of(f.PhoneNumberID); ok {
		ef.WABA = b.WABA
	}
	if ef.From == 0 {
		oldest := policy.MomentOf(a.clock.Now())
		if len(entries) > 0 {
			oldest = entries[len(entries)-1].At
		}
		ef.From = oldest.Add(-24 * time.Hour)
	}
	b := &adminapi.Besides{From: ef.From.Time()}
	for e, err := range st.AccountEvents(ctx, ef) {
		if err != nil {
			return nil, err
		}
		if b.Count++; b.Count <= shownBeside {
			b.Newest = append(b.Newest, a.eventLine(e))
		}
	}
	if b.Count == 0 {
		return nil, nil
	}
	return b, nil
}

// reportAccountEvents counts and logs what Meta or a sender told about accounts:
// at warn level what is worse than good to know.
func reportAccountEvents(logger *zap.Logger, events []policy.Event) {
	for _, event := range events {
		e, ok := event.(policy.AccountEvent)
		if !ok {
			continue
		}
		accountEventsTotal.WithLabelValues(e.Severity.String()).Inc()
		level := zapcore.DebugLevel
		if e.Severity >= policy.Warning {
			level = zapcore.WarnLevel
		}
		if line := logger.Check(level, "account event"); line != nil {
			line.Write(
				zap.Stringer("severity", e.Severity), zap.String("kind", string(e.Kind)), zap.String("name", e.Name), zap.String("detail", e.Detail),
				zap.String("waba", e.WABA), zap.String("phone_number_id", e.PhoneNumberID), zap.String("template", e.Template.Name),
				zap.String("sender", e.Sender), zap.String("sender_token", e.Token),
			)
		}
	}
}
