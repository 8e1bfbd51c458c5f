package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/waguard/waguard/notify"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// EndpointState is how it stands with an endpoint for events.
type EndpointState struct {
	Name  string
	Types []string
	// State is on, away, off or new; unconfigured where it was told once and is no longer in
	// the configuration.
	State string
	// Here: this gateway tells it.
	Here bool
	// Taken is when it took an event last, Failing since when it has taken none, Error what
	// went wrong last.
	Taken, Failing policy.Moment
	Error          string
	// Off is when it was switched off, and Why why.
	Off policy.Moment
	Why string
	// Oldest is when the oldest event happened that waits; zero for none.
	Oldest policy.Moment
	// Waiting are the events that are tried again, Dead those that were given up.
	Waiting, Dead int
	// Next is when one is tried next; zero where none is.
	Next policy.Moment
}

// States of endpoints.
const (
	EndpointOn           = "on"
	EndpointAway         = "away"
	EndpointIsOff        = "off"
	EndpointNew          = "new"
	EndpointUnconfigured = "unconfigured"
)

func (g *Gateway) tells() (store.Tells, error) {
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	tells, ok := st.(store.Tells)
	if !ok {
		return nil, &Problem{Kind: Misasked, Err: errors.New("this store can't tell what has happened since; endpoints for events need another one")}
	}
	return tells, nil
}

// endpoint is the one with a name.
func (g *Gateway) endpoint(name string) (*Teller, error) {
	for _, t := range g.Endpoints {
		if t.Name == name {
			return t, nil
		}
	}
	if len(g.Endpoints) == 0 {
		return nil, &Problem{Kind: Unknown, Err: errors.New("no endpoint for events is configured: write one with the option notify")}
	}
	return nil, &Problem{Kind: Unknown, Err: fmt.Errorf("there is no endpoint called %q; those that are configured are listed by `waguard notify list`", name)}
}

