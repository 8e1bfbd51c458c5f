package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

const consoleSite = `
	handle_path /console/* {
		whatsapp_console {
			user {http.request.header.Remote-User}
			allow consent erase
		}
	}`

// consoleGateway is a gateway with a console, on which a few things happened.
func consoleGateway(t *testing.T) (*gatewaytest.Gateway, *graphsim.Sim) {
	t.Helper()
	const number = "104455667788"
	var g *gatewaytest.Gateway
	start := time.Date(2026, time.November, 20, 8, 0, 0, 0, time.UTC)
	sim := graphsim.New(graphsim.Options{
		AppSecret: gatewaytest.AppSecret,
		Clock: func() time.Time {
			if g == nil {
				return start
			}
			return g.Clock.Now()
		},
		Numbers:   []graphsim.Number{{ID: number, Display: "+49 30 555123", Name: "Fox Shoes", CountryCode: "49"}},
		Templates: []graphsim.Template{{Name: "autumn_sale", Language: "en", Category: "MARKETING"}, {Name: "order_shipped", Language: "en", Category: "UTILITY"}},
	})
	t.Cleanup(func() { _ = sim.Close() })
	upstream := httptest.NewServer(sim)
	t.Cleanup(upstream.Close)
	g = gatewaytest.Start(t, gatewaytest.Options{Upstream: upstream.URL, Start: start, Site: consoleSite, WhatsApp: "tag campaign\nbudget crm {\namount 100 USD\nof everything\n}\nbusiness " + number + " {\nname \"Fox Shoes\"\ntime_zone Europe/Berlin\n}"})
	sim.SetWebhookURL(g.WebhookURL)
	gatewaytest.Do(t, http.MethodGet, g.URL+"/v25.0/"+sim.WABA()+"/message_templates?limit=50", "", http.Header{"Authorization": {"Bearer test-token"}})
	record(t, g, adminapi.RouteOptIn, adminapi.ConsentRequest{PhoneNumberID: number, Contact: "+4915112345678", Scope: "all", Source: "website"})
	send := func(body string) {
		gatewaytest.Do(t, http.MethodPost, g.URL+"/v25.0/"+number+"/messages", body, http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}})
	}
	for _, who := range []string{"+4915112345678", "+4917604069012"} {
		send(`{"messaging_product":"whatsapp","to":"` + who + `","type":"text","text":{"body":"hi"}}`)
		for _, name := range []string{"autumn_sale", "order_shipped"} {
			send(fmt.Sprintf(`{"messaging_product":"whatsapp","to":%q,"type":"template","template":{"name":%q,"language":{"code":"en"}}}`, who, name))
		}
	}
	if _, err := sim.Inbound(t.Context(), number, graphsim.User{Phone: "+4917604069012", Name: "Ben"}, graphsim.Text("STOP")); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.DeliverStatuses(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.Clock.Advance(time.Minute)
	return g, sim
}

var asAna = http.Header{"Remote-User": {"ana"}}

// TestConsolePages: every page is there, says nothing of numbers, and keeps to its policy.
func TestConsolePages(t *testing.T) {
	g, _ := consoleGateway(t)
	for _, page := range []string{"", "violations", "violations?show=all", "violations?by=rule", "violations?by=contact", "violations?watch=on", "person", "reviews", "runway", "runway?all=yes&ending=24h", "templates", "bill", "lab", "score", "score?finding=missed", "events", "health"} {
		resp, body := gatewaytest.Do(t, http.MethodGet, g.URL+"/console/"+page, "", asAna)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s\n%s", page, resp.Status, body)
		}
		if dir := os.Getenv("CONSOLE_OUT"); dir != "" {
			_ = os.WriteFile(dir+"/"+strings.NewReplacer("?", "_", "=", "_", "&", "_").Replace("p_"+page)+".html", body, 0o644)
		}
	}
}
