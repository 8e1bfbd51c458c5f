package graphsim

import (
	"errors"
	"fmt"
)

// Mistakes of the test that drives the Sim. Errors of the simulated API are answers, never Go errors.
var (
	// ErrUnknownNumber reports a phone_number_id that is not in Options.Numbers.
	ErrUnknownNumber = errors.New("unknown phone_number_id")
	// ErrUnknownMessage reports a wamid that was never given out, or is older than Options.Record messages.
	ErrUnknownMessage = errors.New("unknown wamid")
	// ErrUnknownTemplate reports a template name and language that are not in the catalogue.
	ErrUnknownTemplate = errors.New("unknown template")
	// ErrNoIdentity reports a user who could not appear in a webhook: neither phone nor business-scoped user id,
	// or a hidden phone without such an id.
	ErrNoIdentity = errors.New("user has no identity to show")
	// ErrUnknownStatus reports a word that is not a value of statuses[].status.
	ErrUnknownStatus = errors.New("unknown message status")
)

// NotAccepted reports that the webhook receiver answered something other than 200, which Meta counts as a failed
// delivery and repeats.
type NotAccepted struct {
	// Status is the HTTP status of the answer.
	Status int
}

func (e *NotAccepted) Error() string { return fmt.Sprintf("webhook answered %d, want 200", e.Status) }
