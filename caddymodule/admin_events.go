package caddymodule

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// eventSelection is what the route over account events takes, as query parameters
// of a GET or as the JSON body of a POST.
type eventSelection struct {
	From          string `json:"from,omitempty"`
	To            string `json:"to,omitempty"`
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	WABA          string `json:"waba,omitempty"`
	Kind          string `json:"kind,omitempty"`
	Severity      string `json:"severity,omitempty"` // at least
	Before        string `json:"before,omitempty"`
	Limit         int    `json:"limit,omitempty"`
}

func (s *eventSelection) read(r *http.Request) error {
	if r.Method == http.MethodPost {
		return jsonRequest(r, s)
	}
	return readParameters(r.URL.Query(), &s.Limit, map[string]*string{
		"from": &s.From, "to": &s.To, "phone_number_id": &s.PhoneNumberID, "waba": &s.WABA, "kind": &s.Kind, "severity": &s.Severity, "before": &s.Before,
	})
}

// filter is s as the store takes it.
func (s *eventSelection) filter(a *App) (f store.EventFilter, err error) {
	times, err := (&selection{From: s.From, To: s.To, PhoneNumberID: s.PhoneNumberID, Limit: s.Limit}).filter(a)
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

// eventPage is the answer of the route over account events.
type eventPage struct {
	Events []*eventLine `json:"events"`
	Next   string       `json:"next,omitempty"`
}

// eventLine is an account event as people read it.
type eventLine struct {
	ID       store.EventID           `json:"id"`
	Time     time.Time               `json:"time"`
	Severity policy.Severity         `json:"severity"`
	Kind     policy.AccountEventKind `json:"kind"`
	Name     string                  `json:"name"`
	Detail   string                  `json:"detail,omitempty"`
	// PhoneNumberID and Business are of the number it is about, if it is about
	// one; Number is what people see of it where its id is not known.
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	Business      string `json:"business,omitempty"`
	Number        string `json:"number,omitempty"`
	WABA          string `json:"waba,omitempty"`
	Template      string `json:"template,omitempty"`
	Language      string `json:"language,omitempty"`
	Sender        string `json:"sender,omitempty"`
	SenderToken   string `json:"sender_token,omitempty"`
}

func (a *App) eventLineOf(e *store.AccountEvent) *eventLine {
	l := &eventLine{
		ID: e.ID, Time: e.At.Time(), Severity: e.Severity, Kind: e.Kind, Name: e.Name, Detail: e.Detail,
		PhoneNumberID: e.PhoneNumberID, WABA: e.WABA, Template: e.Template.Name, Language: e.Template.Language, Sender: e.Sender, SenderToken: e.Token,
	}
	switch {
	case e.PhoneNumberID != "":
		if b, ok := a.gateway.Businesses.Of(e.PhoneNumberID); ok {
			l.Business = b.Name
		}
	case e.Display != "":
		l.Number = policy.Identity{Kind: policy.Phone, Value: e.Display}.String() // masked
	}
	return l
}

func adminEvents(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var s eventSelection
	if err := s.read(r); err != nil {
		return err
	}
	f, err := s.filter(a)
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
	p := eventPage{Events: []*eventLine{}}
	if len(events) > asked {
		events = events[:asked]
		p.Next = events[asked-1].ID.String()
	}
	for _, e := range events {
		p.Events = append(p.Events, a.eventLineOf(e))
	}
	return jsonAnswer(w, p)
}

// besides are the account events that should be seen beside violations.
type besides struct {
	From  time.Time `json:"from"`
	Count int       `json:"count"`
	// Newest are the newest of them.
	Newest []*eventLine `json:"newest"`
}

// shownBeside is how many account events are shown beside violations.
const shownBeside = 3

// eventsBeside are the account events worse than good to know, of the time and
// the business of a page of violations. Without a beginning that is the day
// before its oldest one.
func (a *App) eventsBeside(ctx context.Context, st store.Store, f store.Filter, entries []*store.Entry) (*besides, error) {
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
	b := &besides{From: ef.From.Time()}
	for e, err := range st.AccountEvents(ctx, ef) {
		if err != nil {
			return nil, err
		}
		if b.Count++; b.Count <= shownBeside {
			b.Newest = append(b.Newest, a.eventLineOf(e))
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
