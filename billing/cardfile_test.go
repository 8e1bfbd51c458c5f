package billing

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// A file laid out as Meta's is: notices, titles of which one has a line break, n/a, and no
// line feed at its end.
const metaRates = `"WhatsApp Business Platform rates in USD, effective October 1, 2026"
"Rates are per delivered message."
,
"Subject to change."

Market,Currency,Marketing,Utility,Authentication,"Authentication-
International",Service
Germany,USD,0.1365,0.0550,0.0550,n/a,0.0550
India,USD,0.0118,0.0014,0.0014,0.0304,0.0014
Rest of Central & Eastern Europe,USD,0.0860,0.0212,0.0212,n/a,n/a`

// The volume tiers of two markets, as Meta lays them out.
const metaTiers = `"Volume tiers in USD, effective October 1, 2026"
"Messages are charged at the rate of their band."
,,,Utility,,,,,Authentication,,,,,Authentication-International,,,
,,Volume,,,,,Volume,,,,,Volume,,,,
"Market
(per rate card)",Currency,From,To,Rate type,Rate,vs. List rate,From,To,Rate type,Rate,vs. List rate,From,To,Rate type,Rate,vs. List rate
India,USD,1,"25,000,000",List rate,0.0014,0%,1,"750,000",List rate,0.0014,0%,1,"750,000",List rate,0.0304,0%
,,"25,000,001",--,Tier rate,0.0013,-6%,"750,001",--,Tier rate,0.0013,-6%,"750,001",--,Tier rate,0.0286,-6%
Germany,USD,1,"100,000",List rate,0.0550,0%,1,--,List rate,0.0550,0%,n/a,n/a,n/a,n/a,n/a
,,"100,001",--,Tier rate,0.0523,-5%,,,,,,,,,,
`

