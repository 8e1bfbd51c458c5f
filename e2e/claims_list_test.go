package e2e

import (
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/policy"
)

const (
	toUtility   = "allow CONSENT utility by business"
	toMarketing = "allow CONSENT marketing by business"
	pending     = "refuse CONSENT_PENDING 403/131005 "
	capped      = "refuse FREQUENCY_CAP 400/131049 marketing by business"
)

var notifyClaims = []claim{
	{
		name: "user-initiated", says: "Somebody writes first, and the business may answer",
		does:  "Their message opens the window of this person and this business number, for 24 hours from its timestamp",
		rules: []policy.Rule{policy.RuleWindowOpen},
		steps: steps{text(ana, windowClosed), ana.writes("Hello"), ana.windowIs("open for 24h0m0s"), text(ana, passes), text(ben, windowClosed)},
	},
	{
		name: "reply-moves-nothing", says: "The business's first reply starts the session of 24 hours",
		does:  "No longer so: the person's message or call starts it, and nothing that is sent moves it",
		rules: []policy.Rule{policy.RuleWindowClosed}, tests: []string{"TestWindowIsOpenedByThePersonAlone"},
		steps: steps{ana.writes("Hello"), after(11 * time.Hour), text(ana, passes), statuses, after(13*time.Hour + time.Second), text(ana, windowClosed)},
	},
	{
		name: "charged-by-message", says: "What is sent within 24 hours is one charge",
		does:  "No longer so since 2025-07-01: each message is charged for itself when it is delivered, by the rules and the rate card of that day: three replies after the allowance are three lines in October 2026, and cost nothing in September",
		tests: []string{"TestReportCategories", "TestCounts", "TestReportPrices"},
		steps: steps{ana.writes("Hello"), text(ana, passes), text(ana, passes), text(ana, passes), statuses, linesAre("3 service allow")},
	},
	{
		name: "business-initiated", says: "The business writes first",
		does:  "A send without an open window is marked as initiated by the business, one within it as by the user",
		tests: []string{"TestTags"},
		steps: steps{list, ana.optsIn("all"), template(ana, "sale", toMarketing), initiated("business"), ana.writes("Hello"), template(ana, "sale", "allow CONSENT marketing by user"), initiated("user")},
	},
	{
		name: "approved-templates-only", says: "Who writes first uses a template that Meta has approved",
		does:  "Anything else is refused, and so is a template that is unknown, in review, rejected, paused or disabled; nothing reaches Meta, and each refusal is a violation",
		rules: []policy.Rule{policy.RuleWindowClosed, policy.RuleTemplateUnknown, policy.RuleTemplateNotApproved, policy.RuleTemplatePaused, policy.RuleTemplateDisabled},
		tests: []string{"TestTemplateStatusTable"},
		steps: steps{
			list, ana.optsIn("all"), text(ana, windowClosed), template(ana, "draft", "refuse TEMPLATE_NOT_APPROVED 404/132001 utility by business"),
			template(ana, "never_made", "refuse TEMPLATE_UNKNOWN 404/132001 unknown by business"), template(ana, "sale", toMarketing),
		},
	},
	{
		name: "push-notification", says: "A push notification is a template nobody has just asked for",
		does:  "Reports have the class `notification`: templates that met a closed window",
		tests: []string{"TestIsNotification"},
		steps: steps{list, ana.optsIn("all"), template(ana, "parcel_ready", toUtility), ana.writes("Hello"), template(ana, "sale", "allow CONSENT marketing by user"), text(ana, passes), notificationsAre("1 utility allow")},
	},
	{
		name: "offers-need-marketing", says: "Abandoned carts, offers and campaigns are marketing",
		does:  "A marketing template needs an opt-in to marketing, whatever else was agreed to",
		rules: []policy.Rule{policy.RuleNoConsentCategory},
		steps: steps{list, ana.optsIn("transactional"), template(ana, "sale", wrongConsent+"marketing by business"), ana.optsIn("marketing"), template(ana, "sale", toMarketing)},
	},
	{
		name: "updates-need-transactional", says: "Shipping updates, registrations and reminders are utility",
		does:  "A utility template needs an opt-in to transactional messages, and none to marketing",
		rules: []policy.Rule{policy.RuleConsent},
		steps: steps{list, ana.optsIn("transactional"), template(ana, "parcel_ready", toUtility), template(ana, "sale", wrongConsent+"marketing by business")},
	},
	{
		name: "connected-number", says: "A business sends from a number it has connected",
		does:  "Each number is configured with its account, name and time zone; others are refused",
		rules: []policy.Rule{policy.RuleSenderUnknown},
		steps: steps{ana.writes("Hello"), send("999888777666", ana.address()+`,"type":"text","text":{"body":"Secret message"}`, "refuse SENDER_UNKNOWN 400/33 unknown"), text(ana, passes)},
	},
	{
		name: "opt-in-first", says: "It gets the opt-in first",
		does:  "Without a record nothing that the business initiates leaves",
		rules: []policy.Rule{policy.RuleNoConsent},
		steps: steps{list, template(ana, "parcel_ready", noConsent+"utility by business"), template(ana, "sale", noConsent+"marketing by business"), template(ana, "login_code", noConsent+"authentication by business")},
	},
	{
		name: "template-registry", says: "It has its templates approved, and heeds what becomes of them",
		does:  "The registry has name, language, category and status of each, from listings and webhooks",
		rules: []policy.Rule{policy.RuleTemplatePaused}, tests: []string{"TestTemplateKnowledge"},
		steps: steps{
			list, ana.optsIn("all"), after(time.Second), templateIs("sale", "PAUSED"), template(ana, "sale", "refuse TEMPLATE_PAUSED 400/132015 marketing by business"),
			after(time.Hour), templateIs("sale", "REINSTATED"), template(ana, "sale", toMarketing),
		},
	},
	{
		name: "campaign-schedule", says: "Campaigns are sent at decent hours, and counted together",
		does:     "Marketing waits for the end of `quiet_hours` where the recipient is; campaigns are tags, which reports add up",
		rules:    []policy.Rule{policy.RuleQuietHours},
		tests:    []string{"TestQuietHoursStory", "TestReportOfMoney"},
		whatsapp: withPolicy("quiet_hours marketing 00:00 12:00 UTC"),
		steps: steps{
			list, ana.optsIn("all"), template(ana, "sale", "refuse QUIET_HOURS 400/131049 marketing by business"), template(ana, "parcel_ready", toUtility),
			after(3 * time.Hour), template(ana, "sale", toMarketing),
		},
	},
	{
		name: "names-whatsapp", says: "An opt-in makes clear that messages come over WhatsApp",
		does:     "`names_channel` and the text that was shown, or its hash, are on record; with `opt_in_evidence strict` an opt-in without them is refused with 422, and each missing field is named. `opt_in_names_whatsapp optional` is for whoever follows Meta's relaxed text",
		whatsapp: strict,
		steps: steps{
			ana.agrees(told("names_channel"), 422, "names_channel"), ana.agrees(told("text"), 422, "text"), ana.consentIs("unknown unknown unknown"),
			ana.agrees(told(), 200, "opted_in"), ana.evidenceIs("names_channel", "true"),
			reconfigured("business " + shop + " {\nname \"Example Shop\"\nwaba " + waba + "\nopt_in_evidence strict\nopt_in_names_whatsapp optional\n}"),
			ben.agrees(told("names_channel"), 200, "opted_in"),
		},
	},
	{
		name: "names-business", says: "An opt-in names the business",
		does:     "`business_name` must be the name in the configuration; another one is refused with 422 in strict mode",
		whatsapp: strict,
		steps: steps{
			ana.agrees(told("business_name"), 422, "business_name"), ana.agrees(told("business_name")+`,"business_name":"Other Shop"`, 422, "business_name", "BUSINESS_NAME_MISMATCH"),
			ana.agrees(told(), 200),
		},
	},
	{
		name: "channels", says: "Opt-ins come from a website, a chat, third parties, existing systems, shops, contact pages and forms",
		does:  "Each is a source that is stored and can be listed by; others are written `other:` and a few words; a bare word that is none is refused",
		tests: []string{"TestEverySourceNeedsWhatItNeeds", "TestParseSource", "TestImportCommand"},
		steps: sourcesAreTaken("website", "chat", "third_party", "existing_system", "in_store", "contact_page", "signup_form", "other:trade fair"),
	},
}

