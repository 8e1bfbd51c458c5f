package billing

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// CardFile is what a file of prices holds: a rate card, or volume tiers that belong to one.
type CardFile struct {
	// Card has Tiers alone where the file is one of volume tiers; its From is "" where that
	// doesn't say when they begin. Source is for the caller to set: errors name it.
	Card *Card
	// OnlyTiers: the file has volume tiers, and no list prices of its own.
	OnlyTiers bool
	// Notes say what was read and may not have been meant so.
	Notes []string
	// lines are where a market stands, and names the same by its name in lower case.
	lines map[Market]int
	names map[string]int
}

// CardError is what is wrong with a file, and in which line.
type CardError struct {
	Line   int    // 0 for the file as a whole
	Sheet  string // of a workbook that has several
	Reason string
}

func (e *CardError) Error() string {
	var place string
	switch {
	case e.Line > 0 && e.Sheet != "":
		place = fmt.Sprintf("sheet %q, line %d: ", e.Sheet, e.Line)
	case e.Line > 0:
		place = fmt.Sprintf("line %d: ", e.Line)
	case e.Sheet != "":
		place = fmt.Sprintf("sheet %q: ", e.Sheet)
	}
	return place + e.Reason
}

func wrongAt(line int, format string, args ...any) error {
	return &CardError{Line: line, Reason: fmt.Sprintf(format, args...)}
}

// LargestCardFile is how large a file may be; Meta's have some ten thousand bytes.
const LargestCardFile = 2 << 20

// ReadCardFile reads a file of prices: one of rates or of volume tiers as Meta publishes
// them, as CSV or, under whatever name, as a workbook of Excel, which may have both; or a
// [Card] as JSON. All of it is read, or none.
func ReadCardFile(data []byte) (*CardFile, error) {
	start := bytes.ToLower(bytes.TrimSpace(data[:min(len(data), 512)]))
	switch {
	case len(data) > LargestCardFile:
		return nil, wrongAt(0, "the file is larger than %d MiB; a rate card has some kilobytes", LargestCardFile>>20)
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return readWorkbook(data)
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return nil, wrongAt(0, "the file is a workbook of an old Excel, or has a password: save it as XLSX without one, or as CSV")
	case bytes.HasPrefix(start, []byte("%pdf")):
		return nil, wrongAt(0, "the file is a PDF: take the rate card as CSV or XLSX")
	case bytes.HasPrefix(start, []byte("<!doctype html")), bytes.HasPrefix(start, []byte("<html")):
		return nil, wrongAt(0, "the file is a web page and no rate card: download the file that the page links to")
	}
	text, odd, err := textOf(data)
	if err != nil {
		return nil, err
	}
	read := readCardJSON
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		read = readCardText
	}
	f, err := read(text)
	if err == nil && odd != "" {
		f.Notes = append(f.Notes, odd)
	}
	return f, err
}

func readCardText(text []byte) (*CardFile, error) {
	s, err := readCSV(text)
	if err != nil {
		return nil, err
	}
	f, err := readSheet(s)
	if err == nil && f == nil {
		err = errNoTitles
	}
	return f, err
}

var errNoTitles = wrongAt(0, "there is no line with the titles Market and Currency, which begin a rate card of Meta's")

