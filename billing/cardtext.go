package billing

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// sheet is a table of a file: one of text, or one of several of a workbook.
type sheet struct {
	rows  []tableRow
	style numberStyle
}

// tableRow is a row of a table, and the line in which it begins.
type tableRow struct {
	line  int
	cells []string
}

// cell is one of its cells, "" where it has no such.
func (r *tableRow) cell(i int) string {
	if i < 0 || i >= len(r.cells) {
		return ""
	}
	return strings.TrimSpace(r.cells[i])
}

func (r *tableRow) blank() bool { return r.blankIn(0, len(r.cells)) }

// blankIn reports that the cells from one up to another, without that, are empty.
func (r *tableRow) blankIn(from, to int) bool {
	for i := from; i < to; i++ {
		if r.cell(i) != "" {
			return false
		}
	}
	return true
}

// name is the text of a cell with single blanks.
func (r *tableRow) name(i int) string { return strings.Join(strings.Fields(r.cell(i)), " ") }

// textOf is what a file says in UTF-8, with a line feed at the end of each line. A file in
// UTF-16 says so by its first two bytes. What is no UTF-8 is read in the code page that
// spreadsheets write CSV in where they aren't told to write UTF-8: odd tells of that.
func textOf(data []byte) (text []byte, odd string, err error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		text, err = fromUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		text, err = fromUTF16(data[2:], binary.BigEndian)
	default:
		text = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
		if at := notUTF8(text); at >= 0 && bytes.IndexByte(text, 0) < 0 {
			odd = "the file is not in UTF-8 and was read as Windows-1252, which Excel writes: letters beyond ASCII may be others than were meant"
			text, err = charmap.Windows1252.NewDecoder().Bytes(text)
		}
	}
	if err != nil {
		return nil, "", err
	}
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	if at := bytes.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }); at >= 0 {
		return nil, "", wrongAt(lineOf(text, at), "the file is no text: save it as CSV in UTF-8")
	}
	return text, odd, nil
}

// notUTF8 is where text stops being UTF-8; -1 where it doesn't.
func notUTF8(text []byte) int {
	for at := 0; at < len(text); {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n == 1 {
			return at
		}
		at += n
	}
	return -1
}

func lineOf(text []byte, at int) int { return 1 + bytes.Count(text[:at], []byte("\n")) }

func fromUTF16(data []byte, order binary.ByteOrder) ([]byte, error) {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	text := []byte(string(utf16.Decode(units)))
	if at := bytes.IndexRune(text, utf8.RuneError); at >= 0 || len(data)%2 != 0 {
		if at < 0 {
			at = len(text)
		}
		return nil, wrongAt(lineOf(text, at), "the file begins as UTF-16 and is broken here: save it as CSV in UTF-8")
	}
	return text, nil
}

// separators are those between cells, in the order in which they are tried.
var separators = []rune{',', ';', '\t'}

// readCSV reads a table as text. Its separator is the one by which it has a line of titles.
func readCSV(text []byte) (*sheet, error) {
	for _, separator := range separators {
		if hasTitles(text, separator) {
			return readSeparated(text, separator)
		}
	}
	return readSeparated(text, separators[0])
}

// hasTitles reports that text has a line of titles by a separator, and is well-formed up to it.
func hasTitles(text []byte, separator rune) bool {
	rows := newCSV(text, separator)
	for range longestSheet {
		cells, err := rows.Read()
		if err != nil {
			return false
		}
		if (&tableRow{cells: cells}).isTitles() {
			return true
		}
	}
	return false
}

func newCSV(text []byte, separator rune) *csv.Reader {
	rows := csv.NewReader(bytes.NewReader(text))
	rows.FieldsPerRecord, rows.Comma = -1, separator
	return rows
}

func readSeparated(text []byte, separator rune) (*sheet, error) {
	rows := newCSV(text, separator)
	s := &sheet{style: numberStyle{semicolons: separator == ';'}}
	for {
		cells, err := rows.Read()
		if errors.Is(err, io.EOF) {
			s.style.learn(s.rows)
			return s, nil
		}
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, wrongAt(broken.Line, "%v: quotes must stand around the whole of a cell", broken.Err)
		}
		if err != nil {
			return nil, wrongAt(0, "%v", err)
		}
		line, _ := rows.FieldPos(0)
		if len(cells) > widestSheet {
			return nil, wrongAt(line, "the line has %d cells; a rate card has some twenty", len(cells))
		}
		if s.rows = append(s.rows, tableRow{line, cells}); len(s.rows) > longestSheet {
			return nil, wrongAt(line, "the table has more than %d lines; a rate card has some hundred", longestSheet)
		}
	}
}

