package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestPriceByKind: every kind of message, what it is quoted before it leaves and what it is
// charged once it is delivered: the category, its column of the card, the market, the price
// type and the unit price.
func TestPriceByKind(t *testing.T) {
	const (
		september = "2026-09-10T10:00:00Z"
		october   = "2026-10-10T10:00:00Z"
		abroad    = "authentication_international 2026-06-01 IN\nauthentication_international 2026-10-01 BD"
		indian    = "+919812345678"
		bengali   = "+8801712345678"
		brazilian = "+5511987654321"
	)
	edge := "/v25.0/" + shop + "/marketing_messages"
	text := `,"type":"text","text":{"body":"Secret message"}`
	permission := `,"type":"interactive","interactive":{"type":"call_permission_request","action":{"name":"call_permission_request"},"body":{"text":"May we call?"}}`
	for _, test := range []struct {
		name  string
		start string
		to    string // "" for Germany
		open  bool   // the customer service window
		opts  string
		path  string
		what  string // behind the address
		told  string // the category that Meta tells in place of its own
		// quoted is market, price type and price in the answer, charged what the report has:
		// category, column, market, price type and cost.
		quoted, charged string
	}{
		{name: "marketing", start: october, what: templateBody("sale"), quoted: "Germany regular 0.1365", charged: "marketing marketing Germany regular 0.1365"},
		{name: "marketing/in window", start: october, open: true, what: templateBody("sale"), quoted: "Germany regular 0.1365", charged: "marketing marketing Germany regular 0.1365"},
		{name: "marketing lite", start: october, path: edge, what: templateBody("sale"), quoted: "Germany regular 0.1365", charged: "marketing_lite marketing Germany regular 0.1365"},
		{name: "utility/september", start: september, what: templateBody("parcel_ready"), quoted: "Germany regular 0.0550", charged: "utility utility Germany regular 0.0550"},
		{name: "utility/september/in window", start: september, open: true, what: templateBody("parcel_ready"), quoted: "Germany free_customer_service 0.0000", charged: "utility utility Germany free_customer_service 0.0000"},
		{name: "utility/october", start: october, what: templateBody("parcel_ready"), quoted: "Germany regular 0.0550", charged: "utility utility Germany regular 0.0550"},
		{name: "utility/october/in window", start: october, open: true, what: templateBody("parcel_ready"), quoted: "Germany regular 0.0550", charged: "utility utility Germany regular 0.0550"},
		{name: "authentication", start: october, what: templateBody("login_code"), quoted: "Germany regular 0.0550", charged: "authentication authentication Germany regular 0.0550"},
		{name: "authentication/september/in window", start: september, open: true, what: templateBody("login_code"), quoted: "Germany regular 0.0550", charged: "authentication authentication Germany regular 0.0550"},
		{name: "authentication/not found to be international", start: september, to: indian, what: templateBody("login_code"), quoted: "India regular 0.0014", charged: "authentication authentication India regular 0.0014"},
		{
			name: "authentication international", start: september, to: indian, opts: abroad, what: templateBody("login_code"), told: "authentication-international",
			quoted: "India regular 0.0304", charged: "authentication_international authentication_international India regular 0.0304",
		},
		{
			name: "authentication international/told with an underscore", start: september, to: indian, opts: abroad, what: templateBody("login_code"), told: "authentication_international",
			quoted: "India regular 0.0304", charged: "authentication_international authentication_international India regular 0.0304",
		},
		{
			name: "authentication international/told by Meta alone", start: september, to: indian, what: templateBody("login_code"), told: "authentication-international",
			quoted: "India regular 0.0014", charged: "authentication_international authentication_international India regular 0.0304",
		},
		{
			name: "authentication international/Meta tells otherwise", start: september, to: indian, opts: abroad, what: templateBody("login_code"),
			quoted: "India regular 0.0304", charged: "authentication authentication India regular 0.0014",
		},
		{
			name: "authentication international/before the day", start: "2026-05-31T10:00:00Z", to: indian, opts: abroad, what: templateBody("login_code"),
			quoted: "India regular 0.0014", charged: "authentication authentication India regular 0.0014",
		},
		{
			name: "authentication international/a card without the rate", start: october, to: bengali, opts: abroad, what: templateBody("login_code"), told: "authentication-international",
			quoted: "Bangladesh regular unknown", charged: "authentication_international authentication_international Bangladesh regular unknown",
		},
		{
			name: "authentication international/all but where the business is", start: september, to: indian, opts: "number +912212345678\nauthentication_international 2026-06-01 all", what: templateBody("login_code"),
			quoted: "India regular 0.0014", charged: "authentication authentication India regular 0.0014",
		},
		{name: "service/september", start: september, open: true, what: text, quoted: "Germany free_customer_service 0.0000", charged: "service service Germany free_customer_service 0.0000"},
		{name: "service/october", start: october, open: true, what: text, quoted: "Germany free_allowance 0.0000", charged: "service service Germany free_customer_service 0.0000"},
		{name: "a request for leave to call", start: october, open: true, what: permission, quoted: "Germany free_allowance 0.0000", charged: "service service Germany free_customer_service 0.0000"},
		{name: "direct send/utility", start: october, opts: "direct_send allow", what: `,"category":"utility"` + text, quoted: "Germany regular 0.0550", charged: "utility utility Germany regular 0.0550"},
		{name: "direct send/utility/september/in window", start: september, open: true, opts: "direct_send allow", what: `,"category":"utility"` + text, quoted: "Germany free_customer_service 0.0000", charged: "utility utility Germany free_customer_service 0.0000"},
		{name: "direct send/authentication", start: october, opts: "direct_send allow", what: `,"category":"authentication"` + text, quoted: "Germany regular 0.0550", charged: "authentication authentication Germany regular 0.0550"},
		{name: "an assistant/Brazil", start: october, to: brazilian, open: true, opts: "ai_provider", what: text, told: "general_purpose_ai", quoted: "Brazil regular unknown", charged: "general_purpose_ai  Brazil regular unknown"},
		{name: "an assistant/Brazil/before the day", start: "2026-03-10T10:00:00Z", to: brazilian, open: true, opts: "ai_provider", what: text, quoted: "Brazil free_customer_service 0.0000", charged: "service service Brazil free_customer_service 0.0000"},
		{name: "an assistant/Germany", start: "2026-04-10T10:00:00Z", open: true, opts: "ai_provider", what: text, told: "general_purpose_ai", quoted: "Germany regular unknown", charged: "general_purpose_ai  Germany regular unknown"},
		{name: "an assistant/Germany/when Meta charges no more", start: october, open: true, opts: "ai_provider", what: text, quoted: "Germany free_allowance 0.0000", charged: "service service Germany free_customer_service 0.0000"},
		{name: "an assistant/a template", start: october, to: brazilian, opts: "ai_provider", what: templateBody("parcel_ready"), quoted: "Brazil regular 0.0068", charged: "utility utility Brazil regular 0.0068"},
		{name: "an assistant/told by Meta alone", start: october, to: brazilian, open: true, what: text, told: "general_purpose_ai", quoted: "Brazil free_allowance 0.0000", charged: "general_purpose_ai  Brazil regular unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			start, err := time.Parse(time.RFC3339, test.start)
			if err != nil {
				t.Fatal(err)
			}
			to := ana
			if test.to != "" {
				to = numbered(test.to)
			}
			w := newWorld(t, options{
				Options: gatewaytest.Options{WhatsApp: withPolicy(test.opts), Start: start}, sim: graphsim.Options{DirectSend: []string{"utility", "authentication"}},
			})
			all := steps{list, to.optsIn("all")}
			if test.open {
				all = append(all, to.writes("Hello"))
			}
			if test.told != "" {
				all = append(all, billedAs(test.told))
			}
			path := messages
			if test.path != "" {
				path = test.path
			}
			for _, step := range append(all, costsOn(path, to.address()+test.what, test.quoted), statuses) {
				step(t, w)
			}
			var r billing.Report
			w.admin(t, "/whatsapp/report?by=category,market,price_type", "", &r)
			var got []string
			for _, row := range r.Rows {
				if row.Delivered == 0 {
					continue
				}
				cost := row.Actual.String()
				if row.Unpriced > 0 {
					cost = "unknown"
				}
				got = append(got, fmt.Sprintf("%s %s %s %s %s", row.Category, billing.Category(row.Category).Column(), row.Market, row.PriceType, cost))
			}
			if charged := strings.Join(got, ", "); charged != test.charged {
				t.Errorf("%s is charged, want %s", charged, test.charged)
			}
		})
	}
}