var startClaims = []claim{
	{
		name: "replies-need-no-opt-in", says: "Whoever writes gets answers, without having opted in",
		does:  "A free-form message passes in an open window, and is tagged `service`",
		rules: []policy.Rule{policy.RuleWindowOpen},
		steps: steps{ana.writes("Hello"), text(ana, passes), ana.consentIs("unknown unknown unknown")},
	},
	{
		name: "entry-direct", says: "Somebody writes to the number directly",
		does:  "Their message opens the window, which is known to have been opened directly: in `waguard consent get`, the ledger and the decision log",
		steps: steps{ana.writes("Hello"), ana.entered("direct"), text(ana, passes), sentWithin("direct")},
	},
	{
		name: "entry-known", says: "Somebody comes by a link, button, chat on a website, QR code or pop-up",
		does:  "Their message opens the window, and tells by the text that the link or code had ready how they came (`entry`, `waguard link`)",
		steps: steps{reconfigured(inGermany + "\nentry qr:poster \"I come from the poster\""), ana.writes("i come from the poster!"), ana.entered("qr:poster"), text(ana, passes), sentWithin("qr:poster")},
	},
	{
		name: "entry-other", says: "There are more ways than these",
		does:  "`other:` and a few words is a source",
		steps: sourcesAreTaken("other:television", "other:Messe"),
	},
	{
		name: "ad-is-no-free-form", says: "An ad that opens a chat makes three days free of charge",
		does:  "It concerns the price alone, which is nothing for 72 hours from the answer: free-form is refused after 24 hours as ever",
		rules: []policy.Rule{policy.RuleWindowClosed}, tests: []string{"TestFreeEntryPoint"},
		steps: steps{
			list, ana.optsIn("marketing"), ana.says(shop, graphsim.Text("Hi").FromAd("1200", "Aff")), text(ana, passes),
			after(30 * time.Hour), text(ana, windowClosed), template(ana, "sale", toMarketing),
		},
	},
	{
		name: "notifications-need-consent", says: "Notifications after the session need consent",
		does:  "An open window is no consent, and a closed one is none",
		rules: []policy.Rule{policy.RuleNoConsent},
		steps: steps{list, ana.writes("Hello"), template(ana, "sale", noConsent+"marketing by user"), after(day), template(ana, "parcel_ready", noConsent+"utility by business")},
	},
	{
		name: "off-whatsapp", says: "Opt-ins begin off WhatsApp",
		does:     "No longer demanded by Meta; with `opt_in_off_whatsapp required` those from a chat on WhatsApp are not taken",
		whatsapp: withPolicy("opt_in_off_whatsapp required"),
		steps: steps{
			ana.agrees(`"scope":"all","source":"chat","message_id":"m1"`, 422, "opt_in_off_whatsapp"), ana.consentIs("unknown unknown unknown"),
			ana.agrees(`"scope":"all","source":"website"`, 200),
			reconfigured(inGermany), ben.agrees(`"scope":"all","source":"chat","message_id":"m1"`, 200),
		},
	},
	{
		name: "confirmed", says: "The business has the opt-in confirmed",
		does:  "With `opt_in_confirmation required` an opt-in is a question until the person says yes; until then they get the template that asks, and nothing else",
		rules: []policy.Rule{policy.RuleConsentPending, policy.RuleConsentRequest}, tests: []string{"TestConfirmationRequired"},
		whatsapp: withPolicy("opt_in_confirmation required", "consent_request_templates appointment", "opt_in_questions marketing appointment"),
		steps: steps{
			list, ana.agrees(`"scope":"marketing","source":"website"`, 200, "challenge"), template(ana, "sale", pending+"marketing by business"),
			template(ana, "appointment", "allow CONSENT_REQUEST utility by business"), after(time.Minute), ana.writes("Yes"), template(ana, "sale", "allow CONSENT marketing by user"),
		},
	},
	{
		name: "welcome-once", says: "A welcome message follows on WhatsApp",
		does:  "The first template after an opt-in is marked as the welcome, once, however many leave at once; its time stays on record",
		tests: []string{"TestWelcomeStory", "TestWelcomeUnderConcurrency"},
		steps: steps{list, ana.optsIn("all"), template(ana, "parcel_ready", toUtility), welcomed(true), after(time.Hour), template(ana, "sale", toMarketing), welcomed(false)},
	},
	{
		name: "widget-evidence", says: "A widget or pop-up on a website collects opt-ins",
		does:     "Page, address, user agent and text are on record",
		whatsapp: strict,
		steps: steps{
			ana.agrees(told("source", "page_url")+`,"source":"widget"`, 422, "page_url"),
			ana.agrees(told("source")+`,"source":"popup"`, 200), ana.evidenceIs("page_url", "https://shop.example/"), ana.evidenceIs("ip", "203.0.113.9"), ana.evidenceIs("source", "popup"),
		},
	},
	{
		name: "in-app", says: "A switch in an app, for people who are signed in",
		does:     "The account, as a hash or another name, is on record",
		whatsapp: strict,
		steps: steps{
			ana.agrees(told("source")+`,"source":"in_app"`, 422, "app_account"),
			ana.agrees(told("source")+`,"source":"in_app","app_account":"sha256:1f"`, 200), ana.evidenceIs("app_account", "sha256:1f"),
		},
	},
	{
		name: "asked-by-sms-or-mail", says: "An SMS or e-mail asks, with what it is about and how to agree",
		does:     "`programme` and `instructions_shown` are on record; strict mode refuses an opt-in without them",
		whatsapp: strict,
		steps: steps{
			ana.agrees(told("source")+`,"source":"sms","programme":"offers"`, 422, "instructions_shown"),
			ana.agrees(told("source")+`,"source":"email","programme":"offers","instructions_shown":"reply YES"`, 200),
		},
	},
	{
		name: "double-opt-in", says: "Who is asked by SMS replies yes",
		does:  "A challenge has an id and an end; yes before it confirms, in whatever language, after it nothing does, and any other word leaves the question open",
		rules: []policy.Rule{policy.RuleConsentPending}, tests: []string{"TestDoubleOptIn"},
		steps: steps{
			list, ana.challenged(time.Hour, "maybe", "unclear"), template(ana, "sale", pending+"marketing by business"),
			ana.challenged(time.Hour, "YES", "confirmed"), template(ana, "sale", toMarketing),
			ben.challenged(48*time.Hour+time.Second, "YES", "expired"), template(ben, "sale", pending+"marketing by business"),
		},
	},
	{
		name: "policy-by-number", says: "A business may set its own ways for each of its processes",
		does:     "Each number has a policy of its own",
		whatsapp: "business " + shop + " {\nin_window_consent required\n}\nbusiness " + support,
		steps: steps{
			ana.writes("Hello"), ana.says(support, graphsim.Text("Hello")), text(ana, noConsent+"service by user"),
			send(support, ana.address()+`,"type":"text","text":{"body":"Secret message"}`, passes),
		},
	},
}

