package billpage

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/waguard/waguard/billing"
)

var sample = flag.String("sample", "", "a file to write a sample page into, to look at")

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

// reports are those of a month of several categories and markets.
func reports(by string) (*billing.Report, error) {
	r := &billing.Report{By: strings.Split(by, ","), TimeZones: []string{"Europe/Berlin"}, Tags: []string{"team"}, Cards: []billing.CardUsed{{ID: "USD 2026-10-01", Source: "a public copy", Unofficial: true}}}
	markets := []string{"Germany", "India", "Rest of Central & Eastern Europe", "United Arab Emirates"}
	total := billing.Counts{}
	for d := 1; d <= 31; d++ {
		for i, category := range []string{"authentication", "marketing", "service", "utility"} {
			n := 40*i + 7*d%50 + 3
			c := billing.Counts{Sends: n + 2, Accepted: n, Refused: 2, Delivered: n, Charged: n, Actual: billing.Amount(n * 55000), Estimated: billing.Amount(n * 55000)}
			row := billing.Row{Key: billing.Key{Day: fmt.Sprintf("2026-10-%02d", d), Category: category, Market: markets[(d+i)%4], Tags: billing.Tags("team=" + []string{"crm", "support"}[d%2]), Currency: "USD"}, Counts: c}
			r.Rows = append(r.Rows, row)
			total.Sends += c.Sends
			total.Accepted += c.Accepted
			total.Refused += c.Refused
			total.Delivered += n
			total.Charged += n
			total.Actual += c.Actual
			total.Estimated += c.Estimated
		}
	}
	total.Charged, total.Unpriced = total.Charged+12, 12
	r.Totals = []billing.Total{{Currency: "USD", Counts: total}}
	if by == "market" || by == "category" || by == "team" {
		sums := make(map[string]billing.Row)
		for _, row := range r.Rows {
			name := row.Value(by)
			sum, ok := sums[name]
			if !ok {
				sum.Key = row.Key
			}
			sum.Charged += row.Charged
			sum.Actual += row.Actual
			sums[name] = sum
		}
		r.Rows = nil
		for _, row := range sums {
			r.Rows = append(r.Rows, row)
		}
	}
	return r, nil
}

// The page loads nothing, has no script and no style attribute, and says what the reader needs
// to judge it; names are no markup.
func TestPage(t *testing.T) {
	var out bytes.Buffer
	err := Write(&out, "<b>Bill</b>", "2026-10", func(by string) (*billing.Report, error) {
		if by == "" {
			by = "day,category,market"
		}
		return reports(by)
	})
	if err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, part := range []string{"&lt;b&gt;Bill", "Europe/Berlin", "unofficial", "Cost by market, USD", "Cost by team, USD", "12 of the messages", "@page", "prefers-color-scheme", "It is no invoice"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %q", part)
		}
	}
	for _, part := range []string{"<script", " style=", "http:", "https:", "<b>Bill"} {
		if strings.Contains(page, part) {
			t.Errorf("the page has %q", part)
		}
	}
	if *sample != "" {
		if err := os.WriteFile(*sample, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out.Reset()
	empty := func(string) (*billing.Report, error) { return &billing.Report{}, nil }
	if err := Write(&out, "Bill", "2026-10", empty); err != nil || !strings.Contains(out.String(), "Nothing was sent") {
		t.Errorf("an empty page is %v: %s", err, out.String())
	}
}
