package policy

import (
	"fmt"
	"slices"
)

// uncategorised judges a message that Meta bills by a category which the
// gateway doesn't know. It could be any, so it needs the opt-in that is hardest
// to get, and no opt-out of anything. What stands in the way is mostly that
// nobody has listed the templates, and a refusal says so: an opt-in recorded to
// get past it would be one nobody gave.
func (c *Case) uncategorised() bool {
	if !c.billed || c.Category != CategoryUnknown {
		return false
	}
	cause, remedy := categoryUnknown(c.Send, &c.Facts.Template)
	marketing := c.consent(Marketing)
	if optedOutOfAll(c.person) {
		return c.refuse(RuleOptedOutMarketing, fmt.Sprintf("the user opted out of messages of every kind, of %s messages at %s (%s)", Marketing, marketing.Since, marketing.Source),
			"don't send it; only the user can opt in again")
	}
	for _, scope := range AllScopes {
		if out := c.consent(scope); out.State == OptedOut {
			return c.refuse(optedOutRule(scope), fmt.Sprintf("the user opted out of %s messages at %s (%s), and this may be one: %s", scope, out.Since, out.Source, cause),
				remedy+"; if the message is of that kind, don't send it")
		}
	}
	switch {
	case c.Send.Group:
		return c.allow(RuleGroupsAllowed, "groups are allowed for this business")
	case c.mayHaveOptedOut():
		return c.refuse(RuleOptOutSuspected, c.person.suspicion()+", and this may be a marketing message: "+cause, remedy+"; if it is a marketing message, "+decideFirst)
	case marketing.State == OptedIn:
		return c.allow(RuleConsent, fmt.Sprintf("the user opted in to %s messages at %s (%s), which covers any category: %s", Marketing, marketing.Since, marketing.Source, cause))
	case marketing.State == ConsentPending:
		return c.refuse(RuleConsentPending, fmt.Sprintf("the user was asked for consent to %s messages at %s and has not confirmed it, and this may be one: %s", Marketing, marketing.Since, cause),
			remedy+"; if it is a marketing message, wait until the user confirms")
	}
	for other := range c.person.Consent {
		if c.person.Consent[other].State == OptedIn {
			rule := RuleCategoryUnknown
			if c.Send.Kind != TemplateMessage {
				rule = RuleNoConsentCategory
			}
			return c.refuse(rule, fmt.Sprintf("the user opted in to %s messages, and whether this is one can't be told: %s", Scope(other), cause), remedy)
		}
	}
	return c.refuse(RuleNoConsent, "no opt-in of this user is on record, for messages of any kind; and "+cause,
		remedy+"; no template may be sent to a user who has not opted in to its kind of message")
}

func optedOutOfAll(person *PersonFacts) bool {
	return !slices.ContainsFunc(person.Consent[:], func(c Consent) bool { return c.State != OptedOut })
}

// categoryUnknown says why the category of a message is not known, and what helps.
func categoryUnknown(s *Send, t *TemplateFacts) (cause, remedy string) {
	const list = "list the account's templates once through the gateway (GET /<waba id>/message_templates, without filters), then send it again"
	switch {
	case s.Kind != TemplateMessage:
		return "the body names no category that Meta takes", "write the category as utility or authentication"
	case t.NoAccount:
		return "the gateway does not know the template's category, because it does not know which WhatsApp Business Account the number belongs to",
			"set `waba` in the number's business block, or wait for the number's first webhook; then " + list
	case t.Found:
		return "the gateway knows the template, but nobody has told it the template's category", list
	}
	return "the gateway does not know the template's category yet, because it has not seen the template in a list or a webhook", list
}
