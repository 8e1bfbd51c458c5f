package cloudapi

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/waguard/waguard/policy"
)

// loose is a string that may be written as a number. Anything else reads as
// empty: Meta's own examples and older versions of the API disagree about
// types, and a field of the wrong type must not cost the update it is in.
type loose string

// UnmarshalJSON never fails.
func (s *loose) UnmarshalJSON(b []byte) error {
	*s = ""
	switch {
	case len(b) == 0:
	case plainString(b):
		*s = loose(b[1 : len(b)-1])
	case b[0] == '"':
		var v string
		if json.Unmarshal(b, &v) == nil {
			*s = loose(v)
		}
	case b[0] == '-', b[0] >= '0' && b[0] <= '9':
		*s = loose(b)
	}
	return nil
}

// plainString reports that b, a JSON value, is a string that says what is between
// its quotes. Most are, and decoding one costs a quarter of a microsecond.
func plainString(b []byte) bool {
	return len(b) >= 2 && b[0] == '"' && bytes.IndexByte(b, '\\') < 0 && utf8.Valid(b)
}

// stamp is a time in Unix seconds, which messages and statuses write as a
// string and preferences as a number. Zero where it is missing or makes no
// sense.
type stamp int64

// maxStamp is the year 9999. What is beyond are no seconds.
const maxStamp = 253402300799

// UnmarshalJSON never fails.
func (t *stamp) UnmarshalJSON(b []byte) error {
	*t = 0
	var s loose
	_ = s.UnmarshalJSON(b)
	n, err := strconv.ParseInt(string(s), 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(string(s), 64)
		if err != nil || !(f > 0 && f <= maxStamp) {
			return nil
		}
		n = int64(f)
	}
	if n > 0 && n <= maxStamp {
		*t = stamp(n)
	}
	return nil
}

func (t stamp) moment() policy.Moment { return policy.Moment(t) * 1000 }

// flag is a boolean that may be written as a string.
type flag bool

// UnmarshalJSON never fails.
func (f *flag) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	*f = flag(strings.EqualFold(text, "true") || text == "1")
	return nil
}

// metaError is an error object as webhooks and answers carry it.
type metaError struct {
	Code loose `json:"code"`
}

func (e metaError) code() int {
	n, err := strconv.Atoi(string(e.Code))
	if err != nil {
		return 0
	}
	return n
}
