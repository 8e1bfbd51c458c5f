package policy

import (
	"fmt"
	"slices"
	"time"
)

// Meta has the last word on some of what the rules decide: it refuses a message that was let
// through, or delivers one that would have been refused. Hindsight compares that word with a
// decision, and says which fact was missing where both differ.

// Matter is what an error of Meta's is about.
type Matter string

// The matters.
const (
	MatterWindow    Matter = "window"    // the customer service window
	MatterOptOut    Matter = "opt_out"   // what the person told Meta
	MatterTemplate  Matter = "template"  // whether a template may be sent
	MatterLimit     Matter = "limit"     // how much and how fast
	MatterRecipient Matter = "recipient" // who the message is for, and whether they can get it
	MatterCall      Matter = "call"      // calls
	MatterContent   Matter = "content"   // what the message says, its parameters and media
	MatterAccount   Matter = "account"   // the account, the number, tokens and payment
	MatterService   Matter = "service"   // Meta's service
	MatterOther     Matter = "other"     // an error that nobody here knows
)

// Matters are all of them.
var Matters = []Matter{MatterWindow, MatterOptOut, MatterTemplate, MatterLimit, MatterRecipient, MatterCall, MatterContent, MatterAccount, MatterService, MatterOther}

// MissableRules are the rules that judge what Meta judges as well, in the order of reports: a
// send they let through that Meta refuses is a miss of theirs.
var MissableRules = []Rule{
	RuleWindowClosed, RuleOptedOutMarketing, RuleTemplateUnknown, RuleTemplateNotApproved, RuleTemplatePaused, RuleTemplateDisabled,
	RuleMarketingOnly, RuleCallNotPermitted, RuleRecipientInvalid, RuleMarketingLimit, RulePairRate, RuleThroughput,
}

// Lack names the fact that was missing for a rule to refuse what Meta refused.
type Lack string

// What may have been missing.
const (
	LackWindowEnding   Lack = "window_ending"           // the window ended while the message was on its way
	LackWindowAtMeta   Lack = "window_at_meta"          // Meta doesn't count an opening that its own webhook told
	LackWindowUnasked  Lack = "window_unasked"          // the rule that allowed it asks for no window, or the facts are erased
	LackReading        Lack = "number_reading"          // digits without plus sign were read as somebody else's number
	LackOptOutAtMeta   Lack = "opt_out_at_meta"         // no webhook told that the person stopped marketing
	LackOptOutPassed   Lack = "opt_out_excepted"        // #nosec G101 -- no secret; the opt-out was known, and an exception let the send through
	LackCategory       Lack = "category"                // Meta takes the message for another category
	LackAccount        Lack = "account_unknown"         // nobody told whose templates the number sends
	LackNeverListed    Lack = "templates_never_listed"  // the template was never heard of, and no list of all was seen
	LackListOld        Lack = "templates_list_old"      // the list that lacks the template was too old to count
	LackTemplateStatus Lack = "template_status_unheard" // no webhook told that its status changed
	LackStatusOld      Lack = "template_status_old"     // a status that forbids was known, and too old to count
	LackTemplateEdited Lack = "template_edited"         // it was edited, and nobody told what became of that
	LackCall           Lack = "call_permission"         // the permission was over, or an open window stood for it
	LackWaitOver       Lack = "wait_over"               // the wait that Meta's earlier word asks for had ended by our count
	LackSentElsewhere  Lack = "sent_elsewhere"          // messages count that didn't pass here
)

// Lacks are all of them.
var Lacks = []Lack{
	LackWindowEnding, LackWindowAtMeta, LackWindowUnasked, LackReading, LackOptOutAtMeta, LackOptOutPassed, LackCategory, LackAccount, LackNeverListed,
	LackListOld, LackTemplateStatus, LackStatusOld, LackTemplateEdited, LackCall, LackWaitOver, LackSentElsewhere,
}

// MetaError is an error of Meta's about a send.
type MetaError struct {
	Code int
	// Later: Meta took the message first, and a status told the error.
	Later bool
}

