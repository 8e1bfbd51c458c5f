package gateway

import (
	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
)

// withoutFacts is a refusal by a rule of policy as a stranger is told it: true of
// everybody whom the rule refuses, and no more.
func withoutFacts(rule policy.Rule) *cloudapi.Refusal {
	for _, r := range toStrangers {
		if r.Rule == rule {
			r.Remedy += "; to be told more, " + getAccepted
			return &r
		}
	}
	return &cloudapi.Refusal{Rule: rule, Reason: "the gateway's rules don't let this send leave", Remedy: "to be told more, " + getAccepted}
}

// toStrangers are the refusals by rules that look at what is known of a person or
// of the business, in words that tell none of it.
var toStrangers = []cloudapi.Refusal{
	{Rule: policy.RuleSenderUnknown, Reason: "no `business` block serves the business phone number the send would leave from", Remedy: "check the phone number id, or add a `business` block for it"},
	{Rule: policy.RuleWindowClosed, Reason: "the customer service window of this user is not open", Remedy: "use a template, or wait until the user writes"},
	{Rule: policy.RuleWindowUnknown, Reason: "the customer service window of this user is not known to be open", Remedy: "use a template, or wait until the user writes"},
	{Rule: policy.RuleNoConsent, Reason: "no opt-in of this user to such messages holds", Remedy: "get the user's opt-in and record it with `waguard consent opt-in`"},
	{Rule: policy.RuleNoConsentCategory, Reason: "no opt-in of this user to this kind of messages holds", Remedy: "get the user's opt-in to this kind of message and record it"},
	{Rule: policy.RuleConsentPending, Reason: "this user has not confirmed an opt-in to such messages", Remedy: "wait until the user confirms"},
	{Rule: policy.RuleOptedOut, Reason: "this user wants no such messages", Remedy: "don't send it; only the user can change that"},
	{Rule: policy.RuleOptedOutMarketing, Reason: "this user wants no marketing messages", Remedy: "don't send it; only the user can opt in again"},
	{Rule: policy.RuleFrequencyCap, Reason: "this user has had as many messages as the business sends one", Remedy: "try again later"},
	{Rule: policy.RuleConsentExpired, Reason: "no opt-in of this user to such messages holds any more", Remedy: "ask for consent again"},
	{Rule: policy.RuleCountryBlock, Reason: "no such messages go to this user's country", Remedy: "don't send it"},
	{Rule: policy.RuleQuietHours, Reason: "the business sends no such messages at this hour", Remedy: "try again later"},
	{Rule: policy.RuleConsentRequestLimit, Reason: "this user has been asked for consent as often as the business asks", Remedy: "wait for the user's answer"},
	{Rule: policy.RuleFollowupLimit, Reason: "no opt-in of this user to such messages holds", Remedy: "wait until the user writes, or get the user's opt-in and record it with `waguard consent opt-in`"},
	{Rule: policy.RuleFollowupFormat, Reason: "no opt-in of this user to such messages holds, and the template is more than plain text", Remedy: "get the user's opt-in and record it with `waguard consent opt-in`"},
	{Rule: policy.RuleCustom, Reason: "a rule of the business's own doesn't let this send leave", Remedy: "ask whoever runs the gateway"},
	{Rule: policy.RuleError, Reason: "a rule of the business's own could not be evaluated", Remedy: "tell whoever runs the gateway"},
	{Rule: policy.RuleSessionOnly, Reason: "this business sends no templates", Remedy: "answer while the customer service window is open"},
	{Rule: policy.RuleCampaignOff, Reason: "marketing of this number is switched off", Remedy: "when what happened is settled, switch it on with `waguard campaign on --phone-number-id`"},
	{Rule: policy.RuleThroughput, Reason: "Meta said that this number sends faster than it takes messages", Remedy: "send it again a little later"},
	{Rule: policy.RuleMarketingLimit, Reason: "Meta has just not delivered a marketing message to this user, since one person gets only so many", Remedy: "send it again in a day or later"},
	{Rule: policy.RulePairRate, Reason: "this number writes to this user faster than Meta delivers", Remedy: "send it again a little later"},
	{Rule: policy.RuleMessagingLimit, Reason: "the business has written to as many people outside of their windows within 24 hours as its messaging limit lets it", Remedy: "send it again later"},
	{Rule: policy.RuleBudgetSpent, Reason: "there is no money left this month for such marketing messages", Remedy: "send it again next month, or ask whoever runs the gateway"},
	{Rule: policy.RuleOptOutSuspected, Reason: "this user may not want marketing messages any more", Remedy: "have somebody decide with `waguard consent review`"},
	{Rule: policy.RuleCategoryUnknown, Reason: "the template's category is not known, and no opt-in of this user is known to cover it", Remedy: "list the templates once through the gateway: GET /<waba>/message_templates"},
	{Rule: policy.RuleTemplateUnknown, Reason: "the account has no such template", Remedy: "check the template's name and language"},
	{Rule: policy.RuleTemplateNotApproved, Reason: "Meta has not approved the template", Remedy: "wait until it is approved, or use another"},
	{Rule: policy.RuleTemplatePaused, Reason: "Meta has paused the template", Remedy: "wait, or use another"},
	{Rule: policy.RuleTemplateDisabled, Reason: "Meta has disabled the template", Remedy: "use another"},
	{Rule: policy.RuleCategoryChanged, Reason: "the template's category has changed, and nobody has accepted that", Remedy: "accept it with `waguard templates accept`, or use another template"},
	{Rule: policy.RuleMarketingOnly, Reason: "only marketing templates can be sent through /marketing_messages", Remedy: "send it through /messages"},
	{Rule: policy.RuleGroupsRefused, Reason: "the message goes to a group, and the consent of a group's members can't be seen from the request", Remedy: "write to the members one by one"},
	{Rule: policy.RuleCallNotPermitted, Reason: "the user has not permitted calls from this number, and the customer service window is not open", Remedy: "ask for permission to call while the window is open, or with a template"},
	{Rule: policy.RuleRecipientConflict, Reason: "`to` and `recipient` are not known to be the same person", Remedy: "name the person once, in `to` or in `recipient`"},
	{Rule: policy.RuleRecipientInvalid, Reason: "the phone number has no plus sign, and nobody can tell whom it means", Remedy: "write + and the country code before the number"},
}
