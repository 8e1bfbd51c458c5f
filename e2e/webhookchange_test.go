package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestWebhookChanges: a sender that points the account's webhooks elsewhere is
// seen, or stopped if so configured; in any spelling, in batches, and in monitor
// mode.
func TestWebhookChanges(t *testing.T) {
	const elsewhere = `"override_callback_uri":"https://elsewhere.example/hook","verify_token":"Secret message"`
	form := `webhook_configuration=%7B%22override_callback_uri%22%3A%22https%3A%2F%2Felsewhere.example%22%7D`
	for _, c := range []struct {
		name, method, path, body, change string
	}{
		{"subscribe", "POST", waba + "/subscribed_apps", "", "SUBSCRIBE"},
		{"override", "POST", waba + "/subscribed_apps", `{` + elsewhere + `}`, "OVERRIDE"},
		{"unsubscribe", "DELETE", waba + "/subscribed_apps", "", "UNSUBSCRIBE"},
		{"number", "POST", shop, `{"webhook_configuration":{` + elsewhere + `}}`, "OVERRIDE"},
		{"number/form", "POST", shop, form, "OVERRIDE"},
		{"number/query", "POST", shop + "?" + form, "", "OVERRIDE"},
		{"batch", "POST", "", `{"batch":[{"method":"POST","relative_url":"` + shop + `","body":"` + form + `"}]}`, "OVERRIDE"},
		{"batch/edge", "POST", "", `{"batch":[{"method":"GET","relative_url":"me"},{"method":"DELETE","relative_url":"v25.0/` + waba + `/subscribed_apps"}]}`, "UNSUBSCRIBE"},
	} {
		for _, mode := range []string{"log", "refuse", "refuse/monitor"} {
			t.Run(c.name+"/"+mode, func(t *testing.T) {
				mode, monitor := strings.CutSuffix(mode, "/monitor")
				business := withPolicy("mode enforce")
				if monitor {
					business = withPolicy("mode monitor")
				}
				w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: business, Guard: "webhook_changes " + mode}})
				h := http.Header{"Authorization": {"Bearer test-token"}}
				switch {
				case strings.HasPrefix(c.body, "{"):
					h.Set("Content-Type", "application/json")
				case c.body != "":
					h.Set("Content-Type", "application/x-www-form-urlencoded")
				}
				resp, body := gatewaytest.Do(t, c.method, w.URL+"/v25.0/"+c.path, c.body, h)
				refused := resp.StatusCode == http.StatusForbidden && resp.Header.Get("X-Waguard-Rule") == "WEBHOOKS_FIXED"
				if refused != (mode == "refuse" && !monitor) || !refused && resp.StatusCode != http.StatusOK {
					t.Errorf("%s answered %s %s", mode, resp.Status, body)
				}
				lines := w.logLines(t, "http.handlers.whatsapp_guard", "a sender asks Meta to change where the account's webhooks go; without them no opt-out is learned")
				if len(lines) != 1 || lines[0]["level"] != "warn" || lines[0]["change"] != c.change {
					t.Errorf("the warnings are %v", lines)
				}
				var events adminapi.EventPage
				w.admin(t, "/whatsapp/events?kind=webhook_change", "", &events)
				if len(events.Events) != 1 || events.Events[0].Name != c.change || events.Events[0].Detail == "" || events.Events[0].Sender == "" {
					t.Errorf("the account events are %+v", events)
				}
				var report string
				w.metrics(t, &report)
				if !strings.Contains(report, `caddy_whatsapp_webhook_changes_total{change="`+c.change+`"}`) {
					t.Errorf("no count of %s", c.change)
				}
			})
		}
	}
}

// TestHonestSettingsAreNoWebhookChange: what only mentions webhooks passes, also
// where changes are refused.
func TestHonestSettingsAreNoWebhookChange(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy(), Guard: "webhook_changes refuse"}})
	for _, c := range []struct{ method, path, body string }{
		{"GET", shop + "?fields=webhook_configuration", ""},
		{"POST", shop, `{"settings":{"text":"webhook_configuration"}}`},
		{"POST", waba + "/message_templates", `{"name":"hook","language":"en","category":"UTILITY","components":[{"type":"BODY","text":"Your override_callback_uri changed"}]}`},
	} {
		ask(t, w, "test-token", c.method, c.path, c.body)
	}
}

// TestSilentNumber: a number that sends for a day and gets no webhook is named in
// the log, in the health and in the metrics, until one comes.
func TestSilentNumber(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy()}})
	const warning = "a business phone number sends and gets no webhooks: no opt-out is learned and no window opens; check where Meta sends them"
	check := func(silent bool, warnings int) {
		t.Helper()
		health := healthOf(t, w.Gateway)
		if numbers := health.NumbersWithoutWebhooks; health.Status != "ok" || (len(numbers) == 1 && numbers[0].PhoneNumberID == shop) != silent {
			t.Errorf("the health is %+v", health)
		}
		var report string
		w.metrics(t, &report)
		if strings.Contains(report, "caddy_whatsapp_numbers_without_webhooks 1\n") != silent {
			t.Errorf("the metric does not say that silent is %v", silent)
		}
		if lines := w.logLines(t, "http.handlers.whatsapp_guard", warning); len(lines) != warnings || warnings > 0 && (lines[0]["level"] != "warn" || lines[0]["phone_number_id"] != shop) {
			t.Errorf("the warnings are %v", lines)
		}
	}
	list(t, w)
	ana.optsIn("all")(t, w)
	sends := template(ana, "parcel_ready", passesUtility)
	sends(t, w)
	check(false, 0)
	after(day)(t, w)
	sends(t, w)
	check(true, 1)
	sends(t, w)
	check(true, 1)
	ana.writes("Hello")(t, w)
	check(false, 1)
}

// metrics reads what Caddy's metrics route says.
func (w *world) metrics(t testing.TB, report *string) {
	t.Helper()
	resp, err := http.Get("http://" + strings.TrimPrefix(w.Admin, "http://") + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	*report = string(body)
}
