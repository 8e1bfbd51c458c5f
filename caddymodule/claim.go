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
	return len(e.Decision.Claims) > 0 && slices.ContainsFunc(before, func(j judged) bool {
		return policy.ClaimTheSame(j.entry.Decision.Claims, e.Decision.Claims, foldOf(st, j.entry), foldOf(st, e))
	})
}

func foldOf(st store.Store, e *store.Entry) *policy.Fold {
	return e.Terms.For(e.Send.PhoneNumberID, func(id string) string { return st.Number(id).WABA })
}

// useUp refuses a send whose one-time exception another send uses. No rule of
// policy sees other sends, so that the decision can't be computed again from its
// facts.
func (j *judged) useUp(reason, remedy string) {
	e := j.entry
	if len(e.Decision.Claims) == 0 {
		return
	}
	d := &e.Decision
	d.Verdict, d.Rule, d.Reason, d.Remedy, d.Claims = policy.Refuse, policy.RuleOptedOut, reason, remedy, nil
	e.Unread, e.Monitored = true, j.monitored
	if !e.Monitored {
		e.Outcome.State = store.Refused
	}
}
