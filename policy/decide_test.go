package policy

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"
)

// A template needs an opt-in whose scope covers its category. An open window
// is no consent.
func TestConsent(t *testing.T) {
	ds := Policy{DirectSend: true}
	judge(t, []ruling{
		{name: "template/marketing/opted-in", send: template(), facts: toOne(optedIn(day, Marketing)).of(CategoryMarketing), want: RuleConsent},
		{name: "template/marketing/transactional-only", send: template(), facts: toOne(optedIn(day, Transactional)).of(CategoryMarketing), want: RuleNoConsentCategory},
		{name: "template/marketing/authentication-only", send: template(), facts: toOne(optedIn(day, Authentication)).of(CategoryMarketing), want: RuleNoConsentCategory},
		{name: "template/marketing-lite/opted-in", send: template(), facts: toOne(optedIn(day, Marketing)).of(CategoryMarketingLite), want: RuleConsent},
		{name: "template/marketing-lite/transactional-only", send: template(), facts: toOne(optedIn(day, Transactional)).of(CategoryMarketingLite), want: RuleNoConsentCategory},
		{name: "template/utility/opted-in", send: template(), facts: toOne(optedIn(day, Transactional)).of(CategoryUtility), want: RuleConsent},
		{name: "template/utility/marketing-only", send: template(), facts: toOne(optedIn(day, Marketing)).of(CategoryUtility), want: RuleNoConsentCategory},
		{name: "template/authentication/opted-in", send: template(), facts: toOne(optedIn(day, Authentication)).of(CategoryAuthentication), want: RuleConsent},
		{name: "template/authentication/transactional-only", send: template(), facts: toOne(optedIn(day, Transactional)).of(CategoryAuthentication), want: RuleNoConsentCategory},

		{name: "template/unknown-category/opted-in-to-all", send: template(), facts: toOne(optedIn(day, AllScopes...)).of(CategoryUnknown), want: RuleConsent},
		{name: "template/unknown-category/marketing-only", send: template(), facts: toOne(optedIn(day, Marketing)).of(CategoryUnknown), want: RuleConsent},
		{name: "template/unknown-category/all-but-marketing", send: template(), facts: toOne(optedIn(day, Transactional, Authentication)).of(CategoryUnknown), want: RuleCategoryUnknown},
		{name: "template/unknown-category/opted-out-of-transactional", send: template(), facts: toOne(optedIn(2*day, Marketing), optedOutOf(day, Transactional)).of(CategoryUnknown), want: RuleOptedOut},
		{name: "template/unknown-category/opted-out-of-authentication", send: template(), facts: toOne(optedIn(2*day, Marketing), optedOutOf(day, Authentication)).of(CategoryUnknown), want: RuleOptedOut},
		{name: "template/unknown-category/opted-out-of-marketing", send: template(), facts: toOne(optedIn(2*day, Transactional), optedOutOf(day, Marketing)).of(CategoryUnknown), want: RuleOptedOutMarketing},
		{name: "template/free-form-category-is-not-believed", send: template(), facts: toOne(optedIn(day, Transactional)).of(CategoryService), want: RuleCategoryUnknown},

		{name: "state/unknown", send: template(), facts: toOne().of(CategoryUtility), want: RuleNoConsent},
		{name: "state/unknown/open-window/marketing", send: template(), facts: toOne(wrote(hour)).of(CategoryMarketing), want: RuleNoConsent},
		{name: "state/pending", send: template(), facts: toOne(asked(hour, Transactional)).of(CategoryUtility), want: RuleConsentPending},
		{name: "state/pending/opted-in-to-another", send: template(), facts: toOne(optedIn(day, Marketing), asked(hour, Transactional)).of(CategoryUtility), want: RuleConsentPending},
		{name: "state/pending-for-another", send: template(), facts: toOne(asked(hour, Marketing)).of(CategoryUtility), want: RuleNoConsent},
		{name: "state/opted-out", send: template(), facts: toOne(optedOutOf(day, AllScopes...)).of(CategoryUtility), want: RuleOptedOut},
		{name: "state/opted-out/marketing", send: template(), facts: toOne(optedOutOf(day, AllScopes...)).of(CategoryMarketing), want: RuleOptedOutMarketing},

		// Replies need no opt-in by default.
		{name: "in-window/no-consent", send: text(), facts: toOne(wrote(hour)), want: RuleWindowOpen},
		{name: "in-window/pending", send: text(), facts: toOne(wrote(hour), asked(hour, AllScopes...)), want: RuleWindowOpen},
		{name: "in-window/required/no-consent", send: text(), facts: toOne(wrote(hour)), policy: Policy{RequireInWindowConsent: true}, want: RuleNoConsent},
		{name: "in-window/required/pending", send: text(), facts: toOne(wrote(hour), asked(hour, Transactional)), policy: Policy{RequireInWindowConsent: true}, want: RuleConsentPending},
		{name: "in-window/required/marketing-only", send: text(), facts: toOne(wrote(hour), optedIn(day, Marketing)), policy: Policy{RequireInWindowConsent: true}, want: RuleNoConsentCategory},
		{name: "in-window/required/opted-in", send: text(), facts: toOne(wrote(hour), optedIn(day, Transactional)), policy: Policy{RequireInWindowConsent: true}, want: RuleWindowOpen},
		{name: "in-window/required/closed", send: text(), facts: toOne(wrote(day), optedIn(day, Transactional)), policy: Policy{RequireInWindowConsent: true}, want: RuleWindowClosed},

		// Direct Send is judged like a template, where configured.
		{name: "direct-send/not-configured/closed", send: direct(CategoryUtility), facts: toOne(optedIn(day, Transactional)), want: RuleWindowClosed},
		{name: "direct-send/not-configured/open", send: direct(CategoryUtility), facts: toOne(wrote(hour)), want: RuleWindowOpen},
		{name: "direct-send/utility/opted-in", send: direct(CategoryUtility), facts: toOne(optedIn(day, Transactional)), policy: ds, want: RuleConsent},
		{name: "direct-send/utility/no-consent", send: direct(CategoryUtility), facts: toOne(wrote(day)), policy: ds, want: RuleNoConsent},
		{name: "direct-send/utility/open-window", send: direct(CategoryUtility), facts: toOne(wrote(hour)), policy: ds, want: RuleWindowOpen},
		{name: "direct-send/authentication/open-window", send: direct(CategoryAuthentication), facts: toOne(wrote(hour)), policy: ds, want: RuleNoConsent},
		{name: "direct-send/authentication/opted-in", send: direct(CategoryAuthentication), facts: toOne(optedIn(day, Authentication)), policy: ds, want: RuleConsent},
		{name: "direct-send/authentication/transactional-only", send: direct(CategoryAuthentication), facts: toOne(optedIn(day, Transactional)), policy: ds, want: RuleNoConsentCategory},
		// A body that calls itself service must not get past a closed window on a
		// transactional opt-in.
		{name: "direct-send/other-category-is-not-believed/service", send: direct(CategoryService), facts: toOne(optedIn(day, Transactional)), policy: ds, want: RuleNoConsentCategory},
		{name: "direct-send/other-category-is-not-believed/none", send: direct(CategoryNone), facts: toOne(optedIn(day, Transactional)), policy: ds, want: RuleNoConsentCategory},
		{name: "direct-send/other-category-is-not-believed/empty", send: direct(""), facts: toOne(optedIn(day, Transactional)), policy: ds, want: RuleNoConsentCategory},
		{name: "direct-send/opted-out", send: direct(CategoryUtility), facts: toOne(optedIn(2*day, AllScopes...), optedOutOf(day, AllScopes...)), policy: ds, want: RuleOptedOut},
		{
			name: "direct-send/is-no-essential-template", send: direct(CategoryUtility).with(aboutTransaction), facts: toOne(optedIn(2*day, AllScopes...), optedOutOf(day, AllScopes...)),
			policy: Policy{DirectSend: true, EssentialTemplates: []string{""}}, want: RuleOptedOut,
		},
	})
}

