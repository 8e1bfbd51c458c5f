package webhook

import (
	"strconv"
	"strings"

	"github.com/waguard/waguard/policy"
)

// messagingLimit is how many people the account's portfolio may write to outside of windows
// within 24 hours, under the names of several versions; false where the event doesn't tell.
func messagingLimit(e *policy.AccountEvent, u *accountUpdate) (int, bool) {
	switch e.Kind {
	case "phone_number_quality_update":
		return tier(string(first(u.DailyConversations, u.CurrentLimit)))
	case "business_capability_update":
		return tier(string(first(u.DailyConversations, u.DailyPerPhone)))
	}
	return 0, false
}

// tier reads a limit: a number, of which -1 is none, or a tier such as TIER_2K.
func tier(s string) (int, bool) {
	s = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "TIER_")
	if s == "UNLIMITED" || s == "-1" {
		return policy.Unlimited, true
	}
	times := 1
	if k, ok := strings.CutSuffix(s, "K"); ok {
		s, times = k, 1000
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1e9 {
		return 0, false
	}
	return n * times, true
}