var talkClaims = []claim{
	{
		name: "one-way", says: "A notification is a template, sent one way",
		does:  "Every decision has what kind of message it was, and reports have the class",
		steps: steps{list, ana.optsIn("all"), template(ana, "parcel_ready", toUtility), notificationsAre("1 utility allow")},
	},
	{
		name: "category-by-registry", says: "An order that was shipped, a reminder and a code are utility, utility and authentication",
		does: "The category is the registered one, never guessed from the text",
		steps: steps{
			list, ana.optsIn("all"), template(ana, "parcel_ready", toUtility), template(ana, "appointment", toUtility), template(ana, "login_code", "allow CONSENT authentication by business"),
		},
	},
	{
		name: "either-side-opens", says: "A message from either side opens 24 hours",
		does:  "Half of it: only the person's",
		rules: []policy.Rule{policy.RuleWindowClosed},
		steps: steps{list, ana.optsIn("all"), template(ana, "parcel_ready", toUtility), statuses, text(ana, windowClosed), ana.writes("Hello"), text(ana, passes)},
	},
	{
		name: "no-extra-charge", says: "Within it there is no further charge",
		does: "No longer so since 2026-10-01; each message is counted and priced", tests: []string{"TestReportPrices"},
		steps: steps{ana.writes("Hello"), text(ana, passes), text(ana, passes), linesAre("2 service allow")},
	},
	{
		name: "free-formats-open", says: "Texts, images and documents are free of form within it",
		does:  "So is every other kind of message",
		rules: []policy.Rule{policy.RuleWindowOpen}, steps: allTypes(true),
	},
	{
		name: "free-formats-closed", says: "and not outside of it",
		does:  "Every kind but a template is refused",
		rules: []policy.Rule{policy.RuleWindowClosed}, steps: allTypes(false),
	},
	{
		name: "unknown-kind", says: "A kind of message that doesn't exist yet",
		does:  "Is judged as free of form",
		rules: []policy.Rule{policy.RuleWindowClosed},
		steps: steps{send(shop, ana.address()+`,"type":"zzz","zzz":{"a":1}`, windowClosed), ana.writes("Hello"), send(shop, ana.address()+`,"type":"zzz","zzz":{"a":1}`, passes)},
	},
	{
		name: "charges-shown", says: "Notifications are charged by template, conversations by 24 hours",
		does:  "No longer so: both by message. Reports count by category, class, market and day, and have what each costs, by which card and in which currency",
		tests: []string{"TestReportCategories", "TestReportDays", "TestReportOfMoney"},
		steps: steps{list, ana.optsIn("all"), template(ana, "sale", toMarketing), ana.writes("Hello"), text(ana, passes), linesAre("1 marketing allow", "1 service allow")},
	},
	{
		name: "approval-needed", says: "Templates need approval, replies don't",
		does:  "As Meta has it",
		rules: []policy.Rule{policy.RuleTemplateNotApproved, policy.RuleWindowOpen},
		steps: steps{list, ana.optsIn("all"), template(ana, "refused", "refuse TEMPLATE_NOT_APPROVED 404/132001 utility by business"), ana.writes("Hello"), text(ana, passes)},
	},
	{
		name: "cost-known-before", says: "Nobody is surprised by a charge",
		does:  "Every answer has category, market, price, currency and rate card, whether it was sent or refused, and what lawful thing would cost less",
		tests: []string{"TestAnswer", "TestPriceOfEveryAnswer"},
		steps: steps{list, ana.optsIn("all"), template(ana, "sale", toMarketing), text(ana, windowClosed)},
	},
	{
		name: "tracked", says: "Sends are tracked by team, template, market, category and day",
		does:  "In tables, CSV, JSON and as a page, by tags such as team and campaign too; the sums are the ledger's",
		tests: []string{"TestGroups", "TestReportDays", "TestReportOfMoney", "TestTagsOfSends", "TestSenders", "TestMarketOfTheAccountsDay"},
		steps: steps{list, ana.optsIn("all"), template(ana, "sale", toMarketing), template(ben, "sale", noConsent+"marketing by business"), linesAre("1 marketing allow", "1 marketing refuse")},
	},
}