// What may be said freely may be said with a utility template: inside an open
// window it follows in_window_consent and the silence after an opt-out as
// free-form does. No other category does.
func TestUtilityTemplateInWindow(t *testing.T) {
	required, block := Policy{RequireInWindowConsent: true}, Policy{RefuseOptedOutReplies: true}
	judge(t, []ruling{
		{name: "no-consent", send: template(), facts: toOne(wrote(hour)).of(CategoryUtility), want: RuleWindowOpen},
		{name: "pending", send: template(), facts: toOne(wrote(hour), asked(2*hour, Transactional)).of(CategoryUtility), want: RuleWindowOpen},
		{name: "marketing-only", send: template(), facts: toOne(wrote(hour), optedIn(day, Marketing)).of(CategoryUtility), want: RuleWindowOpen},
		{name: "opted-in", send: template(), facts: toOne(wrote(hour), optedIn(day, Transactional)).of(CategoryUtility), want: RuleConsent},
		{name: "opted-out-of-marketing", send: template(), facts: toOne(wrote(2*hour), optedOutOf(hour, Marketing)).of(CategoryUtility), want: RuleWindowOpen},
		{name: "edge/-1ms", send: template(), facts: toOne(wrote(day)).of(CategoryUtility), now: noon - 1, want: RuleWindowOpen},
		{name: "edge/0", send: template(), facts: toOne(wrote(day)).of(CategoryUtility), want: RuleNoConsent},
		{name: "margin", send: template(), facts: toOne(wrote(day - time.Minute)).of(CategoryUtility), policy: Policy{WindowMargin: 2 * time.Minute}, want: RuleNoConsent},
		{name: "required", send: template(), facts: toOne(wrote(hour)).of(CategoryUtility), policy: required, want: RuleNoConsent},
		{name: "required/opted-in", send: template(), facts: toOne(wrote(hour), optedIn(day, Transactional)).of(CategoryUtility), policy: required, want: RuleConsent},
		{name: "silenced", send: template(), facts: toOne(wrote(hour), optedOutOf(hour, AllScopes...)).of(CategoryUtility), want: RuleOptedOut},
		{name: "silenced/wrote-again", send: template(), facts: toOne(wrote(hour), optedOutOf(2*hour, AllScopes...)).of(CategoryUtility), want: RuleWindowOpen},
		{name: "silenced/wrote-again/refused-by-policy", send: template(), facts: toOne(wrote(hour), optedOutOf(2*hour, AllScopes...)).of(CategoryUtility), policy: block, want: RuleOptedOut},
		{name: "silenced/stopped-again", send: template(), facts: toOne(wrote(hour), onlyOptedOut, optedOutOf(2*hour, AllScopes...)).of(CategoryUtility), want: RuleOptedOut},
		{name: "marketing", send: template(), facts: toOne(wrote(hour)).of(CategoryMarketing), want: RuleNoConsent},
		{name: "authentication", send: template(), facts: toOne(wrote(hour)).of(CategoryAuthentication), want: RuleNoConsent},
		{name: "unknown-category", send: template(), facts: toOne(wrote(hour)).of(CategoryUnknown), want: RuleNoConsent},
		{name: "not-known-template", send: template(), facts: toOne(wrote(hour)), want: RuleNoConsent},
		{name: "paused", send: template(), facts: func() Facts {
			f := toOne(wrote(hour)).of(CategoryUtility)
			f.Template.Status = TemplatePaused
			return f
		}(), want: RuleTemplatePaused},
	})
}

