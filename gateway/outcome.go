package gateway

import (
	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// StatusClientClosed is the status of an answer that Caddy's proxy gave up, since
// the one who asked has gone.
const StatusClientClosed = 499

// readOutcomes tells from the upstream's answer, or its absence, what became of
// each send.
func readOutcomes(a *Answer, err error, sends []Judged) {
	unclear := store.Outcome{State: store.Unknown, HTTPStatus: a.Status}
	if !a.Reached {
		unclear.State = store.NotSent
	}
	readable := err == nil && a.Status != StatusClientClosed && !a.Streamed
	var answer cloudapi.Answer
	if readable {
		answer = cloudapi.ReadSendAnswer(a.Status, a.Body)
	}
	for i := range sends {
		o := &sends[i].Outcome
		if *o = unclear; !readable {
			continue
		}
		a := answer
		if sends[i].element >= 0 {
			a = answer.Element(sends[i].element)
		}
		o.HTTPStatus = a.Status
		switch {
		case a.ErrorCode != 0, a.Status >= 400 && a.Status < 500:
			o.State, o.ErrorCode = store.Rejected, a.ErrorCode
		case a.Success():
			o.State, o.Wamid, o.Learned = store.Accepted, a.Wamid, a.Learned
			o.Ends = sends[i].Entry.Facts.EndedByAcceptance()
			o.Digits, o.Elsewhere = sends[i].Send.Digits, sends[i].elsewhere(a.Learned)
		}
	}
}

// elsewhere reports that the names Meta's answer gave are not those of anybody the
// send was judged by.
func (j *Judged) elsewhere(learned []policy.Identity) bool {
	named := j.Send.Identities()
	for _, i := range policy.Judged(j.Send, &j.Entry.Facts, &j.Entry.Policy) {
		if i < len(named) && named[i].Kind == policy.Phone && !cloudapi.Elsewhere(learned, named[i]) {
			return false
		}
	}
	return len(j.Send.To) > 0 && !j.Send.Group
}

// streamedOutcome tells what became of a request whose answer nobody read.
func streamedOutcome(status int) store.Outcome {
	o := store.Outcome{State: store.Unknown, HTTPStatus: status}
	if status >= 400 && status < 500 {
		o.State = store.Rejected
	}
	return o
}

// anyState reports that one of the sends ended so.
func anyState(sends []Judged, state store.OutcomeState) bool {
	for i := range sends {
		if sends[i].Outcome.State == state {
			return true
		}
	}
	return false
}

// allRejected reports that Meta refused all sends. Its answer tells that better
// than anything about a record.
func allRejected(sends []Judged) bool {
	for i := range sends {
		if sends[i].Outcome.State != store.Rejected {
			return false
		}
	}
	return true
}
