package policy

import (
	"strings"
	"testing"
	"time"
)

// Meta refuses these with 132001, 132015 and 132016.
func TestTemplate(t *testing.T) {
	willing := toOne(optedIn(day, AllScopes...))
	having := func(tf TemplateFacts) Facts {
		f := willing
		f.Template = tf
		return f
	}
	unlisted := func(listedAt Moment) Facts { return having(TemplateFacts{Listed: true, ListedAt: listedAt}) }
	judge(t, []ruling{
		{name: "template/unknown/listed", send: template(), facts: having(TemplateFacts{Listed: true}), want: RuleTemplateUnknown},
		{name: "template/unknown/not-listed", send: template(), facts: having(TemplateFacts{}), want: RuleConsent},
		{name: "template/unknown/not-listed/no-consent", send: template(), facts: toOne(), want: RuleNoConsent},
		// The list is known for a day: a template made since is not in it.
		{name: "template/unknown/listed-now", send: template(), facts: unlisted(noon), want: RuleTemplateUnknown},
		{name: "template/unknown/listed-yesterday", send: template(), facts: unlisted(noon.Add(-catalogueTime) + 1), want: RuleTemplateUnknown},
		{name: "template/unknown/listed-a-day-ago", send: template(), facts: unlisted(noon.Add(-catalogueTime)), want: RuleConsent},
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
		// What may have changed is no reason to refuse, and none to skip consent.
		{name: "template/stale/no-consent", send: template(), facts: func() Facts {
			f := toOne()
			f.Template = TemplateFacts{Found: true, Status: TemplatePending, Category: CategoryUtility, ReadAt: noon.Add(-hour)}
			return f
		}(), want: RuleNoConsent},
	})
}

// TestTemplateStatus has every status Meta documents, and one it doesn't: what
// it means told by a webhook, and read in an answer just now, for how long that
// holds, and that it holds no longer.
func TestTemplateStatus(t *testing.T) {
	for _, tc := range []struct {
		status TemplateStatus
		want   Rule
		fresh  time.Duration
	}{
		{"", RuleConsent, 0},
		{"APPROVED", RuleConsent, 0},
		{"FLAGGED", RuleConsent, 0},
		{"REINSTATED", RuleConsent, 0},
		{"UNPAUSED", RuleConsent, 0},
		{"UNARCHIVED", RuleConsent, 0},
		{"LOCKED", RuleConsent, 0},
		{"UNLOCKED", RuleConsent, 0},
		{"PENDING_DELETION", RuleConsent, 0},
		{"IN_APPEAL", RuleConsent, 0},
		{"LIMIT_EXCEEDED", RuleConsent, 0},
		{"EDITED", RuleConsent, 0},
		{"HIBERNATING", RuleConsent, 0}, // of the future: Meta says whether it sends it
		{"PENDING", RuleTemplateNotApproved, 5 * time.Minute},
		{"IN_REVIEW", RuleTemplateNotApproved, 5 * time.Minute},
		{"REJECTED", RuleTemplateNotApproved, day},
		{"DELETED", RuleTemplateNotApproved, day},
		{"ARCHIVED", RuleTemplateNotApproved, day},
		{"DISABLED", RuleTemplateDisabled, day},
		{"PAUSED", RuleTemplatePaused, 3 * hour},
	} {
		if st, ok := standings[tc.status]; ok && st.rule != tc.want {
			t.Errorf("%s stands for %s, want %s", tc.status, st.rule, tc.want)
		}
		decide := func(readAt Moment) Decision {
			f := toOne(optedIn(day, AllScopes...))
			f.Template = TemplateFacts{Found: true, Status: tc.status, Category: CategoryUtility, ReadAt: readAt}
			s := template()
			return Decide(&s, &f, &Policy{}, noon.Time())
		}
		for _, c := range []struct {
			name   string
			readAt Moment
			want   Rule
		}{
			{"told", 0, tc.want},
			{"read-now", noon, tc.want},
			{"read-in-the-future", noon + 1, tc.want}, // a clock that stepped back
			{"fresh", noon.Add(-tc.fresh) + 1, tc.want},
			{"stale", noon.Add(-tc.fresh), RuleConsent},
		} {
			got := decide(c.readAt)
			if got.Rule != c.want {
				t.Errorf("%s/%s: got %s, want %s", tc.status, c.name, got.Rule, c.want)
			}
			if doubted := strings.Contains(got.Reason, "may have changed since"); doubted != (c.name == "stale" && tc.fresh > 0) {
				t.Errorf("%s/%s: %s", tc.status, c.name, got.Reason)
			}
		}
	}
	if len(standings) != 18 {
		t.Errorf("%d statuses have a row; the table above knows 18", len(standings))
	}
}

// A refusal for want of a category names that cause and what helps, and never
// asks for an opt-in to be recorded to get past it.
func TestCategoryUnknownSaysWhatHelps(t *testing.T) {
	for _, tc := range []struct {
		name  string
		facts Facts
		t     TemplateFacts
		want  Rule
		says  string
	}{
		{"transactional-only", toOne(optedIn(day, Transactional)), TemplateFacts{}, RuleCategoryUnknown, "has not seen the template in a list"},
		{"transactional-only/approved-without-category", toOne(optedIn(day, Transactional)), TemplateFacts{Found: true, Status: TemplateApproved}, RuleCategoryUnknown, "nobody has told it the template's category"},
		{"transactional-only/no-account", toOne(optedIn(day, Transactional)), TemplateFacts{NoAccount: true}, RuleCategoryUnknown, "set `waba`"},
		{"authentication-only/list-lapsed", toOne(optedIn(day, Authentication)), TemplateFacts{Listed: true, ListedAt: noon.Add(-2 * day)}, RuleCategoryUnknown, "GET /<waba id>/message_templates"},
		{"nobody", toOne(), TemplateFacts{}, RuleNoConsent, "GET /<waba id>/message_templates"},
		{"stopped-marketing", toOne(optedIn(2*day, Transactional), optedOutOf(day, Marketing)), TemplateFacts{}, RuleOptedOutMarketing, "GET /<waba id>/message_templates"},
		{"stopped-all", toOne(optedOutOf(day, AllScopes...)), TemplateFacts{}, RuleOptedOutMarketing, "of every kind"},
	} {
		f := tc.facts
		f.Template = tc.t
		s := template()
		d := Decide(&s, &f, &Policy{}, noon.Time())
		text := d.Reason + ". " + d.Remedy
		if d.Rule != tc.want || !strings.Contains(text, tc.says) {
			t.Errorf("%s: %s %s; want %s and %q", tc.name, d.Rule, text, tc.want, tc.says)
		}
		for _, untrue := range []string{"record", "a unknown", "unknown message"} {
			if strings.Contains(strings.ReplaceAll(text, "is on record", ""), untrue) {
				t.Errorf("%s says %q: %s", tc.name, untrue, text)
			}
		}
	}
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
