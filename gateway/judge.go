package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// mostDecisions is how often a request is decided whose claims others were quicker
// to use. Each further time needs yet another send to come first.
const mostDecisions = 4

// mostOutdated is how often it is decided because of what others have changed meanwhile,
// which need not have used up anything: under a limit each send of another gateway is
// such a change.
const mostOutdated = 100

// Handle judges the sends of a request, and passes it on if all may leave: they
// leave together or not at all. When they are passed on they are in the ledger, and
// when Handle returns so is what became of them. Under an idempotency key that is
// known already nothing leaves.
//
// A sender that is gone already gets nothing sent. From there on its leaving
// changes nothing.
func (d *Sends) Handle(ctx context.Context, r *Request, up Upstream) Result {
	if err := ctx.Err(); err != nil {
		return Result{Gone: err}
	}
	ctx = lasting(ctx)
	judging, judged := d.patient(ctx)
	defer judged()
	st, err := d.Open()
	if err != nil {
		return d.storeDown(r.Reading.Sends, err)
	}
	stranger := !d.acceptedForAll(st, &r.From, r.Reading.Sends)
	if stranger && !d.Businesses.MonitorsAll(r.Reading.Sends) {
		if result, waits := d.strangerWaits(&r.From); waits {
			return result
		}
	}
	var once *attempt
	if r.Key != "" {
		if once, err = newAttempt(st, r, d.Remember); err != nil {
			return d.storeDown(r.Reading.Sends, err)
		}
	}
	lost := -1 // the send that lost its claim once too often
	for decision, outdated := 1, 0; ; decision++ {
		if once != nil {
			switch result, known, err := d.repeated(judging, st, once, decision > mostDecisions); {
			case err != nil:
				return d.storeDown(r.Reading.Sends, err)
			case known:
				if stranger {
					d.strangers.asked(r.From.Source, d.Now())
				}
				return result
			}
		}
		sends, passes, err := d.judge(judging, st, r, lost)
		switch {
		case err != nil:
			return d.storeDown(r.Reading.Sends, err)
		case !passes && stranger:
			return d.refuseStranger(r, sends)
		case !passes:
			return d.refuse(judging, st, r, sends)
		}
		if once != nil {
			sends[0].attempt, sends[0].Entry.Attempt = once, &once.Attempt
		}
		failed, err := d.reserve(judging, st, sends)
		switch {
		case err == nil:
			return d.forward(ctx, st, r, sends, up)
		case errors.Is(err, store.ErrRepeated):
			d.settleAs(judging, st, sends, store.Outcome{State: store.NotSent})
			continue
		case !errors.Is(err, store.ErrClaimed):
			if allMonitored(sends) {
				d.wrote(err)
				d.often(zapcore.ErrorLevel, "sends could not be recorded; they pass, since their business is in monitor mode", zap.Error(err))
				return d.forward(ctx, st, r, sends, up)
			}
			d.settleAs(judging, st, sends, store.Outcome{State: store.NotSent})
			return d.storeDown(r.Reading.Sends, err)
		}
		d.settleAs(judging, st, sends, store.Outcome{State: store.NotSent})
		if errors.Is(err, store.ErrOutdated) {
			if outdated++; outdated >= mostOutdated {
				return d.storeDown(r.Reading.Sends, err)
			}
			decision--
			continue
		}
		if decision >= mostDecisions {
			lost = failed
		}
		if decision >= 2*mostDecisions {
			// It gave way and passes all the same: no rule knows of what it claims.
			return d.storeDown(r.Reading.Sends, err)
		}
	}
}

// judge decides all sends of a request on the facts of this moment. It reports
// whether all pass. The send lost has lost its claim to others once too often.
func (d *Sends) judge(ctx context.Context, st store.Store, r *Request, lost int) (sends []Judged, passes bool, err error) {
	sends, passes = make([]Judged, len(r.Reading.Sends)), true
	began := d.Now()
	for i := range sends {
		s := &r.Reading.Sends[i]
		entry, err := d.decide(ctx, st, r, i)
		if err != nil {
			return nil, false, err
		}
		entry.Sender, entry.Token, entry.Tags = r.By.Sender, r.By.Token, r.By.Tags
		if opaque := r.Reading.Opaque(i); opaque != "" {
			entry.Opaque = st.OpaquePseudonym(s.PhoneNumberID, opaque)
		}
		sends[i] = Judged{Send: s, Entry: entry, element: -1, monitored: d.monitors(entry)}
		if r.Reading.Batch {
			sends[i].element = r.Reading.Element(i)
		}
		of, claimed, welcomed, err := claimedBefore(ctx, st, sends[:i], entry)
		if err != nil {
			return nil, false, err
		}
		if welcomed || i == lost {
			sends[i].forgoWelcome()
		}
		if claimed {
			entry.Facts.RivalOf = of
			sends[i].giveWay(policy.SiblingRival)
		}
		if !sends[i].passes() {
			other, whyNot, err := d.fallBack(ctx, st, r, &sends[i])
			if err != nil {
				return nil, false, err
			}
			if other != nil {
				sends[i] = *other
			}
			sends[i].fallbackRefused = whyNot
		}
		if b, served := d.Businesses.Of(s.PhoneNumberID); served {
			e := sends[i].Entry
			sends[i].Hint = d.cheaper(b, e, e.At.Time().In(b.Zone))
		}
		if i == lost {
			sends[i].giveWay(policy.RequestRival)
		}
		passes = passes && sends[i].passes()
	}
	d.Observer.Judged(d.Now().Sub(began))
	return sends, passes, nil
}