func read(t *testing.T, text string) *CardFile {
	t.Helper()
	f, err := ReadCardFile([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Meta's files are read with all that is odd about them.
func TestReadCardFile(t *testing.T) {
	want := &Card{Currency: "USD", From: "2026-10-01", Rates: map[Market]map[Category]Amount{
		"Germany":                          {Marketing: 136_500, Utility: 55_000, Authentication: 55_000, Service: 55_000},
		"India":                            {Marketing: 11_800, Utility: 1_400, Authentication: 1_400, AuthenticationInternational: 30_400, Service: 1_400},
		"Rest of Central & Eastern Europe": {Marketing: 86_000, Utility: 21_200, Authentication: 21_200},
	}}
	semicolons := strings.NewReplacer("Germany,USD,0.1365,0.0550,0.0550,n/a,0.0550", "Germany;USD;0,1365;0,0550;0,0550;n/a;0,0550", "0.", "0,", ",USD,", ";USD;").Replace(metaRates)
	semicolons = strings.ReplaceAll(semicolons, `Market,Currency,Marketing,Utility,Authentication,"Authentication-`, `Market;Currency;Marketing;Utility;Authentication;"Authentication-`)
	semicolons = strings.ReplaceAll(semicolons, `International",Service`, `International";Service`)
	for _, line := range []string{"India;USD;0,0118,0,0014,0,0014,0,0304,0,0014", "Rest of Central & Eastern Europe;USD;0,0860,0,0212,0,0212,n/a,n/a"} {
		semicolons = strings.Replace(semicolons, line, strings.ReplaceAll(strings.NewReplacer(",0,", ";0,", ",n/a", ";n/a").Replace(line), ",n/a", ";n/a"), 1)
	}
	asJSON, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"meta":             metaRates,
		"line feed at end": metaRates + "\n\n",
		"byte order mark":  "\xef\xbb\xbf" + metaRates,
		"carriage returns": strings.ReplaceAll(metaRates, "\n", "\r\n"),
		"tabs":             strings.NewReplacer(`effective October 1, 2026`, `effective October 1, 2026`, ",USD,", "\tUSD\t", ",0.", "\t0.", ",n/a", "\tn/a", "Market,Currency,Marketing,Utility,Authentication,", "Market\tCurrency\tMarketing\tUtility\tAuthentication\t", `",Service`, "\"\tService").Replace(metaRates),
		"semicolons":       semicolons,
		"other case":       strings.ReplaceAll(strings.ReplaceAll(metaRates, "n/a", "N/A"), "USD,0", "usd,0"),
		"date in another":  strings.Replace(metaRates, "effective October 1, 2026", "Effective 1 October 2026", 1),
		"json":             string(asJSON),
		"non-breaking":     strings.Replace(metaRates, "Authentication-\nInternational", "Authentication -\u00a0International", 1),
	} {
		f, err := ReadCardFile([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(f.Card, want) || len(f.Notes) > 0 || f.OnlyTiers {
			t.Errorf("%s: read as %+v, notes %q", name, f.Card, f.Notes)
		}
	}
	f := read(t, strings.Replace(metaRates, "Germany,", "Atlantis,", 1))
	if f.Card.Rates["Atlantis"] == nil || len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "Atlantis") {
		t.Errorf("a market nobody knows: %+v, notes %q", f.Card, f.Notes)
	}
	f = read(t, strings.NewReplacer(`International",Service`, `International",Service,Calls`, "n/a,0.0550", "n/a,0.0550,1", "0.0304,0.0014", "0.0304,0.0014,2").Replace(metaRates))
	if !reflect.DeepEqual(f.Card, want) || len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "Calls") {
		t.Errorf("a column nobody knows: %+v, notes %q", f.Card, f.Notes)
	}
}

// A broken file is refused as a whole, with the line and what is wrong with it.
func TestBrokenCardFiles(t *testing.T) {
	change := func(from, to string) string {
		if !strings.Contains(metaRates, from) {
			t.Fatalf("there is no %q", from)
		}
		return strings.Replace(metaRates, from, to, 1)
	}
	for name, test := range map[string]struct{ text, want string }{
		"empty":             {"", "no line with the titles"},
		"binary":            {"\x00\x01\x02", "no text in UTF-8"},
		"no date":           {change("effective October 1, 2026", "as of autumn"), "line 1: the file doesn't say from when on"},
		"impossible date":   {change("October 1,", "October 41,"), "line 1: \"October 41, 2026\" is no date"},
		"two dates":         {change("Subject to change.", "Effective July 1, 2026."), "line 4: the file holds from 2026-10-01 on by one line and from 2026-07-01"},
		"no titles":         {change("Market,Currency", "Country,Money"), "no line with the titles"},
		"no utility":        {change("Utility", "Utilities"), "line 6: there is no column of utility"},
		"two columns":       {change("International\",Service", "International\",Utility"), "line 6: there are two columns of utility"},
		"no market":         {change("Germany,", ","), "line 8: the line names no market"},
		"no currency":       {change("Germany,USD", "Germany,"), "line 8: Germany: "},
		"another currency":  {change("India,USD", "India,EUR"), "line 9: India is in EUR"},
		"twice":             {change("India,", "Germany,"), "line 9: Germany stands in line 8 already"},
		"empty cell":        {change("0.1365", ""), "line 8: the rate of marketing for Germany: the cell is empty"},
		"a word":            {change("0.1365", "free"), "line 8: the rate of marketing for Germany: \"free\" is no amount"},
		"too many decimals": {change("0.1365", "0.13651234"), "more than 6 decimals"},
		"less than nothing": {change("0.1365", "-0.1365"), "less than nothing"},
		"short line":        {change(",0.0550,0.0550,n/a,0.0550", ""), "line 8: the rate of utility for Germany: the cell is empty"},
		"open quote":        {metaRates + "\n\"France,USD", "line 11"},
		"only titles":       {metaRates[:strings.Index(metaRates, "Germany")], "line 6: no market stands below"},
		"json unknown":      {`{"currency":"USD","from":"2026-10-01","prices":{}}`, "no rate card in JSON"},
		"json date":         {`{"currency":"USD","from":"October","rates":{"India":{"utility":"0.1"}}}`, "first day of the card"},
		"json category":     {`{"currency":"USD","from":"2026-10-01","rates":{"India":{"utilities":"0.1"}}}`, "is no rate"},
		"zip":               {"PK\x03\x04 and no more", "can't be unpacked"},
		"tiers gap":         {strings.Replace(metaTiers, `"100,001",--`, `"100,003",--`, 1), "line 10: the tiers of utility for Germany: a band begins at 100003"},
		"tiers end":         {strings.Replace(metaTiers, `"100,001",--`, `"100,001","200,000"`, 1), "line 9: the tiers of utility for Germany: the last band has an end"},
		"tiers number":      {strings.Replace(metaTiers, `"100,000"`, `"1,00,000"`, 1), "line 9: the tiers of utility for Germany: \"1,00,000\" is no number"},
		"tiers list rate":   {strings.Replace(metaTiers, "List rate,0.0550", "Tier rate,0.0550", 1), "doesn't begin with the first message at the list rate"},
		"tiers section":     {strings.Replace(metaTiers, ",,,Utility", ",,,Something", 1), "no section such as Utility"},
	} {
		f, err := ReadCardFile([]byte(test.text))
		if err == nil || f != nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %+v, %v; want %q", name, f, err, test.want)
		}
	}
}

// Volume tiers belong to the card of their day, whose list rates they must repeat.
func TestTierFile(t *testing.T) {
	rates, tiers := read(t, metaRates), read(t, metaTiers)
	if !tiers.OnlyTiers {
		t.Fatalf("read as %+v", tiers)
	}
	cards, err := (*Cards)(nil).With(tiers, rates)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		market   Market
		category Category
		before   int
		want     string
	}{
		{"India", Utility, 24_999_999, "0.0014"},
		{"India", Utility, 25_000_000, "0.0013"},
		{"India", AuthenticationInternational, 750_000, "0.0286"},
		{"Germany", Utility, 99_999, "0.0550"},
		{"Germany", Utility, 100_000, "0.0523"},
		{"Germany", Authentication, 1_000_000, "0.0550"},
		{"Germany", Marketing, 1_000_000, "0.1365"},
	} {
		q := cards.Quote(&Message{Category: test.category, Market: test.market, Day: "2026-11-01", ChargedBefore: test.before}, "USD")
		if !q.Known || q.Unit.String() != test.want {
			t.Errorf("%s in %s after %d costs %+v, want %s", test.category, test.market, test.before, q, test.want)
		}
	}
	other := read(t, strings.Replace(metaTiers, "List rate,0.0550", "List rate,0.0560", 1))
	if _, err := (*Cards)(nil).With(rates, other); err == nil || !strings.Contains(err.Error(), "line 9: the list rate of utility for Germany is 0.0560, and the card USD 2026-10-01 says 0.0550") {
		t.Errorf("other list rates: %v", err)
	}
	if _, err := (*Cards)(nil).With(tiers); err == nil || !strings.Contains(err.Error(), "no rate card in that currency") {
		t.Errorf("tiers alone: %v", err)
	}
}

