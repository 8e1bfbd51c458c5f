package billing

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"math/big"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/waguard/waguard/internal/decimal"
)

// Some of the files that Meta calls CSV are workbooks of Excel. What a rate card needs of
// those is the text of cells, which stands in parts in XML: a list of texts, and the sheets
// that refer to it. A part is read piece by piece, and none is larger than a rate card could
// need, whatever it says of itself.
const (
	largestPart = 4 << 20
	// largestBook bounds what all parts unpack to that are read.
	largestBook = 16 << 20
	mostSheets  = 32
	mostParts   = 1000
	deepestXML  = 32
)

// workbook is a workbook that is read.
type workbook struct {
	parts  map[string]*zip.File
	texts  []string
	budget int64
}

// readWorkbook reads the sheets of a workbook that are a table of rates or of volume tiers.
func readWorkbook(data []byte) (*CardFile, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, wrongAt(0, "the file begins as a workbook of Excel and can't be unpacked: %v", err)
	}
	if len(archive.File) > mostParts {
		return nil, wrongAt(0, "the workbook has %d parts, which no rate card has", len(archive.File))
	}
	w := &workbook{parts: make(map[string]*zip.File), budget: largestBook}
	for _, part := range archive.File {
		if w.parts[part.Name] != nil {
			return nil, wrongAt(0, "the workbook has two parts %s", part.Name)
		}
		w.parts[part.Name] = part
	}
	sheets, err := w.sheets()
	if err != nil {
		return nil, err
	}
	if err := w.readTexts(); err != nil {
		return nil, err
	}
	var rates, tiers *CardFile
	for _, named := range sheets {
		f, err := w.readCards(named.part)
		if broken, ok := errors.AsType[*CardError](err); ok && len(sheets) > 1 {
			broken.Sheet = named.name
		}
		switch {
		case err != nil:
			return nil, err
		case f == nil:
		case f.OnlyTiers && tiers == nil:
			tiers = f
		case !f.OnlyTiers && rates == nil:
			rates = f
		default:
			return nil, wrongAt(0, "the workbook has two sheets of the same kind, of which %q is one: leave one", named.name)
		}
	}
	switch {
	case rates == nil && tiers == nil:
		return nil, errNoTitles
	case rates == nil:
		return tiers, nil
	case tiers == nil:
		return rates, nil
	}
	if err := rates.addTiers(tiers); err != nil {
		return nil, err
	}
	return rates, nil
}

// addTiers adds the tiers of another sheet.
func (f *CardFile) addTiers(tiers *CardFile) error {
	if tiers.Card.Currency != f.Card.Currency || tiers.Card.From != "" && tiers.Card.From != f.Card.From {
		return wrongAt(0, "the workbook has rates %s and tiers %s", f.Card.ID(), tiers.Card.ID())
	}
	f.Card.Tiers = tiers.Card.Tiers
	f.Notes = append(f.Notes, tiers.Notes...)
	return f.Card.checkLists(tiers.lines)
}

type namedSheet struct{ name, part string }

// sheets are the sheets in their order. What lists them may be missing: then they are those that
// are called like sheets.
func (w *workbook) sheets() ([]namedSheet, error) {
	var found []namedSheet
	targets := make(map[string]string)
	err := w.each("xl/_rels/workbook.xml.rels", func(e xml.StartElement) {
		if e.Name.Local == "Relationship" {
			// It is relative to the workbook, or begins with a slash.
			target := attribute(e, "Target")
			if !strings.HasPrefix(target, "/") {
				target = path.Join("xl", target)
			}
			targets[attribute(e, "Id")] = strings.TrimPrefix(target, "/")
		}
	})
	if err == nil {
		err = w.each("xl/workbook.xml", func(e xml.StartElement) {
			if part := targets[attribute(e, "id")]; e.Name.Local == "sheet" && w.parts[part] != nil {
				found = append(found, namedSheet{attribute(e, "name"), part})
			}
		})
	}
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		for _, name := range slices.Sorted(maps.Keys(w.parts)) {
			if ok, _ := path.Match("xl/worksheets/*.xml", name); ok {
				found = append(found, namedSheet{strings.TrimSuffix(path.Base(name), ".xml"), name})
			}
		}
	}
	switch {
	case len(found) == 0:
		return nil, wrongAt(0, "the file is a zip archive and no workbook of Excel: it has no sheets")
	case len(found) > mostSheets:
		return nil, wrongAt(0, "the workbook has %d sheets, which no rate card has", len(found))
	}
	return found, nil
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// each calls f for each element of a part that may be missing.
func (w *workbook) each(part string, f func(xml.StartElement)) error {
	return w.read(part, func(token xml.Token) error {
		if e, ok := token.(xml.StartElement); ok {
			f(e)
		}
		return nil
	})
}

// texts of cells in XML: what stands in t, but for the reading of Asian letters beside it.
type cellText struct {
	inside, reading bool
	text            strings.Builder
}

func (c *cellText) take(token xml.Token, elements ...string) {
	switch e := token.(type) {
	case xml.StartElement:
		c.reading = c.reading || e.Name.Local == "rPh"
		c.inside = c.inside || slices.Contains(elements, e.Name.Local)
	case xml.EndElement:
		c.reading = c.reading && e.Name.Local != "rPh"
		c.inside = c.inside && !slices.Contains(elements, e.Name.Local)
	case xml.CharData:
		if c.inside && !c.reading {
			c.text.Write(e)
		}
	}
}

// done is the text so far; another one begins.
func (c *cellText) done() string {
	text := c.text.String()
	c.text.Reset()
	return strings.ReplaceAll(text, "_x000D_", "\r") // as Excel writes it
}