// readSheet reads a table of rates or of volume tiers; nil where it is neither.
func readSheet(s *sheet) (*CardFile, error) {
	at := s.titles()
	if at < 0 {
		return nil, nil
	}
	from, err := effectiveIn(s.rows[:at])
	if err != nil {
		return nil, err
	}
	f := &CardFile{Card: &Card{From: from}, lines: make(map[Market]int), names: make(map[string]int)}
	titles := &s.rows[at]
	switch {
	case slices.ContainsFunc(titles.cells, func(title string) bool { return fold(title) == "from" }):
		err = f.readTiers(s, at)
	case from == "":
		err = wrongAt(s.rows[0].line, "the file doesn't say from when on it holds; Meta's first line ends in words like \"effective October 1, 2026\"")
	default:
		err = f.readRates(s, at)
	}
	if err == nil && len(f.lines) == 0 {
		err = wrongAt(titles.line, "no market stands below the titles")
	}
	if err != nil {
		return nil, err
	}
	f.noteMarkets()
	return f, nil
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

// columnNames are the titles of columns, folded.
var columnNames = map[string]Category{
	"marketing": Marketing, "utility": Utility, "authentication": Authentication, "authentication international": AuthenticationInternational, "service": Service,
}

// readRates reads the list prices below the titles in a row.
func (f *CardFile) readRates(s *sheet, at int) error {
	f.Card.Rates = make(map[Market]map[Category]Amount)
	titles := &s.rows[at]
	columns, err := f.columns(titles)
	if err != nil {
		return err
	}
	for row := range s.below(at) {
		market, err := f.begin(row, titles)
		if err != nil {
			return err
		}
		rates := make(map[Category]Amount)
		for _, column := range slices.Sorted(maps.Keys(columns)) {
			category, cell := columns[column], row.cell(column)
			if none(cell) {
				continue
			}
			rate, err := s.style.amount(cell)
			if err != nil {
				return wrongAt(row.line, "the rate of %s for %s: %v", category, market, err)
			}
			rates[category] = rate
		}
		f.Card.Rates[market] = rates
	}
	return nil
}

// none reports that a cell says that there is no rate.
func none(cell string) bool { return strings.EqualFold(cell, "n/a") }

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

// begin reads the market and the currency of a row with which the rates of one begin.
func (f *CardFile) begin(row, titles *tableRow) (Market, error) {
	if row.name(0) == "" {
		return "", wrongAt(row.line, "the line names no market")
	}
	market, err := f.market(row.name(0), row.line)
	if err != nil {
		return "", err
	}
	if err := f.inCurrency(row, market); err != nil {
		return "", err
	}
	return market, strays(row, titles)
}

const mostMarkets = 1000

// market is the market of a name that stands in a line. Names of one that differ in letters
// that say nothing are one name.
func (f *CardFile) market(name string, line int) (Market, error) {
	market, known := knownMarkets[foldMarket(name)]
	if !known {
		market = Market(name)
	}
	key := strings.ToLower(string(market))
	if before, twice := f.names[key]; twice {
		return "", wrongAt(line, "%s stands in line %d already", market, before)
	}
	f.names[key], f.lines[market] = line, line
	if len(f.names) > mostMarkets {
		return "", wrongAt(line, "the card has more than %d markets; Meta's have some fifty", mostMarkets)
	}
	return market, nil
}

// inCurrency checks that a row is in the currency of those before.
func (f *CardFile) inCurrency(row *tableRow, market Market) error {
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

// strays refuses cells that stand below no title: then the others may stand below wrong ones.
func strays(row, titles *tableRow) error {
	for i := 2; i < len(row.cells); i++ {
		if row.cell(i) != "" && titles.cell(i) == "" {
			return wrongAt(row.line, "%q stands in column %d, which has no title: a decimal comma makes two cells of one, unless quotes stand around it", row.cell(i), i+1)
		}
	}
	return nil
}

// foldMarket makes names of markets comparable.
func foldMarket(name string) string { return strings.ReplaceAll(fold(name), "&", "and") }

// knownMarkets are those that calling codes lead to, by their folded names.
var knownMarkets = func() map[string]Market {
	known := map[string]Market{foldMarket(string(Other)): Other}
	for i := range marketRows {
		known[foldMarket(string(marketRows[i].market))] = marketRows[i].market
	}
	return known
}()

// noteMarkets notes the markets that no calling code leads to, those that have no rates though
// one does, and rates of zero.
func (f *CardFile) noteMarkets() {
	var unknown, missing, free []string
	for m := range f.lines {
		if _, known := knownMarkets[foldMarket(string(m))]; !known {
			unknown = append(unknown, string(m))
		}
	}
	if f.Card.Rates != nil {
		for m := range marketsOn(f.Card.From) {
			if f.Card.Rates[m] == nil {
				missing = append(missing, string(m))
			}
		}
	}
	for m, rates := range f.Card.Rates {
		for category, rate := range rates {
			if rate == 0 {
				free = append(free, fmt.Sprintf("%s for %s", category, m))
			}
		}
	}
	f.note("waguard knows no calling code of these markets, so that nobody is priced by them: ", unknown)
	f.note("what is sent there has no known price, since the card has no rates for these markets: ", missing)
	f.note("a rate is zero, which is not n/a: what is sent there costs nothing by this card: ", free)
}

// mostNamed is how many things a note names.
const mostNamed = 8

// note notes something of some things.
func (f *CardFile) note(what string, names []string) {
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	if more := len(names) - mostNamed; more > 0 {
		names = append(names[:mostNamed:mostNamed], fmt.Sprintf("and %d more", more))
	}
	f.Notes = append(f.Notes, what+strings.Join(names, ", "))
}

// With are the cards together with what files hold: a card takes the place of one that was
// there, of the same currency and day, and tiers belong to the card of their day, or to the
// newest of their currency where they name none.
func (cs *Cards) With(files ...*CardFile) (*Cards, error) {
	all := slices.Clone(cs.All())
	from := make(map[string]*CardFile)
	for _, f := range files {
		if f.OnlyTiers {
			continue
		}
		if other := from[f.Card.ID()]; other != nil {
			return nil, f.wrong(wrongAt(0, "the card %s is in two files; the other is %s", f.Card.ID(), other.Card.Source))
		}
		from[f.Card.ID()] = f
		all = append(all, f.Card)
	}
	together := NewCards(all...)
	for _, f := range files {
		if !f.OnlyTiers {
			continue
		}
		to := together.On(f.Card.Currency, cmp.Or(f.Card.From, "9999-12-31"))
		switch {
		case to == nil:
			return nil, f.wrong(wrongAt(0, "the tiers are in %s, and there is no rate card in that currency for their day", f.Card.Currency))
		case f.Card.From != "" && to.From != f.Card.From:
			return nil, f.wrong(wrongAt(0, "the tiers hold from %s on, and the rate card is %s: give the rates of that day as well", f.Card.From, to.ID()))
		}
		tiered := *to
		tiered.Tiers = make(map[Market]map[Category][]Tier)
		maps.Copy(tiered.Tiers, to.Tiers)
		maps.Copy(tiered.Tiers, f.Card.Tiers)
		if err := tiered.checkLists(f.lines); err != nil {
			return nil, f.wrong(err)
		}
		together = NewCards(append(slices.Clone(together.sorted), &tiered)...)
	}
	return together, nil
}

// wrong is an error of a file among several.
func (f *CardFile) wrong(err error) error {
	if f.Card.Source == "" {
		return err
	}
	return fmt.Errorf("%s: %w", f.Card.Source, err)
}

// checkLists checks that the first band of tiers is charged for by the list rate. The tiers of
// each market stand in a line.
func (c *Card) checkLists(lines map[Market]int) error {
	for _, m := range slices.Sorted(maps.Keys(c.Tiers)) {
		for _, category := range slices.Sorted(maps.Keys(c.Tiers[m])) {
			first := c.Tiers[m][category][0].Rate
			if list, ok := c.Rate(m, category); !ok || first != list {
				return wrongAt(lines[m], "the list rate of %s for %s is %s, and the card %s says %s", category, m, first, c.ID(), rateText(list, ok))
			}
		}
	}
	return nil
}

func rateText(rate Amount, ok bool) string {
	if !ok {
		return "n/a"
	}
	return rate.String()
}