// A message that is itself an opt-out, or may be one, never lifts the silence.
func TestSilence(t *testing.T) {
	stopped := func(aspects ...aspect) Facts {
		return toOne(append([]aspect{optedIn(10*day, AllScopes...), optedOutOf(2*hour, AllScopes...)}, aspects...)...)
	}
	judge(t, []ruling{
		{name: "stop-alone", send: freeForm("image"), facts: stopped(wrote(2*hour), onlyOptedOut), want: RuleOptedOut},
		{name: "stop-twice", send: freeForm("image"), facts: stopped(wrote(hour), onlyOptedOut), want: RuleOptedOut},
		{name: "stop-twice/wrote-before", send: freeForm("image"), facts: stopped(wrote(hour), spoke(3*hour)), want: RuleOptedOut},
		{name: "stop-twice/wrote-between", send: freeForm("image"), facts: stopped(wrote(time.Minute), spoke(hour)), want: RuleWindowOpen},
		{name: "wrote-in-the-same-second", send: freeForm("image"), facts: stopped(wrote(2*hour), spoke(2*hour)), want: RuleOptedOut},
		{name: "wrote-in-the-same-second/of-our-clock", send: freeForm("image"), facts: stopped(wrote(2*hour), spoke(2*hour), func(p *PersonFacts) {
			p.Consent[Transactional].Since += 305
		}), want: RuleOptedOut},
		{name: "wrote-the-next-second", send: freeForm("image"), facts: stopped(wrote(2*hour-time.Second), spoke(2*hour-time.Second)), want: RuleWindowOpen},
		{name: "stop-twice/call", send: call(), facts: stopped(wrote(hour), onlyOptedOut, permitsCalls(Forever)), want: RuleOptedOut},
		{name: "stop-twice/one-confirmation", send: text().with(confirms), facts: stopped(wrote(hour), onlyOptedOut), want: RuleConfirmation},
		{name: "stop-twice/no-second-confirmation", send: text().with(confirms), facts: stopped(wrote(hour), onlyOptedOut, confirmed(90*time.Minute)), want: RuleOptedOut},
		// Facts from before it was kept what the person said.
		{name: "facts-of-old/stop-alone", send: freeForm("image"), facts: stopped(wrote(2 * hour)), want: RuleOptedOut},
		{name: "facts-of-old/in-touch-since", send: freeForm("image"), facts: stopped(wrote(hour)), want: RuleWindowOpen},
	})
}

// Only a text that says so confirms an opt-out.
func TestConfirmationSaysSo(t *testing.T) {
	facts := toOne(optedIn(10*day, AllScopes...), optedOutOf(2*hour, AllScopes...), wrote(2*hour))
	judge(t, []ruling{
		{name: "says-so", send: text().with(confirms), facts: facts, want: RuleConfirmation},
		{name: "says-something-else", send: text(), facts: facts, want: RuleOptedOut},
		{name: "not-a-text", send: freeForm("image").with(confirms), facts: facts, want: RuleOptedOut},
	})
	s := text()
	if d := Decide(&s, &facts, &Policy{}, noon.Time()); !strings.Contains(d.Remedy, "one text that confirms") {
		t.Errorf("the remedy %q doesn't say what may be sent", d.Remedy)
	}
	s = template()
	facts = facts.of(CategoryUtility)
	d := Decide(&s, &facts, &Policy{EssentialTemplates: []string{"order_update"}}, noon.Time())
	if !strings.Contains(d.Remedy, "biz_opaque_callback_data") {
		t.Errorf("the remedy %q of an essential template doesn't name the reference", d.Remedy)
	}
}

