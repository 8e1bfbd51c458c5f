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

func (t stamp) moment() policy.Moment { return policy.Moment(t) * 1000 }

// graphError is an error object as webhooks carry it.
type graphError struct {
	Code loosejson.Int `json:"code"`
}
