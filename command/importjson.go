package command

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/waguard/waguard/internal/strictjson"
)

// readLines reads JSON with an object a line.
func (s *listShape) readLines(r *bufio.Reader, take func(*listRow) error) error {
	for line := 1; ; line++ {
		text, long, err := readLine(r)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading line %d of the list: %w", line, err)
		}
		row := listRow{line: line, cells: []string{string(text)}}
		switch {
		case line < s.fromLine:
			continue
		case long:
			row.wrong = errTooLong
		case len(text) == 0:
			continue
		default:
			s.jsonRecord(&row, text)
		}
		if err := take(&row); err != nil {
			return err
		}
	}
}

// readLine reads a line without the white space around it; of one that is too long
// nothing.
func readLine(r *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > largestRecord {
			long = true
		}
		if line = append(line, part...); long {
			line = nil
		}
		switch {
		case err == io.EOF && len(part) == 0 && len(line) == 0 && !long:
			return nil, false, io.EOF
		case err == nil || err == io.EOF:
			return bytes.TrimSpace(line), long, nil
		case err != bufio.ErrBufferFull:
			return nil, false, err
		}
	}
}

// jsonRecord reads an object, of which each field is there once, and called exactly as
// it is: of two readings one would be wrong.
func (s *listShape) jsonRecord(row *listRow, text []byte) {
	doc, err := strictjson.Parse(text)
	switch {
	case err != nil:
		row.wrong = fmt.Errorf("the line can't be read as JSON: %w", err)
		return
	case doc.Kind() != strictjson.Object:
		row.wrong = errors.New("the line is no JSON object")
		return
	}
	for value := range doc.All() {
		if _, whole := value.Text(); !whole && value.Kind() == strictjson.String {
			row.wrong = errors.New("half a character is written there as an escape, so that what was meant isn't known")
			return
		}
	}
	var members map[string]json.RawMessage
	if row.wrong = json.Unmarshal(text, &members); row.wrong != nil {
		return
	}
	fields := make(map[string]any, len(members))
	for name, value := range members {
		if field, ok := s.columns[name]; ok {
			name = field
		}
		if name == "" || string(value) == "null" {
			continue
		}
		if !isListField(name) {
			row.wrong = fmt.Errorf("%s is no field%s", repeated(name), near(name, listFields))
			return
		}
		if _, twice := fields[name]; twice {
			row.wrong = fmt.Errorf("%s is there twice", name)
			return
		}
		fields[name] = value
	}
	s.complete(row, fields)
}
