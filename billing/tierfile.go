package billing

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// tierBlock are the columns of the bands of one category.
type tierBlock struct {
	category             Category
	from, to, kind, rate int
}

// readTiers reads volume tiers: the titles stand in a line, and above them those of their
// sections. A market is named in the first line of its bands alone.
func readTiers(table []tableRow, titles int, from string) (*CardFile, error) {
	f := &CardFile{Card: &Card{From: from, Tiers: make(map[Market]map[Category][]Tier)}, OnlyTiers: true, lines: make(map[Market]int)}
	blocks, err := tierBlocks(table, titles)
	if err != nil {
		return nil, err
	}
	var market Market
	for i := titles + 1; i < len(table); i++ {
		row := &table[i]
		if row.blank() {
			continue
		}
		if name := strings.Join(strings.Fields(row.cell(0)), " "); name != "" {
			market = Market(name)
			if err := f.begin(row, market); err != nil {
				return nil, err
			}
			if before, twice := f.lines[market]; twice {
				return nil, wrongAt(row.line, "%s stands in line %d already", market, before)
			}
			f.lines[market], f.Card.Tiers[market] = row.line, make(map[Category][]Tier)
		}
		if market == "" {
			return nil, wrongAt(row.line, "the line belongs to no market")
		}
		for _, b := range blocks {
			if err := f.band(row, market, &b); err != nil {
				return nil, err
			}
		}
	}
	for m, of := range f.Card.Tiers {
		for category, tiers := range of {
			if err := checkTiers(tiers); err != nil {
				return nil, wrongAt(f.lines[m], "the tiers of %s for %s: %v", category, m, err)
			}
		}
	}
	if len(f.Card.Tiers) == 0 {
		return nil, wrongAt(table[titles].line, "no market stands below the titles")
	}
	f.noteMarkets()
	return f, nil
}

// tierBlocks finds the columns of each section.
func tierBlocks(table []tableRow, titles int) ([]tierBlock, error) {
	head := &table[titles]
	var blocks []tierBlock
	for i := range head.cells {
		if fold(head.cells[i]) != "from" {
			continue
		}
		for at, title := range []string{"from", "to", "rate type", "rate"} {
			if got := fold(head.cell(i + at)); got != title {
				return nil, wrongAt(head.line, "the column after %q is %q and should be %q", head.cell(i+at-1), head.cell(i+at), title)
			}
		}
		category := sectionAt(table[:titles], i)
		switch {
		case category == "":
			return nil, wrongAt(head.line, "no section such as Utility stands above the column %d", i+1)
		case slices.ContainsFunc(blocks, func(b tierBlock) bool { return b.category == category }):
			return nil, wrongAt(head.line, "there are two sections of %s", category)
		}
		blocks = append(blocks, tierBlock{category: category, from: i, to: i + 1, kind: i + 2, rate: i + 3})
	}
	return blocks, nil
}

// blockWidth is how many columns a section has.
const blockWidth = 5

// sectionAt is the section whose columns begin at one: its title stands above one of them.
func sectionAt(above []tableRow, column int) Category {
	for i := len(above) - 1; i >= 0; i-- {
		for at := column; at < column+blockWidth && at < len(above[i].cells); at++ {
			if category, ok := columnNames[fold(above[i].cells[at])]; ok {
				return category
			}
		}
	}
	return ""
}

// band reads a band of a market.
func (f *CardFile) band(row *tableRow, market Market, b *tierBlock) error {
	first := row.cell(b.from)
	if strings.EqualFold(first, "n/a") || first == "" && row.cell(b.rate) == "" {
		return nil
	}
	wrong := func(err error) error {
		return wrongAt(row.line, "the tiers of %s for %s: %v", b.category, market, err)
	}
	from, err := countIn(first)
	if err != nil {
		return wrong(err)
	}
	to := 0
	if last := row.cell(b.to); last != "--" && last != "–" && last != "—" {
		if to, err = countIn(last); err != nil {
			return wrong(err)
		}
	}
	rate, err := row.amount(row.cell(b.rate))
	if err != nil {
		return wrong(err)
	}
	tiers := f.Card.Tiers[market][b.category]
	kind := fold(row.cell(b.kind))
	switch {
	case len(tiers) == 0 && (from > 1 || kind != "list rate"):
		return wrong(errors.New("the first band doesn't begin with the first message at the list rate"))
	case len(tiers) > 0 && kind != "tier rate":
		return wrong(fmt.Errorf("%q is no tier rate", row.cell(b.kind)))
	case len(tiers) > 0 && tiers[len(tiers)-1].To == 0:
		return wrong(errors.New("a band follows the one that is open"))
	case len(tiers) > 0 && from != tiers[len(tiers)-1].To+1 && from != tiers[len(tiers)-1].To:
		return wrong(fmt.Errorf("a band begins at %d, and the one before ends at %d", from, tiers[len(tiers)-1].To))
	}
	f.Card.Tiers[market][b.category] = append(tiers, Tier{To: to, Rate: rate})
	return nil
}

// countIn reads a number of messages, which may have commas between thousands.
func countIn(cell string) (int, error) {
	text := cell
	if grouped.MatchString(text) {
		text = strings.ReplaceAll(text, ",", "")
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is no number of messages", cell)
	}
	return n, nil
}

// checkTiers checks that bands follow one another, and end with an open one.
func checkTiers(tiers []Tier) error {
	last := 0
	for i, t := range tiers {
		switch {
		case t.Rate < 0:
			return fmt.Errorf("%s is no rate", t.Rate)
		case t.To == 0 && i < len(tiers)-1:
			return errors.New("a band follows the one that is open")
		case t.To != 0 && t.To <= last:
			return fmt.Errorf("a band ends at %d, and the one before at %d", t.To, last)
		}
		last = t.To
	}
	if len(tiers) == 0 || last != 0 {
		return errors.New("the last band has an end; it is open")
	}
	return nil
}
