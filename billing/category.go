package billing

import "slices"

// Category is a pricing category in Meta's words: a column of a rate card, or what
// statuses name beside those.
type Category string

// The columns of rate cards.
const (
	Marketing                   Category = "marketing"
	Utility                     Category = "utility"
	Authentication              Category = "authentication"
	AuthenticationInternational Category = "authentication_international"
	Service                     Category = "service"
)

// Columns are the categories that a rate card has, in its order.
var Columns = []Category{Marketing, Utility, Authentication, AuthenticationInternational, Service}

// Categories that are priced by a column, or by none.
const (
	MarketingLite      Category = "marketing_lite"      // sent through /marketing_messages
	ReferralConversion Category = "referral_conversion" // in a free entry point window
	GeneralPurposeAI   Category = "general_purpose_ai"  // free-form of AI providers; no card has it
	GroupMarketing     Category = "group_marketing"
	GroupUtility       Category = "group_utility"
	GroupService       Category = "group_service"
)

// Column is the column of a rate card that a category is priced by; "" for one that no card
// has.
func (c Category) Column() Category { return columnOf(c) }

// columnOf is the column that a category is priced by; "" for one that no card has.
func columnOf(c Category) Category {
	switch c {
	case Marketing, MarketingLite, GroupMarketing:
		return Marketing
	case Utility, GroupUtility:
		return Utility
	case Service, GroupService:
		return Service
	case Authentication, AuthenticationInternational:
		return c
	}
	return ""
}

// Dimensions are what reports group by, beside tags.
var Dimensions = []string{
	"day", "month", "number", "business", "waba", "category", "estimated_category", "price_type", "market", "template", "decision", "initiation", "message_class",
	"currency", "card", "unit_price", "tags",
}

// IsDimension reports that reports group by what is called so.
func IsDimension(name string) bool { return slices.Contains(Dimensions, name) }
