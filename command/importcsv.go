package command

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// readCSV reads a file whose first line names the columns. What separates them is what
// stands there most often. A quotation mark that stands where none can spoils its line;
// where it is not known what lines it spoils, the list ends there.
func (s *listShape) readCSV(r *bufio.Reader, head []byte, begin func([]string) error, take func(*listRow) error) error {
	head, _, _ = bytes.Cut(head, []byte("\n"))
	bounded := &boundedReader{r: r, left: longestRow}
	rows := csv.NewReader(bounded)
	rows.ReuseRecord, rows.FieldsPerRecord, rows.Comma = true, -1, ','
	for _, comma := range ";\t|" {
		if bytes.Count(head, []byte(string(comma))) > bytes.Count(head, []byte(string(rows.Comma))) {
			rows.Comma = comma
		}
	}
	columns, err := s.header(rows, begin)
	if err != nil {
		return err
	}
	for last := 1; ; {
		bounded.left = longestRow
		values, err := rows.Read()
		row := listRow{cells: columns.of(values)}
		var broken *csv.ParseError
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, csv.ErrBareQuote) && errors.As(err, &broken) && broken.StartLine == broken.Line:
			row = listRow{line: broken.Line, wrong: errors.New("a quotation mark stands within a cell that begins with none; mend it in the list")}
		case errors.As(err, &broken):
			return misused("the list can't be read as CSV from line %d on: %v", broken.StartLine, broken.Err)
		case errors.Is(err, errUnbounded):
			return misused("the list can't be read as CSV behind line %d: a row is longer than %d MiB there; is a quotation mark left open?", last, longestRow>>20)
		case err != nil:
			return fmt.Errorf("reading the list: %w", err)
		default:
			row.line, _ = rows.FieldPos(0)
			s.csvRecord(&row, columns, values)
		}
		last = row.line
		if row.line < s.fromLine {
			continue
		}
		if err := take(&row); err != nil {
			return err
		}
	}
}

// boundedReader fails once it has read more than is left.
type boundedReader struct {
	r    io.Reader
	left int
}

var errUnbounded = errors.New("the row has no end")

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errUnbounded
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}

// listColumns are the fields of the columns of a list; "" for one that is left out.
type listColumns []string

// of are the cells of a row without those of a file of rejects before.
func (columns listColumns) of(values []string) []string {
	if len(columns) > 1 && columns[0] == leftByRejects && columns[1] == leftByRejects && len(values) >= 2 {
		return values[2:]
	}
	return values
}

// leftByRejects stands for a column that a file of rejects has beside those of its list.
const leftByRejects = "-"

// header reads the names of the columns.
func (s *listShape) header(rows *csv.Reader, begin func([]string) error) (columns listColumns, err error) {
	names, err := rows.Read()
	if err != nil {
		return nil, misused("the list has no first line that names the columns: %v", err)
	}
	if slices.ContainsFunc(names, func(n string) bool { return strings.ContainsRune(strings.TrimSpace(n), '\r') }) {
		return nil, misused("the lines of the list end with a carriage return alone; save it with line feeds")
	}
	for name := range s.columns {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.TrimSpace(n) == name }) {
			return nil, misused("--map names the column %s, which the list doesn't have", repeated(name))
		}
	}
	for i, name := range names {
		name = strings.TrimSpace(name)
		field, mapped := s.columns[name]
		if !mapped {
			field = strings.ReplaceAll(strings.ToLower(name), " ", "_")
		}
		switch {
		case field == "" && mapped:
		case i < len(rejectColumns) && name == rejectColumns[i] && !mapped:
			field = leftByRejects
		case !isListField(field):
			return nil, misused("column %d of the first line, %s, is no field%s; say which it is with --map column=field, or leave it out with --map column=. There are %s", i+1, repeated(name), near(field, listFields), strings.Join(listFields, ", "))
		case slices.Contains(columns, field):
			return nil, misused("two columns are the field %s", field)
		}
		columns = append(columns, field)
	}
	if !slices.Contains(columns, "contact") {
		return nil, misused("no column is the contact; name it with --map column=contact")
	}
	return columns, begin(columns.of(names))
}

func (s *listShape) csvRecord(row *listRow, columns listColumns, values []string) {
	if len(values) != len(columns) {
		row.wrong = fmt.Errorf("the row has %d columns, the first line %d", len(values), len(columns))
		return
	}
	fields := make(map[string]any, len(columns))
	for i, field := range columns {
		value := asWritten(strings.TrimSpace(values[i]))
		if field == "" || field == leftByRejects || value == "" {
			continue
		}
		if !utf8.ValidString(value) {
			row.wrong = errNotUTF8
			return
		}
		parsed, ok := listValue(field, value)
		if !ok {
			row.wrong = fmt.Errorf("%s is %q; it must be true or false", field, value)
			return
		}
		fields[field] = parsed
	}
	s.complete(row, fields)
}
