package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// Verdicts that occur often.
const (
	passes        = "allow WINDOW_OPEN service by user"
	windowClosed  = "refuse WINDOW_CLOSED 400/131047 service by business"
	optedOut      = "refuse OPTED_OUT 403/131005 service by user"
	confirmation  = "allow OPT_OUT_CONFIRMATION service by user"
	noConsent     = "refuse NO_CONSENT 403/131005 "
	wrongConsent  = "refuse NO_CONSENT_FOR_CATEGORY 403/131005 "
	stoppedOffers = "refuse OPTED_OUT_MARKETING 400/131050 marketing by "
)

// inGermany is the configuration of most stories: one business number of a known
// account.
const inGermany = "business " + shop + " {\nname \"Example Shop\"\nwaba " + waba + "\n}"

// withPolicy is inGermany with a policy.
func withPolicy(lines ...string) string {
	return "business " + shop + " {\nwaba " + waba + "\n" + strings.Join(lines, "\n") + "\n}"
}

// list makes the templates known, as senders do at their start.
var list = senderLists("limit=100")

// story is what people, senders and Meta do, and what must come of it.
type story struct {
	name string
	// whatsapp are the lines of the whatsapp block; "" stands for inGermany.
	whatsapp string
	// guard are the lines of the whatsapp_guard block.
	guard string
	sim   graphsim.Options
	steps steps
}

