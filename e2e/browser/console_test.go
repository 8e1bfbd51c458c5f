//go:build browser

package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestConsole: every page of the console can be used on a desk, on a phone, by keyboard and
// without scripts, and is no way in for markup.
func TestConsole(t *testing.T) {
	start := time.Date(2026, time.November, 1, 7, 0, 0, 0, time.UTC)
	sim := gatewaytest.Simulate(t, graphsim.Options{
		Numbers: []graphsim.Number{{ID: shop, Display: "+49 30 555123", Name: "Fox Shoes", CountryCode: "49"}},
		Templates: []graphsim.Template{
			{Name: "autumn_sale", Language: "en", Category: "MARKETING"}, {Name: "order_shipped", Language: "en", Category: "UTILITY"}, {Name: "login_code", Language: "en", Category: "AUTHENTICATION"},
		},
	}, start)
	g := sim.Start(t, gatewaytest.Options{
		WhatsApp: "tag team\ntag campaign\nbudget crm {\namount 5 USD\nof everything\n}\nbusiness " + shop + " {\nname \"Fox Shoes\"\ntime_zone Europe/Berlin\n}",
		Site: `
	handle_path /console/* {
		whatsapp_console {
			user {http.request.header.Remote-User}
			allow consent erase
		}
	}`,
	})
	send := func(body, tags string) {
		t.Helper()
		resp, answer := gatewaytest.Do(t, http.MethodPost, g.URL+"/v25.0/"+shop+"/messages", body, http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}, "X-Waguard-Tag": {tags}})
		if resp.StatusCode >= http.StatusInternalServerError {
			t.Fatalf("%s %s", resp.Status, answer)
		}
	}
	gatewaytest.Do(t, http.MethodGet, g.URL+"/v25.0/"+sim.WABA()+"/message_templates?limit=50", "", http.Header{"Authorization": {"Bearer test-token"}})
	people := []string{"4915112345678", "919812345678", "5511912345678", "48501234567"}
	for _, who := range people[:3] {
		reference, _ := json.Marshal("form " + hostile)
		resp, answer := g.AdminCall(t, adminapi.RouteOptIn.Path, `{"phone_number_id":"`+shop+`","contact":"+`+who+`","scope":"all","source":"website","reference":`+string(reference)+`}`)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", resp.Status, answer)
		}
	}
	template := func(who, name, tags string) {
		quoted, _ := json.Marshal(name)
		send(`{"messaging_product":"whatsapp","to":"+`+who+`","type":"template","template":{"name":`+string(quoted)+`,"language":{"code":"en"}}}`, tags)
	}
	for day := range 12 {
		for i, who := range people {
			for k, name := range []string{"autumn_sale", "order_shipped", "login_code", hostile} {
				if (day+i+k)%3 == 0 {
					template(who, name, "team="+[]string{"crm", "support", hostile}[(i+k)%3])
				}
			}
			send(`{"messaging_product":"whatsapp","to":"+`+who+`","type":"text","text":{"body":"Hello"}}`, "campaign="+hostile)
		}
		for _, text := range []string{"Hello", "pls leave me alone", hostile}[:1+day%3] {
			if _, err := sim.Inbound(t.Context(), shop, graphsim.User{Phone: people[day%4], Name: hostile}, graphsim.Text(text)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := sim.DeliverStatuses(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.Clock.Advance(24 * time.Hour)
	}
	if _, err := sim.Inbound(t.Context(), shop, graphsim.User{Phone: people[0]}, graphsim.Text("Hello")); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		template(people[i%4], []string{"autumn_sale", "order_shipped"}[i%2], "team=crm")
		g.Clock.Advance(time.Minute)
	}
	_, answer := g.AdminCall(t, adminapi.RouteViolations.Path, "")
	var page adminapi.Page
	if err := json.Unmarshal(answer, &page); err != nil || len(page.Entries) == 0 {
		t.Fatalf("%s", answer)
	}
	into := *screenshots
	if into == "" {
		into = t.TempDir()
	}
	batch := 0
	drive(t, func() {
		sends := 3
		if batch++; batch > 1 {
			sends = 400
		}
		for i := range sends {
			template(people[i%4], []string{"autumn_sale", "order_shipped"}[i%2], "")
			if i%20 == 0 {
				time.Sleep(20 * time.Millisecond) // so that what is watched comes in several parts
			}
		}
	}, "console.mjs", g.URL, into, *screenshots, hostile, "+"+people[0], fmt.Sprint(page.Entries[0].ID))
}