// decide judges send i of a request. It gives the ledger entry, not yet entered.
func (g *Gateway) decide(ctx context.Context, st store.Store, r *Request, i int) (*store.Entry, error) {
	b, served := g.Businesses.Of(r.Reading.Sends[i].PhoneNumberID)
	if !served {
		b = nil
	}
	e, err := g.decideAt(ctx, r, i, b, g.Now(), st.Facts, st.Meters)
	if err != nil {
		return nil, err
	}
	e.ID = store.NewID(e.At)
	e.Monitored = e.Violation() && g.monitors(e)
	e.Outcome = store.Outcome{State: store.Reserved, At: e.At}
	if e.Violation() && !e.Monitored {
		e.Outcome.State, e.Metering = store.Refused, store.Metering{}
	}
	g.hidePhone(ctx, st, e)
	return e, nil
}

// decideAt judges send i of a request at a moment, by what holds for its business phone
// number, nil where none is served, and the facts of that moment. Where nobody can say how
// far the meters were then, metersOf is nil: the price is that of the first message of its
// month, and no budget binds.
func (g *Gateway) decideAt(ctx context.Context, r *Request, i int, b *Business, now time.Time, factsOf func(context.Context, store.Query) (policy.Facts, error), metersOf meters) (*store.Entry, error) {
	s := &r.Reading.Sends[i]
	at := policy.MomentOf(now)
	e := &store.Entry{At: at, Facts: policy.Facts{NoBusiness: b == nil}}
	var known policy.Facts
	if b != nil {
		e.Business, e.Policy, e.Terms, e.WABA = b.Name, b.Policy, b.Terms, b.WABA
		e.Basis = new(store.Basis)
		facts, err := factsOf(ctx, store.Query{
			Basis:         e.Basis,
			PhoneNumberID: s.PhoneNumberID,
			Terms:         b.Terms,
			Who:           s.Identities(),
			Digits:        s.Digits,
			WABA:          b.WABA,
			Template:      s.Template,
			Portfolio:     b.portfolio(),
			Lots:          b.forSome(),
		})
		if err != nil {
			return nil, fmt.Errorf("reading the facts of a send: %w", err)
		}
		e.Facts = facts
		if b.forSome() && r.Reading.Batch && len(r.Reading.Sends) > 1 { // others would be held back with it
			for i := range e.Facts.Persons {
				e.Facts.Persons[i].NoLots()
			}
		}
		b.read(&r.Reading, i, &e.Facts)
		if b.Shadow != nil { // before anything is left out
			known = e.Facts
			known.Persons = slices.Clone(e.Facts.Persons)
		}
		b.tellRules(s, &e.Facts, now)
		if len(b.Policy.Rules) > 0 {
			e.Facts.Sender = r.By.Sender
		}
	}
	e.Send = *s
	e.Decision, e.Decided = policy.Decide(s, &e.Facts, &e.Policy, now), true
	if b != nil {
		there := now.In(b.Zone)
		e.Market, e.MarketEstimated = marketOf(s, &e.Decision, there)
		if b.Shadow != nil && metersOf != nil {
			metersOf = remembered(metersOf)
		}
		if err := g.price(ctx, e, b, r.By.Tags, there, metersOf); err != nil {
			return nil, err
		}
		if b.Shadow != nil {
			g.onTrial(ctx, e, b, &known, r, metersOf)
		}
	}
	return e, nil
}

// tellRules reduces what is known to what makes a difference to a send, and adds what
// clocks and numbering plans say.
func (b *Business) tellRules(s *policy.Send, f *policy.Facts, now time.Time) {
	at := policy.MomentOf(now)
	f.Counted(&b.Policy, s, at)
	f.Limited(&b.Policy, s, at)
	f.InPortfolio(&b.Policy, s, at)
	f.ForDrift(&b.Policy, s, at)
	f.WelcomeDue(&b.Policy, s, at)
	b.readClocks(s, f, now)
	who := s.Identities()
	f.InCountries(&b.Policy, s, at, func(person int) string { return countryOf(who[person]) })
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

// Home is the calling code of a business phone number, by configuration or as
// webhooks told; "" where nobody has.
func (g *Gateway) Home(ctx context.Context, phoneNumberID string) string {
	if b, ok := g.Businesses.Of(phoneNumberID); ok && b.Home != "" {
		return b.Home
	}
	st, err := g.Open()
	if err != nil {
		return ""
	}
	n, err := st.Number(ctx, phoneNumberID)
	if err != nil {
		return "" // a send can't be judged then, and that is said
	}
	return phone.CallingCode(n.Display)
}
