package caddymodule

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// given is a moment as answers have it; nil where there is none.
func given(at policy.Moment) *time.Time {
	if at == 0 {
		return nil
	}
	return new(at.Time())
}

// noSelection is what the route over endpoints takes: nothing.
type noSelection struct{}

func endpoints(ctx context.Context, g *gateway.Gateway, _ *noSelection) (*adminapi.Endpoints, error) {
	states, err := g.EndpointStates(ctx)
	if err != nil {
		return nil, err
	}
	answer := &adminapi.Endpoints{Endpoints: make([]adminapi.Endpoint, len(states))}
	for i := range states {
		s := &states[i]
		answer.Endpoints[i] = adminapi.Endpoint{
			Name: s.Name, Types: append([]string{}, s.Types...), State: s.State, Here: s.Here, LastTaken: given(s.Taken), FailingSince: given(s.Failing), LastError: s.Error,
			OffSince: given(s.Off), OffWhy: s.Why, Oldest: given(s.Oldest), Waiting: s.Waiting, NextAttempt: given(s.Next), Dead: s.Dead,
		}
	}
	return answer, nil
}

func deadEvents(ctx context.Context, g *gateway.Gateway, s *adminapi.DeadSelection) (*adminapi.DeadEvents, error) {
	list, all, err := g.Dead(ctx, s.Endpoint, s.Limit)
	if err != nil {
		return nil, err
	}
	answer := &adminapi.DeadEvents{Events: []adminapi.DeadEvent{}, All: all}
	for _, d := range list {
		answer.Events = append(answer.Events, adminapi.DeadEvent{
			ID: d.Event, Type: d.Type, Time: d.At.Time(), GivenUp: d.Died.Time(), FirstAttempt: d.Parked.First.Time(), Attempts: d.Parked.Attempts, Status: d.Parked.Status, Error: d.Parked.Error,
		})
	}
	return answer, nil
}

func replayEvents(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var request adminapi.Replay
	if err := adminapi.ReadRequest(r, &request); err != nil {
		return adminFailure(err)
	}
	n, gone, err := a.gateway.Replay(r.Context(), gateway.ReplaySelection(request))
	if err != nil {
		return adminFailure(err)
	}
	a.logger.Info("events are told again that an endpoint didn't take", zap.String("endpoint", request.Endpoint), zap.Int("events", n), zap.Int("gone", gone), zap.String("actor", actorOf(r, st, "")))
	return jsonAnswer(w, adminapi.Replayed{Endpoint: request.Endpoint, Events: n, Gone: gone})
}

func testEndpoint(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var request adminapi.EndpointNamed
	if err := adminapi.ReadRequest(r, &request); err != nil {
		return adminFailure(err)
	}
	answer, err := a.gateway.TestEndpoint(r.Context(), request.Endpoint, actorOf(r, st, request.Actor))
	if err != nil {
		return adminFailure(err)
	}
	return jsonAnswer(w, adminapi.EndpointTested{Endpoint: request.Endpoint, Taken: answer.Taken, Status: answer.Status, Error: answer.Why, Milliseconds: answer.Took.Milliseconds()})
}

func switchEndpointOn(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var request adminapi.EndpointNamed
	if err := adminapi.ReadRequest(r, &request); err != nil {
		return adminFailure(err)
	}
	if err := a.gateway.SwitchOn(r.Context(), request.Endpoint); err != nil {
		return adminFailure(err)
	}
	a.logger.Info("an endpoint was switched on", zap.String("endpoint", request.Endpoint), zap.String("actor", actorOf(r, st, request.Actor)))
	answer, err := endpoints(r.Context(), a.gateway, nil)
	if err != nil {
		return adminFailure(err)
	}
	return jsonAnswer(w, answer)
}

func windows(ctx context.Context, g *gateway.Gateway, s *adminapi.WindowSelection) (*adminapi.Windows, error) {
	runway, err := g.Runway(ctx, gateway.RunwaySelection(*s))
	if err != nil {
		return nil, err
	}
	now := g.Now()
	answer := &adminapi.Windows{Time: now.UTC(), Windows: make([]adminapi.Window, len(runway.Windows)), More: runway.More, Waiting: runway.Waiting}
	for i := range runway.Windows {
		w := &runway.Windows[i]
		row := adminapi.Window{
			PhoneNumberID: w.PhoneNumberID, Business: w.Business, Contact: w.Contact.String(), Opened: w.Opened.Time(), Ends: w.Ends.Time(),
			EndsIn: int64(w.Ends.Time().Sub(now) / time.Second), Answer: string(w.Answer), Answered: given(w.Answered),
			LaterCategory: w.Later.Category, Market: w.Later.Market, MarketEstimated: w.Later.MarketEstimated,
		}
		if w.Later.Price.Known {
			row.LaterPrice, row.Currency = new(w.Later.Price.Unit), w.Later.Price.Currency
		}
		answer.Windows[i] = row
	}
	return answer, nil
}
