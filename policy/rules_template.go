package policy

import (
	"fmt"
	"slices"
	"strings"
)

// The rules on one person, for templates and what is billed like one: an opt-in
// whose scope covers the category.

// groupTemplate lets a template to a group through: that groups are allowed stands
// for the members' opt-ins. An opt-out recorded for the group itself still holds.
func (c *Case) groupTemplate() bool {
	switch {
	case c.Send.Kind != TemplateMessage || !c.Send.Group:
		return false
	case c.consent(c.Category.Scope()).State == OptedOut:
		return c.refuseOptedOut()
	}
	return c.allow(RuleGroupsAllowed, "groups are allowed for this business")
}

func (c *Case) optedIn() bool {
	if !c.billed {
		return false
	}
	scope := c.Category.Scope()
	consent := c.consent(scope)
	return consent.State == OptedIn &&
		c.allow(RuleConsent, "the user opted in to "+scope.String()+" messages at "+consent.Since.String()+" ("+string(consent.Source)+")")
}

// utilityReply lets a utility template say what may be said freely: a reply in an
// open window.
func (c *Case) utilityReply() bool {
	return c.repliesWithUtility() && c.allow(RuleWindowOpen, c.window.openReason())
}

func (c *Case) repliesWithUtility() bool {
	return c.billed && c.Category == CategoryUtility && c.open() && !c.Policy.RequireInWindowConsent && !c.silenced()
}

// essential lets an essential template about a transaction through to a person
// who opted out.
func (c *Case) essential() bool {
	return c.billed && c.Send.Transaction && c.mayBeEssential() &&
		c.allow(RuleEssential, fmt.Sprintf("the user opted out at %s, but %q is an essential %s template about an existing transaction",
			c.consent(c.Category.Scope()).Since, c.Send.Template.Name, c.Category))
}

// mayBeEssential reports whether the send may go to a person who opted out, if it
// is about a transaction: a listed utility or authentication template. The person
// must have opted in once: an opt-out must never open a door.
func (c *Case) mayBeEssential() bool {
	consent := c.consent(c.Category.Scope())
	_, lapsed := c.lapsed(c.Category.Scope(), consent.LastOptIn)
	return c.Send.Kind == TemplateMessage && consent.State == OptedOut && consent.LastOptIn != 0 && !lapsed &&
		(c.Category == CategoryUtility || c.Category == CategoryAuthentication) &&
		slices.Contains(c.Policy.EssentialTemplates, c.Send.Template.Name)
}

func (c *Case) optedOut() bool {
	if !c.billed || c.consent(c.Category.Scope()).State != OptedOut {
		return false
	}
	c.refuseOptedOut()
	if c.mayBeEssential() {
		c.decision.Remedy = "don't send it, unless it is about an order or transaction of the user's: then name that in biz_opaque_callback_data, such as order:1234"
	}
	return true
}

func (c *Case) refuseOptedOut() bool {
	scope := c.Category.Scope()
	consent := c.consent(scope)
	return c.refuse(optedOutRule(scope),
		"the user opted out of "+scope.String()+" messages at "+consent.Since.String()+" ("+string(consent.Source)+"), and this is a "+string(c.Category)+" message",
		"don't send it; only the user can opt in again")
}

// optedOutRule is the rule by which an opt-out of a scope refuses.
func optedOutRule(s Scope) Rule {
	if s == Marketing {
		return RuleOptedOutMarketing
	}
	return RuleOptedOut
}

func (c *Case) noOptIn() bool { return c.billed && c.refuseMissing(c.Category) }

// refuseMissing tells the three ways of not having an opt-in apart.
func (c *Case) refuseMissing(category Category) bool {
	scope := category.Scope()
	if consent := c.consent(scope); consent.State == ConsentPending {
		return c.refuse(RuleConsentPending, fmt.Sprintf("the user was asked for consent to %s messages at %s and has not confirmed it", scope, consent.Since),
			"wait until the user confirms")
	}
	var others []string
	for other := range c.person.Consent {
		if c.person.Consent[other].State == OptedIn {
			others = append(others, Scope(other).String())
		}
	}
	if len(others) > 0 {
		return c.refuse(RuleNoConsentCategory, fmt.Sprintf("the user opted in to %s messages only, and a %s message needs consent to %s messages", strings.Join(others, " and "), category, scope),
			"get the user's opt-in to this kind of message and record it")
	}
	return c.refuse(RuleNoConsent, fmt.Sprintf("no opt-in of this user is on record, and a %s message needs consent to %s messages", category, scope),
		"get the user's opt-in and record it with `waguard consent opt-in`")
}
