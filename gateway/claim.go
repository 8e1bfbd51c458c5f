package gateway

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
func claimedBefore(st store.Store, before []Judged, e *store.Entry) bool {
	return len(e.Decision.Claims) > 0 && slices.ContainsFunc(before, func(j Judged) bool {
		return policy.ClaimTheSame(j.Entry.Decision.Claims, e.Decision.Claims, foldOf(st, j.Entry), foldOf(st, e))
	})
}

func foldOf(st store.Store, e *store.Entry) *policy.Fold {
	return e.Terms.For(e.Send.PhoneNumberID, func(id string) string { return st.Number(id).WABA })
}

// giveWay decides the send again, since another one is taking what it would use up.
func (j *Judged) giveWay(to policy.Rival) {
	e := j.Entry
	if len(e.Decision.Claims) == 0 {
		return
	}
	e.Facts.Rival = to
	j.decideAgain()
	e.Monitored = e.Violation() && j.monitored
	if e.Violation() && !e.Monitored {
		e.Outcome.State = store.Refused
	}
}

// decideAgain decides by what has become known of other sends.
func (j *Judged) decideAgain() {
	e := j.Entry
	e.Decision = policy.Decide(j.Send, &e.Facts, &e.Policy, e.At.Time())
}
