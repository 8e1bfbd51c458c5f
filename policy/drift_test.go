package policy

import (
	"strings"
	"testing"
)

// A template whose category changed waits with category_drift hold until that is accepted,
// in an open window and for whoever opted in too.
func TestCategoryDrift(t *testing.T) {
	const since = Moment(1000)
	hold, note := Policy{HoldDrift: true}, Policy{}
	for _, tc := range []struct {
		name   string
		policy Policy
		t      TemplateFacts
		held   bool
	}{
		{"note", note, TemplateFacts{Category: CategoryMarketing, Drift: TemplateDrift{Before: CategoryUtility}}, false},
		{"never changed", hold, TemplateFacts{Category: CategoryMarketing}, false},
		{"costlier", hold, TemplateFacts{Category: CategoryMarketing, Drift: TemplateDrift{Before: CategoryUtility, Since: since}}, true},
		{"from authentication", hold, TemplateFacts{Category: CategoryMarketing, Drift: TemplateDrift{Before: CategoryAuthentication}}, true},
		{"another consent", hold, TemplateFacts{Category: CategoryUtility, Drift: TemplateDrift{Before: CategoryMarketing}}, true},
		{"another consent, as cheap", hold, TemplateFacts{Category: CategoryUtility, Drift: TemplateDrift{Before: CategoryAuthentication}}, true},
		{"the same consent", hold, TemplateFacts{Category: CategoryMarketing, Drift: TemplateDrift{Before: CategoryMarketingLite}}, false},
		{"accepted", hold, TemplateFacts{Category: CategoryMarketing, Drift: TemplateDrift{Before: CategoryMarketing, Accepted: 5}}, false},
		{"changed after the acceptance", hold, TemplateFacts{Category: CategoryUtility, Drift: TemplateDrift{Before: CategoryMarketing, Accepted: 5, Since: since}}, true},
		{"nobody knows the new one", hold, TemplateFacts{Drift: TemplateDrift{Before: CategoryUtility}}, false},
		{"announced for later", hold, TemplateFacts{Category: CategoryUtility, Next: CategoryMarketing, NextFrom: noon.Add(hour), Drift: TemplateDrift{Before: CategoryUtility}}, false},
		{"announced, and now", hold, TemplateFacts{Category: CategoryUtility, Next: CategoryMarketing, NextFrom: noon, Drift: TemplateDrift{Before: CategoryUtility}}, true},
		{"announced back", hold, TemplateFacts{Category: CategoryMarketing, Next: CategoryUtility, NextFrom: noon, Drift: TemplateDrift{Before: CategoryUtility}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := toOne(optedIn(day, AllScopes...))
			tc.t.Found, tc.t.Status = true, TemplateApproved
			f.Template = tc.t
			s := new(template())
			d := Decide(s, &f, &tc.policy, noon.Time())
			if held := d.Rule == RuleCategoryChanged; held != tc.held {
				t.Errorf("decided by %s: %s", d.Rule, d.Reason)
			}
			if tc.held && (!strings.Contains(d.Remedy, "waguard templates accept") || !strings.Contains(d.Reason, string(tc.t.Drift.Before))) {
				t.Errorf("told %q, and to do %q", d.Reason, d.Remedy)
			}
			f.ForDrift(&tc.policy, s, noon)
			if again := Decide(s, &f, &tc.policy, noon.Time()); again.Rule != d.Rule || again.Reason != d.Reason {
				t.Errorf("without what makes no difference it is decided by %s: %s", again.Rule, again.Reason)
			}
			if !tc.held && f.Template.Drift != (TemplateDrift{}) {
				t.Errorf("%+v is kept, which makes no difference", f.Template.Drift)
			}
		})
	}
}

// What isn't approved is told first, and what is no template waits for nothing.
func TestCategoryDriftOrder(t *testing.T) {
	f := toOne(optedIn(day, AllScopes...))
	f.Template = TemplateFacts{Found: true, Status: TemplatePaused, Category: CategoryMarketing, Drift: TemplateDrift{Before: CategoryUtility}}
	if d := Decide(new(template()), &f, &Policy{HoldDrift: true}, noon.Time()); d.Rule != RuleTemplatePaused {
		t.Errorf("decided by %s", d.Rule)
	}
}
