package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestReportOfMoney: a report has what sends were expected to cost and what those that were
// delivered cost, by tag, market and category, in every format and with the same totals.
func TestReportOfMoney(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{
		WhatsApp: "tag team crm support\ntag campaign\n" + withPolicy("time_zone Europe/Berlin"), Start: time.Date(2026, time.October, 5, 9, 0, 0, 0, time.UTC),
	}})
	list(t, w)
	ana.optsIn("all")(t, w)
	for _, tags := range []string{"team=crm,campaign=diwali", "team=crm", "team=support", ""} {
		resp, answer := gatewaytest.Do(t, http.MethodPost, w.URL+messages, aTemplate("sale", "en"), http.Header{
			"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}, "X-Waguard-Tag": {tags},
		})
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", resp.Status, answer)
		}
	}
	text(ana, windowClosed)(t, w)
	statuses(t, w)
	ask := func(query string, status int) string {
		t.Helper()
		resp, body := w.AdminCall(t, "/whatsapp/report?"+query, "")
		if resp.StatusCode != status {
			t.Fatalf("%s answers %s: %s", query, resp.Status, body)
		}
		return string(body)
	}
	for query, want := range map[string]string{
		"by=team":                      "0.5460/0.5460 -:1/0.1365 crm:2/0.2730 support:1/0.1365",
		"by=team&month=2026-10":        "0.5460/0.5460 -:1/0.1365 crm:2/0.2730 support:1/0.1365",
		"by=tag:team&where=team%3Dcrm": "0.2730/0.2730 crm:2/0.2730",
		"by=team&where=campaign%3Ddiwali%3Bteam%3Dcrm": "0.1365/0.1365 crm:1/0.1365",
		"by=team&where=market%3DFrance":                "",
		"by=team&month=2026-09":                        "",
		"by=team&category=marketing":                   "0.5460/0.5460 -:1/0.1365 crm:2/0.2730 support:1/0.1365",
	} {
		var r billing.Report
		if err := json.Unmarshal([]byte(ask(query, http.StatusOK)), &r); err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(r.Totals) > 0 {
			got = r.Totals[0].Estimated.String() + "/" + r.Totals[0].Actual.String()
		}
		for _, row := range r.Rows {
			if row.Delivered == 0 {
				continue
			}
			team := row.Tags.Get("team")
			if team == "" {
				team = "-"
			}
			got += " " + team + ":" + string(rune('0'+row.Delivered)) + "/" + row.Actual.String()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if got := ask("by=team&format=csv&csv_dialect=excel-semicolon", http.StatusOK); !strings.HasPrefix(got, "\ufeffteam;currency;sends") || !strings.Contains(got, "crm;USD;2;2;0;0;0;2;2;2;0;0;0,2730;0;0,2730\r\n") {
		t.Errorf("the CSV is %q", got)
	}
	if got := ask("by=number,team&format=csv", http.StatusOK); !strings.HasPrefix(got, "phone_number_id,time_zone,team,currency,sends") || !strings.Contains(got, shop+",Europe/Berlin,crm,USD,2,2,0,0,0,2,2,2,0,0,0.2730,0,0.2730\n") {
		t.Errorf("the CSV is %q", got)
	}
	page := ask("by=team&format=html&month=2026-10", http.StatusOK)
	for _, part := range []string{"0.5460 <small>USD</small>", "October 2026", "Europe/Berlin", "USD 2026-10-01", "unofficial", "Cost by team", "<svg"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %q:\n%s", part, page)
		}
	}
	for query, want := range map[string]string{
		"by=colour":                    "tag campaign, team",
		"where=market":                 "write market=Germany",
		"where=colour%3Dred":           "there is day, month",
		"month=October":                "write 2026-10",
		"month=2026-10&from=7d":        "leave one out",
		"format=pdf":                   "json, csv or html",
		"format=csv&csv_dialect=lotus": "rfc4180, excel",
	} {
		if got := ask(query, http.StatusBadRequest); !strings.Contains(got, want) {
			t.Errorf("%s is answered %s, want %q", query, got, want)
		}
	}
}
