package adminapi

import (
	"context"
	"time"
)

// Endpoints are the endpoints that are told what happens.
type Endpoints struct {
	Endpoints []Endpoint `json:"endpoints"`
}

// Endpoint says how it stands with one.
type Endpoint struct {
	Name  string   `json:"name"`
	Types []string `json:"types"`
	// State is on, away, off, new, or unconfigured where it is no longer in the configuration.
	State string `json:"state"`
	// Here: the gateway that was asked tells it, and no other one over the same store.
	Here bool `json:"here"`
	// LastTaken is when it took an event last, FailingSince since when it has taken none.
	LastTaken    *time.Time `json:"last_taken,omitempty"`
	FailingSince *time.Time `json:"failing_since,omitempty"`
	// LastError is what went wrong last, without anything that it answered.
	LastError string `json:"last_error,omitempty"`
	// OffSince is when it was switched off, OffWhy why.
	OffSince *time.Time `json:"off_since,omitempty"`
	OffWhy   string     `json:"off_why,omitempty"`
	// Oldest is when the oldest event happened that waits.
	Oldest *time.Time `json:"oldest,omitempty"`
	// Waiting are the events that are tried again, the next at NextAttempt; Dead were given up.
	Waiting     int        `json:"waiting"`
	NextAttempt *time.Time `json:"next_attempt,omitempty"`
	Dead        int        `json:"dead"`
}

// DeadSelection selects events that were given up.
type DeadSelection struct {
	Endpoint string `json:"endpoint"`
	Limit    int    `json:"limit,omitempty"`
}

// DeadEvents are events that an endpoint didn't take, the oldest first.
type DeadEvents struct {
	Events []DeadEvent `json:"events"`
	// All is how many there are.
	All int `json:"all"`
}

// DeadEvent is one of them.
type DeadEvent struct {
	ID   string    `json:"id"`
	Type string    `json:"type"`
	Time time.Time `json:"time"`
	// GivenUp is when, after how many attempts since FirstAttempt.
	GivenUp      time.Time `json:"given_up"`
	FirstAttempt time.Time `json:"first_attempt"`
	Attempts     int       `json:"attempts"`
	// Status is what the endpoint answered last, 0 where it didn't; Error says what was wrong.
	Status int    `json:"status,omitempty"`
	Error  string `json:"error,omitempty"`
}

// Replay selects events that are told again: by their ids, by when they happened, or all.
type Replay struct {
	Endpoint string   `json:"endpoint"`
	IDs      []string `json:"ids,omitempty"`
	From     string   `json:"from,omitempty"`
	To       string   `json:"to,omitempty"`
	All      bool     `json:"all,omitempty"`
}

// Replayed is how many events are tried again, and of how many others what they tell is no
// longer kept.
type Replayed struct {
	Endpoint string `json:"endpoint"`
	Events   int    `json:"events"`
	Gone     int    `json:"gone"`
}

// EndpointNamed names an endpoint.
type EndpointNamed struct {
	Endpoint string `json:"endpoint"`
	// Actor is who asks, where the gateway can't tell by itself.
	Actor string `json:"actor,omitempty"`
}

// EndpointTested is what became of a test.
type EndpointTested struct {
	Endpoint string `json:"endpoint"`
	Taken    bool   `json:"taken"`
	// Status is what it answered, 0 where it didn't; Error says what was wrong.
	Status       int    `json:"status,omitempty"`
	Error        string `json:"error,omitempty"`
	Milliseconds int64  `json:"milliseconds"`
}

// Endpoints lists the endpoints that are told what happens.
func (c *Client) Endpoints(ctx context.Context) (*Endpoints, error) {
	return answer[Endpoints](ctx, c, RouteNotify, nil)
}

// DeadEvents lists the events that an endpoint didn't take.
func (c *Client) DeadEvents(ctx context.Context, s DeadSelection) (*DeadEvents, error) {
	return answer[DeadEvents](ctx, c, RouteNotifyDead, s)
}

// Replay has events tried again that an endpoint didn't take.
func (c *Client) Replay(ctx context.Context, r Replay) (*Replayed, error) {
	return answer[Replayed](ctx, c, RouteNotifyReplay, r)
}

// TestEndpoint sends an endpoint a message to see whether it takes one.
func (c *Client) TestEndpoint(ctx context.Context, r EndpointNamed) (*EndpointTested, error) {
	return answer[EndpointTested](ctx, c, RouteNotifyTest, r)
}

// SwitchEndpointOn has an endpoint told again that was switched off or is away.
func (c *Client) SwitchEndpointOn(ctx context.Context, r EndpointNamed) (*Endpoints, error) {
	return answer[Endpoints](ctx, c, RouteNotifyOn, r)
}