// TestAcceptance runs the acceptance checks of the rules that concern the send
// path, windows, consent, templates and webhooks.
func TestAcceptance(t *testing.T) {
	stories := []story{
		// The customer service window (1a, 1b, 1d).
		{name: "window/never-opened", steps: steps{text(ana, windowClosed), ana.windowIs("never opened")}},
		{name: "window/opened-by-message", steps: steps{ana.writes("Hello"), ana.windowIs("open for 24h0m0s"), text(ana, passes)}},
		{name: "window/edge/1s-before", steps: steps{ana.writes("Hello"), after(day - time.Second), text(ana, passes)}},
		{name: "window/edge/exactly", steps: steps{ana.writes("Hello"), after(day), text(ana, windowClosed), ana.windowIs("closed")}},
		{name: "window/edge/1s-after", steps: steps{ana.writes("Hello"), after(day + time.Second), text(ana, windowClosed)}},
		{name: "window/reply-does-not-move-it", steps: steps{
			ana.writes("Hello"), after(11 * time.Hour), text(ana, passes), statuses, after(13*time.Hour + time.Second), text(ana, windowClosed),
		}},
		{name: "window/second-message-moves-it", steps: steps{
			ana.writes("Hello"), after(20 * time.Hour), ana.writes("Are you there?"), after(20 * time.Hour), text(ana, passes),
		}},
		{name: "window/newest-timestamp-not-newest-arrival", steps: steps{
			ana.writes("Hello"), after(20 * time.Hour), ana.wrote(30*time.Hour, "delivered late"), text(ana, passes), ana.windowIs("open for 4h0m0s"),
		}},
		{name: "window/late-message-opens-for-the-rest", steps: steps{ana.wrote(20*time.Hour, "Hello"), ana.windowIs("open for 4h0m0s"), text(ana, passes)}},
		{name: "window/message-a-day-late", steps: steps{ana.wrote(day, "Hello"), text(ana, windowClosed)}},
		{name: "window/future-timestamp-counts-from-now", steps: steps{ana.wrote(-5*time.Hour, "Hello"), after(day), text(ana, windowClosed)}},
		{name: "window/one-per-person", steps: steps{ana.writes("Hello"), text(ben, windowClosed)}},
		{name: "window/one-per-number", whatsapp: "business *", steps: steps{
			ana.says(support, graphsim.Text("Hello")), text(ana, windowClosed),
			send(support, ana.address()+`,"type":"text","text":{"body":"Secret message"}`, passes),
		}},
		{name: "window/margin", whatsapp: withPolicy("window_margin 10m"), steps: steps{
			ana.writes("Hello"), after(day - 10*time.Minute - time.Second), text(ana, passes), after(time.Second), text(ana, windowClosed),
		}},
		{name: "window/every-message-type-opens", steps: opensWindow()},
		{name: "window/reaction-does-not-open", steps: steps{ana.says(shop, graphsim.Reaction("wamid.HBgN", "👍")), text(ana, windowClosed)}},
		{name: "window/ad-gives-no-free-form-after-a-day", steps: steps{
			list, ana.optsIn("marketing"), ana.says(shop, graphsim.Text("Hi").FromAd("1200", "Aff")), text(ana, passes),
			after(30 * time.Hour), text(ana, windowClosed), template(ana, "sale", "allow CONSENT marketing by business"),
		}},
		{name: "window/call-opens", steps: steps{calls(ana), text(ana, passes)}},

		// What may be sent when.
		{name: "types/all-pass-in-the-window", steps: allTypes(true)},
		{name: "types/none-passes-without", steps: allTypes(false)},
		{name: "types/unknown/closed", steps: steps{send(shop, ana.address()+`,"type":"zzz","zzz":{"a":1}`, windowClosed)}},
		{name: "types/unknown/open", steps: steps{ana.writes("Hello"), send(shop, ana.address()+`,"type":"zzz","zzz":{"a":1}`, passes)}},
		{name: "types/read-receipt", steps: steps{
			ana.says(shop, idOf(graphsim.Text("Hello"), "wamid.HBgNread")),
			send(shop, `"status":"read","message_id":"wamid.HBgNread"`, "allow RECEIPT none"),
		}},
		{name: "types/typing", steps: steps{
			ana.says(shop, idOf(graphsim.Text("Hello"), "wamid.HBgNtype")),
			send(shop, `"status":"read","message_id":"wamid.HBgNtype","typing_indicator":{"type":"text"}`, "allow RECEIPT none"),
		}},
		{
			name: "types/hsm-is-a-template", whatsapp: "business " + shop + " {\nwaba " + waba + "\n}",
			guard: "dialect on_premises\nphone_number_id " + shop, steps: steps{
				templateListed("parcel_ready", "UTILITY"),
				sendTo("/v1/messages", hsm(ana), noConsent+"utility by business"),
				ana.optsIn("transactional"), sendTo("/v1/messages", hsm(ana), "allow CONSENT utility by business"),
			},
		},

		// Who sends (1a, 1b, 1e).
		{name: "sender/unknown", steps: steps{send("999888777666", ana.address()+`,"type":"text","text":{"body":"Secret message"}`, "refuse SENDER_UNKNOWN 400/33 unknown")}},
		{name: "sender/any-where-none-is-listed", whatsapp: "# none", steps: steps{ana.writes("Hello"), text(ana, passes)}},
		{
			name:     "sender/two-with-two-policies",
			whatsapp: "business " + shop + " {\nin_window_consent required\n}\nbusiness " + support, steps: steps{
				ana.writes("Hello"), ana.says(support, graphsim.Text("Hello")),
				text(ana, noConsent+"service by user"),
				send(support, ana.address()+`,"type":"text","text":{"body":"Secret message"}`, passes),
			},
		},

		// Consent and categories (1a, 1b, 1c).
		{name: "consent/none", steps: steps{
			list, template(ana, "parcel_ready", noConsent+"utility by business"), template(ana, "sale", noConsent+"marketing by business"),
			template(ana, "login_code", noConsent+"authentication by business"),
		}},
		{name: "consent/an-open-window-is-none", steps: steps{list, ana.writes("Hello"), template(ana, "sale", noConsent+"marketing by user")}},
		{name: "consent/transactional", steps: steps{
			list, ana.optsIn("transactional"), template(ana, "sale", wrongConsent+"marketing by business"),
			template(ana, "parcel_ready", "allow CONSENT utility by business"), template(ana, "login_code", wrongConsent+"authentication by business"),
		}},
		{name: "consent/marketing", steps: steps{
			list, ana.optsIn("marketing"), template(ana, "sale", "allow CONSENT marketing by business"),
			template(ana, "parcel_ready", wrongConsent+"utility by business"),
		}},
		{name: "consent/all-gives-three-categories", steps: steps{
			list, ana.optsIn("all"), template(ana, "sale", "allow CONSENT marketing by business"),
			template(ana, "parcel_ready", "allow CONSENT utility by business"), template(ana, "login_code", "allow CONSENT authentication by business"),
		}},
		{name: "consent/initiation-follows-the-window", steps: steps{
			list, ana.optsIn("all"), template(ana, "sale", "allow CONSENT marketing by business"),
			ana.writes("Hello"), template(ana, "sale", "allow CONSENT marketing by user"),
		}},
		{name: "consent/category-not-known-needs-marketing", steps: steps{
			ana.optsIn("transactional"), template(ana, "parcel_ready", "refuse TEMPLATE_CATEGORY_UNKNOWN 403/131005 unknown by business"),
			ana.optsIn("marketing"), template(ana, "parcel_ready", "allow CONSENT unknown by business"),
		}},
		{name: "consent/in-window/implied", steps: steps{ana.writes("Hello"), text(ana, passes)}},
		{name: "consent/in-window/required", whatsapp: withPolicy("in_window_consent required"), steps: steps{
			ana.writes("Hello"), text(ana, noConsent+"service by user"), ana.optsIn("marketing"), text(ana, wrongConsent+"service by user"),
			ana.optsIn("transactional"), text(ana, passes),
		}},
		{name: "consent/is-the-persons-alone", steps: steps{list, ana.optsIn("all"), template(ben, "sale", noConsent+"marketing by business")}},
		{
			name:     "consent/opt-out-is-of-the-account-opt-in-of-the-number",
			whatsapp: "business " + shop + " {\nwaba " + waba + "\n}\nbusiness " + support + " {\nwaba " + waba + "\n}", steps: steps{
				list, ana.record(adminapi.RouteOptIn, support, "all"), template(ana, "sale", noConsent+"marketing by business"),
				ana.optsIn("all"), template(ana, "sale", "allow CONSENT marketing by business"), after(time.Second),
				ana.says(support, graphsim.Text("STOP")), template(ana, "sale", stoppedOffers+"business"),
			},
		},

		// Templates.
		{name: "template/unknown-before-listing", steps: steps{ana.optsIn("all"), template(ana, "never_made", "allow CONSENT unknown by business")}},
		{name: "template/unknown-after-listing", steps: steps{list, ana.optsIn("all"), template(ana, "never_made", "refuse TEMPLATE_UNKNOWN 404/132001 unknown by business")}},
		{name: "template/unknown-after-listing-in-pages", steps: steps{
			senderLists("limit=2"), ana.optsIn("all"), template(ana, "never_made", "refuse TEMPLATE_UNKNOWN 404/132001 unknown by business"),
			template(ana, "sale", "allow CONSENT marketing by business"), template(ana, "login_code", "allow CONSENT authentication by business"),
		}},
		{name: "template/unknown-after-filtered-listing", steps: steps{
			senderLists("limit=100&status=APPROVED"), ana.optsIn("all"), template(ana, "never_made", "allow CONSENT unknown by business"),
			template(ana, "parcel_ready", "allow CONSENT utility by business"),
		}},
		{name: "template/other-language", steps: steps{
			list, ana.optsIn("all"), send(shop, ana.address()+`,"type":"template","template":{"name":"sale","language":{"code":"de"}}`,
				"refuse TEMPLATE_UNKNOWN 404/132001 unknown by business"),
		}},
		{name: "template/pending", steps: steps{list, ana.optsIn("all"), template(ana, "draft", "refuse TEMPLATE_NOT_APPROVED 404/132001 utility by business")}},
		{name: "template/rejected", steps: steps{list, ana.optsIn("all"), template(ana, "refused", "refuse TEMPLATE_NOT_APPROVED 404/132001 utility by business")}},
		{name: "template/rejected-by-webhook", steps: steps{
			list, ana.optsIn("all"), templateIs("sale", "REJECTED"), template(ana, "sale", "refuse TEMPLATE_NOT_APPROVED 404/132001 marketing by business"),
		}},
		{name: "template/paused-and-reinstated", steps: steps{
			list, ana.optsIn("all"), after(time.Second), templateIs("sale", "PAUSED"), template(ana, "sale", "refuse TEMPLATE_PAUSED 400/132015 marketing by business"),
			after(3 * time.Hour), templateIs("sale", "REINSTATED"), template(ana, "sale", "allow CONSENT marketing by business"),
		}},
		{name: "template/disabled", steps: steps{
			list, ana.optsIn("all"), after(time.Second), templateIs("sale", "DISABLED"), template(ana, "sale", "refuse TEMPLATE_DISABLED 400/132016 marketing by business"),
		}},
		{name: "template/flagged-still-passes", steps: steps{
			list, ana.optsIn("all"), after(time.Second), templateIs("sale", "FLAGGED"), template(ana, "sale", "allow CONSENT marketing by business"),
		}},
		{name: "template/status-before-consent", steps: steps{list, after(time.Second), templateIs("sale", "PAUSED"), template(ana, "sale", "refuse TEMPLATE_PAUSED 400/132015 marketing by business")}},
		{name: "template/category-changes", steps: steps{
			list, ana.optsIn("transactional"), template(ana, "parcel_ready", "allow CONSENT utility by business"),
			after(time.Second), categoryBecomes("parcel_ready", "MARKETING", false), template(ana, "parcel_ready", wrongConsent+"marketing by business"),
		}},
		{name: "template/category-change-announced", steps: steps{
			list, ana.optsIn("transactional"), after(time.Second), categoryBecomes("parcel_ready", "MARKETING", true),
			template(ana, "parcel_ready", "allow CONSENT utility by business"), after(day), template(ana, "parcel_ready", wrongConsent+"marketing by business"),
		}},
		{name: "template/account-learned-from-webhook", whatsapp: "# none", steps: steps{
			list, ana.writes("Hello"), ana.optsIn("transactional"), template(ana, "parcel_ready", "allow CONSENT utility by user"),
		}},
		{name: "template/marketing-endpoint", steps: steps{
			list, ana.optsIn("marketing"), marketing(ana.address()+templateBody("sale"), "allow CONSENT marketing_lite by business"),
			marketing(ana.address()+templateBody("parcel_ready"), "refuse MARKETING_TEMPLATES_ONLY 400/131055 utility by business"),
			marketing(ana.address()+`,"type":"text","text":{"body":"Secret message"}`, "refuse MARKETING_TEMPLATES_ONLY 400/131055 service by business"),
		}},

		// Opting out and in (1d).
		{name: "opt-out/by-word", steps: steps{
			list, ana.optsIn("all"), after(time.Second), ana.writes("STOP"), ana.consentIs("opted_out opted_out opted_out"),
			template(ana, "sale", stoppedOffers+"user"), template(ana, "parcel_ready", "refuse OPTED_OUT 403/131005 utility by user"),
		}},
		{name: "opt-out/by-preference", steps: steps{
			list, ana.optsIn("all"), after(time.Second), ana.prefers(graphsim.PreferenceStop), ana.consentIs("opted_out opted_in opted_in"),
			template(ana, "sale", stoppedOffers+"business"), template(ana, "parcel_ready", "allow CONSENT utility by business"),
			after(time.Second), ana.prefers(graphsim.PreferenceResume), ana.consentIs("opted_in opted_in opted_in"), template(ana, "sale", "allow CONSENT marketing by business"),
		}},
		{name: "opt-out/by-131050", steps: steps{
			list, ana.optsIn("all"), after(time.Second), stoppedUnseen(ana), template(ana, "sale", "allow CONSENT marketing by business"), after(time.Second), statuses,
			deliveryIs("failed 131050"), ana.consentIs("opted_out opted_in opted_in"), template(ana, "sale", stoppedOffers+"business"),
		}},
		{name: "opt-out/by-operator", steps: steps{
			list, ana.optsIn("all"), after(time.Second), ana.optsOut("marketing"), template(ana, "sale", stoppedOffers+"business"),
			template(ana, "parcel_ready", "allow CONSENT utility by business"),
		}},
		{name: "opt-out/by-button", whatsapp: inGermany + "\nopt_out_words marketing STOP_PROMO\nopt_in_words marketing OFFERS_YES", steps: steps{
			list, ana.optsIn("all"), template(ana, "sale", "allow CONSENT marketing by business"), after(time.Second), ana.taps("STOP_PROMO", "No offers"),
			ana.consentIs("opted_out opted_in opted_in"), template(ana, "sale", stoppedOffers+"user"),
			template(ana, "parcel_ready", "allow CONSENT utility by user"),
			after(time.Second), ana.taps("OFFERS_YES", "Yes"), ana.consentIs("opted_in opted_in opted_in"),
			ana.historyIs("opted_in marketing,transactional,authentication (website)", "opted_out marketing (button)", "opted_in marketing (button)"),
		}},
		{name: "opt-out/by-reply-button", whatsapp: inGermany + "\nopt_out_words marketing STOP_PROMO", steps: steps{
			ana.optsIn("all"), after(time.Second), ana.says(shop, graphsim.ButtonReply("STOP_PROMO", "No offers", "wamid.HBgN")), ana.consentIs("opted_out opted_in opted_in"),
		}},
		{name: "opt-out/by-list-reply", whatsapp: inGermany + "\nopt_out_words all LEAVE", steps: steps{
			ana.optsIn("all"), after(time.Second), ana.says(shop, graphsim.ListReply("LEAVE", "Leave", "", "wamid.HBgN")), ana.consentIs("opted_out opted_out opted_out"),
		}},
		{name: "opt-out/words-in-languages", steps: optOutWords()},
		{name: "opt-out/words-for-marketing-alone", steps: marketingWords()},
		{name: "opt-out/what-is-none", steps: noWords()},
		{name: "opt-in/words-in-languages", steps: optInWords()},
		{name: "opt-out/one-confirmation", steps: steps{
			ana.writes("STOP"), confirms(ana, confirmation), text(ana, optedOut), after(time.Minute), ana.writes("STOP"), confirms(ana, optedOut),
		}},
		{name: "opt-out/confirmation-is-a-text", steps: steps{
			ana.writes("STOP"), send(shop, ana.address()+`,"type":"image","image":{"link":"https://example.com/a.png"}`, optedOut), confirms(ana, confirmation),
		}},
		{name: "opt-out/no-confirmation-once-closed", steps: steps{ana.writes("STOP"), after(day), text(ana, windowClosed)}},
		{name: "opt-out/confirmation-comes-back-when-rejected", steps: steps{
			ana.writes("STOP"), metaAnswers(131026), confirms(ana, confirmation), confirms(ana, confirmation), confirms(ana, optedOut),
		}},
		{name: "opt-out/replies/allow", steps: steps{
			ana.writes("STOP"), after(time.Hour), ana.writes("Where is my parcel?"), text(ana, passes), after(day), text(ana, windowClosed),
		}},
		{name: "opt-out/replies/refuse", whatsapp: withPolicy("opted_out_replies refuse"), steps: steps{
			ana.writes("STOP"), confirms(ana, confirmation), after(time.Hour), ana.writes("Where is my parcel?"), text(ana, optedOut),
			after(time.Hour), ana.writes("START"), text(ana, passes),
		}},
		{name: "opt-out/of-marketing-leaves-service", steps: steps{ana.prefers(graphsim.PreferenceStop), ana.writes("Hello"), text(ana, passes)}},
		{name: "opt-out/and-in-again", steps: steps{
			list, ana.optsIn("all"), after(time.Hour), ana.writes("STOP"), after(time.Hour), ana.writes("START"),
			ana.consentIs("opted_in opted_in opted_in"), template(ana, "sale", "allow CONSENT marketing by user"),
			ana.historyIs("opted_in marketing,transactional,authentication (website)", "opted_out marketing,transactional,authentication (chat_keyword)",
				"opted_in marketing,transactional,authentication (chat_keyword)"),
		}},
		{name: "opt-out/old-opt-in-arrives-late", steps: steps{
			ana.writes("STOP"), after(time.Minute), ana.wrote(time.Hour, "START"), ana.consentIs("opted_out opted_out opted_out"),
		}},
		{name: "opt-in/by-word", steps: steps{
			list, ana.writes("START"), ana.consentIs("unknown opted_in unknown"), ana.historyIs("opted_in marketing,transactional,authentication (chat_keyword)"),
			after(2 * day), template(ana, "parcel_ready", "allow CONSENT utility by business"), template(ana, "sale", wrongConsent+"marketing by business"),
			ana.writes("start promotions"), after(2 * day), template(ana, "sale", "allow CONSENT marketing by business"),
		}},

		// Essential templates (1d): four cases, and who never opted in.
		{name: "essential/listed-with-transaction", whatsapp: withPolicy("essential_templates parcel_ready sale"), steps: steps{
			list, ana.optsIn("all"), after(time.Hour), ana.optsOut("all"),
			templateWith(ana, "parcel_ready", `,"biz_opaque_callback_data":"order:8812"`, "allow EXCEPTION_ESSENTIAL utility by business"),
		}},
		{name: "essential/without-transaction", whatsapp: withPolicy("essential_templates parcel_ready"), steps: steps{
			list, ana.optsIn("all"), after(time.Hour), ana.optsOut("all"), template(ana, "parcel_ready", "refuse OPTED_OUT 403/131005 utility by business"),
			templateWith(ana, "parcel_ready", `,"biz_opaque_callback_data":""`, "refuse OPTED_OUT 403/131005 utility by business"),
		}},
		{name: "essential/not-listed", whatsapp: withPolicy("essential_templates parcel_ready"), steps: steps{
			list, ana.optsIn("all"), after(time.Hour), ana.optsOut("all"),
			templateWith(ana, "appointment", `,"biz_opaque_callback_data":"order:8812"`, "refuse OPTED_OUT 403/131005 utility by business"),
		}},
		{name: "essential/marketing", whatsapp: withPolicy("essential_templates sale"), steps: steps{
			list, ana.optsIn("all"), after(time.Hour), ana.optsOut("all"), templateWith(ana, "sale", `,"biz_opaque_callback_data":"order:8812"`, stoppedOffers+"business"),
		}},
		{name: "essential/never-opted-in", whatsapp: withPolicy("essential_templates parcel_ready"), steps: steps{
			list, ana.optsOut("all"), templateWith(ana, "parcel_ready", `,"biz_opaque_callback_data":"order:8812"`, "refuse OPTED_OUT 403/131005 utility by business"),
		}},

		// Direct Send and groups, both settings.
		{name: "direct-send/refuse", sim: graphsim.Options{DirectSend: []string{"utility"}}, steps: steps{
			ana.optsIn("all"), directSend(ana, "utility", "refuse WINDOW_CLOSED 400/131047 utility by business"),
			ana.writes("Hello"), directSend(ana, "utility", "allow WINDOW_OPEN utility by user"),
		}},
		{name: "direct-send/allow", whatsapp: withPolicy("direct_send allow"), sim: graphsim.Options{DirectSend: []string{"utility"}}, steps: steps{
			directSend(ana, "UTILITY", noConsent+"utility by business"), ana.optsIn("transactional"), directSend(ana, "UTILITY", "allow CONSENT utility by business"),
			after(time.Second), ana.optsOut("transactional"), directSend(ana, "utility", "refuse OPTED_OUT 403/131005 utility by business"),
		}},
		{name: "direct-send/marketing-is-no-category", whatsapp: withPolicy("direct_send allow"), steps: steps{
			ana.optsIn("all"), directSend(ana, "marketing", "refuse PARAMETER_INVALID 400/100 unknown"),
		}},
		{name: "direct-send/service-is-free-form", whatsapp: withPolicy("direct_send allow"), steps: steps{
			directSend(ana, "service", windowClosed), ana.writes("Hello"), directSend(ana, "service", passes),
		}},
		{name: "groups/refuse", steps: steps{inGroup(ana), toGroup("refuse GROUPS_REFUSED 403/131005 service by user")}},
		{name: "groups/allow", whatsapp: withPolicy("groups allow"), steps: steps{
			addGroup, toGroup(windowClosed), inGroup(ana), toGroup(passes), text(ana, windowClosed),
			list, after(day), toGroup(windowClosed), send(shop, group+templateBody("parcel_ready"), "allow GROUPS_ALLOWED utility by business"),
		}},

		// Monitor mode: everything passes and is recorded.
		{name: "monitor/would-refuse", whatsapp: withPolicy("mode monitor"), steps: steps{
			text(ana, "monitor WINDOW_CLOSED service by business"), isViolation, list, template(ana, "sale", "monitor NO_CONSENT marketing by business"), isViolation,
			ana.writes("Hello"), text(ana, passes),
		}},
		{name: "monitor/only-where-configured", whatsapp: "business " + shop + " {\nmode monitor\n}\nbusiness " + support, steps: steps{
			text(ana, "monitor WINDOW_CLOSED service by business"),
			send(support, ana.address()+`,"type":"text","text":{"body":"Secret message"}`, windowClosed),
		}},

		// Names and numbers.
		{name: "identity/number-change", steps: steps{
			list, ana.optsIn("all"), ana.writes("Hello"), after(time.Second), ana.becomes(ben), text(ben, windowClosed),
			template(ben, "sale", "allow CONSENT marketing by business"),
		}},
		{name: "identity/number-change-carries-opt-out", steps: steps{
			list, ana.optsIn("all"), after(time.Second), ana.writes("STOP"), after(time.Second), ana.becomes(ben),
			ben.consentIs("opted_out opted_out opted_out"), ben.windowIs("never opened"), text(ben, windowClosed), template(ben, "sale", stoppedOffers+"business"),
		}},
		{name: "identity/user-id-alone", steps: steps{
			list, text(una, windowClosed), una.writes("Hello"), una.windowIs("open for 24h0m0s"), text(una, passes), statuses, deliveryIs("delivered service"),
			template(una, "sale", noConsent+"marketing by user"), una.optsIn("marketing"), template(una, "sale", "allow CONSENT marketing by user"),
			after(time.Second), una.writes("STOP"), una.consentIs("opted_out opted_out opted_out"), template(una, "sale", stoppedOffers+"user"),
			marketOf("Germany"),
		}},
		{name: "identity/user-id-leads-to-the-number", steps: steps{
			list, ana.optsIn("all"), after(time.Second), both.writes("STOP"), template(una, "sale", stoppedOffers+"user"), template(ana, "sale", stoppedOffers+"user"),
		}},
		{name: "identity/number-and-user-id/one-person", steps: steps{both.writes("Hello"), send(shop, toBoth+`,"type":"text","text":{"body":"Secret message"}`, passes)}},
		{name: "identity/number-and-user-id/not-known-to-be-one", steps: steps{
			ana.writes("Hello"), una.writes("Hello"), send(shop, toBoth+`,"type":"text","text":{"body":"Secret message"}`, "refuse RECIPIENT_CONFLICT 400/100 service by user"),
		}},
		{name: "identity/no-recipient", steps: steps{send(shop, `"type":"text","text":{"body":"Secret message"}`, "refuse RECIPIENT_INVALID 400/100 unknown")}},
		{name: "identity/spellings-of-a-number", steps: steps{
			ana.writes("Hello"), sendToNumber("+49 (1511) 234-5678", passes), sendToNumber("4915112345678", passes), sendToNumber("4915112345679", windowClosed),
		}},
		{name: "identity/new-person-on-an-old-number", steps: steps{
			list, ana.optsIn("all"), ana.writes("Hello"), after(time.Hour), newPerson(ana), ana.consentIs("unknown unknown unknown"), text(ana, windowClosed),
		}},

		// Statuses.
		{name: "status/joins-its-send", steps: steps{ana.writes("Hello"), text(ana, passes), deliveryIs(""), statuses, deliveryIs("delivered service")}},
		{name: "status/category-is-metas", steps: steps{
			list, ana.optsIn("all"), template(ana, "parcel_ready", "allow CONSENT utility by business"), statuses, deliveryIs("delivered utility"),
		}},
		{name: "status/failed-later", steps: steps{ana.writes("Hello"), failsLater(131026), text(ana, passes), statuses, deliveryIs("failed 131026")}},

		// The report's class of notifications: templates that met a closed window.
		{name: "report/notifications", steps: steps{
			list, ana.optsIn("all"), notificationsAre(), template(ana, "parcel_ready", "allow CONSENT utility by business"), text(ana, windowClosed),
			ana.writes("Hello"), template(ana, "sale", "allow CONSENT marketing by user"), text(ana, passes), notificationsAre("1 utility allow"),
			after(day), template(ana, "parcel_ready", "allow CONSENT utility by business"), template(ben, "sale", noConsent+"marketing by business"),
			notificationsAre("1 utility allow", "1 marketing refuse", "1 utility allow"),
		}},
		{name: "report/notifications/direct-send-is-none", whatsapp: withPolicy("direct_send allow"), sim: graphsim.Options{DirectSend: []string{"utility"}}, steps: steps{
			ana.optsIn("all"), directSend(ana, "utility", "allow CONSENT utility by business"), notificationsAre(),
		}},
	}
	seen := make(map[string]bool)
	for _, s := range stories {
		if seen[s.name] {
			t.Fatalf("two stories are called %s", s.name)
		}
		seen[s.name] = true
		t.Run(s.name, func(t *testing.T) {
			if s.whatsapp == "" {
				s.whatsapp = inGermany
			}
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: s.whatsapp, Guard: s.guard}, sim: s.sim})
			for _, step := range s.steps {
				step(t, w)
			}
			addsUp(t, w.Gateway)
		})
	}
}

