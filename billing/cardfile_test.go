package billing

import (
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
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

// semicolons is a file as spreadsheets write it where numbers have a decimal comma.
func semicolons(text string) string {
	rows := csv.NewReader(strings.NewReader(text))
	rows.FieldsPerRecord = -1
	table, err := rows.ReadAll()
	if err != nil {
		panic(err)
	}
	number := regexp.MustCompile(`^[0-9.,]+$`)
	var out strings.Builder
	w := csv.NewWriter(&out)
	w.Comma = ';'
	for _, row := range table {
		for i, cell := range row {
			if number.MatchString(cell) {
				row[i] = strings.NewReplacer(".", ",", ",", ".").Replace(cell)
			}
		}
		if err := w.Write(row); err != nil {
			panic(err)
		}
	}
	w.Flush()
	return out.String()
}

func utf16Of(mark, text string) string {
	var order binary.AppendByteOrder = binary.BigEndian
	if mark == "\xff\xfe" {
		order = binary.LittleEndian
	}
	out := []byte(mark)
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

func read(t *testing.T, text string) *CardFile {
	t.Helper()
	f, err := ReadCardFile([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// remarks are what a file of some markets is noted for, but that it lacks the others.
func remarks(f *CardFile) []string {
	return slices.DeleteFunc(slices.Clone(f.Notes), func(note string) bool { return strings.HasPrefix(note, "what is sent there has no known price") })
}

// Meta's files are read with all that is odd about them.
func TestReadCardFile(t *testing.T) {
	want := &Card{Currency: "USD", From: "2026-10-01", Rates: map[Market]map[Category]Amount{
		"Germany":                          {Marketing: 136_500, Utility: 55_000, Authentication: 55_000, Service: 55_000},
		"India":                            {Marketing: 11_800, Utility: 1_400, Authentication: 1_400, AuthenticationInternational: 30_400, Service: 1_400},
		"Rest of Central & Eastern Europe": {Marketing: 86_000, Utility: 21_200, Authentication: 21_200},
	}}
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
		"semicolons":       semicolons(metaRates),
		"old Mac":          strings.ReplaceAll(metaRates, "\n", "\r"),
		"UTF-16":           utf16Of("\xff\xfe", metaRates),
		"UTF-16, other":    utf16Of("\xfe\xff", metaRates),
		"decimal commas":   strings.NewReplacer("0.0118", `"0,0118"`, "0.0212", `"0,0212"`, "0.1365", `"0,1365"`).Replace(metaRates),
		"names":            strings.NewReplacer("Germany", "GERMANY", "Eastern &", "eastern and", "India,", "India (IN),").Replace(metaRates),
		"an extra column":  strings.ReplaceAll(strings.ReplaceAll(metaRates, "n/a,0.0550", "n/a,0.0550,,"), ",Service", ",Service,,"),
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
		if !reflect.DeepEqual(f.Card, want) || len(remarks(f)) > 0 || f.OnlyTiers {
			t.Errorf("%s: read as %+v, notes %q", name, f.Card, f.Notes)
		}
	}
	f := read(t, strings.Replace(metaRates, "Germany,", "Atlantis,", 1))
	if notes := remarks(f); f.Card.Rates["Atlantis"] == nil || len(notes) != 1 || !strings.Contains(notes[0], "Atlantis") {
		t.Errorf("a market nobody knows: %+v, notes %q", f.Card, f.Notes)
	}
	if f = read(t, strings.Replace(metaRates, "0.1365", "0.0000", 1)); len(remarks(f)) != 1 || !strings.Contains(f.Notes[1], "a rate is zero") || !strings.Contains(f.Notes[1], "marketing for Germany") {
		t.Errorf("a rate of zero: %q", f.Notes)
	}
	if f = read(t, strings.Replace(metaRates, "Subject to change.", "Th\xe9 rates", 1)); len(remarks(f)) != 1 || !strings.Contains(remarks(f)[0], "Windows-1252") || !reflect.DeepEqual(f.Card, want) {
		t.Errorf("Windows-1252: %q, %+v", f.Notes, f.Card)
	}
	if f = read(t, strings.Replace(metaRates, "Germany", "C\xf4te d\x92Azur", 1)); f.Card.Rates["Côte d’Azur"] == nil {
		t.Errorf("letters of Windows-1252: %+v", f.Card)
	}
	if !strings.Contains(strings.Join(f.Notes, " "), "no rates for these markets: Argentina") {
		t.Errorf("nothing is said of the markets that it lacks: %q", f.Notes)
	}
	f = read(t, strings.NewReplacer(`International",Service`, `International",Service,Calls`, "n/a,0.0550", "n/a,0.0550,1", "0.0304,0.0014", "0.0304,0.0014,2").Replace(metaRates))
	if notes := remarks(f); !reflect.DeepEqual(f.Card, want) || len(notes) != 1 || !strings.Contains(notes[0], "Calls") {
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
		"binary":            {"\x00\x01\x02", "line 1: the file is no text"},
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
		"json unknown":      {`{"currency":"USD","from":"2026-10-01","rates":{"India":{}},"prices":{}}`, "line 1: a card has no \"prices\""},
		"json date":         {`{"currency":"USD","from":"October","rates":{"India":{"utility":"0.1"}}}`, "first day of the card"},
		"json category":     {`{"currency":"USD","from":"2026-10-01","rates":{"India":{"utilities":"0.1"}}}`, "line 1: India: \"utilities\" is no category"},
		"zip":               {"PK\x03\x04 and no more", "can't be unpacked"},
		"digits lost":       {change("0.1365", "01365"), "line 8: the rate of marketing for Germany: \"01365\" is no amount"},
		"comma no quotes":   {change("0.1365", "0,1365"), "line 8: \"0.0550\" stands in column 8, which has no title"},
		"a cell more":       {change("n/a,0.0550", "n/a,0.0550,9"), "line 8: \"9\" stands in column 8"},
		"no title":          {change("International\",Service", "International\","), "line 8: \"0.0550\" stands in column 7"},
		"thousand or one":   {change("0.1365", `"1,234"`), "line 8: the rate of marketing for Germany: \"1,234\" can be 1234 and 1.234: write it with four decimals, as 1234.0000 or 1.2340"},
		"or in semicolons":  {strings.Replace(semicolons(metaRates), "0,1365", "1,234", 1), "line 7: the rate of marketing for Germany: \"1,234\" can be 1234 and 1.234"},
		"with a point":      {strings.Replace(semicolons(metaRates), "0,1365", "1.234", 1), "line 7: the rate of marketing for Germany: \"1.234\" can be 1234 and 1.234"},
		"both in one file":  {strings.NewReplacer("0.1365", "1.234", "0.0118", `"0,0118"`).Replace(metaRates), "\"1.234\" can be 1234 and 1.234"},
		"unknown currency":  {strings.ReplaceAll(metaRates, "USD", "UDS"), "line 8: Germany: \"UDS\" is no currency"},
		"twice, other case": {change("India,", "GERMANY,"), "line 9: Germany stands in line 8 already"},
		"half UTF-16":       {utf16Of("\xff\xfe", metaRates)[:201], "line 2: the file begins as UTF-16 and is broken here"},
		"a PDF":             {"%PDF-1.7\n", "is a PDF"},
		"a page":            {"\n<!DOCTYPE html><html>", "is a web page"},
		"an old workbook":   {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "has a password"},
		"too large":         {strings.Repeat("\n", LargestCardFile+1), "larger than 2 MiB"},
		"too wide":          {metaRates + "\n" + strings.Repeat(",", 300), "line 11: the line has 301 cells"},
		"too long":          {metaRates + strings.Repeat("\nGermany,USD", longestSheet), "more than 10000 lines"},
		"json not at all":   {"{", "line 1: the file is no rate card in JSON"},
		"json key twice":    {"{\"currency\":\"USD\",\"from\":\"2026-10-01\",\"rates\":{\n\"India\":{\"utility\":\"0.1\"},\n\"India\":{\"utility\":\"0.2\"}\n}}", "line 4: the file is no rate card in JSON: a key appears twice"},
		"json market twice": {"{\"currency\":\"USD\",\"from\":\"2026-10-01\",\"rates\":{\n\"India\":{\"utility\":\"0.1\"},\n\"INDIA\":{\"utility\":\"0.2\"}}}", "line 3: India stands in line 2 already"},
		"json rates twice":  {`{"currency":"USD","from":"2026-10-01","rates":{"India":{"utility":"0.1"}},"Rates":{}}`, "a card has no \"Rates\""},
		"json null":         {"{\"currency\":\"USD\",\"from\":\"2026-10-01\",\"rates\":{\n\"India\":{\"utility\":null}}}", "line 2: the rate of utility for India is null; it must be text"},
		"json number":       {`{"currency":"USD","from":"2026-10-01","rates":{"India":{"utility":0.1}}}`, "the rate of utility for India is a number; it must be text"},
		"json negative":     {"{\"currency\":\"USD\",\"from\":\"2026-10-01\",\"rates\":{\n\"India\":{\"utility\":\"-0.1\"}}}", "line 2: the rate of utility for India: \"-0.1\" is less than nothing"},
		"json currency":     {`{"currency":"UDS","from":"2026-10-01","rates":{"India":{"utility":"0.1"}}}`, "line 1: \"UDS\" is no currency"},
		"json no currency":  {`{"currency":null,"from":"2026-10-01","rates":{"India":{"utility":"0.1"}}}`, "the card has no \"currency\""},
		"json no rates":     {`{"currency":"USD","from":"2026-10-01","rates":{}}`, "the card has no rates"},
		"json thousands":    {`{"currency":"USD","from":"2026-10-01","rates":{"India":{"utility":"1,234"}}}`, "can be 1234 and 1.234"},
		"json tiers list":   {`{"currency":"USD","from":"2026-10-01","rates":{"India":{"utility":"0.1"}},"tiers":{"India":{"utility":[{"rate":"0.2"}]}}}`, "begin with the rate 0.2000, and the list rate is 0.1000"},
		"json tiers market": {`{"currency":"USD","from":"2026-10-01","rates":{"India":{"utility":"0.1"}},"tiers":{"Germany":{"utility":[{"rate":"0.2"}]}}}`, "the tiers of Germany: there are no rates of it"},
		"json tiers ends":   {`{"currency":"USD","from":"2026-10-01","rates":{"India":{"utility":"0.1"}},"tiers":{"India":{"utility":[{"to":10,"rate":"0.1"}]}}}`, "the last band has an end"},
		"json tiers number": {`{"currency":"USD","from":"2026-10-01","rates":{"India":{"utility":"0.1"}},"tiers":{"India":{"utility":[{"to":1.5,"rate":"0.1"}]}}}`, "a band ends with a number of messages"},
		"json tiers none":   {`{"currency":"USD","from":"2026-10-01","rates":{"India":{"utility":"0.1"}},"tiers":{"India":{"utility":null}}}`, "the last band has an end"},
		"json tiers rate":   {`{"currency":"USD","from":"2026-10-01","rates":{"India":{"utility":"0.1"}},"tiers":{"India":{"utility":[{"to":10}]}}}`, "a band has no rate"},
		"tiers a cell more": {strings.Replace(metaTiers, "-6%\nGermany", "-6%,7\nGermany", 1), "line 8: \"7\" stands in column 18"},
		"tiers currency":    {strings.Replace(metaTiers, "\n,,\"25,", "\n,EUR,\"25,", 1), "line 8: India is in EUR, and the lines before are in USD"},
		"tiers half a band": {strings.Replace(metaTiers, "n/a,n/a,n/a,n/a,n/a", "n/a,n/a,List rate,n/a,n/a", 1), "line 9: the tiers of authentication_international for Germany: \"n/a\" is no number"},
		"tiers ends at 0":   {strings.Replace(metaTiers, `"100,001",--`, `"100,001",0`, 1), "a band ends with no message"},
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
	for _, text := range []string{semicolons(metaTiers), strings.ReplaceAll(semicolons(metaTiers), ";", "\t"), utf16Of("\xff\xfe", metaTiers)} {
		if f := read(t, text); !reflect.DeepEqual(f.Card, tiers.Card) {
			t.Errorf("%.80q is read as %+v", text, f.Card)
		}
	}
	later := read(t, strings.Replace(metaTiers, "October 1, 2026", "January 1, 2027", 1))
	if _, err := (*Cards)(nil).With(rates, later); err == nil || !strings.Contains(err.Error(), "the tiers hold from 2027-01-01 on, and the rate card is USD 2026-10-01") {
		t.Errorf("tiers of another day: %v", err)
	}
	if _, err := (*Cards)(nil).With(rates, rates); err == nil || !strings.Contains(err.Error(), "the card USD 2026-10-01 is in two files") {
		t.Errorf("a card twice: %v", err)
	}
	if f := read(t, strings.Replace(metaTiers, "0.0523", "0.5230", 1)); len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "utility for Germany: a band costs 0.5230") {
		t.Errorf("a band that costs more: %q", f.Notes)
	}
	other := read(t, strings.Replace(metaTiers, "List rate,0.0550", "List rate,0.0560", 1))
	if _, err := (*Cards)(nil).With(rates, other); err == nil || !strings.Contains(err.Error(), "line 9: the list rate of utility for Germany is 0.0560, and the card USD 2026-10-01 says 0.0550") {
		t.Errorf("other list rates: %v", err)
	}
	if _, err := (*Cards)(nil).With(tiers); err == nil || !strings.Contains(err.Error(), "no rate card in that currency") {
		t.Errorf("tiers alone: %v", err)
	}
}

// Whatever a file holds, it is read as a whole card or refused: and what is read can be
// written and read again.
func FuzzCardFile(f *testing.F) {
	for _, seed := range []string{metaRates, metaTiers, semicolons(metaTiers), `{"currency":"USD","from":"2026-10-01","rates":{"India":{"utility":"0.0014"}},"tiers":{"India":{"utility":[{"to":10,"rate":"0.0014"},{"rate":"0.0013"}]}}}`, "PK\x03\x04", string(book(f, ratesBook))} {
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
