package policy

import "testing"

// Meta refuses these with 132001, 132015 and 132016.
func TestTemplate(t *testing.T) {
	willing := toOne(optedIn(day, AllScopes...))
	having := func(tf TemplateFacts) Facts {
		f := willing
		f.Template = tf
		return f
	}
	status := func(s TemplateStatus) Facts {
		return having(TemplateFacts{Found: true, Status: s, Category: CategoryUtility})
	}
	judge(t, []ruling{
		{name: "template/unknown/listed", send: template(), facts: having(TemplateFacts{Listed: true}), want: RuleTemplateUnknown},
		{name: "template/unknown/not-listed", send: template(), facts: having(TemplateFacts{}), want: RuleConsent},
		{name: "template/unknown/not-listed/no-consent", send: template(), facts: toOne(), want: RuleNoConsent},
		{name: "template/approved", send: template(), facts: status(TemplateApproved), want: RuleConsent},
		{name: "template/status-not-told", send: template(), facts: status(""), want: RuleConsent},
		{name: "template/flagged", send: template(), facts: status("FLAGGED"), want: RuleConsent},
		{name: "template/reinstated", send: template(), facts: status("REINSTATED"), want: RuleConsent},
		{name: "template/pending-deletion", send: template(), facts: status("PENDING_DELETION"), want: RuleConsent},
		{name: "template/paused", send: template(), facts: status(TemplatePaused), want: RuleTemplatePaused}, // 132015
		{name: "template/disabled", send: template(), facts: status(TemplateDisabled), want: RuleTemplateDisabled},
		{name: "template/rejected", send: template(), facts: status(TemplateRejected), want: RuleTemplateNotApproved},
		{name: "template/pending", send: template(), facts: status(TemplatePending), want: RuleTemplateNotApproved},
		{name: "template/deleted", send: template(), facts: status(TemplateDeleted), want: RuleTemplateNotApproved},
		{name: "template/status-of-the-future", send: template(), facts: status("HIBERNATING"), want: RuleTemplateNotApproved},
		{name: "template/paused/before-consent", send: template(), facts: func() Facts {
			f := toOne()
			f.Template = TemplateFacts{Found: true, Status: TemplatePaused}
			return f
		}(), want: RuleTemplatePaused},
		{name: "template/open-window-is-no-approval", send: template(), facts: func() Facts {
			f := toOne(wrote(hour))
			f.Template = TemplateFacts{Found: true, Status: TemplateRejected}
			return f
		}(), want: RuleTemplateNotApproved},
		// The status of a template is nobody's business in a free-form message.
		{name: "template/paused/free-form", send: text(), facts: func() Facts {
			f := toOne(wrote(hour))
			f.Template = TemplateFacts{Listed: true, Status: TemplatePaused}
			return f
		}(), want: RuleWindowOpen},
	})
}

// The category announced by Meta applies from its date on; one that nobody
// told is never a cheap one.
func TestTemplateCategory(t *testing.T) {
	changing := TemplateFacts{Found: true, Category: CategoryUtility, Next: CategoryMarketing, NextFrom: noon}
	for _, tc := range []struct {
		name string
		t    TemplateFacts
		now  Moment
		want Category
	}{
		{"known", TemplateFacts{Category: CategoryUtility}, noon, CategoryUtility},
		{"unknown", TemplateFacts{}, noon, CategoryUnknown},
		{"unknown/not-a-category-of-templates/service", TemplateFacts{Category: CategoryService}, noon, CategoryUnknown},
		{"unknown/not-a-category-of-templates/none", TemplateFacts{Category: CategoryNone}, noon, CategoryUnknown},
		{"unknown/of-the-future", TemplateFacts{Category: "gossip"}, noon, CategoryUnknown},
		{"change/-1ms", changing, noon - 1, CategoryUtility},
		{"change/0", changing, noon, CategoryMarketing},
		{"change/+1ms", changing, noon + 1, CategoryMarketing},
		{"change/without-a-date", TemplateFacts{Category: CategoryUtility, Next: CategoryMarketing}, noon, CategoryUtility},
		{"change/to-nothing", TemplateFacts{Category: CategoryUtility, NextFrom: noon}, noon, CategoryUnknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.t.CategoryAt(tc.now); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	pending := func(aspects ...aspect) Facts {
		f := toOne(aspects...)
		f.Template = changing
		return f
	}
	judge(t, []ruling{
		{name: "change/-1ms/transactional-consent", send: template(), facts: pending(optedIn(day, Transactional)), now: noon - 1, want: RuleConsent},
		{name: "change/0/transactional-consent", send: template(), facts: pending(optedIn(day, Transactional)), want: RuleNoConsentCategory},
		{name: "change/0/marketing-consent", send: template(), facts: pending(optedIn(day, Marketing)), want: RuleConsent},
	})
}
