package policy

import (
	"fmt"
	"time"
)

// Expiry is after how long opt-ins lapse of people who are silent.
type Expiry struct {
	Scopes ScopeSet      `json:"scopes" cbor:"1,keyasint"`
	After  time.Duration `json:"after" cbor:"2,keyasint"`
}

// lapsed reports that an opt-in to a scope, given at a time, is too old, and after how
// long it is: nothing was heard of the person since, or that is too long ago as well.
func (c *Case) lapsed(s Scope, given Moment) (after time.Duration, lapsed bool) {
	heard := c.person.Spoke
	if heard == 0 {
		heard = c.person.Opened
	}
	for _, e := range c.Policy.ConsentExpires {
		if e.Scopes.Has(s) && c.Now >= max(given, heard).Add(e.After) && (!lapsed || e.After < after) {
			after, lapsed = e.After, true
		}
	}
	return after, lapsed
}

// agreed reports that an opt-in of the person to a scope holds.
func (c *Case) agreed(s Scope) bool {
	consent := c.consent(s)
	_, lapsed := c.lapsed(s, consent.Since)
	return consent.State == OptedIn && !lapsed
}

// consentExpired refuses templates to people whose opt-in has lapsed. What they said
// against it since is told before.
func (c *Case) consentExpired() bool {
	if !c.billed || c.Send.Group || c.mayHaveOptedOut() && c.Category.Scope() == Marketing {
		return false
	}
	scope := c.Category.Scope()
	consent := c.consent(scope)
	after, lapsed := c.lapsed(scope, consent.Since)
	if consent.State != OptedIn || !lapsed {
		return false
	}
	if c.Category == CategoryUnknown {
		for _, s := range AllScopes {
			if c.consent(s).State == OptedOut {
				return false
			}
		}
	}
	return c.refuse(RuleConsentExpired, fmt.Sprintf("the user opted in to %s messages at %s, and has not written for %s since: with this business an opt-in lapses then", scope, consent.Since, days(after)),
		"ask for consent again, with a template of `consent_request_templates` or elsewhere")
}
