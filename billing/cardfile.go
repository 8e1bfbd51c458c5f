package billing

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// CardFile is what a file of prices holds: a rate card, or volume tiers that belong to one.
type CardFile struct {
	// Card has Tiers alone where the file is one of volume tiers; its From is "" where that
	// doesn't say when they begin.
	Card *Card
	// OnlyTiers: the file has volume tiers, and no list prices of its own.
	OnlyTiers bool
	// Notes say what was read and may not have been meant so.
	Notes []string
	// lines are where a market stands.
	lines map[Market]int
}

// CardError is what is wrong with a file, and in which line.
type CardError struct {
	Line   int // 0 for the file as a whole
	Reason string
}

func (e *CardError) Error() string {
	if e.Line == 0 {
		return e.Reason
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
}

func wrongAt(line int, format string, args ...any) error {
	return &CardError{line, fmt.Sprintf(format, args...)}
}

// LargestCardFile is how large a file may be; Meta's have some ten thousand bytes.
const LargestCardFile = 8 << 20

// ReadCardFile reads a file of prices: one of rates or of volume tiers as Meta publishes
// them, as CSV or, under whatever name, as XLSX; or a [Card] as JSON. All of it is read, or
// none.
func ReadCardFile(data []byte) (*CardFile, error) {
	switch data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")); {
	case len(data) > LargestCardFile:
		return nil, wrongAt(0, "the file is larger than %d MiB; a rate card has some kilobytes", LargestCardFile>>20)
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		table, err := readWorkbook(data)
		if err != nil {
			return nil, err
		}
		return readTable(table)
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")):
		return readCardJSON(data)
	case bytes.IndexByte(data, 0) >= 0:
		return nil, wrongAt(0, "the file is no text in UTF-8; save it as CSV in UTF-8")
	}
	table, err := readCSV(data)
	if err != nil {
		return nil, err
	}
	return readTable(table)
}

// tableRow is a row of a table, and the line in which it begins.
type tableRow struct {
	line  int
	cells []string
	// decimalComma: numbers have a comma where others have a point.
	decimalComma bool
}

// cell is one of its cells, "" where it has no such.
func (r *tableRow) cell(i int) string {
	if i < 0 || i >= len(r.cells) {
		return ""
	}
	return strings.TrimSpace(r.cells[i])
}

func (r *tableRow) blank() bool {
	return !slices.ContainsFunc(r.cells, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

func readCSV(data []byte) ([]tableRow, error) {
	rows := csv.NewReader(bytes.NewReader(data))
	rows.FieldsPerRecord = -1
	rows.Comma = separatorOf(data)
	var table []tableRow
	for {
		cells, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return table, nil
		}
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, wrongAt(broken.Line, "%v: quotes must stand around the whole of a cell", broken.Err)
		}
		if err != nil {
			return nil, wrongAt(0, "%v", err)
		}
		line, _ := rows.FieldPos(0)
		table = append(table, tableRow{line, cells, rows.Comma != ','})
	}
}

// separatorOf is what separates the cells of the line of titles.
func separatorOf(data []byte) rune {
	for line := range bytes.Lines(data) {
		folded := strings.ToLower(string(line))
		if !strings.Contains(folded, "market") || !strings.Contains(folded, "currency") {
			continue
		}
		best, most := ',', 0
		for _, separator := range ",;\t" {
			if n := strings.Count(folded, string(separator)); n > most {
				best, most = separator, n
			}
		}
		return best
	}
	return ','
}

// fold makes titles comparable: in lower case, without what stands in parentheses, white
// space as single blanks, hyphens as blanks.
func fold(title string) string {
	title, _, _ = strings.Cut(strings.ToLower(title), "(")
	return strings.Join(strings.FieldsFunc(title, func(r rune) bool { return r <= ' ' || r == '\u00a0' || r == '-' || r == '_' || r == '‑' }), " ")
}

// columnNames are the titles of columns, folded.
var columnNames = map[string]Category{
	"marketing": Marketing, "utility": Utility, "authentication": Authentication, "authentication international": AuthenticationInternational, "service": Service,
}

// readTable reads a table of rates or of volume tiers.
func readTable(table []tableRow) (*CardFile, error) {
	for i := range table {
		row := &table[i]
		if fold(row.cell(0)) != "market" || fold(row.cell(1)) != "currency" {
			continue
		}
		from, err := effectiveIn(table[:i])
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(row.cells, func(title string) bool { return fold(title) == "from" }) {
			return readTiers(table, i, from)
		}
		if from == "" {
			return nil, wrongAt(1, "the file doesn't say from when on it holds; Meta's first line ends in words like \"effective October 1, 2026\"")
		}
		return readRates(table, i, from)
	}
	return nil, wrongAt(0, "there is no line with the titles Market and Currency, which begin a rate card of Meta's")
}