// Hindsight is what an error of Meta's says of a decision.
type Hindsight struct {
	Matter Matter
	// Rule should have refused the send, where it was allowed: it judges what Meta refused it
	// for. Lack is the fact that was missing then. "": no rule judges that.
	Rule Rule
	Lack Lack
	// Confirmed: the send would have been refused for the reason for which Meta refused it.
	Confirmed bool
	// Said tells in a sentence or two what happened, Remedy what to do.
	Said, Remedy string
}

// Missed reports that a rule should have refused the send.
func (h *Hindsight) Missed() bool { return h.Rule != "" }

// MatterOf is what a code of Meta's is about.
func MatterOf(code int) Matter { return rowOf(code).matter }

// MayBeMissed reports that a send refused by Meta with the code may be a miss, which only all
// of its facts tell.
func MayBeMissed(code int) bool { return rowOf(code).judge != nil }

// Confirms reports that a refusal by a rule is for the reason for which Meta refuses with a
// code.
func Confirms(code int, rule Rule) bool { return slices.Contains(rowOf(code).rules, rule) }

// InHindsight is what an error of Meta's says of a decision that was made of a send on facts.
func InHindsight(e MetaError, s *Send, f *Facts, p *Policy, d *Decision, at Moment) Hindsight {
	row := rowOf(e.Code)
	if d.Verdict == Refuse {
		if Confirms(e.Code, d.Rule) {
			return Hindsight{Matter: row.matter, Confirmed: true, Said: "Meta refused it for the same reason: " + row.said + "."}
		}
		return Hindsight{Matter: row.matter, Said: "Meta refused it for another reason: " + row.said + ".", Remedy: row.remedy}
	}
	if row.judge != nil {
		c := &looking{MetaError: e, said: row.said, send: s, facts: f, policy: p, decision: d, at: at, person: new(PersonFacts)}
		if d.Person < len(f.Persons) {
			c.person = &f.Persons[d.Person]
		}
		if h := row.judge(c); h.Missed() {
			h.Matter = row.matter
			return h
		}
	}
	return Hindsight{Matter: row.matter, Said: capital(row.said) + ". " + row.beyond, Remedy: row.remedy}
}

// Disproved reports that a refusal by the rule was wrong, or not needed, where Meta delivers
// the message all the same: the rule judges nothing but what Meta would refuse as well.
// Consent, quiet hours, caps and the like are not for Meta to say.
func Disproved(rule Rule, kind Kind) bool {
	switch rule {
	case RuleWindowClosed, RuleWindowUnknown:
		return kind == FreeForm // Meta delivers direct sends without a window
	case RuleTemplateUnknown, RuleTemplateNotApproved, RuleTemplatePaused, RuleTemplateDisabled:
		return kind == TemplateMessage
	case RuleMarketingOnly, RuleMarketingLimit, RulePairRate, RuleThroughput, RuleMessagingLimit:
		return true
	}
	return false
}

// Tested are the rules that a send which was let through puts to the test once Meta has given
// its word on it: those that could have missed it.
func Tested(rule Rule, kind Kind, edge Edge, category Category, group, bare bool) bool {
	message := kind == FreeForm || kind == TemplateMessage || kind == DirectSend || kind == CallPermissionRequest
	switch rule {
	case RuleWindowClosed:
		return kind == FreeForm || kind == CallPermissionRequest
	case RuleTemplateUnknown, RuleTemplateNotApproved, RuleTemplatePaused, RuleTemplateDisabled:
		return kind == TemplateMessage
	case RuleOptedOutMarketing, RuleMarketingLimit:
		return kind == TemplateMessage && !group && (category == CategoryMarketing || category == CategoryMarketingLite)
	case RuleMarketingOnly:
		return edge == EdgeMarketing
	case RuleCallNotPermitted:
		return kind == Call
	case RuleRecipientInvalid:
		return message && bare
	case RulePairRate:
		return message && !group
	case RuleThroughput:
		return message
	}
	return false
}

