package export

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"reflect"
	"strconv"

	"github.com/waguard/waguard/internal/billpage"
)

// Format is how rows are written.
type Format string

// The formats.
const (
	CSV     Format = "csv"
	Lines   Format = "jsonl"
	Parquet Format = "parquet"
)

// Formats are all of them.
var Formats = []string{string(Lines), string(CSV), string(Parquet)}

// Writer writes rows of one kind. Rows may be used again once they are written. What is
// written is whole when it is closed; that doesn't close what it writes to.
type Writer[T any] interface {
	Write(row *T) error
	Close() error
}

// Holder is a Writer that holds rows in memory until it is told to write them.
type Holder interface {
	Held() int
	Flush() error
}

// Options say how rows are written.
type Options struct {
	// Kind is that of the rows.
	Kind Kind
	// Folders: the columns that name a folder are left out, as they always are in Parquet.
	Folders bool
	// Dialect is that of CSV.
	Dialect billpage.Dialect
}

// NewWriter writes rows in a format.
func NewWriter[T any](w io.Writer, f Format, o Options) (Writer[T], error) {
	if f == Parquet {
		return newParquet[T](w, o.Kind), nil
	}
	var columns []Column
	for _, c := range Columns[T]() {
		if !c.Folder || !o.Folders && o.Kind != FOCUS {
			columns = append(columns, c)
		}
	}
	if f == CSV {
		return newCSV[T](w, columns, o.Dialect)
	}
	return &lines[T]{out: bufio.NewWriterSize(w, bufferSize), columns: columns}, nil
}

// bufferSize is how much is written at once.
const bufferSize = 64 << 10

// table writes CSV.
type table[T any] struct {
	out     *csv.Writer
	columns []Column
	dialect billpage.Dialect
	cells   []string
}

func newCSV[T any](w io.Writer, columns []Column, d billpage.Dialect) (*table[T], error) {
	out, err := d.NewWriter(w)
	if err != nil {
		return nil, err
	}
	t := &table[T]{out: out, columns: columns, dialect: d, cells: make([]string, len(columns))}
	for i, c := range columns {
		t.cells[i] = c.Name
	}
	return t, out.Write(t.cells)
}

func (t *table[T]) Write(row *T) error {
	v := reflect.ValueOf(row).Elem()
	for i := range t.columns {
		c := &t.columns[i]
		cell, _ := c.text(v)
		switch c.Type {
		case Text, Texts:
			cell = t.dialect.Text(cell)
		case Money:
			cell = t.dialect.Amount(cell)
		}
		t.cells[i] = cell
	}
	return t.out.Write(t.cells)
}

func (t *table[T]) Close() error {
	t.out.Flush()
	return t.out.Error()
}

// lines writes a JSON object a line, each with all columns: what has no value is null.
type lines[T any] struct {
	out     *bufio.Writer
	columns []Column
	line    []byte
}

func (l *lines[T]) Write(row *T) error {
	v := reflect.ValueOf(row).Elem()
	line := append(l.line[:0], '{')
	for i := range l.columns {
		c := &l.columns[i]
		if i > 0 {
			line = append(line, ',')
		}
		line = append(append(append(line, '"'), c.Name...), '"', ':')
		value, ok := c.text(v)
		switch {
		case !ok:
			line = append(line, "null"...)
		case c.Type == Bool, c.Type == Integer, c.Type == Texts:
			line = append(line, value...)
		default:
			line = appendText(line, value)
		}
	}
	l.line = append(line, '}', '\n')
	_, err := l.out.Write(l.line)
	return err
}

func (l *lines[T]) Close() error { return l.out.Flush() }

// appendText appends a text as JSON has it.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, err := json.Marshal(s)
			if err != nil {
				quoted = []byte(`""`) // texts have no errors
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// textOf is an object of texts, by name.
func textOf(texts map[string]string) string {
	b, err := json.Marshal(texts)
	if err != nil || texts == nil {
		return "{}"
	}
	return string(b)
}

func itoa(n int) string { return strconv.Itoa(n) }
