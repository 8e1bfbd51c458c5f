package policy

import "slices"

// Categories by what a send is.
var (
	// billedCategories are those of templates, and of what is billed like one.
	billedCategories = []Category{CategoryMarketing, CategoryMarketingLite, CategoryUtility, CategoryAuthentication, CategoryUnknown}
	// messageCategories are those of messages.
	messageCategories = append(slices.Clone(billedCategories), CategoryService)
	// everyCategory are all of them.
	everyCategory = append(slices.Clone(billedCategories), CategoryService, CategoryNone)
)

// categoriesOf are the categories of the sends that rules decide about. What isn't
// here is a rule of the reader's, to whom the category is not known.
var categoriesOf = map[Rule][]Category{
	RuleReceipt:        {CategoryNone},
	RuleCallControl:    {CategoryNone},
	RuleWindowOpen:     {CategoryService, CategoryUtility, CategoryAuthentication, CategoryUnknown, CategoryNone},
	RuleConsent:        billedCategories,
	RuleConfirmation:   {CategoryService},
	RuleEssential:      {CategoryUtility, CategoryAuthentication},
	RuleGroupsAllowed:  billedCategories,
	RuleCallPermission: {CategoryNone},
	RuleConsentRequest: billedCategories,
	RuleFollowup:       billedCategories,
	RuleCodeRequested:  {CategoryAuthentication},

	RuleBatch:               everyCategory,
	RuleSenderUnknown:       {CategoryUnknown},
	RuleWindowClosed:        {CategoryService, CategoryUtility, CategoryAuthentication, CategoryUnknown, CategoryNone},
	RuleWindowUnknown:       {CategoryService, CategoryUtility, CategoryAuthentication, CategoryUnknown, CategoryNone},
	RuleNoConsent:           everyCategory,
	RuleFrequencyCap:        everyCategory,
	RuleSessionOnly:         billedCategories,
	RuleConsentExpired:      billedCategories,
	RuleCountryBlock:        billedCategories,
	RuleQuietHours:          billedCategories,
	RuleFollowupLimit:       billedCategories,
	RuleFollowupFormat:      billedCategories,
	RuleCampaignOff:         {CategoryMarketing, CategoryMarketingLite, CategoryUnknown},
	RuleThroughput:          messageCategories,
	RuleMarketingLimit:      {CategoryMarketing, CategoryMarketingLite},
	RulePairRate:            messageCategories,
	RuleMessagingLimit:      billedCategories,
	RuleBudgetSpent:         {CategoryMarketing, CategoryMarketingLite},
	RuleCustom:              everyCategory,
	RuleError:               everyCategory,
	RuleConsentRequestLimit: billedCategories,
	RuleNoConsentCategory:   everyCategory,
	RuleConsentPending:      everyCategory,
	RuleOptedOut:            everyCategory,
	RuleOptedOutMarketing:   billedCategories,
	RuleOptOutSuspected:     {CategoryMarketing, CategoryMarketingLite, CategoryUnknown},
	RuleCategoryUnknown:     {CategoryUnknown},
	RuleTemplateUnknown:     billedCategories,
	RuleTemplateNotApproved: billedCategories,
	RuleTemplatePaused:      billedCategories,
	RuleTemplateDisabled:    billedCategories,
	RuleCategoryChanged:     {CategoryMarketing, CategoryMarketingLite, CategoryUtility, CategoryAuthentication},
	RuleMarketingOnly:       {CategoryUtility, CategoryAuthentication, CategoryUnknown, CategoryService, CategoryNone},
	RuleGroupsRefused:       everyCategory,
	RuleCallNotPermitted:    {CategoryNone},
	RuleRecipientConflict:   everyCategory,
	RuleRecipientInvalid:    everyCategory,
}

// Categories are those that a send may have about which the rule decides.
func (r Rule) Categories() []Category {
	if list, ok := categoriesOf[r]; ok {
		return list
	}
	return []Category{CategoryUnknown}
}
