package gateway

import (
	"slices"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// learn has the office learn.
func (o *office) learn(t *testing.T, events ...policy.Event) {
	t.Helper()
	if err := o.Learn(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}

// TestCatalogue: of every template it is known what Meta told, and whether it is
// used; one that is used and unknown is among them.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{officeShop: "UTC", officeSupport: "UTC"})
	o.Businesses.Listed[officeSupport].WABA = "" // webhooks tell
	ref := func(name string) policy.TemplateRef { return policy.TemplateRef{Name: name, Language: "en"} }
	now := policy.MomentOf(o.now)
	at := now - now%1000
	o.learn(t,
		policy.NumberSeen{PhoneNumberID: officeSupport, WABA: officeWABA, At: at},
		policy.TemplateChanged{WABA: officeWABA, Template: ref("sale"), At: at, Status: policy.TemplateApproved, Category: policy.CategoryMarketing},
		policy.TemplateChanged{WABA: officeWABA, Template: ref("paused"), At: at, Status: policy.TemplatePaused, Category: policy.CategoryMarketing},
		policy.TemplateChanged{WABA: officeWABA, Template: ref("quiet"), At: at, Status: policy.TemplatePaused, Category: policy.CategoryUtility},
		policy.AccountEvent{At: at - 1000, WABA: officeWABA, Kind: templateQuality, Name: "RED", Template: ref("sale")},
		policy.AccountEvent{At: at, WABA: officeWABA, Kind: templateQuality, Name: "YELLOW", Template: ref("sale")},
	)
	sent := func(ago time.Duration, number, template string) {
		o.enter(t, ago, number, ana, "", func(e *store.Entry) { e.Send.Template = ref(template) })
	}
	sent(time.Hour, officeShop, "sale")
	sent(time.Minute, officeSupport, "sale")
	for range 2 {
		o.enter(t, time.Hour, officeSupport, ana, "", func(e *store.Entry) { e.Send.Template, e.Sender, e.Token = ref("paused"), "", "a1" })
	}
	sent(8*24*time.Hour, officeShop, "quiet")
	sent(time.Hour, officeShop, "paused")
	sent(time.Hour, officeShop, "slae")
	for _, c := range []struct {
		name string
		s    TemplateSelection
		want []string
	}{
		{"all", TemplateSelection{}, []string{"paused", "quiet", "sale", "slae"}},
		{"problems", TemplateSelection{Problems: true}, []string{"paused", "sale", "slae"}},
		{"name", TemplateSelection{Name: "sale"}, []string{"sale"}},
		{"account", TemplateSelection{WABA: "other"}, nil},
	} {
		got, err := o.Catalogue(t.Context(), c.s)
		if err != nil || len(got.Templates) != len(c.want) {
			t.Errorf("%s: %+v, %v; want %v", c.name, got, err, c.want)
			continue
		}
		for i, template := range got.Templates {
			if template.Ref.Name != c.want[i] {
				t.Errorf("%s: template %d is %s, want %s", c.name, i, template.Ref.Name, c.want[i])
			}
			switch template.Ref.Name {
			case "sale":
				if !template.Known || !template.Sendable || template.Uses.Count != 2 || template.Uses.Last != policy.MomentOf(o.now.Add(-time.Minute)) || template.Quality != "YELLOW" ||
					!slices.Equal(template.Senders, []TemplateUse{{Of: "crm", Sends: 2}}) {
					t.Errorf("%s: %+v", c.name, template)
				}
			case "slae":
				if template.Known || template.Uses.Count != 1 || template.WABA != officeWABA {
					t.Errorf("%s: %+v", c.name, template)
				}
			case "paused":
				if want := []TemplateUse{{Of: "a1", Sends: 2}, {Of: "crm", Sends: 1}}; template.Sendable || !slices.Equal(template.Senders, want) {
					t.Errorf("%s: %+v", c.name, template)
				}
			}
		}
	}
}

// TestNumbers: of every business number there is what it is set to, what was heard
// of it and what it sent.
func TestNumbers(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{officeShop: "UTC", officeSupport: "UTC"})
	o.Businesses.Listed[officeShop].Monitor = true
	o.Businesses.Listed[officeShop].Policy.WindowMargin = time.Hour
	now := policy.MomentOf(o.now)
	opened := func(number, who string, ago time.Duration) policy.Event {
		return policy.ServiceWindowOpened{PhoneNumberID: number, Who: names(who), At: policy.MomentOf(o.now.Add(-ago))}
	}
	o.learn(t,
		policy.NumberSeen{PhoneNumberID: officeShop, WABA: "900", Display: "491700000000", At: now - 1000}, policy.NumberSeen{PhoneNumberID: "777", WABA: "900", At: now - 2000},
		opened(officeShop, ana, time.Hour), opened(officeShop, ben, 23*time.Hour), opened(officeSupport, ben, 23*time.Hour), opened(officeSupport, ana, 24*time.Hour),
		policy.AccountEvent{At: now, WABA: "900", PhoneNumberID: officeShop, Kind: numberQuality, Name: "FLAGGED", Severity: policy.Warning},
	)
	o.enter(t, time.Hour, officeShop, ana, "", nil)
	o.enter(t, time.Minute, officeShop, ana, policy.RuleNoConsent, nil)
	o.enter(t, time.Minute, "888", ana, policy.RuleSenderUnknown, nil)
	got, err := o.Numbers(t.Context())
	if err != nil || len(got.Numbers) != 3 || got.Estimated {
		t.Fatalf("%+v, %v", got, err)
	}
	shop, support, other := got.Numbers[0], got.Numbers[1], got.Numbers[2]
	if shop.PhoneNumberID != officeShop || shop.Mode != ModeMonitor || shop.WABA != officeWABA || shop.Display != "491700000000" || shop.OpenWindows != 1 ||
		shop.LastWebhook != now-1000 || shop.Sends.Count != 2 || shop.Sends.Last != policy.MomentOf(o.now.Add(-time.Minute)) || shop.Quality == nil || shop.Quality.Name != "FLAGGED" {
		t.Errorf("the shop: %+v", shop)
	}
	if support.PhoneNumberID != officeSupport || support.Mode != ModeEnforce || support.OpenWindows != 1 || support.LastWebhook != 0 || support.Sends.Count != 0 || support.Quality != nil {
		t.Errorf("support: %+v", support)
	}
	if other.PhoneNumberID != "777" || other.Mode != ModeNotServed || other.Listed {
		t.Errorf("a number that is not served: %+v", other)
	}
}

// TestActivityIsBounded: of very many sends the newest are looked at, and it is said
// since when.
func TestActivityIsBounded(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{officeShop: "UTC"})
	for i := range 5 {
		o.enter(t, time.Duration(i)*time.Minute, officeShop, ana, "", nil)
	}
	a, err := o.activity(t.Context(), o.store, 3)
	if err != nil || a.since != policy.MomentOf(o.now.Add(-2*time.Minute)) || a.numbers[officeShop].Count != 3 {
		t.Errorf("%+v, %v", a, err)
	}
}
