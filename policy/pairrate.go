package policy

import (
	"fmt"
	"time"
)

// Meta delivers one message in six seconds from a business phone number to one person, and
// up to 45 at once, which are taken from the time that follows.
const (
	pairInterval = 6 * time.Second
	pairBurst    = 45
)

// pairKept is how long a message counts at most.
const pairKept = pairBurst * pairInterval

// pairDebt is how long it takes until all that was sent to a person is paid for.
func pairDebt(sent []Sent, now Moment) (debt time.Duration) {
	var last Moment
	pass := func(to Moment) {
		debt = max(debt-time.Duration(max(to-last, 0))*time.Millisecond, 0)
		last = max(last, to)
	}
	for _, s := range sent {
		if s.Kind != SentToPair {
			continue
		}
		pass(s.At)
		debt += pairInterval
	}
	pass(now)
	return debt
}

// pairLeft is how many messages may be sent to a person at once; where none may, from when
// on one may.
func pairLeft(sent []Sent, now Moment) (left int, again Moment) {
	free := pairKept - pairDebt(sent, now)
	if free >= pairInterval {
		return int(free / pairInterval), 0
	}
	return 0, now.Add(pairInterval - free)
}

// countsForPair reports that the send counts under the rate of the pair.
func (c *Case) countsForPair() bool { return c.Policy.PairRate && c.isMessage() && !c.Send.Group }

// tooFast refuses what Meta would refuse as too fast for one person.
func (c *Case) tooFast() bool {
	if !c.countsForPair() {
		return false
	}
	limit := fmt.Sprintf("Meta delivers one message in %d seconds to a person, and up to %d at once", int(pairInterval.Seconds()), pairBurst)
	switch c.rival(ClaimPair) {
	case SiblingRival:
		return c.refuse(RulePairRate, limit+", and other sends of this batch take what is left of that", "send the batch without it")
	case RequestRival:
		return c.refuse(RulePairRate, limit+", and other sends are taking what is left of that at this moment", "send it again a few seconds later")
	}
	if left, again := pairLeft(c.person.Sent, c.Now); left == 0 {
		return c.refuseUntil(RulePairRate, again, limit+", and this number has sent this one as many", "send it again")
	}
	return false
}

// takesPair is the claim of a message under the rate of the pair.
func (c *Case) takesPair() Claim {
	left, _ := pairLeft(c.person.Sent, c.Now)
	return Claim{Kind: ClaimPair, Key: c.person.Contact, Limit: pairBurst, Scope: c.Category.Scope(), Left: left}
}

// withoutPaid leaves out what is paid for by the time of the newest message to the pair.
func withoutPaid(list []Sent, newest Moment) []Sent {
	kept := list[:0]
	for _, s := range list {
		if s.Kind != SentToPair || s.At > newest.Add(-2*pairKept) {
			kept = append(kept, s)
		}
	}
	return kept
}
