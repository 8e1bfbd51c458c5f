package adminapi

import (
	"context"
	"time"
)

// KeyRequest asks for a new API key for consent.
type KeyRequest struct {
	// Name is who gets it.
	Name string `json:"name"`
	// Rights are one or more of read, record and opt-out.
	Rights []string `json:"rights"`
	// Businesses are the business phone numbers it is for, by id or name; none for all.
	Businesses []string `json:"businesses,omitempty"`
	// Actor is who makes it, where the gateway can't tell by itself.
	Actor string `json:"actor,omitempty"`
}

// KeyRevocation takes a key back.
type KeyRevocation struct {
	ID string `json:"id"`
}

// Key is an API key for consent.
type Key struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Rights     []string   `json:"rights"`
	Businesses []string   `json:"businesses,omitempty"`
	Created    time.Time  `json:"created"`
	Actor      string     `json:"actor,omitempty"`
	Revoked    *time.Time `json:"revoked,omitempty"`
	// Key is what its holder shows. It is told once, when the key is made.
	Key string `json:"key,omitempty"`
}

// Keys are all keys.
type Keys struct {
	Keys []Key `json:"keys"`
}

// Keys lists the API keys for consent.
func (c *Client) Keys(ctx context.Context) (*Keys, error) {
	return answer[Keys](ctx, c, RouteKeys, nil)
}

// AddKey makes one.
func (c *Client) AddKey(ctx context.Context, r KeyRequest) (*Key, error) {
	return answer[Key](ctx, c, RouteKeyAdd, r)
}

// RevokeKey takes one back.
func (c *Client) RevokeKey(ctx context.Context, id string) (*Key, error) {
	return answer[Key](ctx, c, RouteKeyRevoke, KeyRevocation{id})
}