var typeClaims = []claim{
	{
		name: "session-message", says: "Messages of a session go out within 24 hours of the person's last word",
		does:  "To the second, counted from the newest timestamp, not from the newest arrival",
		rules: []policy.Rule{policy.RuleWindowOpen, policy.RuleWindowClosed}, tests: []string{"TestWindow", "TestPersonWindow"},
		steps: steps{
			ana.writes("Hello"), after(20 * time.Hour), ana.wrote(30*time.Hour, "delivered late"), after(4*time.Hour - time.Second), text(ana, passes), after(time.Second), text(ana, windowClosed),
		},
	},
	{
		name: "support-in-session", says: "A session is for support and for what is going on",
		does:  "It needs no opt-in; with `in_window_consent required` it does",
		rules: []policy.Rule{policy.RuleWindowOpen},
		steps: steps{
			ana.writes("Hello"), text(ana, passes), reconfigured(withPolicy("in_window_consent required")), text(ana, noConsent+"service by user"), ana.optsIn("transactional"), text(ana, passes),
		},
	},
	{
		name: "templates-outside", says: "Templates go out at any time, to people who opted in; their variables are free",
		does:  "Variables are never judged",
		rules: []policy.Rule{policy.RuleConsent},
		steps: steps{
			list, ana.optsIn("transactional"),
			send(shop, ana.address()+`,"type":"template","template":{"name":"parcel_ready","language":{"code":"en"},"components":[{"type":"body","parameters":[{"type":"text","text":"Secret message"}]}]}`, toUtility),
		},
	},
	{
		name: "hsm", says: "An HSM is a kind of its own, and more flexible",
		does:     "It is the old name of the template, and judged and counted as one",
		whatsapp: "business " + shop + " {\nwaba " + waba + "\n}", guard: "dialect on_premises\nphone_number_id " + shop,
		steps: steps{
			templateListed("parcel_ready", "UTILITY"), sendTo("/v1/messages", hsm(ana), noConsent+"utility by business"),
			ana.optsIn("transactional"), sendTo("/v1/messages", hsm(ana), toUtility), notificationsAre("1 utility allow", "1 utility refuse"),
		},
	},
	{
		name: "otp", says: "A code for somebody who is signing in",
		does:     "With `otp_on_request` a recorded request lets authentication templates through for some minutes, also after an opt-out, and nothing else; without, they need an opt-in to authentication",
		rules:    []policy.Rule{policy.RuleCodeRequested, policy.RuleNoConsent, policy.RuleOptedOut},
		tests:    []string{"TestCodeOnRequestStory", "TestCodeRequestOpensOneDoor"},
		whatsapp: withPolicy("otp_on_request 10m"),
		steps: steps{
			list, template(ana, "login_code", noConsent+"authentication by business"), ana.optsIn("all"), after(time.Hour), ana.optsOut("all"), template(ana, "login_code", "refuse OPTED_OUT 403/131005 authentication by business"),
			after(time.Second), ana.agrees(`"scope":"authentication","source":"user_request"`, 200), template(ana, "login_code", "allow CODE_REQUESTED authentication by business"), template(ana, "parcel_ready", "refuse OPTED_OUT 403/131005 utility by business"),
			after(10*time.Minute - time.Second), template(ana, "login_code", "allow CODE_REQUESTED authentication by business"), after(time.Second), template(ana, "login_code", "refuse OPTED_OUT 403/131005 authentication by business"),
		},
	},
	{
		name: "consent-request", says: "A message asks for consent, and explains what for",
		does:  "`consent_request_templates` may go to people who have said nothing, `consent_request_limit` times, and never to whoever opted out",
		rules: []policy.Rule{policy.RuleConsentRequest, policy.RuleConsentRequestLimit, policy.RuleOptedOutMarketing}, tests: []string{"TestConsentRequestStory", "TestConsentRequestsUnderConcurrency"},
		whatsapp: withPolicy("consent_request_templates appointment", "consent_request_limit 2 7d"),
		steps: steps{
			list, template(ana, "appointment", "allow CONSENT_REQUEST utility by business"), template(ana, "appointment", "allow CONSENT_REQUEST utility by business"),
			template(ana, "appointment", "refuse CONSENT_REQUEST_LIMIT 400/131049 utility by business"), after(7 * day), template(ana, "appointment", "allow CONSENT_REQUEST utility by business"),
			ben.optsOut("all"), template(ben, "appointment", "refuse OPTED_OUT_MARKETING 400/131050 utility by business"),
		},
	},
	{
		name: "follow-up", says: "Who wrote and was not answered in time gets one message more, of text alone",
		does:     "Not a rule of Meta's, and off: with `post_session_followup` one template without media and buttons passes once the window has closed, until they write again",
		rules:    []policy.Rule{policy.RuleFollowup, policy.RuleFollowupLimit, policy.RuleFollowupFormat},
		tests:    []string{"TestFollowupStory", "TestFollowupsUnderConcurrency", "TestFollowup"},
		whatsapp: withPolicy("post_session_followup"),
		steps: steps{
			list, ana.writes("Hello"), after(day),
			send(shop, ana.address()+`,"type":"template","template":{"name":"parcel_ready","language":{"code":"en"},"components":[{"type":"header","parameters":[{"type":"image","image":{"link":"https://example.com/a.png"}}]}]}`, "refuse FOLLOWUP_FORMAT 403/131005 utility by business"),
			template(ana, "parcel_ready", "allow POST_SESSION_FOLLOWUP utility by business"), template(ana, "parcel_ready", "refuse FOLLOWUP_LIMIT 400/131049 utility by business"),
			reconfigured(inGermany), template(ana, "parcel_ready", noConsent+"utility by business"),
		},
	},
	{
		name: "broadcast", says: "Broadcasts go to people who agreed, and not too often",
		does:  "`frequency_cap` counts by person, kind and rolling period, exactly under concurrency; other kinds pass",
		rules: []policy.Rule{policy.RuleFrequencyCap}, tests: []string{"TestCapUnderConcurrency", "TestCapStory", "TestCaps"},
		whatsapp: withPolicy("frequency_cap marketing 2 7d"),
		steps: steps{
			list, ana.optsIn("all"), template(ana, "sale", toMarketing), template(ana, "sale", toMarketing), template(ana, "sale", capped), template(ana, "parcel_ready", toUtility),
			after(7 * day), template(ana, "sale", toMarketing),
		},
	},
	{
		name: "privacy", says: "Messages keep to policies on privacy and spam",
		does:  "No log has a phone number, a token or a text; every story of these tests ends with a search of all logs",
		tests: []string{"TestLogsNameNobody", "TestLogContacts", "TestCredentialsStayOutOfLogs"},
		steps: steps{ana.writes("Secret message"), text(ana, passes), text(ben, windowClosed)},
	},
	{
		name: "keyword", says: "People opt in on a website, by a form, or by a keyword to the number",
		does:  "START is an opt-in, with the message's id as its evidence",
		tests: []string{"TestTypedPhrases", "TestTaps"},
		steps: steps{list, ana.writes("START"), ana.consentIs("unknown opted_in unknown"), ana.historyIs("opted_in marketing,transactional,authentication (chat_keyword)"), template(ana, "parcel_ready", "allow CONSENT utility by user")},
	},
	{
		name: "told-what-and-how-often", says: "People know which messages they will get, and how often",
		does:     "`categories` and `frequency` are on record; strict mode refuses an opt-in without them",
		whatsapp: strict,
		steps:    steps{ana.agrees(told("categories"), 422, "categories"), ana.agrees(told("frequency"), 422, "frequency"), ana.agrees(told(), 200), ana.evidenceIs("frequency", "weekly")},
	},
	{
		name: "stop-by-word", says: "People stop at any time, by a word",
		does:  "The next send is refused",
		rules: []policy.Rule{policy.RuleOptedOut, policy.RuleOptedOutMarketing}, tests: []string{"TestOptOutNeverAllows", "TestCorpus", "TestWordLists"},
		steps: steps{list, ana.optsIn("all"), after(time.Second), ana.writes("STOP"), template(ana, "sale", stoppedOffers+"user"), template(ana, "parcel_ready", "refuse OPTED_OUT 403/131005 utility by user")},
	},
	{
		name: "stop-by-preference", says: "by WhatsApp's own control",
		does:  "`user_preferences` stops marketing, and gives it back",
		rules: []policy.Rule{policy.RuleOptedOutMarketing},
		steps: steps{list, ana.optsIn("all"), after(time.Second), ana.prefers(graphsim.PreferenceStop), template(ana, "sale", stoppedOffers+"business"), template(ana, "parcel_ready", toUtility), after(time.Second), ana.prefers(graphsim.PreferenceResume), template(ana, "sale", toMarketing)},
	},
	{
		name: "stop-by-131050", says: "in a way that only Meta hears of",
		does:  "Error 131050, as an answer or in a status, is an opt-out of marketing",
		rules: []policy.Rule{policy.RuleOptedOutMarketing}, tests: []string{"TestStopAsAnswer", "TestStopInABatch"},
		steps: steps{list, ana.optsIn("all"), after(time.Second), stoppedUnseen(ana), template(ana, "sale", toMarketing), after(time.Second), statuses, template(ana, "sale", stoppedOffers+"business")},
	},
	{
		name: "stop-by-operator", says: "or by telling somebody",
		does:  "Command, admin endpoint and consent API record it at once",
		rules: []policy.Rule{policy.RuleOptedOutMarketing}, tests: []string{"TestConsentAPI"},
		steps: steps{list, ana.optsIn("all"), after(time.Second), ana.optsOut("marketing"), template(ana, "sale", stoppedOffers+"business"), template(ana, "parcel_ready", toUtility)},
	},
	{
		name: "stop-by-button", says: "The message says how to stop",
		does:     "Payloads and titles of buttons are configured as opt-outs of a kind",
		rules:    []policy.Rule{policy.RuleOptedOutMarketing},
		whatsapp: inGermany + "\nopt_out_payloads marketing STOP_PROMO",
		steps:    steps{list, ana.optsIn("all"), template(ana, "sale", toMarketing), after(time.Second), ana.taps("STOP_PROMO", "No offers"), template(ana, "sale", stoppedOffers+"user"), template(ana, "parcel_ready", "allow CONSENT utility by user")},
	},
	{
		name: "suspected-stop", says: "What may be an opt-out is treated with care",
		does:  "Marketing pauses until somebody has read it (`waguard consent review`); replies and updates go on",
		rules: []policy.Rule{policy.RuleOptOutSuspected}, tests: []string{"TestReviewStories", "TestSuspicionsHold"},
		steps: steps{list, ana.optsIn("all"), after(time.Second), ana.writes("enough"), template(ana, "sale", "refuse OPT_OUT_SUSPECTED 400/131050 marketing by user"), template(ana, "parcel_ready", "allow CONSENT utility by user"), text(ana, passes)},
	},
	{
		name: "essential", says: "After an opt-out nothing goes out but what an existing order needs",
		does:  "A utility or authentication template that is listed in `essential_templates`, with a reference to the transaction, to somebody who once agreed; it is logged as an exception",
		rules: []policy.Rule{policy.RuleEssential, policy.RuleOptedOut}, tests: []string{"TestExceptionsAreLogged"},
		whatsapp: withPolicy("essential_templates parcel_ready sale"),
		steps: steps{
			list, ana.optsIn("all"), after(time.Hour), ana.optsOut("all"),
			templateWith(ana, "parcel_ready", `,"biz_opaque_callback_data":"order:8812"`, "allow EXCEPTION_ESSENTIAL utility by business"),
			template(ana, "parcel_ready", "refuse OPTED_OUT 403/131005 utility by business"),
			templateWith(ana, "appointment", `,"biz_opaque_callback_data":"order:8812"`, "refuse OPTED_OUT 403/131005 utility by business"),
			templateWith(ana, "sale", `,"biz_opaque_callback_data":"order:8812"`, stoppedOffers+"business"),
		},
	},
	{
		name: "replies-after-opt-out", says: "Somebody opts out, and writes again",
		does:  "They get an answer; with `opted_out_replies refuse` not",
		rules: []policy.Rule{policy.RuleOptedOut},
		steps: steps{
			ana.writes("STOP"), after(time.Hour), ana.writes("Where is my parcel?"), text(ana, passes), reconfigured(withPolicy("opted_out_replies refuse")), text(ana, optedOut),
		},
	},
	{
		name: "opt-in-again", says: "They may opt in again",
		does: "The newer word holds, and the older ones stay in the history, in order",
		steps: steps{
			list, ana.optsIn("all"), after(time.Hour), ana.writes("STOP"), after(time.Hour), ana.writes("START"), template(ana, "sale", "allow CONSENT marketing by user"),
			ana.historyIs("opted_in marketing,transactional,authentication (website)", "opted_out marketing,transactional,authentication (chat_keyword)", "opted_in marketing,transactional,authentication (chat_keyword)"),
		},
	},
	{
		name: "quality-seen", says: "Who fails in this gets complaints, limits, and loses the number",
		does:  "What Meta says of a number's quality and of the account stands beside the violations, and in `waguard events`",
		tests: []string{"TestEvents"},
		steps: steps{ana.writes("Hello"), text(ben, windowClosed), qualityFalls},
	},
	{
		name: "one-confirmation", says: "Opting out is confirmed",
		does:  "One text that says so passes for each opt-out, within the window, and is logged as an exception",
		rules: []policy.Rule{policy.RuleConfirmation}, tests: []string{"TestExceptionsAreLogged", "TestRaceForAConfirmation"},
		steps: steps{ana.writes("STOP"), confirms(ana, confirmation), after(time.Minute), ana.writes("STOP"), confirms(ana, optedOut)},
	},
}