// addsUp checks that the report's totals equal the ledger's entries (A7), and
// that every refusal is a violation.
func addsUp(t testing.TB, g *gatewaytest.Gateway) {
	t.Helper()
	report := reportOf(t, g, "")
	entries, violations := allEntries(t, g, "ledger"), allEntries(t, g, "violations")
	refused, rows := 0, 0
	for _, e := range entries {
		if e.Decision != "allow" {
			refused++
		}
	}
	for _, r := range report.Rows {
		rows += r.Sends
	}
	if report.Total.Sends != len(entries) || rows != len(entries) || refused != len(violations) {
		t.Errorf("the report counts %d sends (%d in its rows), the ledger has %d; %d were refused, and there are %d violations",
			report.Total.Sends, rows, len(entries), refused, len(violations))
	}
}

// opensWindow sends every type of message from a new person each.
func opensWindow() (all steps) {
	messages := []graphsim.Message{
		graphsim.Media("image", "123", "image/png"), graphsim.Media("video", "123", "video/mp4"), graphsim.Media("audio", "123", "audio/ogg"),
		graphsim.Media("document", "123", "application/pdf"), graphsim.Media("sticker", "123", "image/webp"), graphsim.Location(52.5, 13.4),
		graphsim.Button("P", "Yes", "wamid.HBgN"), graphsim.ButtonReply("P", "Yes", "wamid.HBgN"), graphsim.ListReply("P", "Yes", "", "wamid.HBgN"),
		graphsim.FlowReply(`{"a":1}`, "wamid.HBgN"),
		{Type: "contacts", Content: []any{map[string]any{"name": map[string]any{"formatted_name": "Kim"}}}},
		{Type: "order", Content: map[string]any{"catalog_id": "1"}},
		graphsim.Unsupported("poll_creation"),
		{Type: "brand_new_type", Content: map[string]any{"a": 1}},
	}
	for i, m := range messages {
		p := person{graphsim.User{Phone: fmt.Sprintf("+491517000%04d", i), Name: m.Type}}
		all = append(all, text(p, windowClosed), p.says(shop, m), text(p, passes))
	}
	return all
}

