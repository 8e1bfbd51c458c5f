package policy

import "slices"

// Rule is the stable code of what decided about a request. Texts may change,
// codes don't. All codes there are stand in this file: those of the rules, and
// those of the reader and the gateway, which refuse what can't be judged.
type Rule string

// Rules that allow.
const (
	RuleReceipt        Rule = "RECEIPT"               // names no recipient, is no message
	RuleCallControl    Rule = "CALL_CONTROL"          // acts on a call that exists
	RuleWindowOpen     Rule = "WINDOW_OPEN"           // the person wrote less than 24 h ago
	RuleConsent        Rule = "CONSENT"               // the person opted in to this category
	RuleConfirmation   Rule = "OPT_OUT_CONFIRMATION"  // the one answer to an opt-out
	RuleEssential      Rule = "EXCEPTION_ESSENTIAL"   // an order update to someone who opted out
	RuleGroupsAllowed  Rule = "GROUPS_ALLOWED"        // groups are allowed by configuration
	RuleCallPermission Rule = "CALL_PERMISSION"       // the person permitted calls
	RuleConsentRequest Rule = "CONSENT_REQUEST"       // a template that asks for consent, to somebody who hasn't said no
	RuleFollowup       Rule = "POST_SESSION_FOLLOWUP" // the one template after a window that closed unanswered
	RuleCodeRequested  Rule = "CODE_REQUESTED"        // a one-time code the person has just asked for
)

// Rules that refuse.
const (
	RuleBatch               Rule = "BATCH_REFUSED" // an element of a batch is refused; also the reader's: a batch that can't be read
	RuleSenderUnknown       Rule = "SENDER_UNKNOWN"
	RuleWindowClosed        Rule = "WINDOW_CLOSED"
	RuleWindowUnknown       Rule = "WINDOW_UNKNOWN" // the store was restored, and the user may have written since the backup
	RuleNoConsent           Rule = "NO_CONSENT"
	RuleNoConsentCategory   Rule = "NO_CONSENT_FOR_CATEGORY"
	RuleConsentPending      Rule = "CONSENT_PENDING"
	RuleOptedOut            Rule = "OPTED_OUT"
	RuleOptedOutMarketing   Rule = "OPTED_OUT_MARKETING"
	RuleFrequencyCap        Rule = "FREQUENCY_CAP"
	RuleConsentExpired      Rule = "CONSENT_EXPIRED"
	RuleCountryBlock        Rule = "COUNTRY_BLOCK"
	RuleQuietHours          Rule = "QUIET_HOURS"
	RuleConsentRequestLimit Rule = "CONSENT_REQUEST_LIMIT"
	RuleSessionOnly         Rule = "SENDER_SESSION_ONLY" // this business sends no templates
	RuleFollowupLimit       Rule = "FOLLOWUP_LIMIT"      // the one template after the window has been sent
	RuleFollowupFormat      Rule = "FOLLOWUP_FORMAT"     // it must be plain text
	RuleCustom              Rule = "CUSTOM_RULE"         // a rule of the operator's own
	RuleError               Rule = "RULE_ERROR"          // such a rule could not be evaluated
	RuleCampaignOff         Rule = "CAMPAIGN_OFF"        // marketing of this number is switched off
	RuleThroughput          Rule = "THROUGHPUT_LIMIT"    // Meta said that the number sends too fast
	RuleMarketingLimit      Rule = "MARKETING_LIMIT"     // Meta said that the person gets no more marketing for now
	RulePairRate            Rule = "PAIR_RATE_LIMIT"     // too many messages to one person in a short time
	RuleMessagingLimit      Rule = "MESSAGING_LIMIT"     // the portfolio has written to as many people as it may
	RuleBudgetSpent         Rule = "BUDGET_SPENT"        // there is no money left for this marketing
	RuleOptOutSuspected     Rule = "OPT_OUT_SUSPECTED"   // somebody must read a message and decide
	RuleCategoryUnknown     Rule = "TEMPLATE_CATEGORY_UNKNOWN"
	RuleTemplateUnknown     Rule = "TEMPLATE_UNKNOWN"
	RuleTemplateNotApproved Rule = "TEMPLATE_NOT_APPROVED"
	RuleTemplatePaused      Rule = "TEMPLATE_PAUSED"
	RuleTemplateDisabled    Rule = "TEMPLATE_DISABLED"
	RuleCategoryChanged     Rule = "TEMPLATE_CATEGORY_CHANGED" // nobody has accepted the template's new category
	RuleMarketingOnly       Rule = "MARKETING_TEMPLATES_ONLY"
	RuleGroupsRefused       Rule = "GROUPS_REFUSED"
	RuleCallNotPermitted    Rule = "CALL_NOT_PERMITTED"
	RuleRecipientConflict   Rule = "RECIPIENT_CONFLICT"
	RuleRecipientInvalid    Rule = "RECIPIENT_INVALID" // also the reader's: no recipient, several, or one that can't be read
)