// What may still be sent to a person who opted out.
func TestOptOut(t *testing.T) {
	all := AllScopes
	stopped := func(aspects ...aspect) Facts {
		return toOne(append([]aspect{optedIn(10*day, all...), optedOutOf(2*hour, all...)}, aspects...)...)
	}
	block := Policy{RefuseOptedOutReplies: true}
	require := Policy{RequireInWindowConsent: true}
	essential := Policy{EssentialTemplates: []string{"order_update"}}
	judge(t, []ruling{
		{name: "marketing-template", send: template(), facts: stopped().of(CategoryMarketing), want: RuleOptedOutMarketing},
		{name: "marketing-template/open-window", send: template(), facts: stopped(wrote(hour)).of(CategoryMarketing), want: RuleOptedOutMarketing},
		{name: "utility-template", send: template(), facts: stopped().of(CategoryUtility), want: RuleOptedOut},
		{name: "authentication-template", send: template(), facts: stopped().of(CategoryAuthentication), want: RuleOptedOut},

		{name: "free-form/closed", send: freeForm("image"), facts: stopped(wrote(2 * day)), want: RuleWindowClosed},
		{name: "free-form/window-opened-before", send: freeForm("image"), facts: stopped(wrote(3 * hour)), want: RuleOptedOut},
		{name: "free-form/window-opened-by-the-stop", send: freeForm("image"), facts: stopped(wrote(2 * hour)), want: RuleOptedOut},
		{name: "free-form/window-opened-1ms-after", send: freeForm("image"), facts: stopped(func(p *PersonFacts) { p.Opened = ago(2*hour) + 1 }), want: RuleWindowOpen},
		{name: "free-form/wrote-again", send: freeForm("image"), facts: stopped(wrote(hour)), want: RuleWindowOpen},
		{name: "free-form/wrote-again/refused-by-policy", send: freeForm("image"), facts: stopped(wrote(hour)), policy: block, want: RuleOptedOut},
		{name: "free-form/wrote-again/opt-in-required", send: freeForm("image"), facts: stopped(wrote(hour)), policy: require, want: RuleOptedOut},
		// STOP must not open what was shut: without it this is NO_CONSENT.
		{name: "free-form/wrote-again/opt-in-required/never-opted-in", send: text(), facts: toOne(optedOutOf(2*hour, all...), wrote(hour)), policy: require, want: RuleOptedOut},
		{name: "free-form/never-opted-in", send: freeForm("image"), facts: toOne(optedOutOf(hour, all...), wrote(hour)), want: RuleOptedOut},
		{name: "free-form/opted-in-again", send: freeForm("image"), facts: toOne(optedIn(hour, all...), wrote(2*hour)), policy: block, want: RuleWindowOpen},

		// One confirmation, a text, inside the window.
		{name: "confirmation/text", send: text().with(confirms), facts: stopped(wrote(2 * hour)), want: RuleConfirmation},
		{name: "confirmation/never-opted-in", send: text().with(confirms), facts: toOne(optedOutOf(hour, all...), wrote(hour)), want: RuleConfirmation},
		{name: "confirmation/never-opted-in/opt-in-required", send: text().with(confirms), facts: toOne(optedOutOf(hour, all...), wrote(hour)), policy: require, want: RuleOptedOut},
		{name: "confirmation/once-opted-in/opt-in-required", send: text().with(confirms), facts: stopped(wrote(2 * hour)), policy: require, want: RuleConfirmation},
		{name: "confirmation/not-a-text/image", send: freeForm("image"), facts: stopped(wrote(2 * hour)), want: RuleOptedOut},
		{name: "confirmation/not-a-text/buttons", send: freeForm("interactive/button"), facts: stopped(wrote(2 * hour)), want: RuleOptedOut},
		{name: "confirmation/not-a-text/no-type", send: freeForm(""), facts: stopped(wrote(2 * hour)), want: RuleOptedOut},
		{name: "confirmation/window-closed", send: text().with(confirms), facts: toOne(optedOutOf(25*hour, all...), wrote(25*hour)), want: RuleWindowClosed},
		{name: "confirmation/second", send: text().with(confirms), facts: stopped(wrote(2*hour), confirmed(2*hour)), want: RuleOptedOut},
		{name: "confirmation/second-stop", send: text().with(confirms), facts: toOne(optedIn(10*day, all...), optedOutOf(hour, all...), confirmed(2*hour), wrote(hour)), want: RuleOptedOut},
		{name: "confirmation/second-stop/never-opted-in", send: text().with(confirms), facts: toOne(optedOutOf(hour, all...), confirmed(2*hour), wrote(hour)), want: RuleOptedOut},
		{name: "confirmation/after-opting-in-again", send: text().with(confirms), facts: toOne(optedIn(3*hour, all...), optedOutOf(hour, all...), confirmed(20*hour), wrote(hour)), want: RuleConfirmation},
		{name: "confirmation/not-when-the-reply-passes-anyway", send: text().with(confirms), facts: stopped(wrote(hour)), want: RuleWindowOpen},
		{name: "confirmation/where-replies-are-refused", send: text().with(confirms), facts: stopped(wrote(hour)), policy: block, want: RuleConfirmation},
		{name: "confirmation/where-replies-are-refused/second", send: text().with(confirms), facts: stopped(wrote(hour), confirmed(90*time.Minute)), policy: block, want: RuleOptedOut},

		// A typed "stop promo", 131050 and WhatsApp's own control stop marketing alone.
		{name: "marketing-only/marketing-template", send: template(), facts: toOne(optedIn(10*day, all...), optedOutOf(hour, Marketing)).of(CategoryMarketing), want: RuleOptedOutMarketing},
		{name: "marketing-only/marketing-lite-template", send: template().with(throughMarketing), facts: toOne(optedIn(10*day, all...), optedOutOf(hour, Marketing)).of(CategoryMarketing), want: RuleOptedOutMarketing},
		{name: "marketing-only/utility-template", send: template(), facts: toOne(optedIn(10*day, all...), optedOutOf(hour, Marketing)).of(CategoryUtility), want: RuleConsent},
		{name: "marketing-only/authentication-template", send: template(), facts: toOne(optedIn(10*day, all...), optedOutOf(hour, Marketing)).of(CategoryAuthentication), want: RuleConsent},
		{name: "marketing-only/reply", send: freeForm("image"), facts: toOne(optedIn(10*day, all...), optedOutOf(hour, Marketing), wrote(hour)), want: RuleWindowOpen},
		{name: "marketing-only/reply/refused-by-policy", send: freeForm("image"), facts: toOne(optedIn(10*day, all...), optedOutOf(hour, Marketing), wrote(hour)), policy: block, want: RuleWindowOpen},
		{name: "transactional-only/marketing-template", send: template(), facts: toOne(optedIn(10*day, all...), optedOutOf(hour, Transactional)).of(CategoryMarketing), want: RuleConsent},

		// The four cases of "essential transactional", and their neighbours.
		{name: "essential/listed-with-reference", send: template().with(aboutTransaction), facts: stopped().of(CategoryUtility), policy: essential, want: RuleEssential},
		{name: "essential/without-reference", send: template(), facts: stopped().of(CategoryUtility), policy: essential, want: RuleOptedOut},
		{name: "essential/not-listed", send: template().with(aboutTransaction).with(named("reminder")), facts: stopped().of(CategoryUtility), policy: essential, want: RuleOptedOut},
		{name: "essential/marketing", send: template().with(aboutTransaction), facts: stopped().of(CategoryMarketing), policy: essential, want: RuleOptedOutMarketing},
		{name: "essential/unknown-category", send: template().with(aboutTransaction), facts: stopped().of(CategoryUnknown), policy: essential, want: RuleOptedOutMarketing},
		{name: "essential/authentication", send: template().with(aboutTransaction), facts: stopped().of(CategoryAuthentication), policy: essential, want: RuleEssential},
		{name: "essential/never-opted-in", send: template().with(aboutTransaction), facts: toOne(optedOutOf(hour, all...)).of(CategoryUtility), policy: essential, want: RuleOptedOut},
		{name: "essential/is-no-consent", send: template().with(aboutTransaction), facts: toOne().of(CategoryUtility), policy: essential, want: RuleNoConsent},
		{name: "essential/still-opted-in", send: template().with(aboutTransaction), facts: toOne(optedIn(day, all...)).of(CategoryUtility), policy: essential, want: RuleConsent},
		{name: "essential/free-form", send: text().with(aboutTransaction).with(named("order_update")), facts: stopped(), policy: essential, want: RuleWindowClosed},
		{name: "essential/paused", send: template().with(aboutTransaction), facts: func() Facts {
			f := stopped().of(CategoryUtility)
			f.Template.Status = TemplatePaused
			return f
		}(), policy: essential, want: RuleTemplatePaused},
	})
}