var (
	effective = regexp.MustCompile(`(?i)\beffective\b[^0-9]{0,40}?((?:January|February|March|April|May|June|July|August|September|October|November|December)\s+[0-9]{1,2}(?:st|nd|rd|th)?,?\s+[0-9]{4}|[0-9]{1,2}\s+(?:January|February|March|April|May|June|July|August|September|October|November|December),?\s+[0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2})`)
	ordinals  = regexp.MustCompile(`([0-9])(?:st|nd|rd|th)\b`)
)

// effectiveIn is the first day that the lines above a table name; "" where they name none.
func effectiveIn(notices []tableRow) (string, error) {
	from := ""
	for i := range notices {
		for _, m := range effective.FindAllStringSubmatch(strings.Join(notices[i].cells, ", "), -1) {
			day, err := parseDay(m[1])
			if err != nil {
				return "", wrongAt(notices[i].line, "%q is no date", m[1])
			}
			if from != "" && day != from {
				return "", wrongAt(notices[i].line, "the file holds from %s on by one line and from %s by another", from, day)
			}
			from = day
		}
	}
	return from, nil
}

func parseDay(s string) (string, error) {
	s = strings.Join(strings.Fields(strings.ReplaceAll(ordinals.ReplaceAllString(s, "$1"), ",", " ")), " ")
	for _, layout := range []string{time.DateOnly, "January 2 2006", "2 January 2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(time.DateOnly), nil
		}
	}
	return "", errors.New("no date")
}

// readRates reads the list prices below the titles in a line.
func readRates(table []tableRow, titles int, from string) (*CardFile, error) {
	f := &CardFile{Card: &Card{From: from, Rates: make(map[Market]map[Category]Amount)}, lines: make(map[Market]int)}
	columns, err := f.columns(&table[titles])
	if err != nil {
		return nil, err
	}
	for i := titles + 1; i < len(table); i++ {
		row := &table[i]
		if row.blank() {
			continue
		}
		market := Market(strings.Join(strings.Fields(row.cell(0)), " "))
		if err := f.begin(row, market); err != nil {
			return nil, err
		}
		if before, twice := f.lines[market]; twice {
			return nil, wrongAt(row.line, "%s stands in line %d already", market, before)
		}
		f.lines[market] = row.line
		rates := make(map[Category]Amount)
		for _, column := range slices.Sorted(maps.Keys(columns)) {
			category, cell := columns[column], row.cell(column)
			if strings.EqualFold(cell, "n/a") {
				continue
			}
			rate, err := row.amount(cell)
			if err != nil {
				return nil, wrongAt(row.line, "the rate of %s for %s: %v", category, market, err)
			}
			rates[category] = rate
		}
		f.Card.Rates[market] = rates
	}
	if len(f.Card.Rates) == 0 {
		return nil, wrongAt(table[titles].line, "no market stands below the titles")
	}
	f.noteMarkets()
	return f, nil
}

// columns are the categories by their columns.
func (f *CardFile) columns(titles *tableRow) (map[int]Category, error) {
	columns := make(map[int]Category)
	for i := 2; i < len(titles.cells); i++ {
		name := fold(titles.cells[i])
		category, ok := columnNames[name]
		switch {
		case name == "":
			continue
		case !ok:
			f.Notes = append(f.Notes, fmt.Sprintf("the column %q is not read: it is no category that waguard knows", strings.Join(strings.Fields(titles.cells[i]), " ")))
			continue
		}
		for _, other := range columns {
			if other == category {
				return nil, wrongAt(titles.line, "there are two columns of %s", category)
			}
		}
		columns[i] = category
	}
	for _, needed := range []Category{Marketing, Utility, Authentication} {
		if !slices.Contains(slices.Collect(maps.Values(columns)), needed) {
			return nil, wrongAt(titles.line, "there is no column of %s", needed)
		}
	}
	return columns, nil
}

// begin reads the market and the currency of a row.
func (f *CardFile) begin(row *tableRow, market Market) error {
	if market == "" {
		return wrongAt(row.line, "the line names no market")
	}
	currency, err := ParseCurrency(row.cell(1))
	switch {
	case err != nil:
		return wrongAt(row.line, "%s: %v", market, err)
	case f.Card.Currency != "" && f.Card.Currency != currency:
		return wrongAt(row.line, "%s is in %s, and the lines before are in %s: each currency has a file of its own", market, currency, f.Card.Currency)
	}
	f.Card.Currency = currency
	return nil
}

