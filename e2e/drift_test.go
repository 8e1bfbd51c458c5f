package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/policy"
)

// driftOf is the one template that is listed as changed.
func driftOf(t testing.TB, w *world) adminapi.Template {
	t.Helper()
	list, err := api(t, w.Gateway).Templates(t.Context(), adminapi.TemplateSelection{Drift: "yes"})
	if err != nil || len(list.Templates) != 1 {
		t.Fatalf("changed are %+v, %v; want one", list, err)
	}
	return list.Templates[0]
}

// acceptsCategory accepts a template's category.
func acceptsCategory(a adminapi.TemplateAcceptance) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		a.Actor = "ana"
		done, err := api(t, w.Gateway).AcceptTemplate(t.Context(), a)
		if err != nil || len(done.Templates) != 1 || done.Templates[0].Drifted {
			t.Fatalf("%+v, %v", done, err)
		}
	}
}

// eventsOf are how many account events there are of a kind.
func eventsOf(t testing.TB, w *world, kind policy.AccountEventKind) (n int) {
	t.Helper()
	page, err := api(t, w.Gateway).Events(t.Context(), adminapi.EventSelection{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

const (
	categoryHeld        = "refuse TEMPLATE_CATEGORY_CHANGED 400/132015 marketing by business"
	categoryHeldUtility = "refuse TEMPLATE_CATEGORY_CHANGED 400/132015 utility by business"
)

// TestCategoryDriftStory: a template whose category changed by a webhook is held until an
// operator accepts that, in an open window too; other templates go on, and a further change
// is held again.
func TestCategoryDriftStory(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("category_drift hold")}})
	const name = "parcel_ready"
	for _, step := range (steps{
		list, ana.optsIn("all"), template(ana, name, utilityConsent),
		after(time.Hour), categoryBecomes(name, "MARKETING", false), template(ana, name, categoryHeld),
		template(ana, "sale", marketingConsent),
		ana.writes("Hello"), template(ana, name, strings.Replace(categoryHeld, "by business", "by user", 1)), after(25 * time.Hour),
		list, template(ana, name, categoryHeld),
	}) {
		step(t, w)
	}
	d := driftOf(t, w)
	if d.Name != name || d.PreviousCategory != policy.CategoryUtility || d.Category.Value != "marketing" || d.CategoryChanged == nil || d.CategoryChangedFrom != "webhook" || !d.Drifted || d.Accepted != nil {
		t.Errorf("shown as %+v", d)
	}
	if got := metrics(t, w.Gateway)["caddy_whatsapp_templates_category_changed_total"]; got < 1 {
		t.Errorf("the metric counts %v changes", got)
	}
	if n := eventsOf(t, w, "template_category_update"); n != 1 {
		t.Errorf("%d events of the webhook", n)
	}
	for _, step := range (steps{
		acceptsCategory(adminapi.TemplateAcceptance{WABA: waba, Name: name, Language: "en"}), template(ana, name, marketingConsent),
		acceptsCategory(adminapi.TemplateAcceptance{PhoneNumberID: shop, Name: name}), after(time.Hour), list, template(ana, name, marketingConsent),
	}) {
		step(t, w)
	}
	if d := driftOf(t, w); d.Accepted == nil || d.AcceptedBy == "" || d.AcceptedCategory != policy.CategoryMarketing || d.Drifted {
		t.Errorf("shown as %+v", d)
	}
	if n := eventsOf(t, w, policy.TemplateCategoryAccepted); n != 1 {
		t.Errorf("%d events of acceptances", n)
	}
	for _, step := range (steps{
		after(time.Hour), categoryBecomes(name, "UTILITY", false), template(ana, name, categoryHeldUtility),
		acceptsCategory(adminapi.TemplateAcceptance{WABA: waba, Name: name}), template(ana, name, utilityConsent),
	}) {
		step(t, w)
	}
	for _, a := range []adminapi.TemplateAcceptance{
		{}, {Name: name}, {WABA: waba, Name: "nobody_made"}, {WABA: waba, PhoneNumberID: shop, Name: name}, {WABA: waba, Name: name, Language: "xx"},
	} {
		if _, err := api(t, w.Gateway).AcceptTemplate(t.Context(), a); err == nil {
			t.Errorf("%+v is accepted", a)
		}
	}
	addsUp(t, w.Gateway)
}

// TestCategoryDriftByListing: a changed category that only a list shows is held as well, and
// is an event; one that came back is not.
func TestCategoryDriftByListing(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("category_drift hold")}})
	const name = "parcel_ready"
	unheard := func(category string) step {
		return func(t testing.TB, w *world) {
			t.Helper()
			if _, err := w.sim.TemplateCategoryUpdate(name, "en", category, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, step := range (steps{
		list, ana.optsIn("all"), after(time.Hour), unheard("MARKETING"), template(ana, name, utilityConsent),
		list, template(ana, name, categoryHeld),
	}) {
		step(t, w)
	}
	if d := driftOf(t, w); d.CategoryChangedFrom != "answer" || d.PreviousCategory != policy.CategoryUtility {
		t.Errorf("shown as %+v", d)
	}
	if n := eventsOf(t, w, policy.TemplateCategoryChanged); n != 1 {
		t.Errorf("%d events", n)
	}
	for _, step := range (steps{after(time.Hour), unheard("UTILITY"), list, template(ana, name, utilityConsent)}) {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}

// TestCategoryDriftNoted: without being asked to, nothing is held, and the change is shown.
func TestCategoryDriftNoted(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy()}})
	for _, step := range (steps{
		list, ana.optsIn("all"), after(time.Hour), categoryBecomes("parcel_ready", "MARKETING", false), template(ana, "parcel_ready", marketingConsent),
	}) {
		step(t, w)
	}
	if d := driftOf(t, w); !d.Drifted || d.PreviousCategory != policy.CategoryUtility {
		t.Errorf("shown as %+v", d)
	}
	addsUp(t, w.Gateway)
}
