package generous

import (
	"encoding/json"
	"slices"
	"strings"
)

// reference opens a batch's reference to the result of another element: {result=name:$.path}.
const reference = "{result="

const (
	maxScalars = MaxSends // scalars taken from one value
	maxWraps   = 3        // JSON in a string in JSON in a string ...
)

type kind int

const (
	null kind = iota // also true and false, which name nothing
	number
	text
	array
	object
)

// value is a JSON-like value. An object keeps its fields in order, duplicates included.
type value struct {
	kind   kind
	text   string // of number and text
	items  []value
	fields []field
}

// field is one name and value; key is the folded name.
type field struct {
	name, key string
	value     value
}

func newField(name string, v value) field { return field{name: name, key: foldKey(name), value: v} }

func textValue(s string) value { return value{kind: text, text: s} }

// get lists the values of every field that could be called key.
func get(fields []field, key string) []value {
	var out []value
	for _, f := range fields {
		if f.key == key {
			out = append(out, f.value)
		}
	}
	return out
}

// unwrap turns a string that holds JSON into what it holds, or returns nothing.
func unwrap(v value) []value {
	if v.kind != text || strings.HasPrefix(strings.TrimSpace(v.text), reference) {
		return nil
	}
	return readJSON(v.text)
}

// scalars lists the numbers and strings in a value: itself, the elements of an array, the fields of an object, and
// what a JSON string holds.
func scalars(v value) []value {
	var out []value
	var walk func(v value, wraps int)
	walk = func(v value, wraps int) {
		if len(out) >= maxScalars {
			return
		}
		switch v.kind {
		case number:
			out = append(out, v)
		case text:
			var held []value
			if wraps < maxWraps {
				held = unwrap(v)
			}
			for _, h := range held {
				walk(h, wraps+1)
			}
			// What is JSON only with good will may as well be a text that starts like it.
			if len(held) == 0 || !json.Valid([]byte(v.text)) {
				out = append(out, v)
			}
		case array:
			for _, item := range v.items {
				walk(item, wraps)
			}
		case object:
			for _, f := range v.fields {
				walk(f.value, wraps)
			}
		}
	}
	walk(v, 0)
	return out
}

// objects lists the objects a value could stand for: itself, the elements of an array, what a JSON string holds.
func objects(v value) [][]field {
	var out [][]field
	var walk func(v value, wraps int)
	walk = func(v value, wraps int) {
		if len(out) >= maxScalars {
			return
		}
		switch v.kind {
		case object:
			out = append(out, v.fields)
		case array:
			for _, item := range v.items {
				walk(item, wraps)
			}
		case text:
			if wraps < maxWraps {
				for _, h := range unwrap(v) {
					walk(h, wraps+1)
				}
			}
		}
	}
	walk(v, 0)
	return out
}

// unique drops repetitions and bounds what is left, keeping both ends: the first and the last are the likely winners.
func unique[T comparable](in []T, limit int) []T {
	seen := make(map[T]bool, len(in))
	var out []T
	for _, v := range in {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return bounded(out, limit)
}

// bounded keeps the first and the last values of a list that is too long.
func bounded[T any](in []T, limit int) []T {
	if len(in) <= limit {
		return in
	}
	return slices.Concat(in[:limit/2], in[len(in)-limit/2:])
}