var grouped = regexp.MustCompile(`^[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$`)

// amount reads a price.
func (r *tableRow) amount(cell string) (Amount, error) {
	switch {
	case cell == "":
		return 0, errors.New("the cell is empty; a rate that there isn't is written n/a")
	case r.decimalComma && strings.Count(cell, ",") == 1 && !strings.Contains(cell, "."):
		cell = strings.Replace(cell, ",", ".", 1)
	case grouped.MatchString(cell):
		cell = strings.ReplaceAll(cell, ",", "")
	}
	a, err := ParseAmount(cell)
	if err == nil && a < 0 {
		return 0, fmt.Errorf("%q is less than nothing", cell)
	}
	return a, err
}

// noteMarkets notes the markets that no calling code leads to.
func (f *CardFile) noteMarkets() {
	var unknown []string
	for m := range f.lines {
		if !knownMarkets[m] {
			unknown = append(unknown, string(m))
		}
	}
	slices.Sort(unknown)
	if len(unknown) > 0 {
		f.Notes = append(f.Notes, "waguard knows no calling code of these markets, so that nobody is priced by them: "+strings.Join(unknown, ", "))
	}
}

// knownMarkets are those that calling codes lead to.
var knownMarkets = func() map[Market]bool {
	known := map[Market]bool{Other: true}
	for i := range marketRows {
		known[marketRows[i].market] = true
	}
	return known
}()

// readCardJSON reads a card as waguard writes it.
func readCardJSON(data []byte) (*CardFile, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	c := new(Card)
	err := decoder.Decode(c)
	if err == nil && decoder.More() {
		err = errors.New("something follows the card")
	}
	if err != nil {
		return nil, wrongAt(1+bytes.Count(data[:min(int(decoder.InputOffset()), len(data))], []byte("\n")), "the file is no rate card in JSON: %v", err)
	}
	currency, err := ParseCurrency(string(c.Currency))
	if err != nil {
		return nil, wrongAt(0, "%v", err)
	}
	c.Currency = currency
	if _, err := time.Parse(time.DateOnly, c.From); err != nil {
		return nil, wrongAt(0, "from is %q; it must be the first day of the card, such as 2026-10-01", c.From)
	}
	f := &CardFile{Card: c, lines: make(map[Market]int)}
	for m, rates := range c.Rates {
		f.lines[m] = 0
		for category, rate := range rates {
			if !slices.Contains(Columns, category) || rate < 0 {
				return nil, wrongAt(0, "%s of %s at %s is no rate", category, m, rate)
			}
		}
	}
	if len(c.Rates) == 0 {
		return nil, wrongAt(0, "the card has no rates")
	}
	for m, of := range c.Tiers {
		for category, tiers := range of {
			if err := checkTiers(tiers); err != nil {
				return nil, wrongAt(0, "the tiers of %s for %s: %v", category, m, err)
			}
		}
	}
	f.noteMarkets()
	return f, nil
}

// With are the cards together with what files hold, in their order: a card takes the place
// of one of the same currency and day, and tiers belong to the card of their day, or to the
// newest of their currency where they name none.
func (cs *Cards) With(files ...*CardFile) (*Cards, error) {
	all := slices.Clone(cs.All())
	for _, f := range files {
		if !f.OnlyTiers {
			all = append(all, f.Card)
		}
	}
	together := NewCards(all...)
	for _, f := range files {
		if !f.OnlyTiers {
			continue
		}
		day := cmp.Or(f.Card.From, "9999-12-31")
		to := together.On(f.Card.Currency, day)
		if to == nil || f.Card.From != "" && to.From > f.Card.From {
			return nil, wrongAt(0, "the tiers are in %s, and there is no rate card in that currency for their day", f.Card.Currency)
		}
		tiered := *to
		tiered.Tiers = maps.Clone(tiered.Tiers)
		if tiered.Tiers == nil {
			tiered.Tiers = make(map[Market]map[Category][]Tier)
		}
		for m, of := range f.Card.Tiers {
			for category, tiers := range of {
				list, ok := tiered.Rate(m, category)
				if !ok || tiers[0].Rate != list {
					return nil, wrongAt(f.lines[m], "the list rate of %s for %s is %s, and the card %s says %s", category, m, tiers[0].Rate, to.ID(), rateText(list, ok))
				}
			}
			tiered.Tiers[m] = of
		}
		together = NewCards(append(slices.Clone(together.sorted), &tiered)...)
	}
	return together, nil
}

func rateText(rate Amount, ok bool) string {
	if !ok {
		return "n/a"
	}
	return rate.String()
}
