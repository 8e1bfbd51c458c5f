package gateway

import (
	"maps"
	"slices"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Business is what the operator decided about a business phone number, or about
// all that are not listed.
type Business struct {
	// Name is for people who read logs and reports.
	Name string
	// WABA is the account it belongs to; "" where webhooks tell.
	WABA string
	// Number is its own phone number in digits; "" where webhooks tell.
	Number string
	// Home is the calling code of its own number; "" where webhooks tell.
	Home string
	// Monitor: everything passes, whatever is decided about it.
	Monitor bool
	Policy  policy.Policy
	// Portfolio is the name of the business portfolio; "" for the one of the account alone.
	Portfolio string
	// Accounts are those of the portfolio, as far as they are configured.
	Accounts []string
	// Zone is the time zone of the account, and Currency the one that Meta bills it in.
	Zone     *time.Location
	Currency billing.Currency
	// Account is what else Meta charges it by.
	Account billing.Account
	// Terms say how people's words count.
	Terms *policy.Terms
	// References name transactions, Confirmations confirm an opt-out.
	References    policy.References
	Confirmations policy.Confirmations
	// Demands are what an opt-in must have to be valid. Where ValidOptIns, others are not
	// recorded.
	Demands     consent.Demands
	ValidOptIns bool
	// ConfirmOptIns: an opt-in that is recorded is a question, until the person confirms.
	ConfirmOptIns bool
	// Fallback is sent in place of texts that a closed window refuses; nil where nothing
	// is.
	Fallback *Fallback
	// Questions are the scopes that templates, by their name, ask consent for.
	Questions map[string][]policy.Scope
	// Shadow is a policy on trial; nil where none is.
	Shadow *Shadow
	// Share is for whom Monitor doesn't hold.
	Share Share
}

// portfolio is what a query asks about the portfolio; nil where nothing counts under its
// messaging limit.
func (b *Business) portfolio() *store.PortfolioQuery {
	enforced := b.Shadow != nil && b.Shadow.Share > 0 && b.Shadow.Policy.Messaging.On()
	if !b.Policy.Messaging.On() && !enforced {
		return nil
	}
	return &store.PortfolioQuery{Name: b.Portfolio, Accounts: b.Accounts}
}

// read tells the rules what send i of a request says about itself: whether its reference names
// a transaction, and its text confirms an opt-out. To find that out takes longer than
// all else about a send, and it says nothing of sends to people who didn't opt out.
func (b *Business) read(r *cloudapi.Reading, i int, f *policy.Facts) {
	s := &r.Sends[i]
	s.Transaction = b.References.Name(r.Opaque(i))
	s.Confirms = s.Kind == policy.FreeForm && f.MayBeConfirmed() && b.Confirmations.Match(r.Text(i))
}

// Businesses are the business phone numbers that a gateway serves.
type Businesses struct {
	// Listed are those with settings of their own, by phone number id.
	Listed map[string]*Business
	// Others are the settings of all others; nil where those are not served.
	Others *Business
}

// Of are the settings of a business phone number; false where it is not served.
func (bs *Businesses) Of(phoneNumberID string) (*Business, bool) {
	if b, ok := bs.Listed[phoneNumberID]; ok {
		return b, true
	}
	return bs.Others, bs.Others != nil
}

// Monitors reports whether sends from a business phone number pass whatever the
// decision. Those from a number that is not served, and requests that name none
// (""), pass if every business is in monitor mode.
func (bs *Businesses) Monitors(phoneNumberID string) bool {
	if b, ok := bs.Of(phoneNumberID); ok && phoneNumberID != "" {
		return b.Monitor
	}
	return bs.AllMonitored()
}

// MonitorsAll reports whether all of some sends pass whatever the decision.
func (bs *Businesses) MonitorsAll(sends []policy.Send) bool {
	return !slices.ContainsFunc(sends, func(s policy.Send) bool { return !bs.Monitors(s.PhoneNumberID) })
}

// AllMonitored reports that every business is in monitor mode.
func (bs *Businesses) AllMonitored() bool {
	for _, b := range bs.Listed {
		if !b.Monitor {
			return false
		}
	}
	return bs.Others == nil || bs.Others.Monitor
}

// Zone is the time zone of a business phone number's account.
func (bs *Businesses) Zone(phoneNumberID string) *time.Location {
	if b, ok := bs.Of(phoneNumberID); ok {
		return b.Zone
	}
	return time.UTC
}

// Zones are the time zones of one business phone number, or of all ("").
func (bs *Businesses) Zones(phoneNumberID string) []*time.Location {
	if phoneNumberID != "" {
		return []*time.Location{bs.Zone(phoneNumberID)}
	}
	byName := make(map[string]*time.Location)
	for _, b := range bs.Listed {
		byName[b.Zone.String()] = b.Zone
	}
	if bs.Others != nil {
		byName[bs.Others.Zone.String()] = bs.Others.Zone
	}
	return slices.Collect(maps.Values(byName))
}