// readTexts reads the texts that cells refer to.
func (w *workbook) readTexts() error {
	var c cellText
	return w.read("xl/sharedStrings.xml", func(token xml.Token) error {
		c.take(token, "t")
		if e, ok := token.(xml.EndElement); ok && e.Name.Local == "si" {
			w.texts = append(w.texts, c.done())
		}
		return nil
	})
}

// readCards reads a sheet; nil where it is no table of rates or of tiers.
func (w *workbook) readCards(part string) (*CardFile, error) {
	r := sheetReader{workbook: w, sheet: new(sheet)}
	if err := w.read(part, r.take); err != nil {
		return nil, err
	}
	r.style.learn(r.rows)
	return readSheet(r.sheet)
}

// sheetReader reads the rows of a sheet.
type sheetReader struct {
	*workbook
	*sheet
	row  tableRow
	next int // the column of a cell that doesn't say where it is
	cell xml.StartElement
	cellText
}

func (r *sheetReader) take(token xml.Token) error {
	r.cellText.take(token, "v", "t")
	switch e := token.(type) {
	case xml.StartElement:
		switch e.Name.Local {
		case "row":
			r.row, r.next = tableRow{line: r.row.line + 1}, 0
			if n, err := strconv.Atoi(attribute(e, "r")); err == nil && n > 0 {
				r.row.line = n
			}
		case "c":
			r.cell = e.Copy()
			r.done()
		}
	case xml.EndElement:
		switch e.Name.Local {
		case "c":
			return r.place()
		case "row":
			if r.row.blank() {
				return nil
			}
			if r.rows = append(r.rows, r.row); len(r.rows) > longestSheet {
				return wrongAt(r.row.line, "the sheet has more than %d lines; a rate card has some hundred", longestSheet)
			}
		}
	}
	return nil
}

// place puts a cell into its row.
func (r *sheetReader) place() error {
	name, text := attribute(r.cell, "r"), r.done()
	at := r.next
	if name != "" {
		at = columnOfPlace(name)
	}
	r.next = at + 1
	if text == "" {
		return nil // it has a colour, or a border
	}
	if at < 0 || at >= widestSheet {
		return wrongAt(r.row.line, "the cell %q is none of a rate card", name)
	}
	switch attribute(r.cell, "t") {
	case "s":
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n >= len(r.texts) {
			return wrongAt(r.row.line, "the cell %q refers to a text that isn't there", name)
		}
		text = r.texts[n]
	case "b":
		text = "true or false" // which is no number, though it is written as one
	case "", "n":
		text = decimalOf(text)
	}
	for len(r.row.cells) <= at {
		r.row.cells = append(r.row.cells, "")
	}
	if r.row.cells[at] != "" {
		return wrongAt(r.row.line, "the cell %q is there twice", name)
	}
	r.row.cells[at] = text
	return nil
}

// columnOfPlace is the column of a cell's name such as B7, counted from zero; -1 for what is
// none.
func columnOfPlace(place string) int {
	n := 0
	for _, r := range place {
		if r < 'A' || r > 'Z' || n > widestSheet {
			break
		}
		n = n*26 + int(r-'A') + 1
	}
	return n - 1
}

var binaryNumber = regexp.MustCompile(`^-?[0-9]{1,20}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?$`)

// decimalOf writes a number as it was meant. Excel keeps it in binary and writes that with 17
// digits: 0.0618 as 6.1800000000000001E-2. It is the one with at most six decimals that is
// as near to it as that, with at least four of them where it is no whole number, so that it
// can't be taken for thousands; where there is none, it stays as it is.
func decimalOf(value string) string {
	if !binaryNumber.MatchString(value) {
		return value
	}
	exact, ok := new(big.Rat).SetString(value)
	if !ok {
		return value
	}
	millionths := new(big.Rat).Mul(exact, big.NewRat(decimal.Unit, 1))
	nearest, ok := new(big.Int).SetString(millionths.FloatString(0), 10)
	if !ok || !nearest.IsInt64() {
		return value
	}
	apart := new(big.Rat).Sub(millionths, new(big.Rat).SetInt(nearest))
	near := new(big.Rat).Mul(millionths, big.NewRat(1, 1_000_000_000_000_000))
	if apart.Abs(apart).Cmp(near.Abs(near)) > 0 {
		return value
	}
	if n := nearest.Int64(); n%decimal.Unit == 0 {
		return strconv.FormatInt(n/decimal.Unit, 10)
	}
	return decimal.Format(nearest.Int64())
}

// read reads a part in XML, and gives take what stands in it. One that isn't there is empty.
func (w *workbook) read(name string, take func(xml.Token) error) error {
	part := w.parts[name]
	if part == nil {
		return nil
	}
	content, err := part.Open()
	if err != nil {
		return wrongAt(0, "the workbook's %s can't be unpacked: %v", name, err)
	}
	defer content.Close()
	limit := min(largestPart, w.budget)
	limited := &io.LimitedReader{R: content, N: limit + 1}
	defer func() { w.budget -= limit + 1 - limited.N }()
	tokens := xml.NewDecoder(limited)
	for depth := 0; ; {
		token, err := tokens.RawToken()
		switch {
		case limited.N <= 0:
			return wrongAt(0, "the workbook's %s is larger than %d MiB, or all that is read of it than %d", name, largestPart>>20, largestBook>>20)
		case errors.Is(err, io.EOF) && depth == 0:
			return nil
		case err != nil:
			return wrongAt(0, "the workbook's %s can't be read: %v", name, err)
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		if depth < 0 || depth > deepestXML {
			return wrongAt(0, "the workbook's %s is no XML of a sheet", name)
		}
		if err := take(token); err != nil {
			return err
		}
	}
}
