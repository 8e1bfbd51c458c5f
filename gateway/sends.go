package gateway

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Sends is the way of sends through a gateway, as one door for them is set up.
type Sends struct {
	*Gateway
	Log *zap.Logger
	// Timeout is how long Meta may take to answer. The time runs on when the sender
	// gives up.
	Timeout time.Duration
	// Remember is for how long a request with an idempotency key is remembered.
	Remember time.Duration
}

// Request is a request that has sends in it.
type Request struct {
	// Reading is what was read in Body.
	Reading cloudapi.Reading
	Body    []byte
	// Key is its idempotency key; "" where it has none.
	Key string
	By  By
	// From is who sent it, by what it shows Meta.
	From Caller
}

// By is who sent a request, as the ledger keeps it.
type By struct {
	// Sender is the program, Token the fingerprint of its access token.
	Sender, Token string
	// Tags are what it said of the messages, for reports.
	Tags billing.Tags
}

// Upstream is where a request goes on to.
type Upstream interface {
	// Pass passes the request on, whose sends are all in the ledger, and fills in
	// the answer as it comes: what came of it counts even where Pass panics. An error
	// says why there is no answer. The context ends with the time there is for one,
	// not when the sender goes.
	Pass(ctx context.Context, sends []Judged, a *Answer) error
}

// Answer is what came back for a request that was passed on.
type Answer struct {
	// Status is the HTTP status; 0 where none came.
	Status      int
	ContentType string
	// Body is all of it, unless Streamed: then the sender has got some already.
	Body     []byte
	Streamed bool
	// Reached: the whole request was read on its way to Meta, so that Meta may have
	// got it.
	Reached bool
	// Declined: something before Meta declined the request, and answers for that
	// itself.
	Declined bool
}

// Result is what a request with sends comes to. Where it has neither refusal nor
// repetition nor error, and is not unjudged, what Meta answered is the answer.
type Result struct {
	// Sends are those of the request as they were judged; none where they were not.
	Sends []Judged
	// ID names what the answer speaks of.
	ID store.ID
	// Refusal is what the sender is told, Elements are those of a batch that are
	// refused.
	Refusal  *cloudapi.Refusal
	Elements []cloudapi.Element
	// RetryAfter is in how many seconds the sender may ask again; 0 where nobody says.
	RetryAfter int
	// Untold: by which rule it was let through is not said, since that tells a
	// stranger of the person.
	Untold bool
	// Repetition: the request was sent before, under its idempotency key. It has
	// Refusal, or First.
	Repetition bool
	// First is what the first of equal requests was answered.
	First *FirstAnswer
	// Unjudged: nothing was judged or recorded, and the request is to be passed on.
	Unjudged bool
	// Gone says that the sender was gone before anything was sent; nothing was.
	Gone error
}

// Judged is one send of a request on its way through.
type Judged struct {
	Send  *policy.Send
	Entry *store.Entry
	// Outcome is what became of the send.
	Outcome store.Outcome
	// element is the send's position in its batch, -1 outside of one.
	element int
	// monitored: the business is in monitor mode, so that the send passes
	// whatever the decision. Where it can't, exception says why.
	monitored bool
	exception string
	// Hint tells of something lawful that would cost less; "" where nothing is known.
	Hint string
	// alternatives are the templates that would pass in place of a refused send.
	alternatives []cloudapi.Alternative
	// fellBack is what leaves in place of a text; nil where the send leaves as it came.
	// fallbackRefused says why nothing does in place of one that is refused.
	fellBack        *fellBack
	fallbackRefused string
	// lost: the entry never got into the ledger.
	lost bool
	// reserved is the ledger entry on its way to disk, settled the outcome.
	reserved, settled *store.Write
	// attempt is the request's, on its first send; nil without idempotency key.
	attempt *attempt
}

// InMonitorMode reports that the business is in monitor mode.
func (j *Judged) InMonitorMode() bool { return j.monitored }

// passes reports whether the send may leave.
func (j *Judged) passes() bool { return !j.Entry.Violation() || j.Entry.Monitored }

func allMonitored(sends []Judged) bool {
	for i := range sends {
		if !sends[i].monitored {
			return false
		}
	}
	return true
}
