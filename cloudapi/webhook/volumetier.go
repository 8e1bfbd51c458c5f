package webhook

import (
	"strconv"
	"strings"
	"time"

	"github.com/waguard/waguard/policy"
)

// volumeTier is the volume tier that an event says was reached; false where it says of none,
// or not which.
func volumeTier(e *policy.AccountEvent, u *accountUpdate) (policy.VolumeTierTold, bool) {
	v := &u.VolumeTier
	t := policy.VolumeTierTold{
		WABA: e.WABA, At: v.Updated.moment(), Month: string(v.Month), Region: shown(string(v.Region), shortText), Category: policy.BilledCategory(string(v.Category)),
	}
	if t.At == 0 {
		t.At = e.At
	}
	if e.Kind != "account_update" || v.Tier == "" || t.WABA == "" || t.Region == "" {
		return t, false
	}
	if _, err := time.Parse("2006-01", t.Month); err != nil {
		return t, false
	}
	var ok bool
	t.From, t.To, ok = band(string(v.Tier))
	return t, ok
}

// band reads a tier such as 25000001:50000000. One that is open has no upper bound, or none
// that is a number of messages.
func band(s string) (from, to int, ok bool) {
	lower, upper, ok := strings.Cut(s, ":")
	from, err := strconv.Atoi(strings.TrimSpace(lower))
	if !ok || err != nil || from < 0 || from > mostMessages {
		return 0, 0, false
	}
	to, err = strconv.Atoi(strings.TrimSpace(upper))
	if err != nil || to <= 0 || to > mostMessages {
		to = 0
	}
	from = max(from, 1)
	return from, to, to == 0 || from <= to
}

// mostMessages is more than anybody sends in a month.
const mostMessages = 1e12
