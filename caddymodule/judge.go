package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// judged is one send of a request on its way through.
type judged struct {
	send  *policy.Send
	entry *store.Entry
	// element is the send's position in its batch, -1 outside of one.
	element int
	// monitored: the business is in monitor mode, so that the send passes
	// whatever the decision. Where it can't, exception says why.
	monitored bool
	exception string
	// lost: the entry never got into the ledger.
	lost bool
	// reserved is the ledger entry on its way to disk, settled the outcome.
	reserved, settled *store.Write
	// outcome is what became of the send.
	outcome store.Outcome
	// attempt is the request's, on its first send; nil without idempotency key.
	attempt *attempt
}

// passes reports whether the send may leave.
func (j *judged) passes() bool { return !j.entry.Violation() || j.entry.Monitored }

// judge decides all sends of a request. They leave together or not at all. whole
// is set once the request's body has been read to its end. Under an idempotency
// key that is known already nothing leaves.
func (g *Guard) judge(w http.ResponseWriter, r *http.Request, body []byte, key string, whole *atomic.Bool, reading *cloudapi.Reading, next caddyhttp.Handler) error {
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
	by, from := g.sentBy(r, st, body), g.callerOf(r, body)
	stranger := !g.app.acceptedForAll(st, from, reading.Sends)
	if stranger && !g.app.monitorsSends(reading.Sends) {
		if waits, err := g.strangerWaits(w, r); waits {
			return err
		}
	}
	var once *attempt
	if key != "" {
		if once, err = newAttempt(st, key, reading, body, time.Duration(g.IdempotencyWindow)); err != nil {
			return g.storeDown(w, r, reading.Sends, next, err)
		}
	}
	sends := make([]judged, len(reading.Sends))
	const attempts = 4 // each further one needs yet another send to come first
	lost := -1         // the send that lost its claim once too often
	for attempt := 1; ; attempt++ {
		if once != nil {
			switch answered, err := g.repeated(ctx, w, st, once, attempt > attempts); {
			case answered:
				if stranger {
					g.app.strangers.asked(sourceOf(r), g.app.clock.Now())
				}
				return err
			case err != nil:
				return g.storeDown(w, r, reading.Sends, next, err)
			}
		}
		passes := true
		for i := range sends {
			s := &reading.Sends[i]
			entry, err := g.app.decide(ctx, st, reading, i)
			if err != nil {
				return g.storeDown(w, r, reading.Sends, next, err)
			}
			entry.Sender, entry.Token = by.sender, by.token
			if opaque := reading.Opaque(i); opaque != "" {
				entry.Opaque = st.OpaquePseudonym(s.PhoneNumberID, opaque)
			}
			sends[i] = judged{send: s, entry: entry, element: -1, monitored: g.app.gateway.Businesses.Monitors(s.PhoneNumberID)}
			if reading.Batch {
				sends[i].element = reading.Element(i)
			}
			if claimedBefore(st, sends[:i], entry) {
				sends[i].giveWay(policy.SiblingRival)
			}
			if i == lost {
				sends[i].giveWay(policy.RequestRival)
			}
			passes = passes && sends[i].passes()
		}
		if !passes && stranger {
			return g.refuseStranger(w, r, reading.Batch, sends)
		}
		if !passes {
			return g.refuse(w, r, st, reading, sends)
		}
		if once != nil {
			sends[0].attempt, sends[0].entry.Attempt = once, &once.Attempt
		}
		failed, err := g.reserve(st, sends)
		switch {
		case err == nil:
			return g.forward(w, r, body, from, whole, st, sends, next)
		case errors.Is(err, store.ErrRepeated):
			g.settleAs(st, sends, store.Outcome{State: store.NotSent})
			continue
		case !errors.Is(err, store.ErrClaimed):
			if allMonitored(sends) {
				g.logger.Error("sends could not be recorded; they pass, since their business is in monitor mode", zap.Error(err))
				return g.forward(w, r, body, from, whole, st, sends, next)
			}
			g.settleAs(st, sends, store.Outcome{State: store.NotSent})
			return g.storeDown(w, r, reading.Sends, next, err)
		}
		g.settleAs(st, sends, store.Outcome{State: store.NotSent})
		if attempt >= attempts {
			lost = failed
		}
	}
}