// allTypes sends every type of message, in a window or out of one.
func allTypes(open bool) (all steps) {
	want := windowClosed
	if open {
		all, want = append(all, ana.says(shop, idOf(graphsim.Text("Hello"), "wamid.HBgNhello"))), passes
	}
	for _, content := range []string{
		`"text":{"body":"Secret message"}`, // type is text by default
		`"type":"text","text":{"body":"Secret message"}`,
		`"type":"image","image":{"link":"https://example.com/a.png","caption":"Secret message"}`,
		`"type":"video","video":{"id":"1234"}`,
		`"type":"audio","audio":{"id":"1234"}`,
		`"type":"document","document":{"id":"1234","filename":"a.pdf"}`,
		`"type":"sticker","sticker":{"id":"1234"}`,
		`"type":"location","location":{"latitude":52.5,"longitude":13.4}`,
		`"type":"contacts","contacts":[{"name":{"formatted_name":"Kim"}}]`,
		`"type":"reaction","reaction":{"message_id":"wamid.HBgNhello","emoji":"👍"}`,
		`"type":"interactive","interactive":{"type":"button","body":{"text":"Secret message"},"action":{"buttons":[{"type":"reply","reply":{"id":"1","title":"Yes"}}]}}`,
		`"type":"interactive","interactive":{"type":"cta_url","body":{"text":"Secret message"},"action":{"name":"cta_url","parameters":{"display_text":"Go","url":"https://example.com"}}}`,
		`"type":"interactive","interactive":{"type":"call_permission_request","action":{"name":"call_permission_request"}}`,
	} {
		all = append(all, send(shop, ana.address()+","+content, want))
	}
	return all
}

