package store

import (
	"time"

	"github.com/waguard/waguard/policy"
)

// testTime is the clock of these tests.
var testTime = time.UnixMilli(1_790_000_000_000)

const testNumber = "106540352242922"

// newEntry is a reserved send to an alias.
func newEntry(at time.Time, to policy.Alias) *Entry {
	m := policy.MomentOf(at)
	return &Entry{
		ID: NewID(m), At: m, Business: "shop",
		Send:     policy.Send{Edge: policy.EdgeMessages, PhoneNumberID: testNumber, Kind: policy.FreeForm, Type: "text"},
		Facts:    policy.Facts{Persons: []policy.PersonFacts{{Contact: to, Opened: m}}, OnePerson: true},
		Decision: policy.Decision{Verdict: policy.Allow, Rule: policy.RuleWindowOpen, Reason: "the user wrote at 2026-09-21T14:13:20Z, the customer service window is open until 2026-09-22T14:13:20Z", Category: policy.CategoryService, Initiation: policy.ByUser},
		Outcome:  Outcome{State: Reserved, At: m},
	}
}