// reserve enters sends into the ledger before they leave, and waits until they
// are on disk. With `ledger overlap` only those are waited for that use up
// something, since another send may have been quicker, in which case none
// leaves; those for which the store has no room; and all while it fails to write:
// what can't be recorded must not leave. If that fails it tells at which send.
func (g *Guard) reserve(st store.Store, sends []judged) (failed int, err error) {
	for i := range sends {
		sends[i].reserved = st.Reserve(sends[i].entry)
	}
	for i := range sends {
		e := sends[i].entry
		if g.app.overlap && len(e.Decision.Claims) == 0 && e.Attempt == nil && !g.app.gateway.Failing() && sends[i].reserved.Failed() == nil {
			continue
		}
		err := sends[i].reserved.Wait()
		sends[i].reserved = nil
		if err != nil {
			sends[i].lost = true
			return i, err
		}
	}
	return 0, nil
}

// decide judges one send on the facts of this moment. It gives the ledger entry,
// not yet entered.
func (a *App) decide(ctx context.Context, st store.Store, reading *cloudapi.Reading, i int) (*store.Entry, error) {
	s := &reading.Sends[i]
	b, ok := a.gateway.Businesses.Of(s.PhoneNumberID)
	if ok {
		b.Read(s, reading.Opaque(i), reading.Text(i))
	}
	now := a.clock.Now()
	at := policy.MomentOf(now)
	e := &store.Entry{ID: store.NewID(at), At: at, Send: *s}
	if !ok {
		e.Facts.NoBusiness = true
		e.Decision = policy.Decide(s, &e.Facts, &e.Policy, now)
		e.Monitored = a.gateway.Businesses.Monitors(s.PhoneNumberID)
		e.Outcome = store.Outcome{State: store.Reserved, At: at}
		if !e.Monitored {
			e.Outcome.State = store.Refused
		}
		a.hidePhone(st, e)
		return e, nil
	}
	e.Business, e.Policy, e.Terms, e.WABA = b.Name, b.Policy, b.Terms, b.WABA
	facts, err := st.Facts(ctx, store.Query{
		PhoneNumberID: s.PhoneNumberID,
		Terms:         b.Terms,
		Who:           s.Identities(),
		Digits:        s.Digits,
		WABA:          b.WABA,
		Template:      s.Template,
	})
	if err != nil {
		return nil, fmt.Errorf("reading the facts of a send: %w", err)
	}
	e.Facts = facts
	e.Decision = policy.Decide(s, &e.Facts, &e.Policy, now)
	e.Market, e.MarketEstimated = marketOf(s, &e.Decision, now.In(b.Zone))
	e.Monitored = e.Violation() && b.Monitor
	e.Outcome = store.Outcome{State: store.Reserved, At: at}
	if e.Violation() && !e.Monitored {
		e.Outcome.State = store.Refused
	}
	a.hidePhone(st, e)
	return e, nil
}

// marketOf is the market of Meta's rate card the recipient belongs to, at the time
// now where the account is.
func marketOf(s *policy.Send, d *policy.Decision, now time.Time) (string, bool) {
	to := s.For(d)
	switch {
	case to.Kind == policy.Phone:
		return string(billing.MarketOf(to.Value, now)), false
	case !s.Recipient.IsZero():
		return string(billing.MarketOfCountry(identity.Country(s.Recipient), now)), true
	}
	return "", false
}

// home is the calling code of a business phone number, by configuration or as
// webhooks told; "" where nobody has.
func (a *App) home(phoneNumberID string) string {
	if b, ok := a.gateway.Businesses.Of(phoneNumberID); ok && b.Home != "" {
		return b.Home
	}
	st, err := a.acquire()
	if err != nil {
		return ""
	}
	return phone.CallingCode(st.Number(phoneNumberID).Display)
}
