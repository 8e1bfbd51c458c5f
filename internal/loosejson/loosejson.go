// Package loosejson reads values of JSON that don't have the type they should
// have, as Meta's webhooks and answers do: its own examples and older versions of
// the API disagree about types, and a field of the wrong type must not cost the
// update it is in. So nothing here ever fails; what makes no sense is the zero
// value. What must be read in one way only is for package strictjson.
package loosejson

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// String is a string that may be written as a number. Anything else reads as
// empty.
type String string

// UnmarshalJSON never fails.
func (s *String) UnmarshalJSON(b []byte) error {
	*s = ""
	switch {
	case len(b) == 0:
	case plainString(b):
		*s = String(b[1 : len(b)-1])
	case b[0] == '"':
		var v string
		if json.Unmarshal(b, &v) == nil {
			*s = String(v)
		}
	case b[0] == '-', b[0] >= '0' && b[0] <= '9':
		*s = String(b)
	}
	return nil
}

// plainString reports that b, a JSON value, is a string that says what is between
// its quotes. Most are, and decoding one costs a quarter of a microsecond.
func plainString(b []byte) bool {
	return len(b) >= 2 && b[0] == '"' && bytes.IndexByte(b, '\\') < 0 && utf8.Valid(b)
}

// Int is a whole number that may be written as a string. Anything else reads as
// zero.
type Int int

// UnmarshalJSON never fails.
func (i *Int) UnmarshalJSON(b []byte) error {
	var s String
	_ = s.UnmarshalJSON(b)
	n, err := strconv.Atoi(string(s))
	if err != nil {
		n = 0 // and not the largest there is
	}
	*i = Int(n)
	return nil
}

// Bool is a boolean that may be written as a string or a number. Anything else
// reads as false.
type Bool bool

// UnmarshalJSON never fails.
func (f *Bool) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	*f = Bool(strings.EqualFold(text, "true") || text == "1")
	return nil
}
