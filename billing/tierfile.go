package billing

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// tierBlock are the columns of the bands of one category: from, to, what kind of rate it is,
// the rate, and by how much it is below the list.
type tierBlock struct {
	category Category
	column   int
}

// blockTitles are the titles of its columns, folded.
var blockTitles = []string{"from", "to", "rate type", "rate", "vs. list rate"}

// readTiers reads volume tiers: the titles stand in a row, and above them those of their
// sections. A market is named in the first row of its bands alone.
func (f *CardFile) readTiers(s *sheet, at int) error {
	f.OnlyTiers, f.Card.Tiers = true, make(map[Market]map[Category][]Tier)
	titles := &s.rows[at]
	blocks, err := tierBlocks(s.rows[:at], titles)
	if err != nil {
		return err
	}
	var market Market
	for row := range s.below(at) {
		switch {
		case row.cell(0) != "":
			if market, err = f.begin(row, titles); err != nil {
				return err
			}
			f.Card.Tiers[market] = make(map[Category][]Tier)
		case market == "":
			return wrongAt(row.line, "the line belongs to no market")
		default:
			if row.cell(1) != "" {
				if err := f.inCurrency(row, market); err != nil {
					return err
				}
			}
			if err := strays(row, titles); err != nil {
				return err
			}
		}
		for _, b := range blocks {
			if err := f.band(s, row, market, b); err != nil {
				return wrongAt(row.line, "the tiers of %s for %s: %v", b.category, market, err)
			}
		}
	}
	for m, of := range f.Card.Tiers {
		for category, tiers := range of {
			if err := checkTiers(tiers); err != nil {
				return wrongAt(f.lines[m], "the tiers of %s for %s: %v", category, m, err)
			}
			if dearer := slices.IndexFunc(tiers, func(t Tier) bool { return t.Rate > tiers[0].Rate }); dearer > 0 {
				f.Notes = append(f.Notes, fmt.Sprintf("the tiers of %s for %s: a band costs %s, which is more than the list rate %s", category, m, tiers[dearer].Rate, tiers[0].Rate))
			}
		}
	}
	slices.Sort(f.Notes)
	return nil
}

// tierBlocks finds the columns of each section.
func tierBlocks(above []tableRow, titles *tableRow) ([]tierBlock, error) {
	var blocks []tierBlock
	for i := range titles.cells {
		if fold(titles.cell(i)) != blockTitles[0] {
			continue
		}
		for at, title := range blockTitles[:4] {
			if fold(titles.cell(i+at)) != title {
				return nil, wrongAt(titles.line, "the column after %q is %q and should be %q", titles.cell(i+at-1), titles.cell(i+at), title)
			}
		}
		category := sectionAt(above, i)
		switch {
		case category == "":
			return nil, wrongAt(titles.line, "no section such as Utility stands above the column %d", i+1)
		case slices.ContainsFunc(blocks, func(b tierBlock) bool { return b.category == category }):
			return nil, wrongAt(titles.line, "there are two sections of %s", category)
		}
		blocks = append(blocks, tierBlock{category, i})
	}
	return blocks, nil
}

// sectionAt is the section whose columns begin at one: its title stands above one of them.
func sectionAt(above []tableRow, column int) Category {
	for i := len(above) - 1; i >= 0; i-- {
		for at := column; at < column+len(blockTitles); at++ {
			if category, ok := columnNames[fold(above[i].cell(at))]; ok {
				return category
			}
		}
	}
	return ""
}

// band reads a band of a market.
func (f *CardFile) band(s *sheet, row *tableRow, market Market, b tierBlock) error {
	first, last, kind, price := row.cell(b.column), row.cell(b.column+1), row.cell(b.column+2), row.cell(b.column+3)
	if cells := []string{first, last, kind, price}; !slices.ContainsFunc(cells, func(cell string) bool { return cell != "" && !none(cell) }) {
		return nil
	}
	from, err := countIn(first)
	if err != nil {
		return err
	}
	to := 0
	if last != "--" && last != "–" && last != "—" {
		if to, err = countIn(last); err != nil {
			return err
		}
		if to == 0 {
			return errors.New("a band ends with no message; one that is open ends with --")
		}
	}
	rate, err := s.style.amount(price)
	if err != nil {
		return err
	}
	tiers := f.Card.Tiers[market][b.category]
	switch {
	case len(tiers) == 0 && (from > 1 || fold(kind) != "list rate"):
		return errors.New("the first band doesn't begin with the first message at the list rate")
	case len(tiers) > 0 && fold(kind) != "tier rate":
		return fmt.Errorf("%q is no tier rate", kind)
	case len(tiers) > 0 && tiers[len(tiers)-1].To == 0:
		return errors.New("a band follows the one that is open")
	case len(tiers) > 0 && from != tiers[len(tiers)-1].To+1 && from != tiers[len(tiers)-1].To:
		return fmt.Errorf("a band begins at %d, and the one before ends at %d", from, tiers[len(tiers)-1].To)
	}
	f.Card.Tiers[market][b.category] = append(tiers, Tier{To: to, Rate: rate})
	return nil
}

// grouped is a number with marks between thousands.
var grouped = regexp.MustCompile("^[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?:\\.[0-9]{3})+|(?:[ \u00a0\u202f][0-9]{3})+|(?:['’][0-9]{3})+)$")

// countIn reads a number of messages, which may have marks between thousands: there are no
// parts of a message.
func countIn(cell string) (int, error) {
	text := cell
	if grouped.MatchString(text) {
		text = strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, text)
	}
	n, err := strconv.Atoi(text)
	if err != nil || !digits(text) {
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
