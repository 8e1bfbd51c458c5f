package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// bill is what somebody sends, and what it must be quoted and cost in the end: from the answer
// to the send, by ledger and statuses, to the report.
type bill struct {
	// rule is what Meta charges by, which the case is of.
	rule  string
	start string
	// policy are lines of the business, card a rate card of that time in place of those that
	// come with waguard: its first day and a row for each market.
	policy []string
	card   string
	sim    graphsim.Options
	steps  steps
	// lines are those of the report of what was delivered, by day, category, price type and
	// market: how many messages, and what they cost.
	lines []string
	total string
	// rules are those of another day that the report is by as well, and what it comes to then.
	rules, then string
}

// at lets it become a time.
func at(s string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		to, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		w.Clock.Set(to)
	}
}

// costs sends a message, of which the answer says market, price type and price.
func costs(fields, want string) step { return costsOn(messages, fields, want) }

func costsOn(path, fields, want string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		resp, answer := w.Post(t, path, `{"messaging_product":"whatsapp",`+fields+`}`)
		got := strings.Join([]string{resp.Header.Get("X-Waguard-Market"), resp.Header.Get("X-Waguard-Price-Type"), resp.Header.Get("X-Waguard-Price")}, " ")
		if resp.StatusCode != http.StatusOK || got != want {
			t.Errorf("%s: %s, %q; want %q: %s", fields, resp.Status, got, want, answer)
		}
		line := w.newest(t)
		if price := priceIn(line); price != want {
			t.Errorf("%s: the ledger has %q, want %q", fields, price, want)
		}
	}
}

// priceIn is the price in a line of the ledger.
func priceIn(l *adminapi.Line) string {
	switch {
	case l.Price == nil:
		return l.Market + "  "
	case l.Price.Unit == nil:
		return l.Market + " " + string(l.Price.Type) + " unknown"
	}
	return l.Market + " " + string(l.Price.Type) + " " + l.Price.Unit.String()
}

// times repeats a step.
func times(n int, s step) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		for range n {
			s(t, w)
		}
	}
}

// billedAs has Meta bill what follows under a category.
func billedAs(category string) step {
	return func(_ testing.TB, w *world) {
		w.sim.SetOutcome(func(s graphsim.Send) graphsim.Outcome {
			s.Outcome.Billed = category
			return s.Outcome
		})
	}
}

// numbered is a person with a phone number of some country.
func numbered(number string) person { return person{graphsim.User{Phone: number}} }

func aSale(p person) string   { return p.address() + templateBody("sale") }
func aParcel(p person) string { return p.address() + templateBody("parcel_ready") }
func aCode(p person) string   { return p.address() + templateBody("login_code") }
func aReply(p person) string  { return p.address() + `,"type":"text","text":{"body":"Secret message"}` }

// cardFile is a rate card in US dollars.
func cardFile(t testing.TB, card string) string {
	t.Helper()
	from, rows, _ := strings.Cut(card, ": ")
	day, err := time.Parse(time.DateOnly, from)
	if err != nil {
		t.Fatal(err)
	}
	text := "\"USD rates, effective " + day.Format("January 2, 2006") + "\"\nMarket,Currency,Marketing,Utility,Authentication,Authentication-International,Service\n"
	for row := range strings.SplitSeq(rows, "; ") {
		market, rates, _ := strings.Cut(row, ",")
		text += market + ",USD," + rates + "\n"
	}
	file := filepath.Join(t.TempDir(), "usd.csv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// run plays a case.
func (b *bill) run(t *testing.T) {
	start, err := time.Parse(time.RFC3339, b.start)
	if err != nil {
		t.Fatal(err)
	}
	whatsapp := withPolicy(b.policy...)
	if b.card != "" {
		whatsapp = "rate_card " + cardFile(t, b.card) + "\n" + whatsapp
	}
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: whatsapp, Start: start}, sim: b.sim})
	for _, step := range append(steps{list}, b.steps...) {
		step(t, w)
	}
	statuses(t, w)
	statuses(t, w) // nothing counts twice
	report := func(query string) *billing.Report {
		t.Helper()
		var r billing.Report
		w.admin(t, "/whatsapp/report?"+query, "", &r)
		return &r
	}
	r := report("by=day,category,price_type,market")
	var lines []string
	for _, row := range r.Rows {
		if row.Delivered == 0 {
			continue
		}
		cost := row.Actual.String()
		if row.Unpriced > 0 {
			cost = "unknown"
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s: %d for %s", row.Day, row.Category, row.PriceType, row.Market, row.Delivered, cost))
	}
	if !slices.Equal(lines, b.lines) {
		t.Errorf("the report has\n\t%s\nwant\n\t%s", strings.Join(lines, "\n\t"), strings.Join(b.lines, "\n\t"))
	}
	if got := totalOf(r); got != b.total {
		t.Errorf("in total %s, want %s", got, b.total)
	}
	if by := totalOf(report("by=template,number,initiation")); by != b.total {
		t.Errorf("in total %s by another grouping", by)
	}
	if b.rules != "" {
		if got := totalOf(report("rules=" + b.rules)); got != b.then {
			t.Errorf("by the rules of %s %s, want %s", b.rules, got, b.then)
		}
	}
	addsUp(t, w.Gateway)
}

