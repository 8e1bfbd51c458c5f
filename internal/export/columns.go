package export

import (
	"reflect"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
)

// Column is one of a kind of rows.
type Column struct {
	Name string
	// Type is in words that all formats have: text, time, bool, integer, money or texts.
	Type Type
	// Null: it may be without a value. An empty text is none.
	Null bool
	// Folder: where rows are in folders, it is in their names alone.
	Folder bool

	field []int
}

// Type is what the values of a column are.
type Type string

// The types. A format writes them as the reference says.
const (
	Text    Type = "text"
	Time    Type = "time"
	Bool    Type = "bool"
	Integer Type = "integer"
	Money   Type = "money" // with six decimals, exact
	Texts   Type = "texts" // by name
)

var types = map[reflect.Type]Type{
	reflect.TypeFor[string](): Text, reflect.TypeFor[time.Time](): Time, reflect.TypeFor[bool](): Bool, reflect.TypeFor[int](): Integer,
	reflect.TypeFor[billing.Amount](): Money, reflect.TypeFor[map[string]string](): Texts,
}

// Columns are those of a kind of rows, in their order.
func Columns[T any]() []Column { return columnsOf(reflect.TypeFor[T](), nil) }

func columnsOf(t reflect.Type, under []int) (all []Column) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(append([]int(nil), under...), i)
		if f.Tag.Get("export") == "-" {
			continue
		}
		if f.Anonymous {
			all = append(all, columnsOf(f.Type, index)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		c := Column{Name: name, field: index, Folder: strings.HasPrefix(f.Tag.Get("export"), "folder")}
		typ := f.Type
		if typ.Kind() == reflect.Pointer {
			typ, c.Null = typ.Elem(), true
		}
		if c.Type = types[typ]; c.Type == "" {
			panic("no column has the type of " + f.Name) // found by every test
		}
		c.Null = c.Null || strings.Contains(f.Tag.Get("parquet")+f.Tag.Get("export"), ",optional")
		all = append(all, c)
	}
	return all
}

// text is a value as CSV and JSON have it, false for none.
func (c *Column) text(v reflect.Value) (string, bool) {
	v = v.FieldByIndex(c.field)
	if c.Null && v.IsZero() {
		return "", false
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch value := v.Interface().(type) {
	case string:
		return value, true
	case time.Time:
		return value.UTC().Format(timeFormat), true
	case billing.Amount:
		return value.String(), true
	case map[string]string:
		return textOf(value), true
	case int:
		return itoa(value), true
	case bool:
		if value {
			return "true", true
		}
		return "false", true
	}
	return "", false
}

// timeFormat is RFC 3339 in UTC with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z"