// metaRow is what is known of a code.
type metaRow struct {
	matter Matter
	// said is what Meta says by it, as part of a sentence.
	said string
	// rules refuse for the same reason.
	rules []Rule
	// judge says which rule should have refused a send, and what it lacked; no rule where none
	// could have. It is nil where none ever can.
	judge func(*looking) Hindsight
	// beyond says why no rule of ours judges it, remedy what helps.
	beyond, remedy string
}

// Codes that rules judge, beside those of what Meta bounds.
const (
	codeWindow           = 131047
	codeOptOut           = 131050
	codeUndeliverable    = 131026
	codeNoTemplate       = 132001
	codeTemplatePaused   = 132015
	codeTemplateDisabled = 132016
	codeOnlyMarketing    = 131055
	codeNoMarketing      = 134100
	codeNoCall           = 138006
)

var templateRules = []Rule{RuleTemplateUnknown, RuleTemplateNotApproved, RuleTemplatePaused, RuleTemplateDisabled}

// metaRows are the codes of Meta's errors about sends, as its pages and public logs show them.
var metaRows = map[int]metaRow{
	codeWindow: {
		MatterWindow, "more than 24 hours have passed since the user last wrote (131047)",
		[]Rule{RuleWindowClosed, RuleWindowUnknown},
		(*looking).window,
		"What is no reply needs no window: Meta answers so where Direct Send is not enabled for the account.", "send a template in its place, or have Meta enable Direct Send",
	},
	codeOptOut: {
		MatterOptOut, "the user stopped marketing messages of this business (131050)", []Rule{RuleOptedOutMarketing, RuleOptedOut}, (*looking).optOut, "", "",
	},
	codeMarketing: {
		MatterLimit, "Meta spares this user another marketing message (131049)",
		[]Rule{RuleMarketingLimit, RuleCountryBlock},
		(*looking).marketingLimit,
		"How many one person gets from all businesses Meta decides by itself and tells nobody: its first word can't be known before.", "nothing: marketing to this person waits by itself",
	},
	codePair: {
		MatterLimit, "too many messages went from this number to this user in a short time (131056)",
		[]Rule{RulePairRate},
		(*looking).pair,
		"Without pair_rate nobody counts what one person is sent; only after Meta's word is waited.", "set pair_rate for the business, or send this person less at once",
	},
	codeThroughput:   throughputRow("messages left this number faster than Meta takes them (130429)"),
	codeAccountCalls: throughputRow("the account called Meta's API too often (80007)"),
	codeAppCalls:     throughputRow("the app called Meta's API too often (4)"),
	codeNoTemplate:   {MatterTemplate, "the template doesn't exist in this language, or is not approved (132001)", templateRules, (*looking).template, "", ""},
	codeTemplatePaused: {
		MatterTemplate, "the template is paused because of low quality (132015)", templateRules, (*looking).standing,
		"Meta took the message first and held it back: it was dropped when the template was paused.", "see what people dislike about the template; it is held back by itself as long as it is paused",
	},
	codeTemplateDisabled: {
		MatterTemplate, "the template is disabled (132016)", templateRules, (*looking).standing,
		"Meta took the message first, and the template was disabled before it left.", "edit the template and have it approved again, or use another one",
	},
	codeOnlyMarketing: {MatterTemplate, "/marketing_messages takes marketing templates only (131055)", []Rule{RuleMarketingOnly}, (*looking).marketingOnly, "", ""},
	codeNoMarketing:   {MatterTemplate, "/marketing_messages takes marketing templates only (134100)", []Rule{RuleMarketingOnly}, (*looking).marketingOnly, "", ""},
	codeNoCall:        {MatterCall, "the user has not permitted calls (138006)", []Rule{RuleCallNotPermitted}, (*looking).call, "", ""},
	codeUndeliverable: {
		MatterRecipient, "the message can't be delivered (131026)",
		[]Rule{RuleRecipientInvalid, RuleRecipientConflict},
		(*looking).undeliverable,
		"The number may not be on WhatsApp, its app may be old, its user may not have accepted the terms or may have blocked the business: Meta doesn't say which.", "don't repeat it; ask the person on another channel",
	},

	130472: {matter: MatterLimit, said: "the user is in an experiment of Meta's on marketing messages (130472)", beyond: "Who takes part nobody is told.", remedy: "don't repeat it"},
	codeSpam: {
		matter: MatterAccount, said: "too many earlier messages were blocked or reported as spam (131048)", rules: []Rule{RuleCampaignOff},
		beyond: "Meta doesn't tell of blocks and reports one by one: its first word can't be known before.", remedy: "marketing of the number is switched off by itself; see waguard campaign",
	},
	codeBlocked: accountRow("Meta blocks the business for violations of its policy (368)", RuleCampaignOff),
	codeLocked:  accountRow("Meta has locked the account (131031)", RuleCampaignOff),
	3:           accountRow("the app lacks a capability or permission (3)"),
	10:          accountRow("the app lacks a permission (10)"),
	33:          accountRow("the business phone number doesn't exist any more (33)"),
	190:         accountRow("the access token has expired (190)"),
	130497:      accountRow("the business may not write to this country (130497)", RuleCountryBlock),
	131005:      accountRow("access is denied (131005)"),
	131037:      accountRow("the number has no approved display name (131037)"),
	131042:      accountRow("something is wrong with the payment of the account (131042)"),
	131044:      accountRow("something is wrong with the payment of calls (131044)"),
	131045:      accountRow("the number is not registered (131045)"),
	131063:      accountRow("marketing templates are not enabled for the account here (131063)"),
	131064:      accountRow("the account is limited because it misclassified templates (131064)"),
	133010:      accountRow("the number is not registered (133010)"),
	134011:      accountRow("the terms of payments are not accepted (134011)"),
	139200:      accountRow("the account may not use Direct Send (139200)"),

	1:      serviceRow("Meta had an error that it doesn't explain (1)"),
	2:      serviceRow("Meta's API was down (2)"),
	131000: serviceRow("Meta had an error that it doesn't explain (131000)"),
	131016: serviceRow("Meta's service was not available (131016)"),
	131057: serviceRow("the account was in maintenance (131057)"),
	133004: serviceRow("Meta's server was not available (133004)"),
	134101: serviceRow("the template is still being made known to /marketing_messages (134101)"),
	134102: serviceRow("/marketing_messages was not available for it (134102)"),
	138002: serviceRow("too many calls were held at once (138002)"),
	138004: serviceRow("the call could not be connected (138004)"),

	131021: {matter: MatterRecipient, said: "the recipient is the business itself (131021)", beyond: "Whose numbers belong to the business only Meta knows for all.", remedy: "mend the list it came from"},
	131030: {matter: MatterRecipient, said: "the recipient is not in the list of the test number (131030)", beyond: "It is a matter of development.", remedy: "add the number to the list in Meta's dashboard, as its webhooks spell it"},
	131062: {matter: MatterRecipient, said: "this message can't go to a user id (131062)", beyond: "Which messages need a phone number depends on the template's buttons.", remedy: "send it to the phone number"},
	137000: {matter: MatterRecipient, said: "the user's identity key has changed (137000)", beyond: "The check of identity keys is between the sender and Meta.", remedy: "make sure who the person is and acknowledge the new key"},
	138001: {matter: MatterCall, said: "the user can't be called (138001)", beyond: "Nobody is told beforehand.", remedy: "write to them"},
	138009: {matter: MatterCall, said: "the user was asked for permission to call too often (138009)", beyond: "No rule counts those requests.", remedy: "wait before asking again"},
	138012: {matter: MatterCall, said: "the user was called too often (138012)", beyond: "No rule counts calls.", remedy: "wait before calling again"},
}