// totalOf is what a report comes to.
func totalOf(r *billing.Report) string {
	var totals []string
	for _, total := range r.Totals {
		if total.Delivered == 0 {
			continue
		}
		said := total.Actual.String() + " " + string(total.Currency)
		if total.Unpriced > 0 {
			said += fmt.Sprintf(" and %d unknown", total.Unpriced)
		}
		totals = append(totals, said)
	}
	return strings.Join(totals, ", ")
}

// TestBill: each change of what Meta charges, on its day where the account is, from the quote
// before the send to the last digit of the report.
func TestBill(t *testing.T) {
	var (
		us, canada   = numbered("+12025550143"), numbered("+14165550143")
		zimbabwe     = numbered("+263771234567")
		saudi        = numbered("+966501234567")
		hongKong     = numbered("+85251234567")
		mexico       = numbered("+525512345678")
		italy        = numbered("+393331234567")
		pakistan     = numbered("+923001234567")
		peru         = numbered("+51912345678")
		southAfrica  = numbered("+27821234567")
		india        = numbered("+919812345678")
		conversation = "2024-01-01: Germany,0.1131,0.0490,0.0768,n/a,0.0400; North America,0.0250,0.0150,0.0135,n/a,0.0088; Other,0.0604,0.0077,0.0077,n/a,0.0145; Rest of Africa,0.0225,0.0040,0.0040,n/a,0.0363"
	)
	saudiID := person{graphsim.User{UserID: "SA.13491208655302741918", Name: "Sami", HidePhone: true}}
	cases := []bill{
		{
			rule: "2024-11-01: service messages are free", start: "2024-10-31T10:00:00Z", card: conversation,
			steps: steps{
				ana.writes("Hello"), costs(aReply(ana), "Germany free_allowance 0.0000"), statuses,
				at("2024-11-01T12:00:00Z"), ana.writes("Hello"), costs(aReply(ana), "Germany free_customer_service 0.0000"),
			},
			lines: []string{"2024-10-31 service free_allowance Germany: 1 for 0.0000", "2024-11-01 service free_customer_service Germany: 1 for 0.0000"}, total: "0.0000 USD",
		},
		{
			rule: "2025-04-01: marketing to the United States is paused, and to Canada isn't", start: "2025-03-31T23:00:00Z", card: conversation,
			steps: steps{
				us.optsIn("all"), canada.optsIn("all"), costs(aSale(us), "North America regular 0.0250"), statuses, at("2025-04-01T01:00:00Z"),
				template(us, "sale", "refuse COUNTRY_BLOCK 400/130497 marketing by business"),
				costs(aParcel(us), "North America regular 0.0150"), costs(aSale(canada), "North America regular 0.0250"),
			},
			lines: []string{
				"2025-03-31 marketing regular North America: 1 for 0.0250", "2025-04-01 marketing regular North America: 1 for 0.0250",
				"2025-04-01 utility regular North America: 1 for 0.0150",
			}, total: "0.0650 USD",
		},
		{
			rule: "until 2025-06-30: one charge for a conversation of 24 hours of a category", start: "2025-06-28T10:00:00Z", card: conversation,
			steps: steps{
				ana.optsIn("all"), ben.optsIn("all"), ana.writes("Hello"),
				costs(aSale(ana), "Germany regular 0.1131"), statuses, costs(aSale(ben), "Germany regular 0.1131"), statuses,
				after(time.Hour), costs(aSale(ana), "Germany regular 0.1131"), statuses, costs(aReply(ana), "Germany free_customer_service 0.0000"), statuses,
				after(time.Hour), costs(aParcel(ana), "Germany regular 0.0490"), statuses, costs(aCode(ana), "Germany regular 0.0768"), statuses,
				at("2025-06-29T09:59:59Z"), costs(aSale(ana), "Germany regular 0.1131"), statuses,
				at("2025-06-29T10:00:00Z"), costs(aSale(ana), "Germany regular 0.1131"), statuses,
			},
			lines: []string{
				"2025-06-28 authentication regular Germany: 1 for 0.0768",
				"2025-06-28 marketing in_conversation Germany: 1 for 0.0000", "2025-06-28 marketing regular Germany: 2 for 0.2262",
				"2025-06-28 service free_customer_service Germany: 1 for 0.0000", "2025-06-28 utility regular Germany: 1 for 0.0490",
				"2025-06-29 marketing in_conversation Germany: 1 for 0.0000", "2025-06-29 marketing regular Germany: 1 for 0.1131",
			}, total: "0.4651 USD", rules: "2025-07-01", then: "0.6423 USD", // five of marketing and a code; utility in the window is free
		},
		{
			rule: "2025-07-01: each template is charged, utility in the window isn't, at midnight in Berlin", start: "2025-06-30T21:00:00Z", card: conversation,
			policy: []string{"time_zone Europe/Berlin"}, sim: graphsim.Options{Location: berlin()},
			steps: steps{
				ana.optsIn("all"), ana.writes("Hello"),
				costs(aSale(ana), "Germany regular 0.1131"), costs(aParcel(ana), "Germany regular 0.0490"), statuses,
				at("2025-06-30T21:59:59Z"), costs(aSale(ana), "Germany regular 0.1131"), statuses,
				at("2025-06-30T22:00:00Z"), costs(aSale(ana), "Germany regular 0.1131"), costs(aSale(ana), "Germany regular 0.1131"),
				costs(aParcel(ana), "Germany free_customer_service 0.0000"), costs(aCode(ana), "Germany regular 0.0768"), costs(aReply(ana), "Germany free_customer_service 0.0000"), statuses,
				at("2025-07-01T21:00:01Z"), costs(aParcel(ana), "Germany regular 0.0490"),
			},
			lines: []string{
				"2025-06-30 marketing in_conversation Germany: 1 for 0.0000", "2025-06-30 marketing regular Germany: 1 for 0.1131",
				"2025-06-30 utility regular Germany: 1 for 0.0490",
				"2025-07-01 authentication regular Germany: 1 for 0.0768", "2025-07-01 marketing regular Germany: 2 for 0.2262",
				"2025-07-01 service free_customer_service Germany: 1 for 0.0000",
				"2025-07-01 utility free_customer_service Germany: 1 for 0.0000", "2025-07-01 utility regular Germany: 1 for 0.0490",
			}, total: "0.5141 USD", rules: "2025-06-30", then: "0.2879 USD", // one conversation of each category, and a second one of utility a day later
		},
		{
			rule: "2025-10-01: Zimbabwe moves from Other to Rest of Africa", start: "2025-09-30T23:00:00Z", card: conversation,
			steps: steps{
				zimbabwe.optsIn("all"), costs(aSale(zimbabwe), "Other regular 0.0604"), statuses,
				at("2025-10-01T00:00:00Z"), costs(aSale(zimbabwe), "Rest of Africa regular 0.0225"),
			},
			lines: []string{"2025-09-30 marketing regular Other: 1 for 0.0604", "2025-10-01 marketing regular Rest of Africa: 1 for 0.0225"}, total: "0.0829 USD",
		},
		{
			rule: "2026-04-01: the card, before which nobody knows a price", start: "2026-03-31T12:00:00Z",
			steps: steps{
				saudi.optsIn("all"), costs(aSale(saudi), "Saudi Arabia regular unknown"), statuses,
				at("2026-04-01T00:00:00Z"), costs(aSale(saudi), "Saudi Arabia regular 0.0501"), costs(aParcel(saudi), "Saudi Arabia regular 0.0107"),
			},
			lines: []string{
				"2026-03-31 marketing regular Saudi Arabia: 1 for unknown", "2026-04-01 marketing regular Saudi Arabia: 1 for 0.0501",
				"2026-04-01 utility regular Saudi Arabia: 1 for 0.0107",
			}, total: "0.0608 USD and 1 unknown",
		},
		{
			rule: "2026-04: who is known by a user id alone is priced by its country", start: "2026-04-10T12:00:00Z",
			steps: steps{saudiID.says(shop, graphsim.Text("Hello")), saudiID.optsIn("all"), costs(aSale(saudiID), "Saudi Arabia regular 0.0501")},
			lines: []string{"2026-04-10 marketing regular Saudi Arabia: 1 for 0.0501"}, total: "0.0501 USD",
		},
		{
			rule: "2026-07-01: Hong Kong and others become markets, by the card in euros", start: "2026-06-30T12:00:00Z", policy: []string{"currency EUR"},
			steps: slices.Concat(
				everywhere("Rest of Asia Pacific regular unknown", hongKong, numbered("+6581234567")),
				everywhere("Rest of Central & Eastern Europe regular unknown", numbered("+36201234567"), numbered("+48512345678"), numbered("+40712345678")),
				everywhere("Rest of Middle East regular unknown", numbered("+97433123456")),
				steps{statuses, at("2026-07-01T00:00:00Z")},
				everywhere("Hong Kong regular 0.0606", hongKong), everywhere("Singapore regular 0.0606", numbered("+6581234567")), everywhere("Hungary regular 0.0712", numbered("+36201234567")),
				everywhere("Poland regular 0.0303", numbered("+48512345678")), everywhere("Romania regular 0.0712", numbered("+40712345678")), everywhere("Qatar regular 0.0282", numbered("+97433123456")),
				everywhere("Italy regular 0.0658", italy),
			),
			lines: []string{
				"2026-06-30 marketing regular Rest of Asia Pacific: 2 for unknown", "2026-06-30 marketing regular Rest of Central & Eastern Europe: 3 for unknown",
				"2026-06-30 marketing regular Rest of Middle East: 1 for unknown",
				"2026-07-01 marketing regular Hong Kong: 1 for 0.0606", "2026-07-01 marketing regular Hungary: 1 for 0.0712", "2026-07-01 marketing regular Italy: 1 for 0.0658",
				"2026-07-01 marketing regular Poland: 1 for 0.0303", "2026-07-01 marketing regular Qatar: 1 for 0.0282", "2026-07-01 marketing regular Romania: 1 for 0.0712",
				"2026-07-01 marketing regular Singapore: 1 for 0.0606",
			}, total: "0.3879 EUR and 6 unknown",
		},
		{
			rule: "2026-10-01: the card of October", start: "2026-09-30T12:00:00Z",
			steps: slices.Concat(
				everywhere("Mexico regular 0.0305", mexico), everywhere("Italy regular 0.0691", italy), everywhere("Saudi Arabia regular 0.0501", saudi),
				steps{pakistan.optsIn("all"), costs(aParcel(pakistan), "Pakistan regular 0.0100"), peru.optsIn("all"), costs(aParcel(peru), "Peru regular 0.0200"), southAfrica.optsIn("all"), costs(aParcel(southAfrica), "South Africa regular 0.0076")},
				steps{statuses, at("2026-10-01T00:00:00Z")},
				everywhere("Mexico regular 0.0397", mexico), everywhere("Italy regular 0.0795", italy), everywhere("Saudi Arabia regular 0.0576", saudi),
				steps{costs(aParcel(pakistan), "Pakistan regular 0.0150"), costs(aParcel(peru), "Peru regular 0.0300"), costs(aParcel(southAfrica), "South Africa regular 0.0095")},
			),
			lines: []string{
				"2026-09-30 marketing regular Italy: 1 for 0.0691", "2026-09-30 marketing regular Mexico: 1 for 0.0305", "2026-09-30 marketing regular Saudi Arabia: 1 for 0.0501",
				"2026-09-30 utility regular Pakistan: 1 for 0.0100", "2026-09-30 utility regular Peru: 1 for 0.0200", "2026-09-30 utility regular South Africa: 1 for 0.0076",
				"2026-10-01 marketing regular Italy: 1 for 0.0795", "2026-10-01 marketing regular Mexico: 1 for 0.0397", "2026-10-01 marketing regular Saudi Arabia: 1 for 0.0576",
				"2026-10-01 utility regular Pakistan: 1 for 0.0150", "2026-10-01 utility regular Peru: 1 for 0.0300", "2026-10-01 utility regular South Africa: 1 for 0.0095",
			}, total: "0.4186 USD",
		},
		{
			rule: "2026-10-01: nine countries become markets, which a reply costs what utility does in", start: "2026-09-30T12:00:00Z",
			steps: slices.Concat(
				everywhere("Rest of Asia Pacific regular 0.0732", numbered("+8801712345678"), numbered("+9779841234567"), numbered("+94712345678")),
				everywhere("Rest of Middle East regular 0.0341", numbered("+9647901234567"), numbered("+96550123456"), numbered("+96892123456")),
				everywhere("Other regular 0.0604", numbered("+77011234567")), everywhere("Rest of Africa regular 0.0225", numbered("+212612345678")),
				everywhere("Rest of Central & Eastern Europe regular 0.0860", numbered("+380501234567")),
				steps{statuses, at("2026-10-01T00:00:00Z")},
				everywhere("Bangladesh regular 0.0732", numbered("+8801712345678")), everywhere("Nepal regular 0.0732", numbered("+9779841234567")), everywhere("Sri Lanka regular 0.0732", numbered("+94712345678")),
				everywhere("Iraq regular 0.0341", numbered("+9647901234567")), everywhere("Kuwait regular 0.0792", numbered("+96550123456")), everywhere("Oman regular 0.0341", numbered("+96892123456")),
				everywhere("Kazakhstan regular 0.0604", numbered("+77011234567")), everywhere("Morocco regular 0.0414", numbered("+212612345678")), everywhere("Ukraine regular 0.0860", numbered("+380501234567")),
				everywhere("Russia regular 0.0802", numbered("+79161234567")),
			),
			lines: []string{
				"2026-09-30 marketing regular Other: 1 for 0.0604", "2026-09-30 marketing regular Rest of Africa: 1 for 0.0225",
				"2026-09-30 marketing regular Rest of Asia Pacific: 3 for 0.2196", "2026-09-30 marketing regular Rest of Central & Eastern Europe: 1 for 0.0860",
				"2026-09-30 marketing regular Rest of Middle East: 3 for 0.1023",
				"2026-10-01 marketing regular Bangladesh: 1 for 0.0732", "2026-10-01 marketing regular Iraq: 1 for 0.0341", "2026-10-01 marketing regular Kazakhstan: 1 for 0.0604",
				"2026-10-01 marketing regular Kuwait: 1 for 0.0792", "2026-10-01 marketing regular Morocco: 1 for 0.0414", "2026-10-01 marketing regular Nepal: 1 for 0.0732",
				"2026-10-01 marketing regular Oman: 1 for 0.0341", "2026-10-01 marketing regular Russia: 1 for 0.0802", "2026-10-01 marketing regular Sri Lanka: 1 for 0.0732",
				"2026-10-01 marketing regular Ukraine: 1 for 0.0860",
			}, total: "1.1258 USD",
		},
		{
			rule: "until 2026-09-30: three replies are three zero lines", start: "2026-09-05T10:00:00Z",
			steps: steps{ana.writes("Hello"), times(3, costs(aReply(ana), "Germany free_customer_service 0.0000"))},
			lines: []string{"2026-09-05 service free_customer_service Germany: 3 for 0.0000"}, total: "0.0000 USD", rules: "2026-10-01", then: "0.0000 USD",
		},
		{
			rule: "2026-10-01: three replies after the thousand that are free are three charges, promotion is one more, and the next month begins anew", start: "2026-10-05T10:00:00Z",
			sim: graphsim.Options{QueueLimit: 20_000},
			steps: steps{
				ana.writes("Hello"), india.writes("Hello"), times(1000, costs(aReply(india), "India free_allowance 0.0000")), statuses, after(time.Hour),
				times(3, costs(aReply(ana), "Germany regular 0.0550")),
				costs(ana.address()+`,"type":"image","image":{"link":"https://shop.example/sale.png","caption":"Half price today"}`, "Germany regular 0.0550"), statuses,
				at("2026-11-01T00:00:00Z"), ana.writes("Hello"), costs(aReply(ana), "Germany free_allowance 0.0000"),
			},
			lines: []string{
				"2026-10-05 service free_customer_service India: 1000 for 0.0000", "2026-10-05 service regular Germany: 4 for 0.2200", "2026-11-01 service free_customer_service Germany: 1 for 0.0000",
			}, total: "0.2200 USD",
		},
		{
			rule: "2026-10-01: utility in the window is charged", start: "2026-09-30T23:59:59Z",
			steps: steps{
				ana.optsIn("all"), ana.writes("Hello"), costs(aParcel(ana), "Germany free_customer_service 0.0000"), statuses,
				after(time.Second), costs(aParcel(ana), "Germany regular 0.0550"), statuses, after(24 * time.Hour), costs(aParcel(ana), "Germany regular 0.0550"),
			},
			lines: []string{
				"2026-09-30 utility free_customer_service Germany: 1 for 0.0000", "2026-10-01 utility regular Germany: 1 for 0.0550", "2026-10-02 utility regular Germany: 1 for 0.0550",
			}, total: "0.1100 USD", rules: "2026-09-30", then: "0.0550 USD",
		},
		{
			rule: "any time: an entry point is free for 72 hours, marketing included, and a template at +30 h", start: "2026-10-05T10:00:00Z",
			steps: steps{
				ana.optsIn("all"), ana.says(shop, fromAd()), costs(aReply(ana), "Germany free_entry_point 0.0000"), statuses, after(30 * time.Hour),
				costs(aSale(ana), "Germany free_entry_point 0.0000"), text(ana, windowClosed), statuses, after(42 * time.Hour), costs(aSale(ana), "Germany regular 0.1365"),
			},
			lines: []string{
				"2026-10-05 referral_conversion free_entry_point Germany: 1 for 0.0000", "2026-10-06 referral_conversion free_entry_point Germany: 1 for 0.0000",
				"2026-10-08 marketing regular Germany: 1 for 0.1365",
			}, total: "0.1365 USD", rules: "2026-09-30", then: "0.1365 USD",
		},
		{
			rule: "any time: what isn't delivered isn't charged, whatever was expected", start: "2026-10-05T10:00:00Z",
			steps: steps{
				ana.optsIn("all"), costs(aSale(ana), "Germany regular 0.1365"), statuses,
				failsLater(131026), costs(aSale(ana), "Germany regular 0.1365"), statuses,
			},
			lines: []string{"2026-10-05 marketing regular Germany: 1 for 0.1365"}, total: "0.1365 USD",
		},
		{
			rule: "any time: a message is charged on the day of its delivery, where the account is", start: "2026-10-31T22:30:00Z",
			policy: []string{"time_zone Europe/Berlin"}, sim: graphsim.Options{Location: berlin()},
			steps: steps{ana.optsIn("all"), costs(aSale(ana), "Germany regular 0.1365"), at("2026-10-31T23:00:00Z"), statuses},
			lines: []string{"2026-11-01 marketing regular Germany: 1 for 0.1365"}, total: "0.1365 USD",
		},
		{
			rule: "any time: Meta's word on the category counts", start: "2026-10-05T10:00:00Z",
			steps: steps{ana.optsIn("all"), billedAs("marketing"), costs(aParcel(ana), "Germany regular 0.0550")},
			lines: []string{"2026-10-05 marketing regular Germany: 1 for 0.1365"}, total: "0.1365 USD",
		},
	}
	for i := range cases {
		t.Run(cases[i].rule, cases[i].run)
	}
}

// everywhere sends an offer to people who agreed, which is quoted alike.
func everywhere(want string, people ...person) (all steps) {
	for _, p := range people {
		all = append(all, p.optsIn("all"), costs(aSale(p), want))
	}
	return all
}

func berlin() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}