// Refusals of the reader: the request could not be read without doubt.
const (
	RuleUnreadable   Rule = "UNREADABLE"           // not one clear JSON object or form
	RuleTooLarge     Rule = "BODY_TOO_LARGE"       // over the cap
	RuleEncoding     Rule = "ENCODING_UNSUPPORTED" // a content type or encoding nobody can read twice alike
	RulePath         Rule = "PATH_AMBIGUOUS"       // cleans to a send edge but is not written as one
	RuleMethod       Rule = "METHOD_OVERRIDE"      // could become another method upstream
	RuleEncrypted    Rule = "ENCRYPTED_BODY"       // messages_encrypted
	RuleParameter    Rule = "PARAMETER_INVALID"    // a field has a value Meta would not take, or two readings
	RuleMissingParam Rule = "PARAMETER_MISSING"    // a required field is missing
)

// Refusals of the gateway: the request could not be judged or sent, or is none
// the operator lets pass.
const (
	RuleStore       Rule = "STORE_UNAVAILABLE"      // the store can't answer
	RuleSetup       Rule = "SETUP_INCOMPLETE"       // a secret or setting is missing
	RuleUnrecorded  Rule = "UNRECORDED"             // it left, its record did not reach the disk
	RuleUnconfirmed Rule = "UNCONFIRMED"            // it was allowed, and may or may not have left
	RuleNotSent     Rule = "NOT_SENT"               // it was allowed, and Meta was not reached
	RuleInFlight    Rule = "IDEMPOTENCY_IN_FLIGHT"  // the first request under the key has no answer yet
	RuleKeyReused   Rule = "IDEMPOTENCY_KEY_REUSED" // the key was another request's
	RuleWebhooks    Rule = "WEBHOOKS_FIXED"         // would change where the account's webhooks go
	RuleOverloaded  Rule = "OVERLOADED"             // more bodies at once than there is memory set aside for
	RuleUnanswered  Rule = "UNANSWERED"             // it was no send, and Meta did not answer
	RuleCaller      Rule = "CALLER_UNKNOWN"         // the caller is none that may send
	RuleStranger    Rule = "CALLER_RATE_LIMITED"    // a caller Meta has not accepted lately was refused too often

	// RuleMisconfigured: it was allowed, and the configuration has nothing that
	// passes it on, or something that would pass it on twice.
	RuleMisconfigured Rule = "MISCONFIGURED"
	// RuleAdminPath: the path is one of the admin endpoint, and senders' port is
	// not where that is.
	RuleAdminPath Rule = "ADMIN_PATH"
)

// RuleSentToAnother is no decision's: a send was allowed, and Meta's answer names
// another person than the one it was judged by.
const RuleSentToAnother Rule = "SENT_TO_ANOTHER"

var (
	// AllowRules are the rules by which [Decide] allows.
	AllowRules = []Rule{
		RuleReceipt, RuleCallControl, RuleWindowOpen, RuleConsent, RuleConfirmation, RuleEssential, RuleGroupsAllowed, RuleCallPermission, RuleConsentRequest, RuleFollowup, RuleCodeRequested,
	}
	// RefuseRules are the rules by which [Decide] refuses.
	RefuseRules = []Rule{
		RuleBatch, RuleSenderUnknown, RuleWindowClosed, RuleWindowUnknown, RuleNoConsent, RuleNoConsentCategory, RuleConsentPending, RuleOptedOut, RuleOptedOutMarketing, RuleOptOutSuspected, RuleFrequencyCap, RuleConsentRequestLimit, RuleQuietHours, RuleCountryBlock, RuleConsentExpired, RuleSessionOnly, RuleFollowupLimit, RuleFollowupFormat, RuleCampaignOff, RuleThroughput, RuleMarketingLimit, RulePairRate, RuleMessagingLimit, RuleBudgetSpent, RuleCustom, RuleError,
		RuleCategoryUnknown, RuleTemplateUnknown, RuleTemplateNotApproved, RuleTemplatePaused, RuleTemplateDisabled, RuleCategoryChanged, RuleMarketingOnly,
		RuleGroupsRefused, RuleCallNotPermitted, RuleRecipientConflict, RuleRecipientInvalid,
	}
	// UnjudgedRules are those of the reader and the gateway, which are no decision's.
	UnjudgedRules = []Rule{
		RuleUnreadable, RuleTooLarge, RuleEncoding, RulePath, RuleMethod, RuleEncrypted, RuleParameter, RuleMissingParam,
		RuleStore, RuleSetup, RuleUnrecorded, RuleUnconfirmed, RuleNotSent, RuleInFlight, RuleKeyReused, RuleWebhooks,
		RuleOverloaded, RuleUnanswered, RuleCaller, RuleStranger, RuleMisconfigured, RuleAdminPath,
	}
)

// Refusals are all rules a request can be refused by.
func Refusals() []Rule { return slices.Concat(RefuseRules, UnjudgedRules) }
