package billpage

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
)

var sample = flag.String("sample", "", "a directory to write sample pages into, to look at")

// A cell is text to a spreadsheet: no formula, and no number that it shortens; elsewhere it is
// what it is.
func TestCells(t *testing.T) {
	for _, test := range []struct{ cell, exact, excel string }{
		{"=HYPERLINK(1)", "=HYPERLINK(1)", "'=HYPERLINK(1)"},
		{"+49", "+49", "'+49"},
		{"-x", "-x", "'-x"},
		{"@a", "@a", "'@a"},
		{"\tx", "\tx", "'\tx"},
		{"104455667788", "104455667788", `="104455667788"`},
		{"2026", "2026", "2026"},
		{"Germany", "Germany", "Germany"},
		{"", "", ""},
	} {
		if got := RFC4180.Text(test.cell); got != test.exact {
			t.Errorf("%q is %q in plain CSV", test.cell, got)
		}
		if got := Excel.Text(test.cell); got != test.excel {
			t.Errorf("%q is %q for Excel, want %q", test.cell, got, test.excel)
		}
	}
}

// An unknown price is unknown, and never zero.
func TestUnknownMoney(t *testing.T) {
	if got := Actual(&billing.Counts{Delivered: 2, Charged: 2, Unpriced: 2}); got != Unknown {
		t.Errorf("without a price it is %s", got)
	}
	if got := Actual(&billing.Counts{Delivered: 2, Free: 2}); got != "0.0000" {
		t.Errorf("what is free costs %s", got)
	}
	if got := Estimated(&billing.Counts{Accepted: 1, Unestimated: 1}); got != Unknown {
		t.Errorf("without an estimate it is %s", got)
	}
}

// hostile is a name as somebody writes it who wants to be markup.
const hostile = `</td><script>alert(1)</script><img src=x onerror=alert(1)>"'&`

// lines are a month of several categories, markets, teams and currencies, more by some days
// than by others, and some of it without a known price.
func lines(t testing.TB) iter.Seq2[*billing.Line, error] {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	cards := billing.Shipped()
	return func(yield func(*billing.Line, error) bool) {
		for d := range 31 {
			sent := time.Date(2026, time.October, 1+d, 9, 0, 0, 0, time.UTC)
			for i, market := range []string{"Germany", "India", "Brazil", "Rest of Central & Eastern Europe", "United Arab Emirates", "Atlantis"} {
				for k, category := range []billing.Category{billing.Marketing, billing.Utility, billing.Authentication, billing.Service, billing.MarketingLite} {
					l := &billing.Line{
						Key: billing.Key{
							PhoneNumberID: "104455667788", Business: "Fox Shoes", WABA: "200300400500", Category: string(category), Estimated: string(category), Market: market, MarketEstimated: market == "India" && d%9 == 0,
							Decision: "allow", Initiation: "business", Tags: billing.NewTags(map[string]string{"team": []string{"crm", "support", hostile}[(i+k)%3], "campaign": []string{"", "diwali"}[d/16]}), Currency: "USD",
						},
						N: 40*(6-i)/(1+k) + 13*((d+k)%7) + 3, Sent: sent, Delivered: sent, Zone: berlin, Pool: "account 200300400500",
						Send: billing.Send{Fate: billing.Accepted, Status: "delivered", Template: category != billing.Service, ByBusiness: category != billing.Service},
					}
					if i == 1 {
						l.Currency = "EUR"
					}
					if category != billing.Service {
						l.Template = []string{"autumn_sale", "order_shipped", "login_code", "", hostile}[k]
					}
					l.Estimate = cards.Quote(&billing.Message{Category: category, Market: billing.Market(market), Day: "2026-10-01"}, l.Currency)
					if !yield(l, nil) {
						return
					}
				}
			}
			refused := &billing.Line{Key: billing.Key{PhoneNumberID: "104455667788", Category: "marketing", Market: "Germany", Decision: "refuse", Currency: "USD"}, N: 7, Sent: sent, Delivered: sent, Zone: berlin}
			if !yield(refused, nil) {
				return
			}
		}
	}
}

