package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// judged is one send of a request on its way through.
type judged struct {
	send  *policy.Send
	entry *store.Entry
	// element is the send's position in its batch, -1 outside of one.
	element int
	// reserved is the ledger entry on its way to disk, settled the outcome.
	reserved, settled *store.Write
	// outcome is what became of the send.
	outcome store.Outcome
}

// passes reports whether the send may leave.
func (j *judged) passes() bool { return !j.entry.Violation() || j.entry.Monitored }

// judge decides all sends of a request. They leave together or not at all. whole
// is set once the request's body has been read to its end.
func (g *Guard) judge(w http.ResponseWriter, r *http.Request, whole *atomic.Bool, reading *cloudapi.Reading, next caddyhttp.Handler) error {
	// A sender that is gone already gets nothing sent. From here on its leaving
	// changes nothing.
	if err := r.Context().Err(); err != nil {
		return caddyhttp.Error(statusClientClosed, err)
	}
	ctx := context.WithoutCancel(r.Context())
	st, err := g.app.acquire()
	if err != nil {
		return g.storeDown(w, r, reading.Sends, next, err)
	}
	sends := make([]judged, len(reading.Sends))
	const attempts = 4 // each further one needs yet another send to come first
	for range attempts {
		passes := true
		for i := range sends {
			s := &reading.Sends[i]
			entry, err := g.app.decide(ctx, st, s)
			if err != nil {
				return g.storeDown(w, r, reading.Sends, next, err)
			}
			if opaque := reading.Opaque(i); opaque != "" {
				entry.Opaque = st.OpaquePseudonym(s.PhoneNumberID, opaque)
			}
			sends[i] = judged{send: s, entry: entry, element: -1}
			if reading.Batch {
				sends[i].element = reading.Element(i)
			}
			passes = passes && sends[i].passes()
		}
		if !passes {
			return g.refuse(w, r, st, reading, sends)
		}
		switch err = g.reserve(st, sends); {
		case err == nil:
			return g.forward(w, r, whole, st, sends, next)
		case !errors.Is(err, store.ErrClaimed):
			return g.storeDown(w, r, reading.Sends, next, err)
		}
	}
	return g.storeDown(w, r, reading.Sends, next, err)
}

// reserve enters sends into the ledger before they leave. Those that use up
// something are waited for: they must be on disk first, and another send may
// have been quicker, in which case none leaves. All are waited for while the
// store fails to write: what can't be recorded must not leave.
func (g *Guard) reserve(st store.Store, sends []judged) error {
	for i := range sends {
		sends[i].reserved = st.Reserve(sends[i].entry)
	}
	for i := range sends {
		if !sends[i].entry.Decision.Claims && !g.app.lease.failing.Load() {
			continue
		}
		err := sends[i].reserved.Wait()
		sends[i].reserved = nil
		if err != nil {
			sends[i].entry = nil
			g.settleAs(st, sends, store.Outcome{State: store.NotSent})
			return err
		}
	}
	return nil
}

// decide judges one send on the facts of this moment. It gives the ledger entry,
// not yet entered.
func (a *App) decide(ctx context.Context, st store.Store, s *policy.Send) (*store.Entry, error) {
	now := a.clock.Now()
	at := policy.MomentOf(now)
	e := &store.Entry{ID: store.NewID(at), At: at, Send: *s}
	b, ok := a.business(s.PhoneNumberID)
	if !ok {
		e.Decision = policy.Decision{
			Verdict: policy.Refuse, Rule: policy.RuleSenderUnknown, Category: policy.CategoryUnknown,
			Reason: "this gateway does not serve the business phone number in the path",
			Remedy: "check the phone number id, or add a `business` block for it",
		}
		e.Outcome = store.Outcome{State: store.Refused, At: at}
		return e, nil
	}
	e.Business, e.Policy, e.Group, e.WABA = b.name, b.policy, b.groupOf(s.PhoneNumberID), b.waba
	facts, err := st.Facts(ctx, store.Query{
		PhoneNumberID: s.PhoneNumberID,
		Group:         e.Group,
		Who:           s.Identities(),
		WABA:          b.waba,
		Template:      s.Template,
	})
	if err != nil {
		return nil, fmt.Errorf("reading the facts of a send: %w", err)
	}
	e.Facts = facts
	e.Decision = policy.Decide(s, &e.Facts, &e.Policy, now)
	e.Market, e.MarketEstimated = marketOf(s, now)
	e.Monitored = e.Violation() && b.monitor
	e.Outcome = store.Outcome{State: store.Reserved, At: at}
	if e.Violation() && !e.Monitored {
		e.Outcome.State = store.Refused
	}
	return e, nil
}

// marketOf is the market of Meta's rate card the recipient belongs to.
func marketOf(s *policy.Send, now time.Time) (string, bool) {
	switch {
	case len(s.To) > 0 && s.To[0].Kind == policy.Phone:
		return string(billing.MarketOf(s.To[0].Value, now)), false
	case !s.Recipient.IsZero():
		return string(billing.MarketOfCountry(cloudapi.Country(s.Recipient), now)), true
	}
	return "", false
}

// home is the calling code of a business phone number, by configuration or as
// webhooks told; "" where nobody has.
func (a *App) home(phoneNumberID string) string {
	if b, ok := a.business(phoneNumberID); ok && b.home != "" {
		return b.home
	}
	st, err := a.acquire()
	if err != nil {
		return ""
	}
	return cloudapi.CallingCode(st.Number(phoneNumberID).Display)
}
