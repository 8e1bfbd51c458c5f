package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// reconcileStart is when the worlds of reconciliations begin: a morning in October, when all
// messages are charged for.
var reconcileStart = time.Date(2026, time.October, 5, 9, 0, 0, 0, time.UTC)

// analyticsOf is what Meta answers about the days around a time.
func analyticsOf(t testing.TB, w *world, around time.Time, granularity string) string {
	t.Helper()
	fields := fmt.Sprintf(`pricing_analytics.start(%d).end(%d).granularity(%s).dimensions(["PHONE","COUNTRY","PRICING_CATEGORY","PRICING_TYPE","TIER"])`,
		around.AddDate(0, 0, -7).Unix(), around.AddDate(0, 0, 7).Unix(), granularity)
	r := httptest.NewRequest(http.MethodGet, "/v25.0/"+waba+"?fields="+url.QueryEscape(fields), nil)
	r.Header.Set("Authorization", "Bearer test-token")
	answer := httptest.NewRecorder()
	w.sim.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		t.Fatalf("Meta answers %d %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// reconcile compares with Meta's figures as a file has them.
func reconcile(t testing.TB, w *world, query map[string]string) *billing.Reconciliation {
	t.Helper()
	body, err := json.Marshal(query)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Accounts []*billing.Reconciliation `json:"accounts"`
	}
	w.admin(t, "/whatsapp/reconcile", string(body), &answer)
	if len(answer.Accounts) != 1 {
		t.Fatalf("%s is answered %+v", body, answer)
	}
	return answer.Accounts[0]
}

// saysOf is a reconciliation in short.
func saysOf(r *billing.Reconciliation) string {
	said := fmt.Sprintf("%d %s", r.Expected.Messages, r.Expected.Cost)
	step := func(to billing.Step) {
		for _, c := range r.Causes {
			if c.Step == to {
				said += fmt.Sprintf(" | %s %d %+d %s", c.Cause, c.Messages, c.Added, c.Cost)
			}
		}
	}
	step(billing.ToSettled)
	said += fmt.Sprintf(" = %d %s", r.Settled.Messages, r.Settled.Cost)
	if r.Billed != nil {
		step(billing.ToBilled)
		said += fmt.Sprintf(" = %d %s", r.Billed.Messages, r.Billed.Cost)
	}
	return said
}

// TestReconcile: each kind of difference between what was expected, what statuses told and what
// Meta charges is found with its cause, and the causes add up.
func TestReconcile(t *testing.T) {
	template := func(n int, name string) step {
		return func(t testing.TB, w *world) {
			t.Helper()
			for range n {
				if resp, answer := w.Post(t, messages, aTemplate(name, "en")); resp.StatusCode != http.StatusOK {
					t.Fatalf("%s: %s %s", name, resp.Status, answer)
				}
			}
		}
	}
	lost := func(_ testing.TB, w *world) { w.sim.Pending() } // Meta delivers, and no webhook comes
	differs := func(a graphsim.Analytics) step { return func(_ testing.TB, w *world) { w.sim.SetAnalytics(a) } }
	three := []step{template(3, "sale"), template(2, "parcel_ready"), statuses}
	const sent = "5 0.5195 = 5 0.5195"
	for _, test := range []struct {
		name  string
		steps []step
		query map[string]string
		want  string
	}{
		{"nothing differs", three, nil, sent + " = 5 0.5195"},
		{"by half hours", three, map[string]string{"granularity": "HALF_HOUR"}, sent + " = 5 0.5195"},
		{"by months", three, map[string]string{"granularity": "MONTHLY", "month": "2026-10"}, sent + " = 5 0.5195"},
		{
			"one fails, and one isn't delivered yet",
			[]step{
				template(2, "sale"), statuses,
				func(_ testing.TB, w *world) {
					w.sim.SetOutcome(func(graphsim.Send) graphsim.Outcome { return graphsim.Outcome{Code: 131026} })
				},
				template(1, "sale"), statuses,
				func(_ testing.TB, w *world) {
					w.sim.SetOutcome(func(graphsim.Send) graphsim.Outcome { return graphsim.Outcome{Statuses: []string{"sent"}} })
				},
				template(1, "parcel_ready"), statuses,
			},
			nil, "4 0.4645 | not_delivered 1 -1 -0.1365 | no_word 1 -1 -0.0550 = 2 0.2730 = 2 0.2730",
		},
		{"a webhook is lost", []step{template(2, "sale"), statuses, template(1, "sale"), lost}, nil, "3 0.4095 | no_word 1 -1 -0.1365 = 2 0.2730 | no_word 1 +1 0.1365 = 3 0.4095"},
		{
			"Meta files the template under another category, and statuses tell",
			[]step{
				template(1, "parcel_ready"), statuses,
				func(_ testing.TB, w *world) {
					w.sim.PutTemplate(graphsim.Template{Name: "parcel_ready", Language: "en", Category: "MARKETING"})
				},
				template(1, "parcel_ready"), statuses,
			},
			nil, "2 0.1100 | category 1 +0 0.0815 = 2 0.1915 = 2 0.1915",
		},
		{"and only its figures do", append([]step{differs(graphsim.Analytics{Categories: map[string]string{"utility": "marketing"}})}, three...), nil, sent + " | category 2 +0 0.1630 = 5 0.6825"},
		{"another country", append([]step{differs(graphsim.Analytics{Countries: map[string]string{"DE": "IN"}})}, three...), nil, sent + " | market 5 +0 -0.4813 = 5 0.0382"},
		{"sent past the gateway", append([]step{differs(graphsim.Analytics{Extra: []graphsim.Charged{{At: reconcileStart, PhoneNumberID: shop, Country: "DE", Category: "marketing", Type: "regular", Copies: 4}}})}, three...), nil, sent + " | unknown_to_us 4 +4 0.5460 = 9 1.0655"},
		{"unknown to Meta", append([]step{differs(graphsim.Analytics{Missing: 1})}, three...), nil, sent + " | unknown_to_meta 1 -1 -0.1365 = 4 0.3830"},
		{
			"its days begin at another time",
			[]step{differs(graphsim.Analytics{Location: time.FixedZone("", -10*60*60)}), template(1, "sale"), statuses, after(3 * time.Hour), template(1, "sale"), statuses},
			map[string]string{"from": "2026-10-05", "to": "2026-10-06"},
			"2 0.2730 = 2 0.2730 | another_day 1 -1 -0.1365 = 1 0.1365",
		},
		{
			"delivered after midnight",
			[]step{template(1, "sale"), after(15 * time.Hour), statuses},
			map[string]string{"from": "2026-10-06", "to": "2026-10-07"},
			"0 0.0000 | another_day 1 +1 0.1365 = 1 0.1365 = 1 0.1365",
		},
		{"a volume tier", append([]step{differs(graphsim.Analytics{TierAfter: 1, Rates: map[string]string{"DE utility tier": "0.0523"}})}, three...), nil, sent + " | volume_tier 1 +0 -0.0027 = 5 0.5168"},
		{"another rate", append([]step{differs(graphsim.Analytics{Rates: map[string]string{"DE marketing": "0.1400"}})}, three...), nil, sent + " | rate 3 +0 0.0105 = 5 0.5300"},
		{"rounded", append([]step{differs(graphsim.Analytics{Decimals: 2})}, three...), nil, sent + " | rounding 3 +0 0.0005 = 5 0.5200"},
		{"free to Meta", append([]step{differs(graphsim.Analytics{Types: map[string]string{"regular": "free_entry_point"}})}, three...), nil, sent + " | price_type 5 +0 -0.5195 = 5 0.0000"},
		{
			"Meta charges for what is free",
			[]step{ana.writes("Hello"), text(ana, inWindow), statuses, differs(graphsim.Analytics{Types: map[string]string{"free_customer_service": "regular"}})},
			nil, "1 0.0000 = 1 0.0000 | allowance 1 +0 0.0550 = 1 0.0550",
		},
		{
			"a free entry point",
			[]step{
				ana.says(shop, fromAd()),
				template(1, "sale"), statuses,
			},
			nil, "1 0.0000 = 1 0.0000 = 1 0.0000",
		},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "-"), func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany, Start: reconcileStart}, sim: graphsim.Options{Currency: "USD"}})
			list(t, w)
			ana.optsIn("all")(t, w)
			for _, s := range test.steps {
				s(t, w)
			}
			query := map[string]string{"from": "2026-10-01", "to": "2026-10-08"}
			granularity := "DAILY"
			for key, value := range test.query {
				switch key {
				case "granularity":
					granularity = value
				case "month":
					query = map[string]string{"month": value}
				default:
					query[key] = value
				}
			}
			query["analytics"] = analyticsOf(t, w, reconcileStart, granularity)
			r := reconcile(t, w, query)
			if got := saysOf(r); got != test.want {
				t.Errorf("\n got %s\nwant %s\n%+v\n%q", got, test.want, r.Differences, r.Notes)
			}
		})
	}
}
