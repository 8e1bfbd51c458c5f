package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestForecast: what the running month is expected to cost follows from the days there
// were, and from too few of them nothing does.
func TestForecast(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy(), Start: time.Date(2026, time.November, 3, 9, 0, 0, 0, time.UTC)}})
	list(t, w)
	ana.optsIn("all")(t, w)
	ask := func(query string) (*http.Response, []byte) {
		t.Helper()
		return w.AdminCall(t, "/whatsapp/report/forecast"+query, "")
	}
	day := func() {
		t.Helper()
		if resp, answer := w.Post(t, messages, aTemplate("sale", "en")); resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", resp.Status, answer)
		}
		statuses(t, w)
		w.Clock.Advance(24 * time.Hour)
	}
	if resp, body := ask(""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("from nothing: %s %s", resp.Status, body)
	}
	for range 7 {
		day()
	}
	w.Clock.Advance(-23 * time.Hour) // the evening of the seventh day
	if resp, body := ask(""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("from six whole days: %s %s", resp.Status, body)
	}
	w.Clock.Advance(23 * time.Hour)
	for query, want := range map[string]string{
		"":                            "2026-11 since 2026-11-03, 7 days: marketing 7 0.9555, whole month 28 3.8220", // a day from the 3rd to the 30th
		"?where=market%3DFrance":      "none",
		"?phone_number_id=" + support: "none",
	} {
		resp, body := ask(query)
		got := "none"
		if resp.StatusCode == http.StatusOK {
			var f billing.Forecast
			if err := json.Unmarshal(body, &f); err != nil || len(f.Rows) != 1 {
				t.Fatalf("%s: %s", query, body)
			}
			r := f.Rows[0]
			got = fmt.Sprintf("%s since %s, %d days: %s %d %s, whole month %d %s", f.Month, f.Since, f.Days, r.Category, r.Delivered, r.Cost, r.ExpectedDelivered, r.ExpectedCost)
		}
		if got != want {
			t.Errorf("%s: %s, want %s: %s", query, got, want, body)
		}
	}
	if resp, body := ask("?month=2026-10"); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("of another month: %s %s", resp.Status, body)
	}
}

// TestForecastInAnotherTimeZone: the month that runs, and what it has so far, are those of the
// account, also while UTC still has the month before.
func TestForecastInAnotherTimeZone(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{
		WhatsApp: withPolicy("time_zone Pacific/Auckland"), Start: time.Date(2026, time.November, 20, 9, 0, 0, 0, time.UTC), // 22:00 there
	}})
	list(t, w)
	ana.optsIn("all")(t, w)
	forecast := func(when, want string) {
		t.Helper()
		resp, body := w.AdminCall(t, "/whatsapp/report/forecast", "")
		var f billing.Forecast
		if err := json.Unmarshal(body, &f); err != nil || resp.StatusCode != http.StatusOK || len(f.Rows) != 1 {
			t.Fatalf("%s: %s %s", when, resp.Status, body)
		}
		r := f.Rows[0]
		if got := fmt.Sprintf("%s: %s %d %s, whole month %d %s", f.Month, r.Month, r.Delivered, r.Cost, r.ExpectedDelivered, r.ExpectedCost); got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	for range 11 {
		if resp, answer := w.Post(t, messages, aTemplate("sale", "en")); resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", resp.Status, answer)
		}
		statuses(t, w)
		w.Clock.Advance(24 * time.Hour)
	}
	w.Clock.Advance(-23 * time.Hour)
	forecast("23:00 on 30 November", "2026-11: 2026-11 11 1.5015, whole month 11 1.5015")
	w.Clock.Advance(90 * time.Minute)
	forecast("half past midnight", "2026-12: 2026-12 0 0.0000, whole month 31 4.2315")
}
