package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// moneyIn is an answer as far as it tells of money: market, price, type, currency, card and
// hint, joined by bars.
func moneyIn(resp *http.Response) string {
	var values []string
	for _, name := range []string{"Market", "Price", "Price-Type", "Currency", "Card", "Hint"} {
		values = append(values, resp.Header.Get("X-Waguard-"+name))
	}
	return strings.Join(values, " | ")
}

// TestPriceOfEveryAnswer: the price of a message stands in the answer before it is
// charged, whether it was sent or refused, by the rules of the day where the account is.
func TestPriceOfEveryAnswer(t *testing.T) {
	const (
		april   = " | USD | USD 2026-04-01 | "
		october = " | USD | USD 2026-10-01 | "
		free    = "free-form would be free: the customer service window is open"
	)
	for _, path := range plainPaths {
		t.Run(path.name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{
				WhatsApp: withPolicy("time_zone Europe/Berlin"), Forwards: path.forwards, Start: time.Date(2026, time.September, 1, 9, 0, 0, 0, time.UTC),
			}})
			is := func(what, body string, status int, want string) {
				t.Helper()
				resp, answer := w.Post(t, messages, body)
				if got := moneyIn(resp); resp.StatusCode != status || got != want {
					t.Errorf("%s: %s, %s; want %d, %s: %s", what, resp.Status, got, status, want, answer)
				}
			}
			list(t, w)
			ana.optsIn("all")(t, w)
			is("a text that is refused", aText(), 400, "Germany | 0.0000 | free_customer_service"+april)
			is("utility outside of the window", aTemplate("parcel_ready", "en"), 200, "Germany | 0.0550 | regular"+april)
			ana.writes("Hello")(t, w)
			is("utility in the window", aTemplate("parcel_ready", "en"), 200, "Germany | 0.0000 | free_customer_service"+april+free)
			is("marketing in the window", aTemplate("sale", "en"), 200, "Germany | 0.1365 | regular"+april+free)
			is("a code in the window", aTemplate("login_code", "en"), 200, "Germany | 0.0550 | regular"+april)
			is("a text in the window", aText(), 200, "Germany | 0.0000 | free_customer_service"+april)

			w.Clock.Set(time.Date(2026, time.September, 30, 21, 59, 0, 0, time.UTC)) // 23:59 in Berlin
			ana.writes("Hello again")(t, w)
			is("utility on the last day", aTemplate("parcel_ready", "en"), 200, "Germany | 0.0000 | free_customer_service"+april+free)
			w.Clock.Advance(time.Minute)
			is("utility on the first day", aTemplate("parcel_ready", "en"), 200, "Germany | 0.0550 | regular"+october)
			is("marketing on the first day", aTemplate("sale", "en"), 200, "Germany | 0.1365 | regular"+october+"free-form would cost 0.0550 USD: the customer service window is open")
			is("a template nobody knows", aTemplate("unheard_of", "en"), 404, "Germany | unknown | regular"+october)
		})
	}
}

// TestTagsOfSends: the sender's tags are kept as far as they are declared, the answer says
// what was kept, and Meta hears nothing of them.
func TestTagsOfSends(t *testing.T) {
	for _, path := range plainPaths {
		t.Run(path.name, func(t *testing.T) {
			var leaked []string
			sim := graphsim.New(graphsim.Options{AppSecret: gatewaytest.AppSecret, Numbers: []graphsim.Number{{ID: shop, Display: "+49 30 555123", CountryCode: "49"}}, Templates: templates()})
			t.Cleanup(func() { sim.Close() })
			upstream := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				for name := range r.Header {
					if strings.HasPrefix(name, "X-Waguard") {
						leaked = append(leaked, name)
					}
				}
				sim.ServeHTTP(rw, r)
			}))
			t.Cleanup(upstream.Close)
			w := newWorld(t, options{Options: gatewaytest.Options{
				WhatsApp: "tag team crm support\ntag campaign\n" + withPolicy(), Forwards: path.forwards, Upstream: upstream.URL,
			}})
			before := metrics(t, w.Gateway)
			ana.writes("Hello")(t, w)
			tagged := func(tags string) string {
				t.Helper()
				resp, answer := gatewaytest.Do(t, http.MethodPost, w.URL+messages, aText(), http.Header{
					"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}, "X-Waguard-Tag": {tags},
				})
				if resp.StatusCode != http.StatusOK {
					t.Fatalf("%s %s", resp.Status, answer)
				}
				kept, line := resp.Header.Get("X-Waguard-Tag"), w.newest(t)
				if string(line.Tags) != kept {
					t.Errorf("the answer says %q, the ledger has %q", kept, line.Tags)
				}
				return kept
			}
			for tags, want := range map[string]string{
				"team=crm, campaign=diwali": "campaign=diwali,team=crm",
				"team=sales":                "team=other",
				"colour=red":                "",
				"Team=support":              "team=support",
			} {
				if got := tagged(tags); got != want {
					t.Errorf("%q is kept as %q, want %q", tags, got, want)
				}
			}
			if len(leaked) > 0 {
				t.Errorf("Meta got %q", leaked)
			}
			after := metrics(t, w.Gateway)
			for value, want := range map[string]float64{"crm": 1, "support": 1, "other": 1} {
				series := `caddy_whatsapp_tagged_sends_total{tag="team",value="` + value + `"}`
				if got := after[series] - before[series]; got != want {
					t.Errorf("%s grew by %v, want %v", series, got, want)
				}
			}
		})
	}
}
