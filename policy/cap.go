package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Cap bounds how many messages of some kinds one person gets within a rolling period.
type Cap struct {
	Scopes ScopeSet      `json:"scopes" cbor:"1,keyasint"`
	Limit  int           `json:"limit" cbor:"2,keyasint"`
	Period time.Duration `json:"period" cbor:"3,keyasint"`
}

const (
	// LongestCap is the longest period of a cap, LargestCap its largest limit.
	LongestCap = 90 * 24 * time.Hour
	LargestCap = 100
)

// covers reports that messages of the scope count under the cap.
func (k *Cap) covers(s Scope) bool { return k.Scopes.Has(s) }

// within are the times of what counts under the cap at a moment, oldest first.
func (k *Cap) within(sent []Sent, now Moment) (times []Moment) {
	for _, s := range sent {
		if s.Kind == SentMessage && k.covers(s.Scope) && s.At > now.Add(-k.Period) {
			times = append(times, s.At)
		}
	}
	return times
}

// left is how many more messages may leave at a moment; where none may, from when on
// one may.
func (k *Cap) left(sent []Sent, now Moment) (left int, again Moment) {
	times := k.within(sent, now)
	if len(times) < k.Limit {
		return k.Limit - len(times), 0
	}
	return 0, times[len(times)-k.Limit].Add(k.Period)
}

func (k *Cap) String() string {
	return fmt.Sprintf("%d %s messages in %s", k.Limit, strings.Join(k.Scopes.names(), " and "), days(k.Period))
}

// days writes a duration in days where it is some.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "24 hours"
	case d > day && d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}

// capped refuses what would be one message too many, to people it would otherwise be
// sent to.
func (c *Case) capped() bool {
	if !c.counts() {
		return false
	}
	scope := c.Category.Scope()
	var full *Cap
	var again Moment
	for i := range c.Policy.Caps {
		k := &c.Policy.Caps[i]
		if !k.covers(scope) {
			continue
		}
		switch c.rival(ClaimMessage) {
		case SiblingRival:
			return c.refuse(RuleFrequencyCap, fmt.Sprintf("a person gets at most %s, and other sends of this batch take what is left of that", k),
				"send the batch without it")
		case RequestRival:
			return c.refuse(RuleFrequencyCap, fmt.Sprintf("a person gets at most %s, and other sends are taking what is left of that at this moment", k),
				"don't send it now; try again later")
		}
		if left, from := k.left(c.person.Sent, c.Now); left == 0 && from >= again {
			full, again = k, from
		}
	}
	if full == nil {
		return false
	}
	c.refuse(RuleFrequencyCap, fmt.Sprintf("a person gets at most %s, and this one has had them", full), "try again at "+again.String()+" or later")
	c.decision.Retry = again
	return true
}

// counts reports that the send counts under caps if the person gets it: it is a template,
// or what is billed like one, that passes by an opt-in, as a reply or because it asks for
// one. An essential one to somebody who opted out waits for no cap.
func (c *Case) counts() bool {
	scope := c.Category.Scope()
	return c.billed && !c.Send.Group && (c.agreed(scope) || c.repliesWithUtility() || c.requestOpen() || c.codeAsked() || c.followupOpen()) && (scope != Marketing || !c.mayHaveOptedOut())
}

// takes are the claims of an allowed send on what is counted, of everybody it is judged
// by.
func (c *Case) takes() (claims []Claim) {
	take := func(k Claim) {
		if !slices.Contains(claims, k) {
			claims = append(claims, k)
		}
	}
	for i := range c.Facts.Persons {
		if !c.who.counts(i) {
			continue
		}
		c.person = &c.Facts.Persons[i]
		c.window = WindowOf(c.person.Opened, c.Policy.WindowMargin)
		if len(c.Policy.Caps) > 0 && c.counts() {
			c.takesFromCaps(take)
		}
		if len(c.Policy.ConsentRequests) > 0 && c.requestOpen() {
			take(c.takesRequest())
		}
		if c.followupOpen() {
			take(c.takesFollowup())
		}
		if c.countsForPair() {
			take(c.takesPair())
		}
	}
	return claims
}

// takesFromCaps takes what the person is sent from the caps on it.
func (c *Case) takesFromCaps(take func(Claim)) {
	scope := c.Category.Scope()
	for j := range c.Policy.Caps {
		if k := &c.Policy.Caps[j]; k.covers(scope) {
			left, _ := k.left(c.person.Sent, c.Now)
			take(Claim{Kind: ClaimMessage, Key: c.person.Contact, Limit: k.Limit, Period: k.Period, Scope: scope, Counts: k.Scopes, Left: left})
		}
	}
}

// ScopeSet is a set of scopes.
type ScopeSet uint8

// ScopesOf is the set of some scopes.
func ScopesOf(list ...Scope) (set ScopeSet) {
	for _, s := range list {
		set |= 1 << s
	}
	return set
}

// Has reports whether s is in the set.
func (set ScopeSet) Has(s Scope) bool { return set&(1<<s) != 0 }

func (set ScopeSet) list() (list []Scope) {
	for _, s := range AllScopes {
		if set.Has(s) {
			list = append(list, s)
		}
	}
	return list
}

func (set ScopeSet) names() (names []string) {
	for _, s := range set.list() {
		names = append(names, s.String())
	}
	return names
}

// MarshalJSON writes the names of the scopes.
func (set ScopeSet) MarshalJSON() ([]byte, error) {
	return []byte(`["` + strings.Join(set.names(), `","`) + `"]`), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (set *ScopeSet) UnmarshalJSON(text []byte) error {
	*set = 0
	for name := range strings.SplitSeq(strings.Trim(string(text), `[]`), ",") {
		if name = strings.Trim(strings.TrimSpace(name), `"`); name == "" {
			continue
		}
		scopes, ok := ParseScope(name)
		if !ok {
			return fmt.Errorf("%q is no scope", name)
		}
		*set |= ScopesOf(scopes...)
	}
	return nil
}