// What is no plain message: receipts, calls, groups, the marketing endpoint.
func TestKindsOfTheirOwn(t *testing.T) {
	groups := Policy{AllowGroups: true}
	group := template().with(toGroup)
	judge(t, []ruling{
		{name: "receipt", send: Send{Edge: EdgeMessages, Kind: Receipt}, want: RuleReceipt},
		{name: "receipt/opted-out", send: Send{Edge: EdgeMessages, Kind: Receipt}, facts: toOne(optedOutOf(hour, AllScopes...)), want: RuleReceipt},

		{name: "marketing-edge/marketing-template", send: template().with(throughMarketing), facts: toOne(optedIn(day, Marketing)).of(CategoryMarketing), want: RuleConsent},
		{name: "marketing-edge/marketing-template/transactional-only", send: template().with(throughMarketing), facts: toOne(optedIn(day, Transactional)).of(CategoryMarketing), want: RuleNoConsentCategory},
		{name: "marketing-edge/unknown-category", send: template().with(throughMarketing), facts: toOne(optedIn(day, Marketing)).of(CategoryUnknown), want: RuleConsent},
		{name: "marketing-edge/utility-template", send: template().with(throughMarketing), facts: toOne(optedIn(day, AllScopes...)).of(CategoryUtility), want: RuleMarketingOnly},
		{name: "marketing-edge/authentication-template", send: template().with(throughMarketing), facts: toOne(optedIn(day, AllScopes...)).of(CategoryAuthentication), want: RuleMarketingOnly},
		{name: "marketing-edge/free-form", send: text().with(throughMarketing), facts: toOne(wrote(hour)), want: RuleMarketingOnly},
		{name: "marketing-edge/direct-send", send: direct(CategoryUtility).with(throughMarketing), facts: toOne(optedIn(day, AllScopes...)), policy: Policy{DirectSend: true}, want: RuleMarketingOnly},

		{name: "group/refused/template", send: group, facts: toOne(optedIn(day, AllScopes...)).of(CategoryUtility), want: RuleGroupsRefused},
		{name: "group/refused/free-form", send: text().with(toGroup), facts: toOne(wrote(hour)), want: RuleGroupsRefused},
		{name: "group/allowed/template", send: group, facts: toOne().of(CategoryUtility), policy: groups, want: RuleGroupsAllowed},
		{name: "group/allowed/free-form/open", send: text().with(toGroup), facts: toOne(wrote(hour)), policy: groups, want: RuleWindowOpen},
		{name: "group/allowed/free-form/closed", send: text().with(toGroup), facts: toOne(wrote(day)), policy: groups, want: RuleWindowClosed},
		{name: "group/allowed/paused-template", send: group, facts: Facts{Persons: []PersonFacts{person()}, Template: TemplateFacts{Found: true, Status: TemplatePaused}}, policy: groups, want: RuleTemplatePaused},
		{name: "group/allowed/opted-out", send: group, facts: toOne(optedOutOf(hour, AllScopes...)).of(CategoryMarketing), policy: groups, want: RuleOptedOutMarketing},
		{name: "group/allowed/opted-out-of-marketing/utility", send: group, facts: toOne(optedOutOf(hour, Marketing)).of(CategoryUtility), policy: groups, want: RuleGroupsAllowed},
		{name: "group/allowed/opted-out/unknown-category", send: group, facts: toOne(optedOutOf(hour, Transactional)).of(CategoryUnknown), policy: groups, want: RuleOptedOut},

		{name: "call/permitted", send: call(), facts: toOne(permitsCalls(noon + 1)), want: RuleCallPermission},
		{name: "call/permitted-for-ever", send: call(), facts: toOne(permitsCalls(Forever)), want: RuleCallPermission},
		{name: "call/permission-ended", send: call(), facts: toOne(permitsCalls(noon)), want: RuleCallNotPermitted},
		{name: "call/window-open", send: call(), facts: toOne(wrote(hour)), want: RuleWindowOpen},
		{name: "call/window-closed", send: call(), facts: toOne(wrote(day)), want: RuleCallNotPermitted},
		{name: "call/opt-in-is-no-permission", send: call(), facts: toOne(optedIn(day, AllScopes...)), want: RuleCallNotPermitted},
		{name: "call/opted-out/permitted-before", send: call(), facts: toOne(permitsCalls(Forever), optedOutOf(hour, AllScopes...), wrote(2*hour)), want: RuleOptedOut},
		{name: "call/opted-out/in-touch-since", send: call(), facts: toOne(permitsCalls(Forever), optedOutOf(2*hour, AllScopes...), wrote(hour)), want: RuleCallPermission},
		// What the policy says about answering holds for calling back.
		{name: "call/opted-out/in-touch-since/refused-by-policy", send: call(), facts: toOne(permitsCalls(Forever), optedOutOf(2*hour, AllScopes...), wrote(hour)), policy: Policy{RefuseOptedOutReplies: true}, want: RuleOptedOut},
		{name: "call/window-open/opt-in-required", send: call(), facts: toOne(wrote(hour)), policy: Policy{RequireInWindowConsent: true}, want: RuleNoConsent},
		{name: "call/permitted/opt-in-required", send: call(), facts: toOne(permitsCalls(Forever)), policy: Policy{RequireInWindowConsent: true}, want: RuleCallPermission},
		{name: "call-control", send: Send{Edge: EdgeCalls, Kind: CallControl}, want: RuleCallControl},
		// A request for permission is a free-form message. A permission given before
		// let it through a closed window.
		{name: "call-permission-request/open", send: callPermissionRequest(), facts: toOne(wrote(hour)), want: RuleWindowOpen},
		{name: "call-permission-request/closed", send: callPermissionRequest(), facts: toOne(wrote(day)), want: RuleWindowClosed},
		{name: "call-permission-request/closed/permitted", send: callPermissionRequest(), facts: toOne(permitsCalls(Forever)), want: RuleWindowClosed},
		{name: "call-permission-request/opted-out", send: callPermissionRequest(), facts: toOne(optedOutOf(hour, AllScopes...), wrote(hour)), want: RuleOptedOut},
	})
}

