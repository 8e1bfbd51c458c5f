package policy

import (
	"testing"

	"pgregory.net/rapid"
)

// Meta spells a pricing category in several ways; reports have one row for it.
func TestBilledCategory(t *testing.T) {
	for spelling, want := range map[string]Category{
		"marketing": "marketing", "MARKETING": "marketing", " Marketing ": "marketing",
		"marketing_lite": "marketing_lite", "MARKETING_LITE": "marketing_lite", "Marketing Lite": "marketing_lite", "marketingLite": "marketing_lite",
		"authentication": "authentication", "authentication-international": "authentication_international",
		"authentication_international": "authentication_international", "AUTHENTICATION_INTERNATIONAL": "authentication_international",
		"Authentication International": "authentication_international", "Authentication-\nInternational": "authentication_international",
		"referral_conversion": "referral_conversion", "REFERRAL-CONVERSION": "referral_conversion",
		"group_marketing": "group_marketing", "Group Utility": "group_utility", "GROUP-SERVICE": "group_service",
		"service": "service", "utility": "utility", "general_purpose_ai": "general_purpose_ai",
		"Something-New here": "something_new_here", "something_new_here": "something_new_here",
		"": "", " ": "", "-": "",
	} {
		if got := BilledCategory(spelling); got != want {
			t.Errorf("%q is %q, want %q", spelling, got, want)
		}
	}
}

// What was read once reads the same again.
func TestBilledCategoryIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := BilledCategory(rapid.String().Draw(t, "spelling"))
		if again := BilledCategory(string(once)); again != once {
			t.Errorf("%q reads as %q", once, again)
		}
	})
}