// EndpointStates say how it stands with all endpoints, by name.
func (g *Gateway) EndpointStates(ctx context.Context) ([]EndpointState, error) {
	tells, err := g.tells()
	if err != nil {
		return nil, err
	}
	subs, err := tells.Subscribers(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[string]*store.Subscriber)
	states := []EndpointState{}
	for _, sub := range subs {
		known[sub.Name] = sub
	}
	for _, t := range g.Endpoints {
		s := EndpointState{Name: t.Name, Types: t.Types, State: EndpointNew}
		if sub := known[t.Name]; sub != nil {
			s.fill(sub, g.now())
		}
		is := t.State()
		if s.Here = is.Held; is.Oldest != 0 {
			s.Oldest = is.Oldest // which knows of more than what waits to be tried again
		}
		delete(known, t.Name)
		states = append(states, s)
	}
	for _, sub := range subs {
		if known[sub.Name] != nil {
			s := EndpointState{Name: sub.Name}
			s.fill(sub, g.now())
			s.State = EndpointUnconfigured
			states = append(states, s)
		}
	}
	for i := range states {
		if _, states[i].Dead, err = tells.DeadEvents(ctx, states[i].Name, 0); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(states, func(a, b EndpointState) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return states, nil
}

func (s *EndpointState) fill(sub *store.Subscriber, now policy.Moment) {
	s.Taken, s.Failing, s.Error, s.Off, s.Why, s.Waiting = sub.Taken, sub.Failing, sub.Error, sub.Off, sub.Why, len(sub.Parked)
	switch {
	case sub.Off != 0:
		s.State = EndpointIsOff
	case sub.Misses >= awayAfter:
		s.State = EndpointAway
	default:
		s.State = EndpointOn
	}
	for i := range sub.Parked {
		if first := sub.Parked[i].First; s.Oldest == 0 || first < s.Oldest {
			s.Oldest = first
		}
		if next := max(sub.Parked[i].Next, now); sub.Off == 0 && (s.Next == 0 || next < s.Next) {
			s.Next = next
		}
	}
}

// Dead are the events that an endpoint didn't take, the oldest first, and how many there are.
func (g *Gateway) Dead(ctx context.Context, name string, limit int) ([]*store.DeadEvent, int, error) {
	tells, err := g.tells()
	if err != nil {
		return nil, 0, err
	}
	if limit == 0 {
		limit = defaultPage
	}
	if limit < 1 || limit > largestPage {
		return nil, 0, misasked(fmt.Errorf("limit must be between 1 and %d", largestPage))
	}
	list, all, err := tells.DeadEvents(ctx, name, limit)
	if err != nil || all > 0 {
		return list, all, err
	}
	// Of an endpoint that is configured no more the events may be looked at; a misspelt name
	// must not look as if all had been taken.
	subs, err := tells.Subscribers(ctx)
	if err != nil {
		return nil, 0, err
	}
	if !slices.ContainsFunc(subs, func(sub *store.Subscriber) bool { return sub.Name == name }) {
		_, err = g.endpoint(name)
	}
	return list, all, err
}

// ReplaySelection selects dead events: some by what they are called, or those that happened
// in a time, or all.
type ReplaySelection struct {
	Endpoint string
	IDs      []string
	From, To string
	All      bool
}

// Replay has dead events of an endpoint tried again, and tells how many there are, and of how
// many what they tell is no longer kept.
func (g *Gateway) Replay(ctx context.Context, s ReplaySelection) (revived, gone int, err error) {
	t, err := g.endpoint(s.Endpoint)
	if err != nil {
		return 0, 0, err
	}
	ways := 0
	for _, way := range []bool{len(s.IDs) > 0, s.From != "" || s.To != "", s.All} {
		if way {
			ways++
		}
	}
	if ways != 1 {
		return 0, 0, misasked(errors.New("say which events are to be told again: by their ids, by the time they happened, or all of them"))
	}
	now := g.Now()
	from, err := moment(s.From, time.UTC, now)
	if err != nil {
		return 0, 0, misasked(err)
	}
	to, err := moment(s.To, time.UTC, now)
	if err != nil {
		return 0, 0, misasked(err)
	}
	tells, err := g.tells()
	if err != nil {
		return 0, 0, err
	}
	revived, gone, err = tells.Revive(ctx, t.Name, func(d *store.DeadEvent) bool {
		if len(s.IDs) > 0 {
			return slices.Contains(s.IDs, d.Event)
		}
		return d.At >= from && (to == 0 || d.At < to)
	}, mostParked)
	if err != nil {
		return 0, 0, unrecorded(err)
	}
	if revived == 0 && gone == 0 && len(s.IDs) > 0 {
		return 0, 0, &Problem{Kind: Unknown, Err: fmt.Errorf("no event that was given up of endpoint %s has such an id: waguard notify dead lists them", t.Name)}
	}
	return revived, gone, nil
}

// SwitchOn has an endpoint told again that was switched off, or that is away, at once.
func (g *Gateway) SwitchOn(ctx context.Context, name string) error {
	t, err := g.endpoint(name)
	if err != nil {
		return err
	}
	tells, err := g.tells()
	if err != nil {
		return err
	}
	err = tells.SwitchOn(ctx, t.Name)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it was never told anything, and is on
	}
	if err != nil {
		return unrecorded(err)
	}
	return nil
}

// testData is what a message says that is sent by hand to see whether an endpoint takes one.
type testData struct {
	Endpoint string `json:"endpoint"`
	Actor    string `json:"actor,omitempty"`
}

// TestEndpoint sends an endpoint a message to see whether it takes one.
func (g *Gateway) TestEndpoint(ctx context.Context, name, actor string) (*notify.Answer, error) {
	t, err := g.endpoint(name)
	if err != nil {
		return nil, err
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	now := g.now()
	return t.Send(ctx, g.event(st, "test-"+store.NewID(now).String(), EventTest, now, "", &testData{Endpoint: name, Actor: actor})), nil
}
