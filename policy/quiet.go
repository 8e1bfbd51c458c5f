package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Quiet are hours of the day at which templates of some kinds don't leave.
type Quiet struct {
	Scopes ScopeSet `json:"scopes" cbor:"1,keyasint"`
	// From and To are minutes after midnight: From is the first that is quiet, To the
	// first that isn't. From after To goes over midnight.
	From int `json:"from" cbor:"2,keyasint,omitempty"`
	To   int `json:"to" cbor:"3,keyasint,omitempty"`
	// Zone is by whose clocks: those of a time zone, or with "" the recipient's.
	Zone string `json:"zone,omitempty" cbor:"4,keyasint,omitempty"`
}

// Clock is what a clock shows that matters to a send.
type Clock struct {
	// Zone is that of [Quiet]; "" for one of those that the person may live by.
	Zone string `json:"zone,omitempty" cbor:"1,keyasint,omitempty"`
	// East is how many minutes it is before UTC at the time of the send.
	East int `json:"east" cbor:"2,keyasint,omitempty"`
}

// QuietZones are the time zones by whose clocks a send may have to wait, "" for those of
// its recipient: whoever puts the facts together gives each person's [PersonFacts.Clocks].
func (f *Facts) QuietZones(p *Policy, send *Send, now Moment) (zones []string) {
	if len(p.QuietHours)+len(p.Rules) == 0 {
		return nil
	}
	c := Case{Send: send, Facts: f, Policy: p, Now: now, Category: CategoryOf(send, f, now)}
	if c.customApplies() && p.UsesLocalClock() {
		zones = append(zones, "")
	}
	for i := range p.QuietHours {
		if q := &p.QuietHours[i]; c.isBilled() && q.Scopes.Has(c.Category.Scope()) && !slices.Contains(zones, q.Zone) {
			zones = append(zones, q.Zone)
		}
	}
	return zones
}

const minutesOfDay = 24 * 60

// at reports whether it is quiet by a clock, and for how many minutes, as of the
// beginning of the one it shows.
func (q *Quiet) at(now Moment, k Clock) (left int, quiet bool) {
	of := now.Time().UTC()
	minute := (of.Hour()*60 + of.Minute() + k.East%minutesOfDay + minutesOfDay) % minutesOfDay
	switch {
	case q.From < q.To:
		return q.To - minute, q.From <= minute && minute < q.To
	case minute >= q.From:
		return q.To + minutesOfDay - minute, true
	}
	return q.To - minute, minute < q.To
}

// quiet refuses templates at hours at which people don't want any, where they would
// pass otherwise.
func (c *Case) quiet() bool {
	if len(c.Policy.QuietHours) == 0 || !c.billed {
		return false
	}
	q, ok := c.quietAt(c.Now)
	if !ok || !c.passing() {
		return false
	}
	again := c.loudAgain()
	whose := "where the user may be"
	if q.Zone != "" {
		whose = "in " + q.Zone
	}
	remedy := "send it later"
	if again != 0 {
		remedy = "send it at " + again.String() + " or later"
	}
	c.refuse(RuleQuietHours, fmt.Sprintf("%s messages don't leave from %s to %s %s", strings.Join(q.Scopes.names(), " and "), clock(q.From), clock(q.To), whose), remedy)
	c.decision.Retry = again
	return true
}

// quietAt finds hours that are quiet at a moment, by any clock they go by.
func (c *Case) quietAt(now Moment) (*Quiet, bool) {
	for i := range c.Policy.QuietHours {
		q := &c.Policy.QuietHours[i]
		if !q.Scopes.Has(c.Category.Scope()) {
			continue
		}
		for _, k := range c.person.Clocks {
			if _, quiet := q.at(now, k); quiet && k.Zone == q.Zone {
				return q, true
			}
		}
	}
	return nil, false
}

// loudAgain is the first minute at which no hours are quiet any more, 0 where there is
// none within two days. Clocks that are changed until then are not foreseen.
func (c *Case) loudAgain() Moment {
	at := Moment(int64(c.Now) - int64(c.Now)%time.Minute.Milliseconds())
	for end := c.Now.Add(2 * minutesOfDay * time.Minute); at <= end; {
		wait := 0
		for i := range c.Policy.QuietHours {
			q := &c.Policy.QuietHours[i]
			if !q.Scopes.Has(c.Category.Scope()) {
				continue
			}
			for _, k := range c.person.Clocks {
				if left, quiet := q.at(at, k); quiet && k.Zone == q.Zone {
					wait = max(wait, left)
				}
			}
		}
		if wait == 0 {
			return at
		}
		at = at.Add(time.Duration(wait) * time.Minute)
	}
	return 0
}

// clock writes minutes after midnight.
func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// passing reports that the send would pass by what the person said: the rules on consent
// let it through.
func (c *Case) passing() bool {
	probe := *c
	for _, judge := range [...]func(*Case) bool{
		(*Case).requestToOptedOut, (*Case).request, (*Case).codeRequested, (*Case).consentExpired, (*Case).followup, (*Case).uncategorised, (*Case).groupTemplate, (*Case).suspectedOptOut,
		(*Case).optedIn, (*Case).utilityReply, (*Case).essential,
	} {
		if judge(&probe) {
			return probe.decision.Verdict == Allow
		}
	}
	return false
}
