package policy

import (
	"fmt"
	"slices"
)

// judgeUncategorised judges a message that Meta bills by a category which the
// gateway doesn't know. It could be any, so it needs the opt-in that is hardest
// to get, and no opt-out of anything. What stands in the way is mostly that
// nobody has listed the templates, and a refusal says so: an opt-in recorded to
// get past it would be one nobody gave.
func judgeUncategorised(s *Send, t *TemplateFacts, person *PersonFacts) Decision {
	cause, remedy := categoryUnknown(s, t)
	if c := person.Consent[Marketing]; optedOutOfAll(person) {
		return refuse(RuleOptedOutMarketing, fmt.Sprintf("the user opted out of messages of every kind, of %s messages at %s (%s)", Marketing, c.Since, c.Source),
			"don't send it; only the user can opt in again")
	}
	for _, scope := range AllScopes {
		if c := person.Consent[scope]; c.State == OptedOut {
			rule := RuleOptedOut
			if scope == Marketing {
				rule = RuleOptedOutMarketing
			}
			return refuse(rule, fmt.Sprintf("the user opted out of %s messages at %s (%s), and this may be one: %s", scope, c.Since, c.Source, cause),
				remedy+"; if the message is of that kind, don't send it")
		}
	}
	switch c := person.Consent[Marketing]; {
	case s.Group:
		return allow(RuleGroupsAllowed, "groups are allowed for this business")
	case c.State == OptedIn:
		return allow(RuleConsent, fmt.Sprintf("the user opted in to %s messages at %s (%s), which covers any category: %s", Marketing, c.Since, c.Source, cause))
	case c.State == ConsentPending:
		return refuse(RuleConsentPending, fmt.Sprintf("the user was asked for consent to %s messages at %s and has not confirmed it, and this may be one: %s", Marketing, c.Since, cause),
			remedy+"; if it is a marketing message, wait until the user confirms")
	}
	for other, c := range person.Consent {
		if c.State == OptedIn {
			rule := RuleCategoryUnknown
			if s.Kind != TemplateMessage {
				rule = RuleNoConsentCategory
			}
			return refuse(rule, fmt.Sprintf("the user opted in to %s messages, and whether this is one can't be told: %s", Scope(other), cause), remedy)
		}
	}
	return refuse(RuleNoConsent, "no opt-in of this user is on record, for messages of any kind; and "+cause,
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