// wordsOf lets a new person write each word, and looks at the consent after.
func wordsOf(before, want string, words ...string) (all steps) {
	for i, word := range words {
		p := person{graphsim.User{Phone: fmt.Sprintf("+491517000%04d", i), Name: word}}
		if before != "" {
			all = append(all, p.optsIn(before), after(time.Second))
		}
		all = append(all, p.writes(word), p.consentIs(want))
	}
	return all
}

func optOutWords() steps {
	return wordsOf("all", "opted_out opted_out opted_out",
		"STOP", "stop", " Stop! ", "Stop, please.", "STOP ALL", "Unsubscribe", "Please stop", "opt-out", "don’t contact me",
		"Stopp", "Abmelden", "Bitte stoppen", "BAJA", "Detener", "por favor parar", "Pare", "descadastrar", "não quero mais receber", "ARRÊT", "arret", "Se désabonner svp",
		"berhenti", "henti", "roko", "הסרה", "إيقاف", "СТОП", "отписаться", "Interrompi", "STOP🛑", "stop")
}

func marketingWords() steps {
	return wordsOf("all", "opted_out opted_in opted_in", "STOP PROMOTIONS", "stop marketing", "Cancel", "cancelar", "iptal")
}

func noWords() steps {
	return wordsOf("all", "opted_in opted_in opted_in",
		"don't stop", "Stop 12345", "Please don't stop sending me these", "Where is the bus stop?", "no", "nonstop", "I want to cancel my order", "fin")
}

