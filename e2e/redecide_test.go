package e2e

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

// TestDecideAgain computes every decision of a ledger again, from nothing but
// what the ledger kept: whoever asks a year later must get the same answer. Every
// rule decides in it.
func TestDecideAgain(t *testing.T) {
	const number, late, limited = "104455667788", "104455667795", "104455667796"
	sim := gatewaytest.Simulate(t, graphsim.Options{Numbers: []graphsim.Number{
		{ID: number, Display: "+49 30 555123", CountryCode: "49"}, {ID: late, Display: "+49 30 555124", CountryCode: "49"}, {ID: limited, Display: "+49 30 555125", CountryCode: "49"},
	}, Templates: []graphsim.Template{
		{Name: "sale", Language: "en", Category: "MARKETING"},
		{Name: "shipped", Language: "en", Category: "UTILITY"},
		{Name: "news", Language: "en", Category: "MARKETING", Status: "PAUSED"},
		{Name: "spam", Language: "en", Category: "MARKETING", Status: "DISABLED"},
		{Name: "may_we", Language: "en", Category: "MARKETING"},
		{Name: "code", Language: "en", Category: "AUTHENTICATION"},
		{Name: "draft", Language: "en", Category: "UTILITY", Status: "REJECTED"},
	}}, gatewaytest.Epoch)
	g := sim.Start(t, gatewaytest.Options{Dir: restoredStore(t, gatewaytest.Epoch.Add(-time.Hour)), WhatsApp: `business ` + number + ` {
		waba ` + sim.WABA() + `
		window_margin 1m
		essential_templates shipped
		frequency_cap transactional 2 6h
		consent_request_templates may_we
		consent_request_limit 1 2h
	}
	business 104455667789 {
		number +4930555123
		bare_numbers both
	}
	business 104455667790 {
		waba ` + sim.WABA() + `
		bare_numbers refuse
		groups allow
	}
	business 104455667791 {
		mode monitor
	}
	business 104455667793 {
		quiet_hours all 00:00 12:00 Europe/Berlin
		quiet_hours all 12:00 24:00 Europe/Berlin
	}
	business 104455667794 {
		waba ` + sim.WABA() + `
		consent_expires all 24h
	}
	business 104455667792 {
		session_only
	}
	business 104455667797 {
		waba ` + sim.WABA() + `
		category_drift hold
	}
	budget crm {
		amount 0.10 USD
		of business 104455667797
		when_spent refuse
	}
	business 104455667796 {
		waba ` + sim.WABA() + `
		pair_rate
		messaging_limit 2
	}
	business 104455667795 {
		waba ` + sim.WABA() + `
		post_session_followup
		otp_on_request 10m
		rule long-names warn ` + "`template.name == \"shipped\" && contact.country == \"DE\" && now_local.hour >= 0`" + ` "A long name"
		rule numbers refuse ` + "`send.type == \"text\" && int(send.type) == 1`" + ` "Never told"
		rule no-images refuse ` + "`send.type == \"image\" || sender.name == \"nobody\"`" + ` "No images"
	}`})
	gatewaytest.Do(t, "GET", g.URL+"/v25.0/"+sim.WABA()+"/message_templates", "", map[string][]string{"Authorization": {"Bearer t"}})

	sends := 0
	send := func(id, body string) {
		g.Post(t, "/v25.0/"+id+"/messages", body)
		sends++
	}
	all := func(id string) {
		for _, to := range []string{
			`"to":"+4915112345678"`, `"to":"+4917604069012"`, `"recipient":"US.40817726355190042"`, `"to":"+4915112345678","recipient":"US.40817726355190042"`,
			`"to":"447700900123"`, `"to":"33612345678"`, `"to":"3212345678"`,
		} {
			send(id, `{"messaging_product":"whatsapp",`+to+`,"type":"text","text":{"body":"hi"}}`)
			send(id, `{"messaging_product":"whatsapp",`+to+`,"type":"text","text":{"body":"You are unsubscribed."}}`)
			for _, name := range []string{"sale", "shipped", "may_we", "unheard_of"} {
				send(id, fmt.Sprintf(`{"messaging_product":"whatsapp",%s,"type":"template","template":{"name":%q,"language":{"code":"en"}},"biz_opaque_callback_data":"order-1"}`, to, name))
			}
		}
		send(id, `{"messaging_product":"whatsapp","status":"read","message_id":"wamid.x"}`)
	}
	ana := graphsim.User{Phone: "+4915112345678", Name: "Ana"}
	ben := graphsim.User{UserID: "US.40817726355190042", Name: "Ben", HidePhone: true}
	// Numbers without plus that have two readings; of one the other reading stops.
	british := graphsim.User{Phone: "+447700900123", Name: "Bea"}
	german := graphsim.User{Phone: "+49447700900123", Name: "Gerd"}
	happens := func(u graphsim.User, text string) {
		if _, err := sim.Inbound(t.Context(), number, u, graphsim.Text(text)); err != nil {
			t.Fatal(err)
		}
	}
	record(t, g, adminapi.RouteOptIn, adminapi.ConsentRequest{PhoneNumberID: "104455667794", Contact: "+4917000000001", Scope: "all", Source: "phone", Evidence: consent.Evidence{Reference: "call 10"}})
	all(number)
	// By a template in each standing, at other endpoints, to a group and in batches.
	rest := func() {
		for _, name := range []string{"news", "spam", "draft"} {
			send(number, fmt.Sprintf(`{"messaging_product":"whatsapp","to":"+4915112345678","type":"template","template":{"name":%q,"language":{"code":"en"}}}`, name))
		}
		at := func(path, body string) {
			g.Post(t, "/v25.0/"+path, body)
			sends++
		}
		at(number+"/marketing_messages", `{"messaging_product":"whatsapp","to":"+4915112345678","type":"text","text":{"body":"hi"}}`)
		for _, to := range []string{"+4915112345678", "+4917604069012"} {
			at(number+"/calls", `{"messaging_product":"whatsapp","to":"`+to+`","action":"connect","session":{"sdp_type":"offer","sdp":"v=0"}}`)
		}
		at(number+"/calls", `{"messaging_product":"whatsapp","call_id":"wacid.1","action":"terminate"}`)
		for _, id := range []string{number, "104455667790"} {
			send(id, `{"messaging_product":"whatsapp",`+group+`,"type":"template","template":{"name":"shipped","language":{"code":"en"}}}`)
		}
		send("104455667790", `{"messaging_product":"whatsapp","to":"4915112345678","type":"text","text":{"body":"hi"}}`)
		element := func(to, text string) string { return strings.Replace(batched(number, to), "hi", text, 1) }
		const confirms = "You are unsubscribed."
		for _, batch := range [][]string{
			{element("4915112345678", "hi"), element("4917604069012", "hi")},
			{element("4915119876543", confirms), element("4915119876543", confirms)},
		} {
			g.Post(t, "/v25.0/", batchOf(batch...))
			sends += len(batch)
		}
	}
	send("104455667792", `{"messaging_product":"whatsapp","to":"+4915112345678","type":"template","template":{"name":"shipped","language":{"code":"en"}}}`)
	eve := graphsim.User{Phone: "+4915119876543", Name: "Eve"}
	rest()
	for _, text := range []string{"hello", "START", "start promotions", "enough", "STOP", "I said stop!", "are you there?"} {
		g.Clock.Advance(time.Hour)
		happens(ana, text)
		happens(ben, text)
		happens(british, "hello")
		happens(german, text)
		all(number)
		happens(eve, text)
		all("999")
		all("104455667789")
		all("104455667791")
		rest()
	}
	record(t, g, adminapi.RouteAsk, adminapi.ConsentRequest{PhoneNumberID: number, Contact: "+4917604069012", Scope: "marketing", Source: "phone"})
	record(t, g, adminapi.RouteOptIn, adminapi.ConsentRequest{PhoneNumberID: "104455667789", Contact: "+4917604069012", Scope: "transactional", Source: "phone", Evidence: consent.Evidence{Reference: "call 9"}})
	if _, err := sim.Inbound(t.Context(), number, ana, graphsim.Message{Type: "interactive", Content: map[string]any{
		"type": "call_permission_reply", "call_permission_reply": map[string]any{"response": "accept", "is_permanent": true},
	}}); err != nil {
		t.Fatal(err)
	}
	record(t, g, adminapi.RouteOptIn, adminapi.ConsentRequest{PhoneNumberID: "104455667793", Contact: "+4915112345678", Scope: "all", Source: "phone", Evidence: consent.Evidence{Reference: "call 9"}})
	send("104455667793", `{"messaging_product":"whatsapp","to":"+4915112345678","type":"template","template":{"name":"shipped","language":{"code":"en"}}}`)
	all(number)
	all("104455667789")
	rest()
	g.Clock.Advance(23*time.Hour + 59*time.Minute)
	all(number)
	send("104455667794", `{"messaging_product":"whatsapp","to":"+4917000000001","type":"template","template":{"name":"shipped","language":{"code":"en"}}}`)

	// After the window, and on the person's request.
	record(t, g, adminapi.RouteOptIn, adminapi.ConsentRequest{PhoneNumberID: late, Contact: "+4917000000001", Source: "user_request"})
	send(late, `{"messaging_product":"whatsapp","to":"+4917000000001","type":"template","template":{"name":"code","language":{"code":"en"}}}`)
	dora := graphsim.User{Phone: "+4917000000002", Name: "Dora"}
	if _, err := sim.Inbound(t.Context(), late, dora, graphsim.Text("hello")); err != nil {
		t.Fatal(err)
	}
	send(late, `{"messaging_product":"whatsapp","to":"+4917000000002","type":"text","text":{"body":"hi"}}`)
	send(late, `{"messaging_product":"whatsapp","to":"+4917000000002","type":"image","image":{"link":"https://example.com/a.png"}}`)
	send(late, `{"messaging_product":"whatsapp","to":"+4917000000002","type":"template","template":{"name":"shipped","language":{"code":"en"}}}`)
	g.Clock.Advance(25 * time.Hour)
	for _, components := range []string{`[{"type":"header","parameters":[{"type":"image","image":{"link":"https://example.com/a.png"}}]}]`, `[]`, `[]`} {
		send(late, `{"messaging_product":"whatsapp","to":"+4917000000002","type":"template","template":{"name":"shipped","language":{"code":"en"},"components":`+components+`}}`)
	}

	// What Meta bounds.
	for _, to := range []string{"+4917000000003", "+4917000000004", "+4917000000005"} {
		record(t, g, adminapi.RouteOptIn, adminapi.ConsentRequest{PhoneNumberID: limited, Contact: to, Scope: "all", Source: "phone", Evidence: consent.Evidence{Reference: "call 11"}})
	}
	offered := func(to string) {
		send(limited, `{"messaging_product":"whatsapp","to":"`+to+`","type":"template","template":{"name":"sale","language":{"code":"en"}}}`)
	}
	for range 46 {
		send(limited, `{"messaging_product":"whatsapp","to":"+4917000000003","type":"template","template":{"name":"shipped","language":{"code":"en"}}}`)
	}
	for _, code := range []int{131049, 130429, 131048} {
		sim.Inject(graphsim.Fault{Code: code})
		offered("+4917000000004")
		offered("+4917000000004")
		g.Clock.Advance(25 * time.Hour)
	}
	for _, to := range []string{"3", "4", "5"} {
		send(limited, `{"messaging_product":"whatsapp","to":"+491700000000`+to+`","type":"template","template":{"name":"shipped","language":{"code":"en"}}}`)
	}

	// What there is money for.
	record(t, g, adminapi.RouteOptIn, adminapi.ConsentRequest{PhoneNumberID: "104455667797", Contact: "+4917000000003", Scope: "all", Source: "phone", Evidence: consent.Evidence{Reference: "call 12"}})
	for _, name := range []string{"shipped", "sale", "sale", "shipped"} {
		send("104455667797", `{"messaging_product":"whatsapp","to":"+4917000000003","type":"template","template":{"name":"`+name+`","language":{"code":"en"}}}`)
	}

	if err := sim.TemplateCategory(t.Context(), "code", "en", "MARKETING", false); err != nil {
		t.Fatal(err)
	}
	send("104455667797", `{"messaging_product":"whatsapp","to":"+4917000000003","type":"template","template":{"name":"code","language":{"code":"en"}}}`)

	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	st, err := badger.Open(g.Dir, badger.Options{Now: g.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	seen := make(map[policy.Rule]int)
	for e, err := range st.Ledger(t.Context(), store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Unread {
			t.Errorf("a send of this test could not be read: %+v", e.Decision)
		}
		seen[e.Decision.Rule]++
		if again := policy.Decide(&e.Send, &e.Facts, &e.Policy, e.At.Time()); !reflect.DeepEqual(again, e.Decision) {
			t.Errorf("decided %+v\nagain   %+v", e.Decision, again)
		}
		sends--
	}
	if sends != 0 {
		t.Errorf("the ledger has %d entries less than there were sends", sends)
	}
	for _, rule := range policy.Order() {
		if seen[rule] == 0 {
			t.Errorf("no decision of this ledger is by %s", rule)
		}
	}
	for rule := range seen {
		if !slices.Contains(policy.Order(), rule) {
			t.Errorf("%d decisions are by %s, which is no rule", seen[rule], rule)
		}
	}
}