// reports are those of which the page of a month is made, by what it is asked for.
func reports(t testing.TB, by ...string) []*billing.Report {
	t.Helper()
	tags := []string{"team", "campaign"}
	groupings := [][]string{by}
	for _, list := range Groupings(tags) {
		groupings = append(groupings, strings.Split(list, ","))
	}
	q := &billing.Question{Cards: billing.Shipped()}
	all, err := q.NewReports(lines(t), groupings...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var october = Asked{Period: "October 2026", Made: time.Date(2026, time.November, 2, 8, 0, 0, 0, time.UTC)}

// TestPage: the page loads nothing, has no script and no style attribute, and says what the
// reader needs to judge it; names are no markup.
func TestPage(t *testing.T) {
	pages := make(map[string]string)
	write := func(name string, to func(w io.Writer) error) {
		var out bytes.Buffer
		if err := to(&out); err != nil {
			t.Fatal(err)
		}
		pages[name] = out.String()
	}
	asked := october
	asked.Where = "team=<b>crm</b>"
	write("bill", func(w io.Writer) error { return Write(w, asked, reports(t, "day", "category", "market")) })
	write("unpriced", func(w io.Writer) error {
		q := &billing.Question{Cards: billing.NewCards()}
		all, err := q.NewReports(lines(t), []string{"category"}, []string{"day", "category"}, []string{"category"}, []string{"market"})
		if err != nil {
			return err
		}
		return Write(w, october, all)
	})
	write("empty", func(w io.Writer) error { return Write(w, october, []*billing.Report{{By: []string{"day"}}}) })
	write("no conversations", func(w io.Writer) error {
		return WriteConversations(w, october, []*billing.ConversationReport{{By: []string{"day"}}})
	})
	write("conversations", func(w io.Writer) error {
		var rows []billing.ConversationRow
		for d := range 9 {
			rows = append(rows, billing.ConversationRow{Key: billing.Key{Day: fmt.Sprintf("2026-10-%02d", 1+d), Category: "marketing"}, ConversationCounts: billing.ConversationCounts{Conversations: 2 + d, BusinessInitiated: 2 + d, Messages: 5}})
		}
		total := billing.ConversationCounts{Conversations: 54, BusinessInitiated: 54, Messages: 45}
		return WriteConversations(w, october, []*billing.ConversationReport{
			{By: []string{"day", "category"}, Rows: rows, Total: total, TimeZones: []string{"UTC"}}, {By: []string{"day", "category"}, Rows: rows}, {By: []string{"category"}, Rows: rows[:1]},
		})
	})
	for name, parts := range map[string][]string{
		"bill": {
			"where team=&lt;b&gt;crm", "Europe/Berlin", "unofficial", "In EUR", "In USD", "Cost by day of delivery, USD", "Cost by market", "Cost by team", "Cost by template", "Cost by price type", "charged for",
			"India (estimated)", "marketing lite", "have no known price", "@page", "prefers-color-scheme", "It is no invoice", "In numbers, USD",
		},
		"unpriced":         {"None of the", "Delivered messages by day", "Cost of what was delivered</dt><dd>unknown</dd>", "Messages by market"},
		"empty":            {"Nothing was sent"},
		"no conversations": {"No conversation began"},
		"conversations":    {"Conversations by day", "Each column is a day. The highest is 10 conversations, on 9 October.", "Opened by the business", "54", "no bill"},
	} {
		page := pages[name]
		for _, part := range parts {
			if !strings.Contains(page, part) {
				t.Errorf("%s: the page has no %q", name, part)
			}
		}
		for _, part := range []string{"<script", " style=", "http:", "https:", "<b>crm", "<img", "ZgotmplZ", "NaN"} {
			if strings.Contains(page, part) {
				t.Errorf("%s: the page has %q", name, part)
			}
		}
	}
	if *sample != "" {
		for name, page := range pages {
			if err := os.WriteFile(filepath.Join(*sample, strings.ReplaceAll(name, " ", "-")+".html"), []byte(page), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The lists of a page add up to its total, however many parts there are.
func TestLargest(t *testing.T) {
	var all []portion
	for i := range 50 {
		all = append(all, portion{name: fmt.Sprint(i), n: int64(i), Counts: billing.Counts{Delivered: i, Charged: i, Actual: billing.Amount(i)}})
	}
	n, delivered := int64(0), 0
	list := largest(all)
	for _, p := range list {
		n, delivered = n+p.n, delivered+p.Delivered
	}
	if last := list[len(list)-1]; len(list) != mostListed+1 || last.name != "30 others" || n != 49*50/2 || delivered != 49*50/2 {
		t.Errorf("%d rows, the last %q, of %d and %d", len(list), last.name, n, delivered)
	}
}

// The axis of a chart has round numbers, five at most above zero.
func TestStepOf(t *testing.T) {
	for most, want := range map[int64]int64{1: 1, 5: 1, 6: 2, 11: 5, 25: 5, 26: 10, 999: 200, 136_500: 50_000, 9_000_000_000_000_000: 2_000_000_000_000_000} {
		if got := stepOf(most); got != want {
			t.Errorf("up to %d in steps of %d, want %d", most, got, want)
		}
	}
	for a, want := range map[int64]string{0: "0", 50_000: "0.05", 500_000: "0.50", 1_000_000: "1", 1_234_000_000: "1,234", 100: "0.0001", 2_500_000: "2.50"} {
		if got := short(a); got != want {
			t.Errorf("%d is %s, want %s", a, got, want)
		}
	}
}

// Numbers are grouped, shares are rounded and never lost.
func TestNumbers(t *testing.T) {
	for s, want := range map[string]string{"0": "0", "999": "999", "1000": "1,000", "1234567.8900": "1,234,567.8900", "-1234.5000": "-1,234.5000", "0.0618": "0.0618"} {
		if got := grouped(s); got != want {
			t.Errorf("%s is %s, want %s", s, got, want)
		}
	}
	for parts, want := range map[[2]int64]string{{0, 0}: "0 %", {1, 3}: "33.3 %", {1, 1}: "100.0 %", {1, 100_000}: "<0.1 %", {9_000_000_000_000_000_000, 9_100_000_000_000_000_000}: "98.9 %"} {
		if got := share(parts[0], parts[1]); got != want {
			t.Errorf("%v is %s, want %s", parts, got, want)
		}
	}
}

// A page that is part of another has fewer rows than one of its own, and says so.
func TestRowsAreCut(t *testing.T) {
	r := &billing.Report{By: []string{"template"}}
	for i := range mostRows + 1 {
		r.Rows = append(r.Rows, billing.Row{Key: billing.Key{Template: fmt.Sprint("t", i)}})
	}
	for name, c := range map[string]struct {
		write func(io.Writer, Asked, []*billing.Report) error
		rows  int
		says  string
	}{
		"page": {Write, mostRows, "These are the first 1,000 of 1,001 rows. --output csv has all of them"},
		"part": {Parts, mostPartRows, "These are the first 200 of 1,001 rows. Rows by less are fewer"},
	} {
		var page strings.Builder
		if err := c.write(&page, Asked{}, []*billing.Report{r}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(page.String(), "<td>t"); got != c.rows || !strings.Contains(page.String(), c.says) {
			t.Errorf("%s: %d rows, want %d, and %q", name, got, c.rows, c.says)
		}
	}
}
