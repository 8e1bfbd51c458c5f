package caddymodule

import (
	"slices"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A person's opt-out may be confirmed by one message. The store sees to it that
// no two requests do, and the rules see what is on record. What is on its way in
// the same request is seen here.

// claimedBefore reports that one of the sends before, of the same batch, uses up
// what e would.
func claimedBefore(st store.Store, before []judged, e *store.Entry) bool {
	return e.Decision.Claims && slices.ContainsFunc(before, func(j judged) bool {
		return j.entry.Decision.Claims && shareConsent(st, j.entry, e) && sharePerson(j.entry, e)
	})
}

func sharePerson(a, b *store.Entry) bool {
	return slices.ContainsFunc(a.Facts.Persons, func(p policy.PersonFacts) bool {
		return slices.ContainsFunc(b.Facts.Persons, func(q policy.PersonFacts) bool { return p.Contact == q.Contact })
	})
}

// shareConsent reports whether the confirmation of one business phone number is
// one of the other's, as far as the opt-outs of the two reach.
func shareConsent(st store.Store, a, b *store.Entry) bool {
	learned := func(id string) string { return st.Number(id).WABA }
	there, _ := a.Terms.For(a.Send.PhoneNumberID, learned).Reach(b.Send.PhoneNumberID)
	back, _ := b.Terms.For(b.Send.PhoneNumberID, learned).Reach(a.Send.PhoneNumberID)
	return there || back
}

// useUp refuses a send whose one-time exception another send uses. No rule of
// policy sees other sends, so that the decision can't be computed again from its
// facts.
func (j *judged) useUp(reason, remedy string) {
	e := j.entry
	if !e.Decision.Claims {
		return
	}
	d := &e.Decision
	d.Verdict, d.Rule, d.Reason, d.Remedy, d.Claims = policy.Refuse, policy.RuleOptedOut, reason, remedy, false
	e.Unread, e.Monitored = true, j.monitored
	if !e.Monitored {
		e.Outcome.State = store.Refused
	}
}
