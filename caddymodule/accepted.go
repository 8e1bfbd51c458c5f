package caddymodule

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Whoever reaches the senders' port can ask by sending. So only a caller is told
// what is known of a person who could ask Meta as well: one whose access token
// Meta has accepted for this business phone number lately, or whom `senders` names.

// caller is who sends a request, by what it shows Meta.
type caller struct {
	// credential is its access token; "" where it shows none, or several, of which
	// nobody knows which one Meta takes.
	credential string
	// named: `senders` names it.
	named bool
}

// callerOf is who sent r, whose body is given as far as it was read.
func (g *Guard) callerOf(r *http.Request, body []byte) caller {
	c := caller{named: g.Senders != nil} // others don't get this far
	if shown := credentials(r, body); len(shown) == 1 {
		c.credential = shown[0]
	}
	return c
}

// accepted reports whether Meta has lately accepted the caller for a business
// phone number; for any where it is none that is served here.
func (a *App) accepted(st store.Store, c caller, phoneNumberID string) bool {
	if c.named {
		return true
	}
	if st == nil || c.credential == "" {
		return false
	}
	at := st.AcceptedAt(a.servedID(phoneNumberID), c.credential)
	return at != 0 && policy.MomentOf(a.clock.Now())-at < policy.Moment(store.AcceptedFor/time.Millisecond)
}

// servedID is the id of a business phone number, "" of one that is not served.
func (a *App) servedID(phoneNumberID string) string {
	if _, ok := a.gateway.Businesses.Of(phoneNumberID); !ok {
		return ""
	}
	return phoneNumberID
}

// acceptedForAll reports the same for all business phone numbers of some sends.
func (a *App) acceptedForAll(st store.Store, c caller, sends []policy.Send) bool {
	return !slices.ContainsFunc(sends, func(s policy.Send) bool { return !a.accepted(st, c, s.PhoneNumberID) })
}

// learnCaller learns from Meta's answer to a call whether it accepts the caller.
func (a *App) learnCaller(st store.Store, c caller, phoneNumberID string, accepts bool) {
	if c.credential == "" {
		return
	}
	now := policy.MomentOf(a.clock.Now())
	for _, id := range []string{a.servedID(phoneNumberID), ""} {
		if accepts {
			st.Accepted(id, c.credential, now)
		} else {
			st.Unaccepted(id, c.credential)
		}
	}
}

// learnFromOutcomes does so from the outcomes of sends. Elements of a batch that
// show a token of their own teach nothing about the request's.
func (g *Guard) learnFromOutcomes(st store.Store, c caller, body []byte, sends []judged) {
	if sends[0].element >= 0 && strings.Count(string(body), tokenField) > 1 {
		return
	}
	for i := range sends {
		switch o := &sends[i].outcome; {
		case o.State == store.Accepted:
			g.app.learnCaller(st, c, sends[i].send.PhoneNumberID, true)
		case o.State == store.Rejected && o.ErrorCode == cloudapi.CodeTokenInvalid:
			g.app.learnCaller(st, c, sends[i].send.PhoneNumberID, false)
		}
	}
}

// largestProof is how much of an answer is read to see that it is one.
const largestProof = 64 << 10

// watchAcceptance is next, or a handler before it that learns from the answer to
// a call about a business phone number that Meta accepts the caller. Such a call
// is how somebody gets accepted who has nothing to send.
func (g *Guard) watchAcceptance(r *http.Request, next caddyhttp.Handler) caddyhttp.Handler {
	number, proves := cloudapi.ProvesAccess(r.Method, r.URL.EscapedPath())
	if !proves || g.dialect != cloudapi.Cloud || g.app.servedID(number) == "" {
		return next
	}
	return caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		st, err := g.app.acquire()
		c := g.callerOf(r, nil)
		if err != nil || c.credential == "" || g.app.accepted(st, c, number) {
			return next.ServeHTTP(w, r)
		}
		r.Header.Del("Accept-Encoding") // the answer is read; see forward
		rec := newAnswer(w, largestProof)
		err = next.ServeHTTP(rec, r)
		if err == nil && rec.status/100 == 2 && !rec.started() && provesAccess(r.Method, number, rec.held.Bytes()) {
			g.app.learnCaller(st, c, number, true)
		}
		if err != nil {
			return err
		}
		return rec.release()
	})
}

// provesAccess reports whether an answer is one that Meta gives only to whom it
// lets at the number: the number itself, or an id of what was uploaded. An error is
// none, which Meta answers with 200 to who asks for that.
func provesAccess(method, number string, body []byte) bool {
	var answer struct {
		ID    string          `json:"id"`
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Error != nil {
		return false
	}
	return answer.ID == number || method == http.MethodPost && answer.ID != ""
}
