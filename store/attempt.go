package store

import (
	"time"

	"github.com/waguard/waguard/policy"
)

// Attempt ties a request to the idempotency key its sender gave it, so that the
// request doesn't leave twice. It is part of the reservation of the request's
// first entry: on disk with it, or not at all.
type Attempt struct {
	// Key is the pseudonym of the idempotency key; see [Store.AttemptPseudonym].
	Key policy.Alias
	// Request is the pseudonym of the request itself: another request under the
	// same key is a mistake of the sender's.
	Request policy.Alias
	// Keep is for how long the key is remembered.
	Keep time.Duration
}

// AttemptState says what is known about the request under an idempotency key.
type AttemptState uint8

const (
	// AttemptOpen: the request is on its way. Nobody knows the answer yet.
	AttemptOpen AttemptState = iota + 1
	// AttemptAnswered: the answer is known.
	AttemptAnswered
	// AttemptUnknown: the request may have left, and no answer is known.
	AttemptUnknown
)

// KnownAttempt is what is remembered under an idempotency key.
type KnownAttempt struct {
	State   AttemptState
	Request policy.Alias
	// Entry is the first ledger entry of the request.
	Entry ID
	// Status and Answer are what the sender was answered, where that is known.
	// The store keeps Answer as it was handed in: whoever does so seals it, for
	// answers name people.
	Status int
	Answer []byte
}
