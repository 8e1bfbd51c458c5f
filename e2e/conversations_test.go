package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestConversationsOfReport: the report counts conversations by what opened them, on the days
// of the account, in every format.
func TestConversationsOfReport(t *testing.T) {
	start := time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: "tag team\n" + withPolicy("time_zone Asia/Kolkata"), Start: start}})
	list(t, w)
	ana.optsIn("all")(t, w)
	sends := func(body string) step {
		return func(t testing.TB, w *world) {
			t.Helper()
			if resp, answer := w.Post(t, messages, body); resp.StatusCode != http.StatusOK {
				t.Fatalf("%s %s", resp.Status, answer)
			}
		}
	}
	for _, s := range []struct {
		at   time.Duration
		does step
	}{
		{0, sends(aTemplate("sale", "en"))},
		{9 * time.Hour, sends(aTemplate("sale", "en"))}, // 23:30 in India: the same conversation
		{10 * time.Hour, ana.writes("Hello")},
		{10 * time.Hour, sends(aText())},                              // in that of marketing
		{26 * time.Hour, sends(aText())},                              // a new one, since that is over
		{27 * time.Hour, sends(aTemplate("sale", "en"))},              // a template has its own
		{60 * time.Hour, sends(aTemplate("parcel_ready", "en"))},      // after the window
		{80 * time.Hour, ana.says(shop, fromAd())},                    // through an ad
		{81 * time.Hour, sends(aText())},                              // answered: a free entry point
		{150 * time.Hour, sends(aTemplate("sale", "en"))},             // which takes in this
		{81*time.Hour + 72*time.Hour, sends(aTemplate("sale", "en"))}, // and not this
	} {
		w.Clock.Set(start.Add(s.at))
		s.does(t, w)
		statuses(t, w)
	}
	ask := func(query string, status int) string {
		t.Helper()
		resp, body := w.AdminCall(t, "/whatsapp/report/conversations?"+query, "")
		if resp.StatusCode != status {
			t.Fatalf("%s answers %s: %s", query, resp.Status, body)
		}
		return string(body)
	}
	for query, want := range map[string]string{
		"by=category":                             "marketing 3 = 0 ad + 1 person + 2 business, 5 messages | referral_conversion 1 = 1 ad + 0 person + 0 business, 2 messages | service 1 = 0 ad + 1 person + 0 business, 1 messages | utility 1 = 0 ad + 0 person + 1 business, 1 messages",
		"by=day&where=category%3Dmarketing":       "2026-11-02 1 = 0 ad + 0 person + 1 business, 3 messages | 2026-11-03 1 = 0 ad + 1 person + 0 business, 1 messages | 2026-11-08 1 = 0 ad + 0 person + 1 business, 1 messages",
		"by=market&from=2026-11-03&to=2026-11-05": "Germany 2 = 0 ad + 2 person + 0 business, 2 messages",
		"by=team&month=2026-10":                   "",
	} {
		var r billing.ConversationReport
		if err := json.Unmarshal([]byte(ask(query, http.StatusOK)), &r); err != nil {
			t.Fatal(err)
		}
		var rows []string
		for _, row := range r.Rows {
			rows = append(rows, fmt.Sprintf("%s %d = %d ad + %d person + %d business, %d messages", row.Value(r.By[0]), row.Conversations, row.FreeEntryPoint, row.UserInitiated, row.BusinessInitiated, row.Messages))
		}
		if got := strings.Join(rows, " | "); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", query, got, want)
		}
	}
	if got := ask("by=number,category&format=csv&where=category%3Dutility", http.StatusOK); got != "phone_number_id,time_zone,category,conversations,free_entry_point,user_initiated,business_initiated,messages\n"+shop+",Asia/Kolkata,utility,1,0,0,1,1\n" {
		t.Errorf("the CSV is %q", got)
	}
	page := ask("format=html&month=2026-11", http.StatusOK)
	for _, part := range []string{"WhatsApp conversations", "November 2026", "Asia/Kolkata", "Conversations by category", "referral conversion", "<svg"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %q", part)
		}
	}
	for query, want := range map[string]string{"rules=2026-10-01": "no prices", "sender=crm": "where", "format=pdf": "json, csv or html"} {
		if got := ask(query, http.StatusBadRequest); !strings.Contains(got, want) {
			t.Errorf("%s is answered %s", query, got)
		}
	}
}

// TestReportCommands: the command prints conversations as the route has them, writes pages, and
// says which questions go together.
func TestReportCommands(t *testing.T) {
	t.Parallel()
	sim, p := serving(t)
	for range 2 {
		if resp, answer := gatewaytest.Do(t, http.MethodPost, p.URL+messages, aText(), http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}}); resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", resp.Status, answer)
		}
	}
	if _, err := sim.DeliverStatuses(t.Context()); err != nil {
		t.Fatal(err)
	}
	admin := " --address " + p.Admin
	p.wantCommand(t, 0, "report --conversations --by category,initiation"+admin, "CONVERSATIONS", "service", "user", "total", "!Days in UTC")
	var row billing.ConversationRow
	if err := json.Unmarshal([]byte(p.wantCommand(t, 0, "report --conversations --by category --json"+admin)), &row); err != nil || row.Category != "service" || row.ConversationCounts != (billing.ConversationCounts{Conversations: 1, UserInitiated: 1, Messages: 2}) {
		t.Errorf("%+v, %v", row, err)
	}
	p.wantCommand(t, 0, "report --conversations --by category --output csv --csv-dialect excel-semicolon"+admin, "category;conversations;", "service;1;0;1;0;2\r\n")
	p.wantCommand(t, 0, "report --conversations --where category=marketing"+admin, "!No conversations.")
	for _, what := range []string{"", "--conversations "} {
		file := filepath.Join(t.TempDir(), "page.html")
		p.wantCommand(t, 0, "report "+what+"--output "+file+admin, "!open it in a browser")
		page, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(page), "service") || !strings.Contains(string(page), "Made by waguard on ") || strings.Contains(string(page), "30d") {
			t.Errorf("%q: %v: %s", what, err, page)
		}
	}
	p.wantCommand(t, 2, "report --conversations --rules 2026-10-01"+admin, "!leave --rules out")
	p.wantCommand(t, 2, "report --conversations --forecast"+admin, "!leave --conversations out")
}
