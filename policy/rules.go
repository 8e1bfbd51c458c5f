package policy

import "slices"

// rule is one rule: what it finds, and by which codes it decides.
type rule struct {
	codes []Rule
	// doc says in a sentence what it is about.
	doc string
	// judge reports that the rule decides about the case. Otherwise the next one is
	// asked.
	judge func(*Case) bool
}

// All rules, in the order in which they are asked: the first that decides holds.

// sendRules are about the send itself.
var sendRules = []rule{
	{[]Rule{RuleBatch}, "a batch is sent whole or not at all", (*Case).siblingRefused},
	{[]Rule{RuleSenderUnknown}, "a send leaves from a business phone number that is configured", (*Case).senderUnknown},
	{[]Rule{RuleReceipt}, "a read receipt or typing indicator is not a message", (*Case).receipt},
	{[]Rule{RuleCallControl}, "what acts on an existing call reaches nobody who isn't calling", (*Case).callControl},
	{[]Rule{RuleSessionOnly}, "who only answers sends no templates", (*Case).sessionOnly},
	{[]Rule{RuleMarketingOnly}, "/marketing_messages is for templates", (*Case).notForMarketing},
	{[]Rule{RuleGroupsRefused}, "the consent of a group's members can't be seen", (*Case).groupRefused},
	{[]Rule{RuleRecipientInvalid}, "a number without plus sign means one person, or none that can be told", (*Case).bareNumber},
	{
		[]Rule{RuleTemplateUnknown, RuleTemplateNotApproved, RuleTemplatePaused, RuleTemplateDisabled},
		"Meta sends approved templates only", (*Case).templateStanding,
	},
	{[]Rule{RuleCategoryChanged}, "where category drift is held, a template whose category changed waits until somebody accepts that", (*Case).categoryDrifted},
	{[]Rule{RuleMarketingOnly}, "/marketing_messages is for marketing templates", (*Case).notMarketingTemplate},
	{[]Rule{RuleRecipientConflict}, "who is named twice is one person", (*Case).recipientConflict},
}

// personRules are about one person, and asked for everyone the send may go to.
var personRules = []rule{
	// Templates, and what is billed like one.
	{[]Rule{RuleCountryBlock}, "to some countries some templates don't go", (*Case).countryBlocked},
	{[]Rule{RuleFrequencyCap}, "nobody gets more than they can bear", (*Case).capped},
	{[]Rule{RuleQuietHours}, "at night people sleep", (*Case).quiet},
	{[]Rule{RuleOptedOutMarketing, RuleOptedOut}, "who said no is not asked again", (*Case).requestToOptedOut},
	{[]Rule{RuleConsentRequestLimit, RuleConsentRequest}, "who has said nothing may be asked, and not over and over", (*Case).request},
	{[]Rule{RuleCodeRequested}, "who has just asked for a code gets it", (*Case).codeRequested},
	{[]Rule{RuleConsentExpired}, "an opt-in doesn't outlast a long silence", (*Case).consentExpired},
	{[]Rule{RuleFollowupFormat, RuleFollowupLimit, RuleFollowup}, "who wrote and heard nothing may be written to once, in plain text", (*Case).followup},
	{
		[]Rule{
			RuleOptedOutMarketing, RuleOptedOut, RuleGroupsAllowed, RuleOptOutSuspected, RuleConsent, RuleConsentPending,
			RuleCategoryUnknown, RuleNoConsentCategory, RuleNoConsent,
		},
		"a category nobody knows needs the opt-in that is hardest to get", (*Case).uncategorised,
	},
	{[]Rule{RuleOptedOut, RuleOptedOutMarketing, RuleGroupsAllowed}, "a group that may be written to stands for its members", (*Case).groupTemplate},
	{[]Rule{RuleOptOutSuspected}, "what may be an opt-out holds marketing back until somebody has decided", (*Case).suspectedOptOut},
	{[]Rule{RuleConsent}, "an opt-in covers its kind of message", (*Case).optedIn},
	{[]Rule{RuleWindowOpen}, "what a reply may say, a utility template may", (*Case).utilityReply},
	{[]Rule{RuleEssential}, "an order goes on after an opt-out", (*Case).essential},
	{[]Rule{RuleOptedOut, RuleOptedOutMarketing}, "no is no", (*Case).optedOut},
	{[]Rule{RuleConsentPending, RuleNoConsentCategory, RuleNoConsent}, "a template needs an opt-in to its kind", (*Case).noOptIn},
	// Calls.
	{[]Rule{RuleOptedOut}, "who may not be answered may not be called", (*Case).callToOptedOut},
	{[]Rule{RuleCallPermission}, "who permitted calls may be called", (*Case).callPermitted},
	{[]Rule{RuleCallNotPermitted}, "nobody else may outside of the window", (*Case).callNotPermitted},
	// Replies: everything that is no template.
	{[]Rule{RuleWindowUnknown}, "after a restore nobody's window counts as open before they write", (*Case).windowUnknown},
	{[]Rule{RuleWindowClosed}, "a reply needs an open window", (*Case).windowClosed},
	{[]Rule{RuleConfirmation}, "one text may confirm an opt-out", (*Case).confirmation},
	{[]Rule{RuleOptedOut}, "after an opt-out only the user begins again", (*Case).stillOptedOut},
	{[]Rule{RuleConsentPending, RuleNoConsentCategory, RuleNoConsent}, "where replies and calls need an opt-in, there is one", (*Case).replyWithoutOptIn},
	{[]Rule{RuleWindowOpen}, "the open window lets it through", (*Case).windowOpen},
}

// Order are the codes by which [Decide] decides, in the order in which they are
// asked for, each once.
func Order() []Rule {
	var order []Rule
	for _, list := range [...][]rule{sendRules, personRules, limitRules, personLimitRules, customRules} {
		for i := range list {
			for _, code := range list[i].codes {
				if !slices.Contains(order, code) {
					order = append(order, code)
				}
			}
		}
	}
	return order
}