// optInWords are of strangers: they opt in to what start_opts_in says.
func optInWords() steps {
	return wordsOf("", "unknown opted_in unknown", "START", "start please", "Unstop", "Subscribe")
}

// idOf gives a message an id.
func idOf(m graphsim.Message, id string) graphsim.Message {
	m.ID = id
	return m
}

// calls lets a person call the shop.
func calls(p person) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if _, err := w.sim.Call(t.Context(), shop, p.User, graphsim.Call{Event: "connect"}); err != nil {
			t.Fatalf("delivering a call: %v", err)
		}
	}
}

// hsm is a template send as the On-Premises API wrote it.
func hsm(p person) string {
	return fmt.Sprintf(`{"to":%q,"type":"hsm","hsm":{"namespace":"shop","element_name":"parcel_ready","language":{"policy":"deterministic","code":"en"}}}`, p.Phone)
}

// templateListed tells a gateway about a template through a webhook, for senders
// that can't list them.
func templateListed(name, category string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		templateIs(name, "APPROVED")(t, w)
		categoryBecomes(name, category, false)(t, w)
	}
}

// marketing sends through the endpoint for marketing messages.
func marketing(fields, want string) step {
	return sendTo("/v25.0/"+shop+"/marketing_messages", `{"messaging_product":"whatsapp",`+fields+`}`, want)
}