func callPermissionRequest() Send {
	return Send{Edge: EdgeMessages, Kind: CallPermissionRequest, Type: "interactive/call_permission_request"}
}

// A number that can be read in two ways is judged in both; two names in one
// send must be one person's.
func TestRecipient(t *testing.T) {
	two := func(a, b PersonFacts) Facts { return Facts{Persons: []PersonFacts{a, b}} }
	linked := func(f Facts) Facts { f.OnePerson = true; return f }
	open, closed := person(wrote(hour)), person()
	confirmable := person(optedOutOf(hour, AllScopes...), wrote(hour))
	in, out := person(optedIn(2*day, AllScopes...)), person(optedIn(2*day, AllScopes...), optedOutOf(day, AllScopes...))
	essential := Policy{EssentialTemplates: []string{"order_update"}}
	judge(t, []ruling{
		{name: "readings/both-open", send: text().with(toTwoReadings), facts: two(open, open), want: RuleWindowOpen},
		{name: "readings/second-closed", send: text().with(toTwoReadings), facts: two(open, closed), want: RuleWindowClosed},
		{name: "readings/first-closed", send: text().with(toTwoReadings), facts: two(closed, open), want: RuleWindowClosed},
		{name: "readings/second-opted-out", send: template().with(toTwoReadings), facts: two(in, out).of(CategoryMarketing), want: RuleOptedOutMarketing},
		{name: "readings/first-opted-out", send: template().with(toTwoReadings), facts: two(out, in).of(CategoryMarketing), want: RuleOptedOutMarketing},
		{name: "readings/second-unknown", send: template().with(toTwoReadings), facts: two(in, closed).of(CategoryMarketing), want: RuleNoConsent},
		// The claim of the one confirmation got lost behind the other reading, so
		// that any number of them passed.
		{name: "readings/confirmation-and-open", send: text().with(confirms).with(toTwoReadings), facts: two(confirmable, open), want: RuleConfirmation},
		{name: "readings/open-and-confirmation", send: text().with(confirms).with(toTwoReadings), facts: two(open, confirmable), want: RuleConfirmation},
		{name: "readings/exception-and-consent", send: template().with(toTwoReadings).with(aboutTransaction), facts: two(out, in).of(CategoryUtility), policy: essential, want: RuleEssential},
		{name: "readings/consent-and-exception", send: template().with(toTwoReadings).with(aboutTransaction), facts: two(in, out).of(CategoryUtility), policy: essential, want: RuleEssential},
		{name: "readings/one-not-looked-up", send: text().with(toTwoReadings), facts: toOne(wrote(hour)), want: RuleRecipientConflict},

		{name: "two-names/one-person", send: text().with(toPhoneAndUser), facts: linked(two(open, open)), want: RuleWindowOpen},
		{name: "two-names/not-known-to-be-one", send: text().with(toPhoneAndUser), facts: two(open, open), want: RuleRecipientConflict},
		{name: "two-names/not-known-to-be-one/template", send: template().with(toPhoneAndUser), facts: two(in, in).of(CategoryUtility), want: RuleRecipientConflict},
		{name: "two-names/one-person/one-name-closed", send: text().with(toPhoneAndUser), facts: linked(two(open, closed)), want: RuleWindowClosed},
		{name: "two-names/as-recorded", send: text().with(func(s *Send) { s.TwoNames = true }), facts: two(open, open), want: RuleRecipientConflict},
		{name: "user-alone", send: text().with(func(s *Send) { s.Recipient = user }), facts: toOne(wrote(hour)), want: RuleWindowOpen},
		{name: "nobody", send: text(), want: RuleRecipientConflict},
		{name: "nobody/template", send: template(), facts: Facts{}.of(CategoryUtility), want: RuleRecipientConflict},
	})
}

