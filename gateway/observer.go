package gateway

import (
	"time"

	"github.com/waguard/waguard/policy"
)

// Observer counts what happens, for metrics, and writes it down. It is told on the
// way of sends, and must be quick.
type Observer interface {
	// Decided: this was decided about a send, and is entered into the ledger. Those of
	// callers whom Meta has not accepted lately, which are not, are not told.
	Decided(j *Judged)
	// StoreFailed: the store could not answer or record.
	StoreFailed()
	// SentToAnother: a message went to somebody else than it was judged by.
	SentToAnother()
	// StrangerRefused: a rule refused a request of a caller whom Meta has not
	// accepted lately.
	StrangerRefused(rule policy.Rule)
	// Judged: to read the facts of a request's sends and to decide took so long.
	Judged(took time.Duration)
	// Leaving: so many sends are on their way to Meta. Returned follows.
	Leaving(sends int)
	// Answered: Meta answered, or was given up, after that time.
	Answered(took time.Duration)
	// Returned: this became of the sends, as far as is known when their sender is
	// told.
	Returned(sends []Judged)
	// RefusedByMeta: Meta refused a send that was let through, in its answer or later in a
	// status. Of each message it is told once, but for what comes again after a restart.
	RefusedByMeta(r *RefusedByMeta)
	// StatusHeard: a webhook told a message's status. Meta may tell it again.
	StatusHeard(status policy.DeliveryStatus)
}