// A workbook is read as the text it holds, whatever it is called.
func TestWorkbook(t *testing.T) {
	shared := []string{"Rates in USD, effective October 1, 2026", "Market", "Currency", "Marketing", "Utility", "Authentication", "Authentication-\nInternational", "Service", "Germany", "USD", "n/a"}
	var rows strings.Builder
	rows.WriteString(`<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="3">`)
	for i := range 7 {
		fmt.Fprintf(&rows, `<c r="%c3" t="s"><v>%d</v></c>`, 'A'+i, i+1)
	}
	rows.WriteString(`</row><row r="4"><c r="A4" t="s"><v>8</v></c><c r="B4" t="inlineStr"><is><t>USD</t></is></c><c r="C4"><v>0.13650000000000001</v></c>` +
		`<c r="D4"><v>5.5E-2</v></c><c r="E4"><v>5.5000000000000001E-2</v></c><c r="F4" t="s"><v>10</v></c><c r="G4"><v>0.055</v></c></row>`)
	book := func(rows string) []byte {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		write := func(name, text string) {
			w, err := z.Create(name)
			if err == nil {
				_, err = w.Write([]byte(text))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		var items strings.Builder
		for _, text := range shared {
			fmt.Fprintf(&items, "<si><t>%s</t></si>", text)
		}
		write("xl/sharedStrings.xml", "<sst>"+items.String()+"</sst>")
		write("xl/worksheets/sheet1.xml", "<worksheet><sheetData>"+rows+"</sheetData></worksheet>")
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	f, err := ReadCardFile(book(rows.String()))
	if err != nil {
		t.Fatal(err)
	}
	if want := (map[Category]Amount{Marketing: 136_500, Utility: 55_000, Authentication: 55_000, Service: 55_000}); f.Card.From != "2026-10-01" || !reflect.DeepEqual(f.Card.Rates["Germany"], want) {
		t.Errorf("read as %+v", f.Card)
	}
	for from, want := range map[string]string{
		"0.13650000000000001": "more than six decimals",
		`t="s"><v>8</v>`:      "refers to a text that isn't there",
	} {
		to := map[string]string{"0.13650000000000001": "0.1365123456", `t="s"><v>8</v>`: `t="s"><v>80</v>`}[from]
		if _, err := ReadCardFile(book(strings.Replace(rows.String(), from, to, 1))); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "line 4") {
			t.Errorf("%s: %v, want %q", from, err, want)
		}
	}
}

// Whatever a file holds, it is read as a whole card or refused: and what is read can be
// written and read again.
func FuzzCardFile(f *testing.F) {
	for _, seed := range []string{metaRates, metaTiers, strings.ReplaceAll(metaRates, ",", ";"), `{"currency":"USD","from":"2026-10-01","rates":{"India":{"utility":"0.0014"}}}`, "PK\x03\x04"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := ReadCardFile(data)
		if (file == nil) != (err != nil) {
			t.Fatalf("%+v, %v", file, err)
		}
		if err != nil || file.OnlyTiers {
			return
		}
		text, err := json.Marshal(file.Card)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadCardFile(text)
		if err != nil || !reflect.DeepEqual(again.Card, file.Card) {
			t.Fatalf("%s is read again as %+v, %v", text, again, err)
		}
	})
}