// stoppedUnseen lets a person stop marketing messages in a way the gateway does
// not hear of.
func stoppedUnseen(p person) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if _, err := w.sim.UserPreferenceUpdate(shop, p.User, graphsim.PreferenceStop); err != nil {
			t.Fatal(err)
		}
	}
}

// metaAnswers makes Meta answer the next send with an error.
func metaAnswers(code int) step {
	return func(_ testing.TB, w *world) { w.sim.Inject(graphsim.Fault{Code: code}) }
}

// failsLater makes Meta accept sends and fail them later.
func failsLater(code int) step {
	return func(_ testing.TB, w *world) {
		w.sim.SetOutcome(func(graphsim.Send) graphsim.Outcome { return graphsim.Outcome{Code: code} })
	}
}

// directSend sends a text with a category.
func directSend(p person, category, want string) step {
	return send(shop, p.address()+`,"category":"`+category+`","type":"text","text":{"body":"Secret message"}`, want)
}

const groupID = "Y2FwaV9ncm91cDoxOTUwNTU1MDA3OToxMjAz"

// group is how a send names the group of the tests.
const group = `"recipient_type":"group","to":"` + groupID + `"`

func addGroup(t testing.TB, w *world) {
	t.Helper()
	if err := w.sim.AddGroup(graphsim.Group{ID: groupID, Members: []graphsim.User{ana.User, ben.User}}); err != nil {
		t.Fatal(err)
	}
}

