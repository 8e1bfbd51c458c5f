package gateway

import (
	"context"
	"errors"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A person's opt-out may be confirmed by one message. The store sees to it that
// no two requests do, and the rules see what is on record. What is on its way in
// the same request is seen here.

// claimedBefore reports that one of the sends before, of the same batch, uses up
// what e would, of which kind that is, and whether one is the welcome that e would be.
func claimedBefore(ctx context.Context, st store.Store, before []Judged, e *store.Entry) (of policy.ClaimKind, claimed, welcomed bool, err error) {
	if len(before) == 0 || len(e.Decision.Claims) == 0 {
		return 0, false, false, nil
	}
	var failed error
	learned := func(id string) string {
		n, err := st.Number(ctx, id)
		failed = errors.Join(failed, err)
		return n.WABA
	}
	here := e.Terms.For(e.Send.PhoneNumberID, learned)
	others := func(yield func([]policy.Claim, *policy.Fold) bool) {
		for i := range before {
			j := before[i].Entry
			if !yield(j.Decision.Claims, j.Terms.For(j.Send.PhoneNumberID, learned)) {
				return
			}
		}
	}
	for _, k := range e.Decision.Claims {
		switch usedUp := k.UsedUpBy(others, here); {
		case k.Kind == policy.ClaimWelcome:
			welcomed = welcomed || usedUp
		case usedUp:
			of, claimed = k.Kind, true
		}
	}
	return of, claimed, welcomed, failed
}

// forgoWelcome decides the send again as one that is not the welcome.
func (j *Judged) forgoWelcome() {
	if j.Entry.Decision.Welcome {
		j.Entry.Facts.ForgoWelcome()
		if sh := j.Entry.Shadow; sh != nil && sh.Facts != nil {
			sh.Facts.ForgoWelcome()
		}
		j.decideAgain()
	}
}

// giveWay decides the send again, since another one is taking what it would use up.
func (j *Judged) giveWay(to policy.Rival) {
	e := j.Entry
	if len(e.Decision.Claims) == 0 {
		return
	}
	e.Facts.Rival = to
	if sh := e.Shadow; sh != nil && sh.Facts != nil {
		sh.Facts.Rival, sh.Facts.RivalOf = to, e.Facts.RivalOf
	}
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
	if sh := e.Shadow; sh != nil && sh.Facts != nil {
		err := guarded(func() error {
			other := policy.Decide(j.Send, sh.Facts, sh.Policy, e.At.Time())
			sh.Says(&other, &e.Decision)
			return nil
		})
		if err != nil {
			e.Shadow = &store.Shadow{Name: sh.Name, Enforced: sh.Enforced, Failed: true}
		}
	}
}
