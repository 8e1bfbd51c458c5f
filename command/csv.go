package command

import (
	"encoding"
	"encoding/csv"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// csvOf prints rows as CSV: the fields that JSON has, with those of an object in an
// object under the names of both. The line of names stands above the first rows.
func csvOf[T any](c *call) func(rows []T) error {
	var names []string
	return func(rows []T) error {
		w := csv.NewWriter(c.out)
		records := make([]record, len(rows))
		for i, row := range rows {
			records[i].add("", reflect.ValueOf(row), false)
		}
		if names == nil {
			var zero record
			zero.add("", reflect.Zero(reflect.TypeFor[T]()), false)
			for _, r := range append([]record{zero}, records...) {
				for _, name := range r.names {
					if !slices.Contains(names, name) {
						names = append(names, name)
					}
				}
			}
			if err := w.Write(names); err != nil {
				return err
			}
		}
		for _, r := range records {
			line := make([]string, len(names))
			for i, name := range r.names {
				if at := slices.Index(names, name); at >= 0 {
					line[at] = harmless(r.values[i])
				}
			}
			if err := w.Write(line); err != nil {
				return err
			}
		}
		w.Flush()
		return w.Error()
	}
}

// number is one that no spreadsheet takes for a formula, although it may be below zero.
var number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// harmless is a cell that a spreadsheet does not take for a formula: others wrote
// it.
func harmless(cell string) string {
	if cell != "" && !number.MatchString(cell) && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// record is a row as named cells.
type record struct{ names, values []string }

// add adds the fields of a value under a name. Where it is empty and may be left
// out, its cells are empty.
func (r *record) add(name string, v reflect.Value, empty bool) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			r.add(name, reflect.Zero(v.Type().Elem()), true)
			return
		}
		v = v.Elem()
	}
	if cell, ok := cellOf(v); ok {
		if empty {
			cell = ""
		}
		r.names, r.values = append(r.names, name), append(r.values, cell)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if key == "-" || !f.IsExported() && !f.Anonymous {
				continue
			}
			r.add(under(name, key), v.Field(i), empty || strings.Contains(options, "omit") && v.Field(i).IsZero())
		}
	case reflect.Map:
		keys := slices.Sorted(maps.Keys(textMap(v)))
		for _, key := range keys {
			r.add(under(name, key), textMap(v)[key], empty)
		}
	case reflect.Slice, reflect.Array:
		var list []string
		for i := range v.Len() {
			cell, _ := cellOf(v.Index(i))
			list = append(list, cell)
		}
		r.names, r.values = append(r.names, name), append(r.values, strings.Join(list, "; "))
	}
}

func under(name, key string) string {
	if name == "" || key == "" {
		return name + key
	}
	return name + "_" + key
}

// textMap is a map by the texts of its keys.
func textMap(v reflect.Value) map[string]reflect.Value {
	texts := make(map[string]reflect.Value)
	for _, key := range v.MapKeys() {
		texts[fmt.Sprint(key)] = v.MapIndex(key)
	}
	return texts
}

// cellOf is a value that fills one cell.
func cellOf(v reflect.Value) (string, bool) {
	switch value := v.Interface().(type) {
	case time.Time:
		if value.IsZero() {
			return "", true
		}
		return value.Format(time.RFC3339Nano), true
	case encoding.TextMarshaler:
		text, err := value.MarshalText()
		return string(text), err == nil
	}
	switch v.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint64, reflect.Uint32, reflect.Float64:
		return fmt.Sprint(v.Interface()), true
	}
	return "", false
}
