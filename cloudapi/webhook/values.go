package webhook

import (
	"strconv"

	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/policy"
)

// stamp is a time in Unix seconds, which messages and statuses write as a
// string and preferences as a number. Zero where it is missing or makes no
// sense.
type stamp int64

// maxStamp is the year 9999. What is beyond are no seconds.
const maxStamp = 253402300799

// UnmarshalJSON never fails.
func (t *stamp) UnmarshalJSON(b []byte) error {
	if n, ok := plainSeconds(b); ok {
		*t = n
		return nil
	}
	*t = 0
	var s loosejson.String
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

// plainSeconds reads a time as WhatsApp writes it, ten digits, mostly between
// quotation marks.
func plainSeconds(b []byte) (t stamp, ok bool) {
	if len(b) == 12 && b[0] == '"' && b[11] == '"' {
		b = b[1:11]
	}
	if len(b) != 10 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		t = 10*t + stamp(c-'0')
	}
	return t, true
}

func (t stamp) moment() policy.Moment { return policy.Moment(t) * 1000 }

// graphError is an error object as webhooks carry it.
type graphError struct {
	Code loosejson.Int `json:"code"`
}