func throughputRow(said string) metaRow {
	return metaRow{
		MatterLimit, said,
		[]Rule{RuleThroughput},
		(*looking).throughput,
		"How much Meta takes it tells only by refusing more: its first word can't be known before.", "nothing: the number waits by itself; spread large sends over a longer time",
	}
}

func accountRow(said string, rules ...Rule) metaRow {
	return metaRow{matter: MatterAccount, said: said, rules: rules, beyond: "It is between the business and Meta.", remedy: "mend it in Meta's Business settings; waguard doctor and waguard events say what is known"}
}

func serviceRow(said string) metaRow {
	return metaRow{matter: MatterService, said: said, beyond: "It is a matter of Meta's service.", remedy: "send it again later, a few times"}
}

// rowOf is what is known of a code. Codes beside those in the table are told apart by what
// Meta gives their numbers to.
func rowOf(code int) metaRow {
	if row, ok := metaRows[code]; ok {
		return row
	}
	content := metaRow{matter: MatterContent, said: fmt.Sprintf("something is wrong with the message or its parameters (%d)", code), beyond: "What a message says no rule judges.", remedy: "mend the message; the error that its sender got, or the status, says where"}
	switch {
	case code == 0:
		return metaRow{matter: MatterOther, said: "Meta refused it without a code of its own, or for the access token (0)", beyond: "No rule judges that.", remedy: "see what its sender was answered"}
	case code >= 200 && code < 300:
		return accountRow(fmt.Sprintf("a permission is missing (%d)", code))
	case code == 100, code >= 131008 && code < 131021, code == 131051, code == 131052, code == 131053, code == 131061, code == 135000, code >= 132000 && code < 133000, code >= 139000 && code < 139100:
		return content
	case code >= 131201 && code <= 131215:
		return metaRow{matter: MatterRecipient, said: fmt.Sprintf("something is wrong with the group (%d)", code), beyond: "Groups are Meta's to keep.", remedy: "see the group in WhatsApp Manager"}
	case code >= 133000 && code < 134000:
		return accountRow(fmt.Sprintf("something is wrong with the registration of the number (%d)", code))
	case code >= 138000 && code <= 138020:
		return metaRow{matter: MatterCall, said: fmt.Sprintf("the call can't be made (%d)", code), beyond: "No rule judges that.", remedy: "see Meta's page on calls"}
	}
	return metaRow{matter: MatterOther, said: fmt.Sprintf("Meta answered %d, which nobody here knows", code), beyond: "No rule judges that.", remedy: "look the code up on Meta's page of error codes"}
}

