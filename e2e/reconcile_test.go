package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/policy"
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

// reconcilingWorld is a gateway with two numbers of one account that asks Meta by itself what it
// charges, with a token from a file.
func reconcilingWorld(t *testing.T) (w *world, token string) {
	t.Helper()
	token = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("bill-token-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w = newWorld(t, options{
		Options: gatewaytest.Options{
			Forwards: true, Start: reconcileStart,
			WhatsApp: inGermany + "\nbusiness " + support + " {\nwaba " + waba + "\n}\nreconcile {\ntoken {file." + token + "}\nalert_below 95%\n}",
		},
		sim: graphsim.Options{Currency: "USD"},
	})
	w.secrets = append(w.secrets, "bill-token")
	return w, token
}

// asked are how often Meta was asked for the newest days, by the token shown last.
func asked(w *world) (n int, token string) {
	for _, r := range w.sim.Requests() {
		if strings.Contains(r.RequestURI, "pricing_analytics") && !strings.Contains(r.RequestURI, "after=") {
			n++
			token = r.Header.Get("Authorization")
		}
	}
	return n, token
}

// TestReconcileFetches: the gateway fetches what Meta charges once a day for each account,
// whatever pages that comes in, and keeps it; a day that matches too little is told of once, and
// once that it is mended.
func TestReconcileFetches(t *testing.T) {
	w, _ := reconcilingWorld(t)
	asks := 0
	fetched := func() {
		t.Helper()
		before := asks
		eventually(t, "Meta isn't asked", func() bool { asks, _ = asked(w); return asks > before })
		eventually(t, "what it answers isn't there", func() bool { return w.metric(t, "caddy_whatsapp_reconcile_seconds_since_fetch") < 3600 })
		asks, _ = asked(w)
	}
	fetched()
	if asks != 5 { // 63 days, 14 at once
		t.Errorf("of the last two months Meta is asked %d times", asks)
	}
	list(t, w)
	ana.optsIn("all")(t, w)
	send := func(n int) {
		t.Helper()
		for range n {
			if resp, answer := w.Post(t, messages, aTemplate("sale", "en")); resp.StatusCode != http.StatusOK {
				t.Fatalf("%s %s", resp.Status, answer)
			}
		}
		statuses(t, w)
	}
	send(9)
	w.sim.SetAnalytics(graphsim.Analytics{PageSize: 1, Extra: []graphsim.Charged{{At: reconcileStart, PhoneNumberID: shop, Country: "IN", Category: "marketing", Type: "regular"}}})
	period := map[string]string{"from": "2026-10-05", "to": "2026-10-06"}
	const differ = "9 1.2285 = 9 1.2285 | unknown_to_us 1 +1 0.0118 = 10 1.2403"

	after(27*time.Hour)(t, w)
	fetched()
	if got := saysOf(reconcile(t, w, period)); got != differ {
		t.Errorf("kept is %s, want %s", got, differ)
	}
	if n := eventsOf(t, w, policy.Reconciliation); n != 0 {
		t.Errorf("of a day that has just ended there are %d events", n)
	}
	after(27*time.Hour)(t, w)
	fetched()
	eventually(t, "no event", func() bool { return eventsOf(t, w, policy.Reconciliation) == 1 })
	page := func() adminapi.EventPage {
		t.Helper()
		var events adminapi.EventPage
		w.admin(t, adminapi.RouteEvents.Path, `{"kind":"reconciliation"}`, &events)
		return events
	}
	if e := page().Events[0]; e.Name != "MATCH_FELL" || e.Severity != policy.Warning || e.WABA != waba ||
		e.Detail != "of 2026-10-05 90.00 % of the messages and 99.04 % of the money match what Meta charges, less than 95.00 %; mostly unknown_to_us: 1 messages, 0.0118 USD" {
		t.Errorf("the event is %+v", e)
	}
	series := metrics(t, w.Gateway)
	for name, want := range map[string]float64{
		`caddy_whatsapp_reconcile_matched_ratio{of="messages",waba="` + waba + `"}`:              0.9,
		`caddy_whatsapp_reconcile_matched_ratio{of="cost",waba="` + waba + `"}`:                  0.9904,
		`caddy_whatsapp_reconcile_below{waba="` + waba + `"}`:                                    1,
		`caddy_whatsapp_reconcile_differing_messages{cause="unknown_to_us",waba="` + waba + `"}`: 1,
		`caddy_whatsapp_reconcile_differing_messages{cause="another_day",waba="` + waba + `"}`:   0,
	} {
		if got, ok := series[name]; !ok || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if _, doctor := w.AdminCall(t, adminapi.RouteDoctor.Path, ""); !strings.Contains(string(doctor), "on 2026-10-05 match less than they should") {
		t.Errorf("doctor finds %s", doctor)
	}

	// It is told once, also by a gateway that has just started, which knows it at once.
	w.restart(t, w.Clock.Now())
	eventually(t, "after a restart it isn't known", func() bool { return w.metric(t, "caddy_whatsapp_reconcile_below") == 1 })
	after(27*time.Hour)(t, w)
	fetched()
	if n := eventsOf(t, w, policy.Reconciliation); n != 1 {
		t.Errorf("there are %d events", n)
	}
	// The next day with messages matches, and what Meta said of the one before stays.
	w.sim.SetAnalytics(graphsim.Analytics{})
	send(2)
	after(54*time.Hour)(t, w)
	fetched()
	eventually(t, "it isn't told that it matches again", func() bool { return eventsOf(t, w, policy.Reconciliation) == 2 })
	if e := page().Events[0]; e.Name != "MATCH_RECOVERED" || e.Severity != policy.Info {
		t.Errorf("the event is %+v", e)
	}
	if below := w.metric(t, "caddy_whatsapp_reconcile_below"); below != 0 {
		t.Errorf("below is %v", below)
	}

	// An operator has older days asked for.
	body, err := json.Marshal(map[string]any{"from": "2026-10-05", "to": "2026-10-06", "fetch": true})
	if err != nil {
		t.Fatal(err)
	}
	var answer adminapi.Reconciliations
	w.admin(t, adminapi.RouteReconcile.Path, string(body), &answer)
	if got := saysOf(answer.Accounts[0]); got != "9 1.2285 = 9 1.2285 = 9 1.2285" {
		t.Errorf("fetched anew it is %s", got)
	}
}

// TestReconcileToken: a token that has expired is told of, and the one that its file has by then
// is used; Meta's answers are never taken for figures.
func TestReconcileToken(t *testing.T) {
	w, token := reconcilingWorld(t)
	eventually(t, "Meta isn't asked", func() bool { n, shown := asked(w); return n == 5 && shown == "Bearer bill-token-1" })
	w.sim.Inject(graphsim.Fault{Endpoint: graphsim.EndpointNode, Code: 190, Times: 2}) // the currency, and the figures
	after(27*time.Hour)(t, w)
	eventually(t, "no warning", func() bool {
		lines := w.logLines(t, "whatsapp.reconcile", "could not fetch what Meta charges an account for")
		return len(lines) == 1 && strings.Contains(lines[0]["error"].(string), "the access token has expired")
	})
	if _, doctor := w.AdminCall(t, adminapi.RouteDoctor.Path, ""); !strings.Contains(string(doctor), "Meta doesn't say what it charges account "+waba+" for: meta answers 401 with code 190") {
		t.Errorf("doctor finds %s", doctor)
	}
	if err := os.WriteFile(token, []byte("bill-token-2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	after(2*time.Minute)(t, w)
	eventually(t, "Meta isn't asked again", func() bool { n, shown := asked(w); return n >= 7 && shown == "Bearer bill-token-2" })
	w.sim.Inject(graphsim.Fault{Endpoint: graphsim.EndpointNode, Code: 10, Times: 2})
	resp, body := w.AdminCall(t, adminapi.RouteReconcile.Path, `{"from":"2026-10-05","to":"2026-10-06","fetch":true}`)
	if resp.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), "the access token may not see this account") {
		t.Errorf("it is answered %s %s", resp.Status, body)
	}
	text(ana, windowClosed)(t, w)
}

// TestReconcileNeedsUpstream: without a guard that passes requests on itself there is no way to
// Meta, and the configuration says so; figures come from files alone.
func TestReconcileNeedsUpstream(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany, Start: reconcileStart}})
	w.Options.WhatsApp = inGermany + "\nreconcile {\ntoken x\n}"
	if err := w.Load(); err == nil || !strings.Contains(err.Error(), "reconcile asks Meta by the upstream of a whatsapp_guard") || !strings.Contains(err.Error(), ", at Caddyfile:") {
		t.Errorf("loading it ends with %v", err)
	}
	text(ana, windowClosed)(t, w) // as before
	for body, want := range map[string]string{
		`{"fetch":true}`:                          "404 Not Found this gateway asks Meta for no figures: write into its whatsapp block, each on its own line",
		`{"fetch":true,"analytics":"{}"}`:         "400 Bad Request analytics brings Meta's figures",
		`{"analytics":"{}"}`:                      "400 Bad Request answer 1: it has no pricing_analytics",
		`{"analytics":"{\"id\":\"1\"}"}`:          "400 Bad Request no business phone number here belongs to the account 1; there are those of " + waba,
		`{"waba":"2"}`:                            "400 Bad Request no business phone number here belongs to the account 2",
		`{"month":"October"}`:                     "400 Bad Request",
		`{"month":"2026-10","from":"7d"}`:         "400 Bad Request",
		`{"from":"2026-10-05","to":"2026-10-05"}`: "400 Bad Request",
		`{"from":"2020-01-01"}`:                   "400 Bad Request from 2020-01-01 to 2026-10-06 are more than 400 days",
	} {
		resp, raw := w.AdminCall(t, adminapi.RouteReconcile.Path, body)
		var said struct{ Error string }
		_ = json.Unmarshal(raw, &said)
		if got := resp.Status + " " + said.Error; !strings.HasPrefix(got, want) {
			t.Errorf("%s is answered %s, want %s", body, got, want)
		}
	}
	r := reconcile(t, w, map[string]string{})
	if r.Billed != nil || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "are not compared") {
		t.Errorf("without figures it is %+v", r)
	}
}
