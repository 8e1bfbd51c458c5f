package policy

import "fmt"

// ConsentRequest is a template that asks for consent, and so may go to people who
// haven't given any.
type ConsentRequest struct {
	Template string `json:"template" cbor:"1,keyasint"`
	// Scopes are what it asks for. None: nobody has said, and it may be anything.
	Scopes ScopeSet `json:"scopes,omitempty" cbor:"2,keyasint,omitempty"`
}

// requests reports that the send asks for consent.
func (c *Case) requests() bool {
	_, asks := c.asks()
	return asks
}

// asks are the scopes that the send asks consent to, and whether it asks at all.
func (c *Case) asks() (ScopeSet, bool) {
	if c.Send.Kind != TemplateMessage || c.Send.Group {
		return 0, false
	}
	for i := range c.Policy.ConsentRequests {
		if r := &c.Policy.ConsentRequests[i]; r.Template == c.Send.Template.Name {
			return r.Scopes, true
		}
	}
	return 0, false
}

// requestTouches are the scopes of which an opt-out stops a consent request: what it
// asks for, and what it is.
func (c *Case) requestTouches() ScopeSet {
	asked, _ := c.asks()
	if asked == 0 || c.Category == CategoryUnknown {
		return ScopesOf(AllScopes...)
	}
	return asked | ScopesOf(c.Category.Scope())
}

// requestOpen reports that the person may be asked, as far as they said nothing to
// the contrary and have not agreed already: then the template is like any other.
func (c *Case) requestOpen() bool {
	if !c.requests() || c.person.Suspected != 0 {
		return false
	}
	asked, _ := c.asks()
	agreed := true
	for _, s := range AllScopes {
		state := c.consent(s).State
		if state == OptedOut && c.requestTouches().Has(s) {
			return false
		}
		if !c.agreed(s) && (asked.Has(s) || s == c.Category.Scope()) {
			agreed = false
		}
	}
	return !agreed
}

// requestToOptedOut refuses to ask people who said no, whatever else they agreed to.
func (c *Case) requestToOptedOut() bool {
	if !c.requests() {
		return false
	}
	for _, s := range AllScopes {
		if out := c.consent(s); out.State == OptedOut && c.requestTouches().Has(s) {
			return c.refuse(optedOutRule(s), fmt.Sprintf("the user opted out of %s messages at %s (%s), and %q asks for consent", s, out.Since, out.Source, c.Send.Template.Name),
				"don't ask again; only the user can opt in again")
		}
	}
	return false
}

// request lets a consent request through to people who haven't agreed, as often as
// the limit says.
func (c *Case) request() bool {
	if !c.requestOpen() {
		return false
	}
	limit := fmt.Sprintf("a person is asked for consent at most %s in %s", times(c.Policy.RequestLimit), days(c.Policy.RequestPeriod))
	if c.rival(ClaimRequest) != NoRival {
		return c.refuse(RuleConsentRequestLimit, limit+", and other sends are asking at this moment", "don't send it now; wait for the user's answer")
	}
	sent := c.requestsSent()
	if len(sent) < c.Policy.RequestLimit {
		return c.allow(RuleConsentRequest, fmt.Sprintf("the user has not agreed and has not said no, and %q asks for consent", c.Send.Template.Name))
	}
	again := sent[len(sent)-c.Policy.RequestLimit].Add(c.Policy.RequestPeriod)
	c.refuse(RuleConsentRequestLimit, limit+", and this one has been", "wait for the user's answer, or ask again at "+again.String()+" or later")
	c.decision.Retry = again
	return true
}

// requestsSent are the times at which the person was asked, as far as they count.
func (c *Case) requestsSent() (at []Moment) {
	for _, s := range c.person.Sent {
		if s.Kind == SentRequest && s.At > c.Now.Add(-c.Policy.RequestPeriod) {
			at = append(at, s.At)
		}
	}
	return at
}

// takesRequest is the claim of a consent request to the person.
func (c *Case) takesRequest() Claim {
	return Claim{
		Kind: ClaimRequest, Key: c.person.Contact, Limit: c.Policy.RequestLimit, Period: c.Policy.RequestPeriod,
		Scope: c.Category.Scope(), Left: max(c.Policy.RequestLimit-len(c.requestsSent()), 0),
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