// looking is who looks back at an allowed send that Meta refused.
type looking struct {
	MetaError
	said     string // what Meta says by it
	send     *Send
	facts    *Facts
	policy   *Policy
	decision *Decision
	at       Moment
	person   *PersonFacts
}

func missed(rule Rule, lack Lack, said, remedy string) Hindsight {
	return Hindsight{Rule: rule, Lack: lack, Said: said, Remedy: remedy}
}

// endingWithin is how long before the end of a window a message may have been decided that
// met its end: queues, retries and clocks take minutes.
const endingWithin = 10 * time.Minute

// severalReadings reports that digits without a plus sign may be more than one person's.
func (c *looking) severalReadings() bool {
	phones := len(c.facts.Persons)
	if c.send.TwoNames {
		phones--
	}
	return c.send.Bare != NotBare && phones > 1
}

const bareRemedy = "have the sender write the number with plus and country code"

func (c *looking) window() Hindsight {
	if c.send.Kind != FreeForm && c.send.Kind != CallPermissionRequest {
		return Hindsight{}
	}
	w := WindowOf(c.person.Opened, 0)
	switch {
	case !w.OpenAt(c.at):
		return missed(RuleWindowClosed, LackWindowUnasked, fmt.Sprintf("Meta says that the customer service window is closed. %s let the message through, and no window that was open is among its facts: that rule asks for none, or the facts are erased", c.decision.Rule),
			"see with waguard why what allowed it")
	case c.severalReadings():
		return missed(RuleWindowClosed, LackReading, "Meta says that the customer service window is closed. The number was written without plus sign and may be several people's: the window that was open is another one's", bareRemedy)
	case w.Closes <= c.at.Add(endingWithin):
		return missed(RuleWindowClosed, LackWindowEnding, fmt.Sprintf("Meta says that the customer service window is closed. By its own webhook the user was in touch at %s, and the window ended at %s: %s after the message was judged, while it was on its way",
			c.person.Opened, w.Closes, spell(w.Closes, c.at)), "raise window_margin, so that nothing is sent so late")
	}
	return missed(RuleWindowClosed, LackWindowAtMeta, fmt.Sprintf("Meta says that the customer service window is closed. By its own webhook the user was in touch at %s, %s before, and the window is open until %s: Meta knows the issue that it sometimes doesn't count what it has told",
		c.person.Opened, spell(c.at, c.person.Opened), w.Closes), "send it again once, or a template in its place; where it happens often, compare the clocks with waguard doctor")
}

