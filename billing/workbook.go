package billing

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math/big"
	"strconv"
	"strings"

	"github.com/waguard/waguard/internal/decimal"
)

// Some of the files that Meta calls CSV are workbooks of Excel. What a rate card needs of
// those is the text of one sheet's cells: two parts in XML.

// largestSheet bounds what a part unpacks to.
const largestSheet = 16 << 20

// readWorkbook reads the first sheet of a workbook.
func readWorkbook(data []byte) ([]tableRow, error) {
	parts, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, wrongAt(0, "the file begins as a workbook of Excel and can't be unpacked: %v", err)
	}
	var strings struct {
		Items []struct {
			Text string `xml:"t"`
			Runs []struct {
				Text string `xml:"t"`
			} `xml:"r"`
		} `xml:"si"`
	}
	if err := readPart(parts, "xl/sharedStrings.xml", &strings); err != nil && !errors.Is(err, errNoPart) {
		return nil, err
	}
	shared := make([]string, len(strings.Items))
	for i, item := range strings.Items {
		shared[i] = item.Text
		for _, run := range item.Runs {
			shared[i] += run.Text
		}
	}
	var sheet sheetPart
	if err := readPart(parts, "xl/worksheets/sheet1.xml", &sheet); err != nil {
		return nil, err
	}
	return sheet.rows(shared)
}

type sheetPart struct {
	Rows []struct {
		Number int `xml:"r,attr"`
		Cells  []struct {
			Place  string `xml:"r,attr"`
			Type   string `xml:"t,attr"`
			Value  string `xml:"v"`
			Inline struct {
				Text string `xml:"t"`
			} `xml:"is"`
		} `xml:"c"`
	} `xml:"sheetData>row"`
}

// widestSheet is how many columns a sheet may have; volume tiers have seventeen.
const widestSheet = 256

func (s *sheetPart) rows(shared []string) ([]tableRow, error) {
	var table []tableRow
	for i := range s.Rows {
		r := &s.Rows[i]
		row := tableRow{line: r.Number}
		if row.line == 0 {
			row.line = i + 1
		}
		for _, c := range r.Cells {
			at := len(row.cells)
			if c.Place != "" {
				at = columnOfPlace(c.Place)
			}
			if at < 0 || at >= widestSheet {
				return nil, wrongAt(row.line, "the cell %s is none of a rate card", c.Place)
			}
			for len(row.cells) <= at {
				row.cells = append(row.cells, "")
			}
			text := c.Value
			switch c.Type {
			case "s":
				n, err := strconv.Atoi(c.Value)
				if err != nil || n < 0 || n >= len(shared) {
					return nil, wrongAt(row.line, "the cell %s refers to a text that isn't there", c.Place)
				}
				text = shared[n]
			case "inlineStr":
				text = c.Inline.Text
			case "", "n":
				var err error
				if text, err = decimalOf(c.Value); err != nil {
					return nil, wrongAt(row.line, "the cell %s: %v", c.Place, err)
				}
			}
			row.cells[at] = text
		}
		table = append(table, row)
	}
	return table, nil
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

// decimalOf writes a number as it was meant. Excel keeps it in binary and writes that with 17
// digits: 0.0618 as 6.1800000000000001E-2. It is the one with at most six decimals that is
// as near to it as that; where there is none, it was another number.
func decimalOf(value string) (string, error) {
	if value == "" || len(value) > 40 {
		return "", nil
	}
	exact, ok := new(big.Rat).SetString(value)
	if !ok || strings.ContainsAny(value, "/_xX") {
		return "", errors.New("it is no number")
	}
	if exact.Cmp(new(big.Rat).SetInt64(1_000_000_000_000)) > 0 {
		return "", errors.New("the number is too large")
	}
	text := exact.FloatString(decimal.Places)
	rounded, _ := new(big.Rat).SetString(text)
	apart := new(big.Rat).Sub(exact, rounded)
	if apart.Abs(apart).Cmp(big.NewRat(1, 1_000_000_000_000)) > 0 {
		return "", errors.New("the number has more than six decimals, which would have to be rounded")
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), "."), nil
}

var errNoPart = errors.New("the workbook lacks a part")

func readPart(parts *zip.Reader, name string, to any) error {
	for _, f := range parts.File {
		if f.Name != name {
			continue
		}
		if f.UncompressedSize64 > largestSheet {
			return wrongAt(0, "the workbook's %s is larger than %d MiB", name, largestSheet>>20)
		}
		part, err := f.Open()
		if err != nil {
			return wrongAt(0, "the workbook's %s can't be unpacked: %v", name, err)
		}
		defer part.Close()
		content, err := io.ReadAll(io.LimitReader(part, largestSheet+1))
		if err != nil || len(content) > largestSheet {
			return wrongAt(0, "the workbook's %s can't be unpacked", name)
		}
		if err := xml.Unmarshal(content, to); err != nil {
			return wrongAt(0, "the workbook's %s is no XML: %v", name, err)
		}
		return nil
	}
	if name == "xl/worksheets/sheet1.xml" {
		return wrongAt(0, "the file is a zip archive and no workbook of Excel: it has no %s", name)
	}
	return errNoPart
}
