//go:build browser

package browser

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

var screenshots = flag.String("screenshots", "", "a directory for the screenshots and PDFs of the bill, to look at")

// hostile is a tag and the name of a template as somebody writes them who wants to be markup.
const hostile = `</td><script>alert(1)</script><b>`

// TestBill: the bill of a month of several markets, categories and tags, that of an empty one,
// and its conversations can be read on a desk, on a phone and on paper, by everybody, and are no
// way in for markup.
func TestBill(t *testing.T) {
	start := time.Date(2026, time.October, 1, 7, 0, 0, 0, time.UTC)
	sim := gatewaytest.Simulate(t, graphsim.Options{
		Numbers: []graphsim.Number{{ID: shop, Display: "+49 30 555123", Name: "Fox Shoes", CountryCode: "49"}},
		Templates: []graphsim.Template{
			{Name: "autumn_sale", Language: "en", Category: "MARKETING"}, {Name: "order_shipped", Language: "en", Category: "UTILITY"}, {Name: "login_code", Language: "en", Category: "AUTHENTICATION"},
		},
	}, start)
	g := sim.Start(t, gatewaytest.Options{WhatsApp: "tag team\ntag campaign\nbusiness " + shop + " {\nname \"Fox Shoes\"\ntime_zone Europe/Berlin\n}"})
	send := func(body, tags string) {
		t.Helper()
		resp, answer := gatewaytest.Do(t, http.MethodPost, g.URL+"/v25.0/"+shop+"/messages", body, http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}, "X-Waguard-Tag": {tags}})
		if resp.StatusCode >= http.StatusInternalServerError {
			t.Fatalf("%s %s", resp.Status, answer)
		}
	}
	gatewaytest.Do(t, http.MethodGet, g.URL+"/v25.0/200300400500/message_templates?limit=50", "", http.Header{"Authorization": {"Bearer test-token"}})
	people := []string{"4915112345678", "919812345678", "5511912345678", "48501234567", "971501234567", "12125550123"}
	for _, who := range people {
		resp, answer := g.AdminCall(t, adminapi.RouteOptIn.Path, `{"phone_number_id":"`+shop+`","contact":"+`+who+`","scope":"all","source":"website","reference":"form 7"}`)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", resp.Status, answer)
		}
	}
	for day := range 31 {
		for i, who := range people {
			for k, name := range []string{"autumn_sale", "order_shipped", "login_code", hostile} {
				if (day*(i+2)+k)%(2+i+k) > 1 || name == hostile && day%5 != i {
					continue
				}
				quoted, _ := json.Marshal(name)
				tags := "team=" + []string{"crm", "support", hostile}[(i+k)%3]
				if day > 15 && k == 0 {
					tags += ", campaign=diwali"
				}
				send(`{"messaging_product":"whatsapp","to":"+`+who+`","type":"template","template":{"name":`+string(quoted)+`,"language":{"code":"en"}}}`, tags)
			}
			if day%(i+3) == 0 {
				if _, err := sim.Inbound(t.Context(), shop, graphsim.User{Phone: who}, graphsim.Text("Hello")); err != nil {
					t.Fatal(err)
				}
				send(`{"messaging_product":"whatsapp","to":"+`+who+`","type":"text","text":{"body":"Hello"}}`, "")
			}
		}
		if _, err := sim.DeliverStatuses(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.Clock.Advance(24 * time.Hour)
	}
	var report billing.Report
	var conversations billing.ConversationReport
	for route, into := range map[string]any{"": &report, "/conversations": &conversations} {
		resp, answer := g.AdminCall(t, "/whatsapp/report"+route+"?month=2026-10", "")
		if err := json.Unmarshal(answer, into); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", resp.Status, answer)
		}
	}
	if len(report.Totals) != 1 || report.Totals[0].Delivered < 200 || conversations.Total.Conversations < 200 {
		t.Fatalf("the month is %+v, %+v", report.Totals, conversations.Total)
	}
	into := *screenshots
	if into == "" {
		into = t.TempDir()
	}
	// The admin API answers no browser: people save a page and open that.
	pages := make(map[string]string)
	saved := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, pages[r.URL.Path])
	}))
	defer saved.Close()
	page := func(route, query string) string {
		t.Helper()
		resp, body := g.AdminCall(t, "/whatsapp/report"+route+"?format=html&"+query, "")
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", resp.Status, body)
		}
		path := fmt.Sprintf("/%d.html", len(pages))
		pages[path] = string(body)
		return saved.URL + path
	}
	drive(t, nil, "bill.mjs", saved.URL, into, hostile,
		"bill", page("", "month=2026-10&by=day,category,market,template"), report.Totals[0].Actual.String()+" USD",
		"bill-of-markup", page("", "month=2026-10&where="+url.QueryEscape("team="+hostile)), money(t, g, url.QueryEscape("team="+hostile)),
		"conversations", page("/conversations", "month=2026-10"), fmt.Sprint(conversations.Total.Conversations),
		"empty", page("", "month=2026-08"), "",
		"empty-conversations", page("/conversations", "month=2026-08"), "",
	)
}

// money is the cost of what a condition selects, as the page says it.
func money(t *testing.T, g *gatewaytest.Gateway, where string) string {
	t.Helper()
	_, answer := g.AdminCall(t, "/whatsapp/report?month=2026-10&where="+where, "")
	var r billing.Report
	if err := json.Unmarshal(answer, &r); err != nil || len(r.Totals) != 1 {
		t.Fatalf("%s", answer)
	}
	return r.Totals[0].Actual.String() + " USD"
}