var keepClaims = []claim{
	{
		name: "default-deny", says: "Everything that a business initiates needs an opt-in",
		does:  "Nothing is a reason to refuse",
		rules: []policy.Rule{policy.RuleNoConsent},
		steps: steps{list, template(ana, "sale", noConsent+"marketing by business"), template(una, "parcel_ready", noConsent+"utility by business")},
	},
	{
		name: "violations-counted", says: "Who sends without may lose the number",
		does:  "Violations are counted by rule and number, by day, in metrics and in lists that can be grouped and compared with the time before",
		tests: []string{"TestGroups", "TestMetricsCount", "TestMetricsStartAtZero"},
		steps: steps{list, template(ana, "sale", noConsent+"marketing by business"), text(ana, windowClosed), linesAre("1 marketing refuse", "1 service refuse")},
	},
	{
		name: "kept-safely", says: "Opt-ins are kept safely",
		does:  "They are on disk before the answer, with checksums and in a log that proves them; kill -9 loses none, a backup restores all, and keys have rights",
		tests: []string{"TestKill", "TestBackupRestores", "TestBackupCommand", "TestEveryChangeIsFound", "TestDamage", "TestConsentAPI"},
	},
	{
		name: "session-only", says: "A service of answers alone needs no opt-ins",
		does:  "`session_only` refuses every template",
		rules: []policy.Rule{policy.RuleSessionOnly}, tests: []string{"TestSessionOnlyStory"},
		whatsapp: withPolicy("session_only"),
		steps:    steps{list, ana.optsIn("all"), template(ana, "parcel_ready", "refuse SENDER_SESSION_ONLY 403/131005 utility by business"), ana.writes("Hello"), text(ana, passes)},
	},
	{
		name: "mode-changes", says: "Later it wants to write first, too",
		does:  "That is a reload: windows and opt-ins are as they were, and no request fails",
		tests: []string{"TestReloadUnderLoad"}, whatsapp: withPolicy("session_only"),
		steps: steps{list, ana.writes("Hello"), ana.optsIn("all"), reconfigured(inGermany), text(ana, passes), template(ana, "sale", "allow CONSENT marketing by user")},
	},
	{
		name: "three-rules", says: "Make clear that it is about WhatsApp, name the business, obey the law",
		does:     "Strict mode takes no opt-in without any of the three; relaxed marks it, and `waguard consent list --incomplete` lists it",
		tests:    []string{"TestLacks", "TestOptInEvidence", "TestImportCommand"},
		whatsapp: inGermany,
		steps: steps{
			ana.agrees(told("names_channel", "legal_basis"), 200, "names_channel", "legal_basis"), ana.evidenceIs("lacks", "[names_channel legal_basis]"),
			reconfigured(strict), ben.agrees(told("legal_basis"), 422, "legal_basis"), ben.agrees(told("jurisdiction"), 422, "jurisdiction"), ben.agrees(told(), 200),
		},
	},
	{
		name: "country-packs", says: "Local law and Meta's own limits differ by country",
		does:  "`country_pack` refuses marketing to the United States, and can be turned off; `countries`, `quiet_hours` and `consent_expires` are the operator's",
		rules: []policy.Rule{policy.RuleCountryBlock, policy.RuleQuietHours, policy.RuleConsentExpired}, tests: []string{"TestCountryStory", "TestQuietHoursStory", "TestConsentExpiryStory", "TestCountryRules"},
		steps: steps{
			list, american.optsIn("all"), template(american, "sale", "refuse COUNTRY_BLOCK 400/130497 marketing by business"), template(american, "parcel_ready", toUtility),
			reconfigured(withPolicy("country_pack off")), template(american, "sale", toMarketing),
		},
	},
	{
		name: "more-channels", says: "Opt-ins come by a chat on WhatsApp, SMS codes, phone systems, calls, in person, orders, bots, ads and QR codes",
		does:  "Each is a source; a phone system needs the call's id and the key that was pressed, a call the agent",
		tests: []string{"TestEverySourceNeedsWhatItNeeds"}, whatsapp: inGermany,
		steps: append(sourcesAreTaken("whatsapp_thread", "website", "sms_short_code", "ivr", "service_call", "in_person", "transaction", "messenger_bot", "ctwa_ad", "qr"),
			reconfigured(strict), ben.agrees(told("source")+`,"source":"ivr","call_id":"c-1"`, 422, "key_pressed"), ben.agrees(told("source")+`,"source":"service_call"`, 422, "agent"),
			ben.agrees(told("source")+`,"source":"ivr","call_id":"c-1","key_pressed":"1"`, 200)),
	},
	{
		name: "in-a-talk", says: "Somebody agrees in the course of a talk",
		does:     "The button of a question opts in to its kind, with the ids of both messages as evidence; so does an ordinary yes after a question's template",
		tests:    []string{"TestQuestion", "TestTaps"},
		whatsapp: inGermany + "\nopt_in_payloads marketing OFFERS_YES",
		steps: steps{
			list, ana.writes("Hello"), text(ana, passes), after(time.Second), ana.taps("OFFERS_YES", "Yes, please"), ana.consentIs("opted_in unknown unknown"), template(ana, "sale", "allow CONSENT marketing by user"),
		},
	},
	{
		name: "user-drives", says: "The person decides what happens",
		does:  "Nothing an operator, a list or a late message says lifts what the person has said last",
		rules: []policy.Rule{policy.RuleOptedOut}, tests: []string{"TestAnOptOutHolds", "TestWhichWordHolds", "TestImportCommand"},
		steps: steps{list, ana.writes("STOP"), after(time.Minute), ana.wrote(time.Hour, "START"), ana.agrees(`"scope":"all","source":"website","at":"2026-01-01"`, 200, "no_effect"), template(ana, "parcel_ready", "refuse OPTED_OUT 403/131005 utility by user")},
	},
}

// american is somebody to whom Meta delivers no marketing.
var american = person{graphsim.User{Phone: "+12125550147", Name: "Abe"}}

// sourcesAreTaken records an opt-in of a new person by each source, and looks for it in the
// list of that source; a bare word that is none is refused.
func sourcesAreTaken(sources ...string) (all steps) {
	for i, source := range sources {
		p := person{graphsim.User{Phone: "+49151700000" + string(rune('1'+i/10)) + string(rune('0'+i%10)), Name: source}}
		all = append(all, p.agrees(`"scope":"all","source":"`+source+`","reference":"folder 7","at":"2026-10-01"`, 200, "opted_in"), p.evidenceIs("source", source), listedBy(source))
	}
	return append(all, ana.agrees(`"scope":"all","source":"trade fair","reference":"folder 7"`, 400, "other:"), ana.consentIs("unknown unknown unknown"))
}
