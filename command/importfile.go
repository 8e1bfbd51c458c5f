package command

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/internal/adminapi"
)

// listFields are the fields a row may have.
var listFields = func() (names []string) {
	var of func(reflect.Type)
	of = func(t reflect.Type) {
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Anonymous:
				of(f.Type)
			case name != "line" && name != "actor" && name != "expires_in":
				names = append(names, name)
			}
		}
	}
	of(reflect.TypeFor[adminapi.ImportRecord]())
	return names
}()

func isListField(name string) bool { return slices.Contains(listFields, name) }

// listValue is what a field is, written as text; false where it can't be that.
func listValue(name, text string) (any, bool) {
	switch name {
	case string(consent.FieldNamesChannel):
		switch strings.ToLower(text) {
		case "true", "yes", "1":
			return true, true
		case "false", "no", "0":
			return false, true
		}
		return nil, false
	case string(consent.FieldCategories):
		var kinds []string
		for kind := range strings.SplitSeq(text, ";") {
			kinds = append(kinds, strings.TrimSpace(kind))
		}
		return kinds, true
	}
	return text, true
}

// decodeRecord reads a record, and no field that isn't known.
func decodeRecord(written []byte) (*adminapi.ImportRecord, error) {
	record := new(adminapi.ImportRecord)
	dec := json.NewDecoder(bytes.NewReader(written))
	dec.DisallowUnknownFields()
	if err := dec.Decode(record); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return record, nil
}

// byteOrderMark begins files of some spreadsheets.
var byteOrderMark = []byte("\xef\xbb\xbf")

// beginning skips a byte order mark, and tells the first byte that is no white space.
func beginning(r io.Reader) (*bufio.Reader, byte, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	if mark, err := buffered.Peek(len(byteOrderMark)); err == nil && bytes.Equal(mark, byteOrderMark) {
		if _, err := buffered.Discard(len(mark)); err != nil {
			return nil, 0, err
		}
	}
	head, err := buffered.Peek(4 << 10)
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return nil, 0, fmt.Errorf("reading the list: %w", err)
	}
	head = bytes.TrimSpace(head)
	if len(head) == 0 {
		return nil, 0, misused("the list is empty")
	}
	return buffered, head[0], nil
}

// longestRow bounds a row, as memory is bounded.
const longestRow = 256 << 10

// readLines reads JSON with an object a line.
func (s *listShape) readLines(r *bufio.Reader, take func(int, string, *adminapi.ImportRecord, error) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestRow)
	line := 0
	for lines.Scan() {
		line++
		row := strings.TrimSpace(lines.Text())
		if row == "" || line < s.fromLine {
			continue
		}
		var fields map[string]any
		dec := json.NewDecoder(strings.NewReader(row))
		dec.UseNumber()
		err := dec.Decode(&fields)
		if err == nil && dec.More() {
			err = errors.New("something follows the object")
		}
		var record *adminapi.ImportRecord
		if err == nil {
			renamed := make(map[string]any, len(fields))
			for name, value := range fields {
				if field, ok := s.columns[name]; ok {
					name = field
				}
				if _, twice := renamed[name]; twice {
					err = fmt.Errorf("%s is there twice", name)
				}
				if name != "" && value != nil {
					renamed[name] = value
				}
			}
			if err == nil {
				record, err = s.record(renamed)
			}
		} else {
			err = errors.New("the line is no JSON object")
		}
		if err := take(line, row, record, err); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading line %d of the list: %w", line+1, err)
	}
	return nil
}

// readCSV reads a file whose first line names the columns. What separates them is what
// stands there most often.
func (s *listShape) readCSV(r *bufio.Reader, take func(int, string, *adminapi.ImportRecord, error) error) error {
	head, err := r.Peek(4 << 10)
	if err != nil && err != io.EOF {
		return fmt.Errorf("reading the list: %w", err)
	}
	head, _, _ = bytes.Cut(head, []byte("\n"))
	rows := csv.NewReader(r)
	rows.ReuseRecord, rows.FieldsPerRecord, rows.Comma = true, -1, ','
	for _, comma := range ";\t|" {
		if bytes.Count(head, []byte(string(comma))) > bytes.Count(head, []byte(string(rows.Comma))) {
			rows.Comma = comma
		}
	}
	columns, err := s.header(rows)
	if err != nil {
		return err
	}
	for {
		values, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			return misused("the list can't be read as CSV from line %d on: %v", broken.StartLine, broken.Err)
		}
		if err != nil {
			return fmt.Errorf("reading the list: %w", err)
		}
		line, _ := rows.FieldPos(0)
		if line < s.fromLine {
			continue
		}
		row := strings.Join(values, string(rows.Comma))
		record, wrong := s.csvRecord(columns, values)
		if err := take(line, row, record, wrong); err != nil {
			return err
		}
	}
}

// header reads the names of the columns, and gives the field of each; "" for none.
func (s *listShape) header(rows *csv.Reader) (columns []string, err error) {
	names, err := rows.Read()
	if err != nil {
		return nil, misused("the list has no first line that names the columns: %v", err)
	}
	for name := range s.columns {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.TrimSpace(n) == name }) {
			return nil, misused("--map names the column %s, which the list doesn't have", repeated(name))
		}
	}
	for _, name := range names {
		name = strings.TrimSpace(name)
		field, mapped := s.columns[name]
		if !mapped {
			field = strings.ReplaceAll(strings.ToLower(name), " ", "_")
		}
		switch {
		case field == "" && mapped:
		case !isListField(field):
			return nil, misused("the column %s is no field%s; say which it is with --map column=field, or leave it out with --map column=. There are %s", repeated(name), near(field, listFields), strings.Join(listFields, ", "))
		case slices.Contains(columns, field):
			return nil, misused("two columns are the field %s", field)
		}
		columns = append(columns, field)
	}
	if !slices.Contains(columns, "contact") {
		return nil, misused("no column is the contact; name it with --map column=contact")
	}
	return columns, nil
}

func (s *listShape) csvRecord(columns, values []string) (*adminapi.ImportRecord, error) {
	if len(values) != len(columns) {
		return nil, fmt.Errorf("the row has %d columns, the first line %d", len(values), len(columns))
	}
	fields := make(map[string]any, len(columns))
	for i, field := range columns {
		value := strings.TrimSpace(values[i])
		if field == "" || value == "" {
			continue
		}
		parsed, ok := listValue(field, value)
		if !ok {
			return nil, fmt.Errorf("%s is %q; it must be true or false", field, value)
		}
		fields[field] = parsed
	}
	return s.record(fields)
}