// spell is how long one moment is after another, without what is less than a minute of more.
func spell(after, before Moment) string {
	d := time.Duration(after-before) * time.Millisecond
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

func (c *looking) optOut() Hindsight {
	consent := &c.person.Consent[Marketing]
	switch {
	case c.decision.Category != CategoryUnknown && c.decision.Category.Scope() != Marketing:
		return missed(RuleOptedOutMarketing, LackCategory, fmt.Sprintf("The user stopped marketing messages, and Meta takes this one for marketing: it was judged as %s", c.decision.Category),
			"see with waguard templates whether the category has changed, and list the templates once (waguard templates sync)")
	case consent.State == OptedOut:
		return missed(RuleOptedOutMarketing, LackOptOutPassed, fmt.Sprintf("The user stopped marketing messages. That was known since %s, and %s let the message through all the same", consent.Since, c.decision.Rule), "see whether that exception is meant to hold for marketing")
	case consent.State == OptedIn:
		return missed(RuleOptedOutMarketing, LackOptOutAtMeta, fmt.Sprintf("The user stopped marketing messages at Meta, and no webhook had told so. On record was an opt-in of %s (%s)", consent.Since, consent.Source), subscribePreferences)
	}
	return missed(RuleOptedOutMarketing, LackOptOutAtMeta, "The user stopped marketing messages at Meta, and no webhook had told so. No opt-in was on record; "+string(c.decision.Rule)+" let the message through", subscribePreferences)
}

const subscribePreferences = "subscribe the app to the webhook field user_preferences; this opt-out is recorded now"

// waited is when Meta said before what it says again, and when the wait for that was over.
func (c *looking) waited(list []Limited, codes ...int) (said, until Moment) {
	for _, code := range codes {
		if u, at, _ := waiting(list, code); u > until {
			said, until = at, u
		}
	}
	return said, until
}

func waitOver(rule Rule, what string, said, until Moment) Hindsight {
	return missed(rule, LackWaitOver, fmt.Sprintf("%s. It had said so at %s, which was waited for until %s: by Meta's count that was too short", what, said, until), "nothing: the next wait is longer")
}

func (c *looking) marketingLimit() Hindsight {
	at, until := c.waited(c.person.Limits, codeMarketing)
	if until == 0 || until > c.at { // where it was still waited for, the window was open or another person judged
		return Hindsight{}
	}
	return waitOver(RuleMarketingLimit, "Meta spares this user another marketing message", at, until)
}

func (c *looking) pair() Hindsight {
	if at, until := c.waited(c.person.Limits, codePair); until != 0 && until <= c.at {
		return waitOver(RulePairRate, "Meta says that this number writes to this user too often", at, until)
	}
	if !c.policy.PairRate {
		return Hindsight{}
	}
	return missed(RulePairRate, LackSentElsewhere, "Meta says that this number writes to this user too often. By what passed here it may write more: Meta counts messages that didn't, or bounds them closer than its pages say",
		"send all messages of the number through the gateway; waguard ledger unseen lists those that didn't pass")
}

func (c *looking) throughput() Hindsight {
	at, until := c.waited(c.facts.Limits, numberCodes...)
	if until == 0 || until > c.at {
		return Hindsight{}
	}
	return waitOver(RuleThroughput, "Meta says that this number sends too much", at, until)
}

// standing is of a template that Meta refuses to send because of its standing. What Meta took
// first it didn't know itself.
func (c *looking) standing() Hindsight {
	if c.Later {
		return Hindsight{}
	}
	return c.template()
}

const (
	syncTemplates      = "list the templates once through the gateway (waguard templates sync), or set template_sync, which does so by itself"
	subscribeTemplates = "subscribe the app to the webhook field message_template_status_update, and list the templates once (waguard templates sync)"
)

func (c *looking) template() Hindsight {
	t := &c.facts.Template
	rule := map[int]Rule{codeTemplatePaused: RuleTemplatePaused, codeTemplateDisabled: RuleTemplateDisabled}[c.Code]
	if rule == "" {
		if rule = RuleTemplateUnknown; t.Found {
			rule = RuleTemplateNotApproved
		}
	}
	what := capital(c.said) + ". "
	switch standing, known := standings[t.Status]; {
	case t.NoAccount:
		return missed(rule, LackAccount, what+"Nobody has told to which account the number belongs, so that nothing was known of its templates", "write waba <id> into the business block, or wait for a webhook of the number")
	case !t.Found && t.Listed:
		return missed(rule, LackListOld, what+fmt.Sprintf("It was not in the account's list, which was last seen whole at %s: too long before to refuse by", t.ListedAt), syncTemplates)
	case !t.Found:
		return missed(rule, LackNeverListed, what+"The template had never been heard of, and the account's list was never seen whole", syncTemplates)
	case t.Status == TemplateEdited:
		return missed(rule, LackTemplateEdited, what+"It was edited through the gateway, and nobody had told what Meta makes of the new version", subscribeTemplates)
	case known && standing.rule != RuleConsent:
		return missed(rule, LackStatusOld, what+fmt.Sprintf("It was known as %s since %s, which was too long before to refuse by", t.Status, t.ReadAt), subscribeTemplates)
	case t.Status == "":
		return missed(rule, LackTemplateStatus, what+"Its name was known, and its status was never told", subscribeTemplates)
	case t.ReadAt != 0:
		return missed(rule, LackTemplateStatus, what+fmt.Sprintf("It was known as %s, as listed at %s, and no webhook had told of a change since", t.Status, t.ReadAt), subscribeTemplates)
	}
	return missed(rule, LackTemplateStatus, what+fmt.Sprintf("It was known as %s by a webhook, and none had told of a change since", t.Status), subscribeTemplates)
}

func (c *looking) marketingOnly() Hindsight {
	return missed(RuleMarketingOnly, LackCategory, fmt.Sprintf("%s. The template was known as %s", capital(c.said), c.facts.Template.CategoryAt(c.at)), syncTemplates)
}

func (c *looking) call() Hindsight {
	said := fmt.Sprintf("The user has not permitted calls. %s let the call through, since the customer service window was open", c.decision.Rule)
	remedy := "ask for permission to call with a call permission request"
	if c.person.CallUntil > c.at {
		said = fmt.Sprintf("The user has not permitted calls by Meta's count. Known was a permission until %s, and no webhook had told that it was taken back", c.person.CallUntil)
		if c.person.CallUntil == Forever {
			said = "The user has not permitted calls by Meta's count. Known was a permission without end, and no webhook had told that it was taken back"
		}
		remedy = "subscribe the app to the webhook field messages, which tells of call permissions, and ask again"
	}
	return missed(RuleCallNotPermitted, LackCall, said, remedy)
}

// undeliverable is a miss only where a guess of ours said who the person is.
func (c *looking) undeliverable() Hindsight {
	if !c.severalReadings() {
		return Hindsight{}
	}
	return missed(RuleRecipientInvalid, LackReading, "The message can't be delivered. Its number was written without plus sign and may be several people's: it was taken for one that may not be on WhatsApp", bareRemedy)
}

// capital is a sentence that begins with a capital.
func capital(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}