// inGroup lets a member write to the group.
func inGroup(p person) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		addGroup(t, w)
		m := graphsim.Text("Hello all")
		m.GroupID = groupID
		p.says(shop, m)(t, w)
	}
}

func toGroup(want string) step {
	return send(shop, group+`,"type":"text","text":{"body":"Secret message"}`, want)
}

// isViolation looks for the newest ledger entry among the violations.
func isViolation(t testing.TB, w *world) {
	t.Helper()
	p := pageOf(t, w.Gateway, "violations", adminapi.Selection{Limit: 1})
	if e := w.newest(t); len(p.Entries) != 1 || p.Entries[0].ID != e.ID || p.Entries[0].Decision != "monitor" || e.Outcome.State != "accepted" {
		t.Errorf("the newest violation is %v, the newest ledger entry %v", p.Entries, e)
	}
}

// marketOf looks at the market of all sends in the report, which is estimated.
func marketOf(want string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		for _, r := range reportOf(t, w.Gateway, "").Rows {
			if r.Market != want || !r.MarketEstimated {
				t.Errorf("the report has market %q, estimated %v; want %q, estimated", r.Market, r.MarketEstimated, want)
			}
		}
	}
}

// notificationsAre looks at the rows of the report about notifications, day by
// day, as "1 utility allow".
func notificationsAre(want ...string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		var got []string
		for _, r := range reportOf(t, w.Gateway, billing.Notification).Rows {
			got = append(got, fmt.Sprint(r.Sends, " ", r.Category, " ", r.Decision))
		}
		if !slices.Equal(got, want) {
			t.Errorf("the notifications in the report are %q, want %q", got, want)
		}
	}
}

// toBoth names a person twice.
const toBoth = `"to":"+4915112345678","recipient":"DE.55667788990011"`

// sendToNumber sends a text to a number in some spelling.
func sendToNumber(to, want string) step {
	return send(shop, fmt.Sprintf(`"to":%q,"type":"text","text":{"body":"Secret message"}`, to), want)
}

// newPerson records that a number belongs to somebody new.
func newPerson(p person) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		record(t, w.Gateway, adminapi.RouteNewPerson, about(shop, p.Phone))
	}
}