// The tag says who started, and what the send will be billed as.
func TestTags(t *testing.T) {
	for _, tc := range []struct {
		name       string
		send       Send
		facts      Facts
		category   Category
		initiation Initiation
	}{
		{"reply", text(), toOne(wrote(hour)), CategoryService, ByUser},
		{"free-form/closed", text(), toOne(), CategoryService, ByBusiness},
		{"template/closed", template(), toOne(optedIn(day, AllScopes...)).of(CategoryUtility), CategoryUtility, ByBusiness},
		{"template/open", template(), toOne(wrote(hour)).of(CategoryAuthentication), CategoryAuthentication, ByUser},
		{"template/edge-of-window", template(), toOne(wrote(day)).of(CategoryUtility), CategoryUtility, ByBusiness},
		{"template/unknown", template(), toOne(), CategoryUnknown, ByBusiness},
		{"template/unknown/marketing-edge", template().with(throughMarketing), toOne(), CategoryMarketingLite, ByBusiness},
		{"template/marketing/marketing-edge", template().with(throughMarketing), toOne().of(CategoryMarketing), CategoryMarketingLite, ByBusiness},
		{"template/utility/marketing-edge", template().with(throughMarketing), toOne().of(CategoryUtility), CategoryUtility, ByBusiness},
		{"direct-send/utility", direct(CategoryUtility), toOne(), CategoryUtility, ByBusiness},
		{"direct-send/authentication", direct(CategoryAuthentication), toOne(), CategoryAuthentication, ByBusiness},
		{"direct-send/other", direct(CategoryService), toOne(), CategoryUnknown, ByBusiness},
		{"readings/one-open", text().with(toTwoReadings), Facts{Persons: []PersonFacts{person(wrote(hour)), person()}}, CategoryService, ByBusiness},
		{"nobody", text(), Facts{}, CategoryService, ByBusiness},
		{"call-permission-request", callPermissionRequest(), toOne(wrote(hour)), CategoryService, ByUser},
		{"receipt", Send{Kind: Receipt}, Facts{}, CategoryNone, ""},
		{"call", call(), toOne(wrote(hour)), CategoryNone, ""},
		{"call-control", Send{Kind: CallControl}, Facts{}, CategoryNone, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Decide(&tc.send, &tc.facts, &Policy{}, noon.Time())
			if got.Category != tc.category || got.Initiation != tc.initiation {
				t.Errorf("got %s %q, want %s %q", got.Category, got.Initiation, tc.category, tc.initiation)
			}
		})
	}
}

// Whatever a person's opt-out is about, by whatever name they said it and
// whenever: it never lets a send through that was refused before.
func TestOptOutNeverAllows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, p := genSend().Draw(t, "send"), genPolicy().Draw(t, "policy")
		c, tf, now := genContact().Draw(t, "contact"), genTemplateFacts().Draw(t, "template"), genMoment().Draw(t, "now")
		without := factsOf(c, &s, tf)

		stop := genUpdateOf("say").Draw(t, "opt-out")
		stop.State = OptedOut
		c = c.Clone()
		stop.apply(c)
		with := factsOf(c, &s, tf)
		for i := range with.Persons {
			with.Persons[i].Country = rapid.SampledFrom([]string{"", "", "DE", "US", "CU"}).Draw(t, "country")
			without.Persons[i].Country = with.Persons[i].Country
		}
		for _, sent := range rapid.SliceOfN(genSent(), 0, 4).Draw(t, "sent") {
			for i := range with.Persons {
				with.Persons[i].Sent = withSent(with.Persons[i].Sent, sent)
				without.Persons[i].Sent = withSent(without.Persons[i].Sent, sent)
			}
		}

		before, after := Decide(&s, &without, &p, now.Time()), Decide(&s, &with, &p, now.Time())
		if before.Verdict == Refuse && after.Verdict == Allow {
			t.Fatalf("refused (%s: %s), with the opt-out allowed (%s: %s)", before.Rule, before.Reason, after.Rule, after.Reason)
		}
	})
}

