package command

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waguard/waguard/billing"
)

// TestChangesTo: what differs between two cards, by market, category and band.
func TestChangesTo(t *testing.T) {
	old := &billing.Card{
		Currency: "USD", From: "2026-04-01",
		Rates: map[billing.Market]map[billing.Category]billing.Amount{
			"Germany":                   {billing.Marketing: 100_000, billing.Utility: 50_000, billing.Service: 0},
			"Mexico":                    {billing.Marketing: 30_500, billing.Authentication: 8_500},
			"Atlantis":                  {billing.Marketing: 10_000},
			billing.RestOfAsiaPacific:   {billing.Marketing: 73_200, billing.Utility: 11_300},
			billing.RestOfWesternEurope: {billing.Marketing: 59_200},
		},
		Tiers: map[billing.Market]map[billing.Category][]billing.Tier{"Germany": {billing.Utility: {{To: 100_000, Rate: 50_000}, {To: 1_000_000, Rate: 47_500}, {Rate: 45_000}}}},
	}
	latest := &billing.Card{
		Currency: "USD", From: "2026-10-01",
		Rates: map[billing.Market]map[billing.Category]billing.Amount{
			"Germany":                   {billing.Marketing: 115_000, billing.Utility: 50_000, billing.Service: 50_000},
			"Mexico":                    {billing.Marketing: 20_000},
			"Hong Kong":                 {billing.Marketing: 73_200, billing.Utility: 26_000},
			"Lemuria":                   {billing.Marketing: 20_000},
			billing.RestOfAsiaPacific:   {billing.Marketing: 73_200, billing.Utility: 11_300},
			billing.RestOfWesternEurope: {billing.Marketing: 59_200},
		},
		Tiers: map[billing.Market]map[billing.Category][]billing.Tier{"Germany": {billing.Utility: {{To: 200_000, Rate: 50_000}, {To: 1_000_000, Rate: 47_500}, {Rate: 44_000}}}},
	}
	want := []string{
		"Atlantis marketing 0.0100 n/a - market gone",
		"Germany marketing 0.1000 0.1150 +0.0150 +15.0 %",
		"Germany service 0.0000 0.0500 +0.0500",
		"Germany utility 0.0475 0.0500 +0.0025 +5.3 % above 100,000",
		"Germany utility 0.0450 0.0440 -0.0010 -2.2 % above 1,000,000",
		"Hong Kong marketing 0.0732 0.0732 - new market, was in Rest of Asia Pacific",
		"Hong Kong utility 0.0113 0.0260 +0.0147 +130.1 % new market, was in Rest of Asia Pacific",
		"Lemuria marketing n/a 0.0200 - new market",
		"Mexico marketing 0.0305 0.0200 -0.0105 -34.4 %",
		"Mexico authentication 0.0085 n/a - no rate any more",
	}
	var got []string
	for _, row := range changesTo(latest, old) {
		cells := rateChanges.cells(row)
		change := strings.TrimSpace(cells[5] + " " + cells[6])
		if change == "" {
			change = "-"
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s %s", cells[1], cells[2], cells[3], cells[4], change, cells[7])))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if rows := changesTo(old, old); len(rows) > 0 {
		t.Errorf("a card differs from itself: %+v", rows)
	}
	latest.Tiers = nil
	for _, row := range changesTo(latest, old) {
		if row.Above > 0 {
			t.Errorf("tiers are compared with none: %+v", row)
		}
	}
}

// TestRatesCheck: two cards by their files or names, with tiers beside; each way it ends.
func TestRatesCheck(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const rates = "\"effective %s\"\nMarket,Currency,Marketing,Utility,Authentication\nGermany,%s,0.1500,%s,0.0550\n"
	const bands = "\"effective %s\"\n,,Utility\nMarket,Currency,From,To,Rate type,Rate\nGermany,USD,0,\"100,000\",List rate,0.0550\n,USD,\"100,001\",--,Tier rate,%s\n"
	old := file("old.csv", fmt.Sprintf(rates, "January 1, 2027", "USD", "0.0550"))
	latest := file("new.csv", fmt.Sprintf(rates, "April 1, 2027", "USD", "0.0600"))
	same := file("same.csv", fmt.Sprintf(rates, "April 1, 2027", "USD", "0.0550"))
	euros := file("eur.csv", fmt.Sprintf(rates, "April 1, 2027", "EUR", "0.0600"))
	broken := file("broken.csv", fmt.Sprintf(rates, "April 1, 2027", "USD", `"1,234"`))
	oldTiers := file("old-tiers.csv", fmt.Sprintf(bands, "January 1, 2027", "0.0500"))
	sameTiers := file("same-tiers.csv", fmt.Sprintf(bands, "April 1, 2027", "0.0495"))
	for _, test := range []struct {
		args      []string
		code      int
		out, errs string // what stands there
	}{
		{[]string{old, latest}, 0, "+9.1 %", "USD 2027-04-01 compared with USD 2027-01-01: 1 rates are higher, 0 lower, 0 new and 0 gone; 0 markets are new and 0 gone."},
		{[]string{old, latest, "--json"}, 0, `{"card":"USD 2027-04-01","than":"USD 2027-01-01","market":"Germany","category":"utility","before":"0.0550","after":"0.0600","change":"0.0050","percent":"+9.1 %","what":"rate"}`, ""},
		{[]string{old, latest, "--fail-if-changed"}, exitFound, "+0.0050", "1 rates differ"},
		{[]string{old, same, "--fail-if-changed"}, 0, "", "No rate differs."},
		{[]string{latest, old}, 0, "-8.3 %", "is the newer card: what differs is told backwards"},
		{[]string{old, same, "--from", oldTiers, "--from", sameTiers}, 0, "above 100,000", "0 rates are higher, 1 lower"},
		{[]string{old, same, "--from", oldTiers}, 0, "", "Only one of them has volume tiers"},
		{[]string{old, latest, "--from", sameTiers}, exitFound, "", "the list rate of utility for Germany is 0.0550, and the card USD 2027-04-01 says 0.0600"},
		{[]string{latest, latest, "--from", oldTiers}, exitFound, "", "the tiers are of USD 2027-01-01, and belong to neither card"},
		{[]string{old, latest, "--from", same}, exitMisused, "", "--from is for volume tiers where two cards are compared"},
		{[]string{oldTiers, latest}, exitMisused, "", "has volume tiers and no card"},
		{[]string{old, euros}, exitMisused, "", "are in two currencies"},
		{[]string{old, broken}, exitFound, "", "broken.csv: line 3: the rate of utility for Germany: \"1,234\" can be 1234 and 1.234"},
		{[]string{old, filepath.Join(dir, "nowhere")}, exitMisused, "", "no such file"},
		{[]string{old, latest, same}, exitMisused, "", "takes flags alone"},
		{[]string{old}, 0, "", "the card USD 2027-01-01 with 1 markets"},
		{[]string{"--from", old, "--from", oldTiers}, 0, "", "volume tiers of 1 markets in USD"},
		{[]string{"--from", old, "--from", sameTiers}, exitFound, "", "the tiers hold from 2027-04-01 on"},
		{[]string{"USD 2026-04-01", "usd 2026-10-01"}, 0, "new market, was in Rest of Asia Pacific", "14 rates are higher, 0 lower, 32 new and 9 gone; 15 markets are new and 0 gone."},
		{[]string{"USD 2026-10-01"}, 0, "+30.2 %", "USD 2026-10-01 compared with USD 2026-04-01"},
		{[]string{"USD 2026-04-01"}, exitMisused, "", "no card comes with waguard that is before USD 2026-04-01"},
		{[]string{"USD 2020-01-01"}, exitMisused, "", "no card USD 2020-01-01 comes with waguard"},
		{nil, exitMisused, "", "name the file with a rate card, or two cards to compare"},
	} {
		var out, errs bytes.Buffer
		cmd := ratesCheck()
		cmd.SetOut(&out)
		cmd.SetErr(&errs)
		cmd.SetArgs(append([]string{}, test.args...))
		code := ExitCode(cmd.Execute())
		if code != test.code || !strings.Contains(out.String(), test.out) || !strings.Contains(errs.String(), test.errs) || test.out == "" && out.Len() > 0 && test.code != 0 {
			t.Errorf("%q: status %d, want %d\n%s\n%s", test.args, code, test.code, out.String(), errs.String())
		}
	}
}

// TestRatesShowOn: a day that is none is refused, and a currency without any card isn't told to
// lack one for a day.
func TestRatesShowOn(t *testing.T) {
	for line, want := range map[string]string{
		"--on foo":                       `2 --on: "foo" is no day; write it as 2026-10-01`,
		"--on 2026-13-01":                `2 --on: "2026-13-01" is no day`,
		"--currency GBP":                 "1 there is no rate card in GBP: waguard rates list",
		"--currency GBP --on 2026-10-01": "1 there is no rate card in GBP: waguard rates list",
		"--on 2019-10-01":                "1 there is no rate card in USD that holds on 2019-10-01: waguard rates list",
	} {
		_, errs, code := waguard(t, strings.Fields("rates show --shipped "+line)...)
		if got := fmt.Sprint(code) + " " + strings.TrimPrefix(errs, "Error: "); !strings.Contains(got, want) {
			t.Errorf("%s: %s", line, got)
		}
	}
}
