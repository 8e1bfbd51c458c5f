package gateway

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Whoever reaches the senders' port can ask by sending. So only a caller is told
// what is known of a person who could ask Meta as well: one whose access token
// Meta has accepted for this business phone number lately, or whom `senders` names.

// Caller is who sends a request, by what it shows Meta.
type Caller struct {
	// Credential is its access token; "" where it shows none, or several, of which
	// nobody knows which one Meta takes.
	Credential string
	// Named: the operator named it among those that may send.
	Named bool
	// Source is where it comes from; the zero value for a Unix socket.
	Source netip.Prefix
}

// accepted reports whether Meta has lately accepted the caller for a business
// phone number; for any where it is none that is served here.
func (g *Gateway) accepted(st store.Store, c *Caller, phoneNumberID string) bool {
	if c.Named {
		return true
	}
	if st == nil || c.Credential == "" {
		return false
	}
	at := st.AcceptedAt(g.servedID(phoneNumberID), c.Credential)
	return at != 0 && g.now()-at < policy.Moment(store.AcceptedFor/time.Millisecond)
}

// servedID is the id of a business phone number, "" of one that is not served.
func (g *Gateway) servedID(phoneNumberID string) string {
	if _, ok := g.Businesses.Of(phoneNumberID); !ok {
		return ""
	}
	return phoneNumberID
}

// Accepts reports whether a caller is told what is known, about a business phone
// number or about any (""). Without a store nobody is.
func (g *Gateway) Accepts(c *Caller, phoneNumberID string) bool {
	st, err := g.Open()
	if err != nil {
		st = nil
	}
	return g.accepted(st, c, phoneNumberID)
}

// LearnCaller learns that Meta accepts a caller for a business phone number.
func (g *Gateway) LearnCaller(c *Caller, phoneNumberID string) {
	if st, err := g.Open(); err == nil {
		g.learnCaller(st, c, phoneNumberID, true)
	}
}

// acceptedForAll reports the same for all business phone numbers of some sends.
func (g *Gateway) acceptedForAll(st store.Store, c *Caller, sends []policy.Send) bool {
	return !slices.ContainsFunc(sends, func(s policy.Send) bool { return !g.accepted(st, c, s.PhoneNumberID) })
}

// learnCaller learns from Meta's answer to a call whether it accepts the caller.
func (g *Gateway) learnCaller(st store.Store, c *Caller, phoneNumberID string, accepts bool) {
	if c.Credential == "" {
		return
	}
	now := g.now()
	for _, id := range []string{g.servedID(phoneNumberID), ""} {
		if accepts {
			st.Accepted(id, c.Credential, now)
		} else {
			st.Unaccepted(id, c.Credential)
		}
	}
}

// learnFromOutcomes does so from the outcomes of sends. Elements of a batch that
// show a token of their own teach nothing about the request's.
func (d *Sends) learnFromOutcomes(st store.Store, c *Caller, body []byte, sends []Judged) {
	if sends[0].element >= 0 && strings.Count(string(body), "access_token") > 1 {
		return
	}
	for i := range sends {
		switch o := &sends[i].Outcome; {
		case o.State == store.Accepted:
			d.learnCaller(st, c, sends[i].Send.PhoneNumberID, true)
		case o.State == store.Rejected && o.ErrorCode == cloudapi.CodeTokenInvalid:
			d.learnCaller(st, c, sends[i].Send.PhoneNumberID, false)
		}
	}
}