// The order of the persons makes no difference to the verdict, nor to what it
// uses up.
func TestStricterReadingHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, p, now := genSend().Draw(t, "send"), genPolicy().Draw(t, "policy"), genMoment().Draw(t, "now")
		s.To, s.Recipient, s.TwoNames = []Identity{phone, otherPhone}, Identity{}, false
		if s.Bare != NotBare {
			p.BareNumbers = BareBoth
		}
		one, other := genFacts(&s).Draw(t, "one"), genFacts(&s).Draw(t, "other")
		facts := func(persons ...PersonFacts) *Facts { return &Facts{Persons: persons, Template: one.Template} }
		a, b := one.Persons[0], other.Persons[0]

		both, turned := Decide(&s, facts(a, b), &p, now.Time()), Decide(&s, facts(b, a), &p, now.Time())
		if both.Verdict != turned.Verdict || (len(both.Claims) == 0) != (len(turned.Claims) == 0) {
			t.Fatalf("%+v in one order, %+v in the other", both, turned)
		}
		alone := []Decision{Decide(&s, facts(a, a), &p, now.Time()), Decide(&s, facts(b, b), &p, now.Time())}
		for _, d := range alone {
			if d.Verdict == Refuse && both.Verdict == Allow {
				t.Fatalf("one reading alone is refused (%s), both are allowed (%s)", d.Rule, both.Rule)
			}
			if both.Verdict == Allow && len(d.Claims) > 0 && len(both.Claims) == 0 {
				t.Fatalf("one reading claims something (%s), both don't (%s)", d.Rule, both.Rule)
			}
		}
	})
}

// A decision can be computed again from what the ledger kept (A5).
func TestDecideAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, p, now := genSend().Draw(t, "send"), genPolicy().Draw(t, "policy"), genMoment().Draw(t, "now")
		f := genFacts(&s).Draw(t, "facts")
		f.NoBusiness, f.SiblingRefused = rapid.IntRange(0, 9).Draw(t, "no business") == 9, rapid.IntRange(0, 9).Draw(t, "sibling refused") == 9
		f.Rival = rapid.SampledFrom([]Rival{NoRival, SiblingRival, RequestRival}).Draw(t, "rival")
		want := Decide(&s, &f, &p, now.Time())
		if again := Decide(&s, &f, &p, now.Time()); !reflect.DeepEqual(again, want) {
			t.Fatalf("decided %+v, then %+v", want, again)
		}
		var s2 Send
		var f2 Facts
		var p2 Policy
		throughCBOR(t, s, &s2)
		throughCBOR(t, f, &f2)
		throughCBOR(t, p, &p2)
		if got := Decide(&s2, &f2, &p2, now.Time()); !reflect.DeepEqual(got, want) {
			t.Fatalf("decided %+v, from the record %+v", want, got)
		}
		var d Decision
		throughCBOR(t, want, &d)
		d.Claims = want.Claims // what was taken is kept beside the entry
		if !reflect.DeepEqual(d, want) {
			t.Fatalf("the decision %+v is read back as %+v", want, d)
		}
		if len(s2.To) > 0 || !s2.Recipient.IsZero() {
			t.Fatalf("the record holds the recipient: %+v", s2)
		}
	})
}

func throughCBOR(t rapid.TB, from, to any) {
	t.Helper()
	data, err := cbor.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := cbor.Unmarshal(data, to); err != nil {
		t.Fatal(err)
	}
}

// Whether a text confirms an opt-out is asked only where somebody opted out, since
// nothing else depends on it.
func TestConfirmsMattersAfterOptOut(t *testing.T) {
	mattered := false
	rapid.Check(t, func(t *rapid.T) {
		s, p, now := genSend().Draw(t, "send"), genPolicy().Draw(t, "policy"), genMoment().Draw(t, "now")
		f := genFacts(&s).Draw(t, "facts")
		f.Rival = rapid.SampledFrom([]Rival{NoRival, SiblingRival, RequestRival}).Draw(t, "rival")
		if rapid.Bool().Draw(t, "reply") { // else it seldom matters
			s = Send{Edge: EdgeMessages, Kind: FreeForm, Type: "text", To: []Identity{phone}}
			f.Persons = f.Persons[:1]
			f.Persons[0].Opened = now - 1
			f.Persons[0].Consent[Transactional].State = rapid.SampledFrom([]ConsentState{ConsentUnknown, OptedIn, OptedOut}).Draw(t, "state")
		}
		s.Confirms = true
		confirms := Decide(&s, &f, &p, now.Time())
		s.Confirms = false
		doesNot := Decide(&s, &f, &p, now.Time())
		if reflect.DeepEqual(confirms, doesNot) {
			return
		}
		if mattered = true; !f.MayBeConfirmed() {
			t.Fatalf("it is %+v of a text that confirms, %+v of another", confirms, doesNot)
		}
	})
	if !mattered {
		t.Error("it never mattered: nothing was tried")
	}
}
