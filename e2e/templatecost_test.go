package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/policy"
)

// costOf is what a change of category costs, by the API.
func costOf(t testing.TB, w *world, s adminapi.TemplateCostSelection) *adminapi.TemplateCost {
	t.Helper()
	costs, err := api(t, w.Gateway).TemplateCosts(t.Context(), s)
	if err != nil || len(costs.Templates) != 1 {
		t.Fatalf("%+v: %+v, %v; want one template", s, costs, err)
	}
	return &costs.Templates[0]
}

// costsInEvents waits until the account events about categories say what those cost.
func costsInEvents(t testing.TB, w *world, kind policy.AccountEventKind, n int) (told []string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d events of %s say what the change costs", n, kind), func() bool {
		page, err := api(t, w.Gateway).Events(t.Context(), adminapi.EventSelection{Kind: string(kind)})
		if err != nil {
			t.Fatal(err)
		}
		told = nil
		for _, e := range page.Events {
			if e.Cost != nil {
				told = append(told, fmt.Sprintf("%s: %d cost %s, before %s, %s more (%s)", e.Name, e.Cost.Messages, e.Cost.Cost, e.Cost.CostBefore, e.Cost.Difference, e.Detail))
			}
		}
		return len(told) == n
	})
	return told
}

// TestTemplateCostStory: when Meta files a template under another category the operator hears
// what that costs a month, by market, and who sends it; before it does, too.
func TestTemplateCostStory(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: "tag team crm support\ntag campaign\n" + withPolicy("time_zone Europe/Berlin")}})
	const name = "parcel_ready"
	for _, step := range (steps{
		list, ana.optsIn("all"), ben.optsIn("all"),
		tagged(ana, name, "team=crm,campaign=diwali", "CONSENT", ""), tagged(ana, name, "team=crm", "CONSENT", ""), tagged(ben, name, "", "CONSENT", ""),
		tagged(ana, "sale", "team=support", "CONSENT", ""), statuses, tagged(ana, name, "", "CONSENT", ""), // which isn't delivered
	}) {
		step(t, w)
	}
	if _, err := api(t, w.Gateway).TemplateCosts(t.Context(), adminapi.TemplateCostSelection{Name: name}); err == nil || !strings.Contains(err.Error(), "has always had the category") {
		t.Errorf("of a template that never changed: %v", err)
	}
	if _, err := api(t, w.Gateway).TemplateCosts(t.Context(), adminapi.TemplateCostSelection{Name: name, As: "utility"}); err == nil || !strings.Contains(err.Error(), "has the category utility already; --as") {
		t.Errorf("under the category it has: %v", err)
	}
	if c := costOf(t, w, adminapi.TemplateCostSelection{Name: name, As: "marketing"}); c.Before != "utility" || c.Category != "marketing" || c.Totals[0].Difference.String() != "0.2445" || c.Since != nil {
		t.Errorf("what if: %+v", c)
	}
	for _, step := range (steps{after(time.Hour), categoryBecomes(name, "MARKETING", true)}) {
		step(t, w)
	}
	if c := costOf(t, w, adminapi.TemplateCostSelection{}); !c.Announced || c.Template != name || c.Before != "utility" || c.Category != "marketing" || c.Since == nil || c.Totals[0].Difference.String() != "0.2445" {
		t.Errorf("announced: %+v", c)
	}
	if told := costsInEvents(t, w, "template_category_update", 1); !strings.HasPrefix(told[0], "CATEGORY_CHANGES: 3 cost 0.4095, before 0.1650, 0.2445 more") || !strings.Contains(told[0], "about 0.2445 USD more a month, by 3 messages delivered in the last 30 days") {
		t.Errorf("the event says %q", told)
	}
	for _, step := range (steps{after(25 * time.Hour), categoryBecomes(name, "MARKETING", false)}) {
		step(t, w)
	}
	c := costOf(t, w, adminapi.TemplateCostSelection{Name: name, WABA: waba})
	if c.Announced || len(c.Markets) != 1 || c.Markets[0].Market != "Germany" || c.Markets[0].Delivered != 3 || c.Markets[0].CostBefore.String() != "0.1650" || c.Markets[0].Cost.String() != "0.4095" || c.Markets[0].Currency != "USD" || c.LearnedFrom != "webhook" {
		t.Errorf("changed: %+v", c)
	}
	users := ""
	for _, list := range [][]adminapi.TemplateUse{c.Numbers, c.Tags, c.Senders} {
		for _, u := range list {
			users += fmt.Sprintf(" %s%s%s=%s:%d", u.Number, u.Sender, u.Tag, u.Value, u.Sends)
		}
	}
	if want := " " + shop + "=:4 campaign=diwali:1 team=crm:2"; !strings.HasPrefix(users, want) || len(c.Senders) != 1 || c.Senders[0].Sends != 4 {
		t.Errorf("it is used by%s, want%s", users, want)
	}
	costsInEvents(t, w, "template_category_update", 2)
	w.restart(t, w.Clock.Now())
	costsInEvents(t, w, "template_category_update", 2)
	addsUp(t, w.Gateway)
}

// TestTemplateCostLearned: also where only a list shows the change, and of messages that were
// free the new category makes paid ones.
func TestTemplateCostLearned(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy(), Start: time.Date(2026, time.September, 10, 9, 0, 0, 0, time.UTC)}})
	const name = "parcel_ready"
	for _, step := range (steps{
		list, ana.optsIn("all"), ana.writes("Hello"), template(ana, name, "allow CONSENT utility by user"), statuses, after(time.Hour),
		func(t testing.TB, w *world) {
			if _, err := w.sim.TemplateCategoryUpdate(name, "en", "MARKETING", false); err != nil {
				t.Fatal(err)
			}
		},
		list,
	}) {
		step(t, w)
	}
	if told := costsInEvents(t, w, policy.TemplateCategoryChanged, 1); !strings.HasPrefix(told[0], "CATEGORY_CHANGED: 1 cost 0.1365, before 0.0000, 0.1365 more") {
		t.Errorf("the event says %q", told)
	}
	addsUp(t, w.Gateway)
}