// How large a table may be. Volume tiers have seventeen columns, and six lines for each market.
const (
	widestSheet  = 256
	longestSheet = 10_000
)

// titles is the row with the titles of columns; -1 where there is none.
func (s *sheet) titles() int {
	return slices.IndexFunc(s.rows, func(row tableRow) bool { return row.isTitles() })
}

// below are the rows below one that have something.
func (s *sheet) below(at int) iter.Seq[*tableRow] {
	return func(yield func(*tableRow) bool) {
		for i := at + 1; i < len(s.rows); i++ {
			if row := &s.rows[i]; !row.blank() && !yield(row) {
				return
			}
		}
	}
}

func (r *tableRow) isTitles() bool {
	return fold(r.cell(0)) == "market" && fold(r.cell(1)) == "currency"
}

// fold makes titles comparable: in lower case, without what stands in parentheses, white
// space as single blanks, hyphens as blanks.
func fold(title string) string {
	title, _, _ = strings.Cut(strings.ToLower(title), "(")
	return strings.Join(strings.FieldsFunc(title, func(r rune) bool { return r <= ' ' || r == '\u00a0' || r == '-' || r == '_' || r == '‑' }), " ")
}

// numberStyle is how a table writes its numbers, as far as its cells leave no doubt: by
// what it shows elsewhere a number is judged that could be two.
type numberStyle struct {
	// points, commas: some number has a decimal point, or a decimal comma.
	points, commas bool
	// semicolons stand between cells: what spreadsheets write where numbers have a
	// decimal comma.
	semicolons bool
}

var (
	plainNumber   = regexp.MustCompile(`^(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$`)
	commaNumber   = regexp.MustCompile(`^(?:0|[1-9][0-9]*),[0-9]+$`)
	commasThenDot = regexp.MustCompile(`^[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+\.[0-9]+|(?:,[0-9]{3}){2,})$`)
	dotsThenComma = regexp.MustCompile(`^[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+,[0-9]+|(?:\.[0-9]{3}){2,})$`)
	// either is a number of which the mark can stand between thousands, or before decimals.
	either = regexp.MustCompile(`^[1-9][0-9]{0,2}[.,][0-9]{3}$`)
)

func (n *numberStyle) learn(rows []tableRow) {
	for i := range rows {
		for at := range rows[i].cells {
			switch cell := rows[i].cell(at); {
			case either.MatchString(cell):
			case plainNumber.MatchString(cell):
				n.points = n.points || strings.Contains(cell, ".")
			case commaNumber.MatchString(cell):
				n.commas = true
			}
		}
	}
}

// amount reads a price. A number that could be two is refused: one of them is a thousand times
// the other.
func (n numberStyle) amount(cell string) (Amount, error) {
	switch {
	case cell == "":
		return 0, errors.New("the cell is empty; a rate that there isn't is written n/a")
	case either.MatchString(cell) && (strings.Contains(cell, ",") || n.commas || n.semicolons && !n.points):
		thousands, decimals := strings.NewReplacer(",", "", ".", "").Replace(cell), strings.Replace(cell, ",", ".", 1)
		return 0, fmt.Errorf("%q can be %s and %s: write it with four decimals, as %s.0000 or %s0", cell, thousands, decimals, thousands, decimals)
	case plainNumber.MatchString(cell):
	case commaNumber.MatchString(cell):
		cell = strings.Replace(cell, ",", ".", 1)
	case commasThenDot.MatchString(cell):
		cell = strings.ReplaceAll(cell, ",", "")
	case dotsThenComma.MatchString(cell):
		cell = strings.Replace(strings.ReplaceAll(cell, ".", ""), ",", ".", 1)
	case strings.HasPrefix(cell, "-") && plainNumber.MatchString(strings.Replace(cell[1:], ",", ".", 1)):
		return 0, fmt.Errorf("%q is less than nothing", cell)
	default:
		return 0, fmt.Errorf("%q is no amount of money; write it as 0.0618", cell)
	}
	return ParseAmount(cell)
}
