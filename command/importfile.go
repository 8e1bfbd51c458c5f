package command

import (
	"bufio"
	"bytes"
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

// listRow is a row of a list.
type listRow struct {
	// line is where it begins, cells what stands there: of a line of JSON only one.
	line  int
	cells []string
	// record is what it says, of so many bytes in a request; wrong why there is none.
	record *adminapi.ImportRecord
	size   int
	wrong  error
}

const (
	// largestRecord bounds what a row says.
	largestRecord = 256 << 10
	// longestRow bounds what is in memory at once, of a row that is rejected too.
	longestRow = 4 << 20
)

var (
	errTooLong   = fmt.Errorf("the row is longer than %d KiB", largestRecord>>10)
	errNotUTF8   = errors.New("the row is not in UTF-8, so that what was written there isn't known; save the list as UTF-8")
	errNotInUTF8 = misused("the list is not in UTF-8 but in UTF-16, as it seems; save it as UTF-8")
)

// byteOrderMark begins files of some spreadsheets.
var byteOrderMark = []byte("\xef\xbb\xbf")

// read reads a list in either form: tells begin of its columns, and gives take each row.
func (s *listShape) read(r io.Reader, begin func([]string) error, take func(*listRow) error) error {
	buffered := bufio.NewReaderSize(r, 64<<10)
	if mark, err := buffered.Peek(len(byteOrderMark)); err == nil && bytes.Equal(mark, byteOrderMark) {
		if _, err := buffered.Discard(len(mark)); err != nil {
			return err
		}
	}
	head, err := buffered.Peek(4 << 10)
	if err != nil && err != io.EOF {
		return fmt.Errorf("reading the list: %w", err)
	}
	switch start := bytes.TrimSpace(head); {
	case len(start) == 0:
		return misused("the list is empty")
	case bytes.IndexByte(head, 0) >= 0:
		return errNotInUTF8
	case start[0] == '{':
		if err := begin([]string{"row"}); err != nil {
			return err
		}
		return s.readLines(buffered, take)
	}
	return s.readCSV(buffered, head, begin, take)
}

// complete makes the record of a row from its fields.
func (s *listShape) complete(row *listRow, fields map[string]any) {
	row.record, row.size, row.wrong = nil, 0, nil
	for name, value := range s.set {
		if _, given := fields[name]; !given {
			if fields[name], _ = listValue(name, value); fields[name] == nil {
				row.wrong = fmt.Errorf("%s is %q, which it can't be", name, value)
				return
			}
		}
	}
	if _, given := fields["phone_number_id"]; !given && s.business != "" {
		fields["phone_number_id"] = s.business
	}
	written, err := json.Marshal(fields)
	if row.size = len(written); err == nil && row.size > largestRecord {
		err = errTooLong
	}
	if err == nil {
		row.record = new(adminapi.ImportRecord)
		err = json.Unmarshal(written, row.record)
	}
	var typed *json.UnmarshalTypeError
	if errors.As(err, &typed) {
		field := typed.Field[strings.LastIndexByte(typed.Field, '.')+1:]
		err = fmt.Errorf("%s is a JSON %s, which it can't be: only names_channel is true or false, only categories a list, and all else is text in quotation marks", field, typed.Value)
	}
	row.wrong = err
}
