package adminapi

import (
	"context"
	"time"

	"github.com/waguard/waguard/store"
)

// ErasureRequest asks for the erasure of a person's data, with every business of the
// gateway.
type ErasureRequest struct {
	// Contact is a phone number with plus and country code, or a user id.
	Contact string `json:"contact"`
	// PhoneNumberID may be there as elsewhere, and makes no difference.
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	// Reason is why. It must not name the person: it is kept.
	Reason string `json:"reason,omitempty"`
	// DryRun only says what would go.
	DryRun bool `json:"dry_run,omitempty"`
	// Now: what is erased is taken out of the files before the answer.
	Now bool `json:"now,omitempty"`
	// Actor is who asks for it, where the gateway can't tell by itself.
	Actor string `json:"actor,omitempty"`
}

// Erased is what an erasure took away, and what is left.
type Erased struct {
	DryRun bool `json:"dry_run,omitempty"`
	// Known: there was something about the person. Who is unknown stays opted out from
	// then on as well.
	Known bool `json:"known"`
	// ErasedAt is when it was, ErasedBefore when the person had been erased before.
	ErasedAt     *time.Time          `json:"erased_at,omitempty"`
	ErasedBefore *time.Time          `json:"erased_before,omitempty"`
	Erased       store.ErasureCounts `json:"erased"`
	Kept         []KeptAfterErasure  `json:"kept"`
	// BytesGoneBy is when the last bytes will have left the gateway's files, while it runs;
	// BytesGone: they have. BytesLeft is why they haven't, where that was asked for.
	BytesGoneBy *time.Time `json:"bytes_gone_by,omitempty"`
	BytesGone   bool       `json:"bytes_gone"`
	BytesLeft   string     `json:"bytes_left,omitempty"`
}

// KeptAfterErasure is something that an erasure leaves.
type KeptAfterErasure struct {
	What  string `json:"what"`
	Count int    `json:"count,omitempty"`
	Why   string `json:"why"`
}

// Erasures are the notes about erasures, the newest first.
type Erasures struct {
	Erasures []ErasureNote `json:"erasures"`
	// BytesGoneBy is when what was erased will be out of the gateway's files, where it isn't.
	BytesGoneBy *time.Time `json:"bytes_gone_by,omitempty"`
}

// ErasureNote is what is kept about an erasure: nothing of whom it was.
type ErasureNote struct {
	Time   time.Time           `json:"time"`
	Actor  string              `json:"actor,omitempty"`
	Reason string              `json:"reason,omitempty"`
	Erased store.ErasureCounts `json:"erased"`
}

// Tombstones are what is left of everybody who was erased, as text for a file.
type Tombstones struct {
	Count int    `json:"count"`
	Text  string `json:"text"`
}

// Purged says that what was erased is in no file any more.
type Purged struct {
	Purged bool `json:"purged"`
}

// Erase erases a person.
func (c *Client) Erase(ctx context.Context, r ErasureRequest) (*Erased, error) {
	answer := new(Erased)
	return answer, c.ask(ctx, RouteErase, r, answer)
}

// Erasures are the notes about erasures.
func (c *Client) Erasures(ctx context.Context) (*Erasures, error) {
	answer := new(Erasures)
	return answer, c.ask(ctx, RouteErasures, nil, answer)
}

// Tombstones are what is left of everybody who was erased.
func (c *Client) Tombstones(ctx context.Context) (*Tombstones, error) {
	answer := new(Tombstones)
	return answer, c.ask(ctx, RouteTombstones, struct{}{}, answer)
}

// Purge takes what was erased out of the gateway's files now.
func (c *Client) Purge(ctx context.Context) error {
	return c.ask(ctx, RouteStorePurge, struct{}{}, new(Purged))
}
