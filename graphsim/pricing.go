package graphsim

import (
	"strings"
	"time"
)

// Pricing is statuses[].pricing. Category values are marketing, marketing_lite, utility, authentication, service,
// referral_conversion and the group_ forms.
type Pricing struct {
	Billable bool   `json:"billable"`
	Model    string `json:"pricing_model"`
	Type     string `json:"type,omitempty"`
	Category string `json:"category"`
}

// freeServiceMessages is what a business number may deliver without charge per calendar month since October 2026.
const freeServiceMessages = 1000

// charge is what the price of one message depends on.
type charge struct {
	category   string // as billed: marketing, marketing_lite, utility, authentication, service
	group      bool
	windowOpen bool // customer service window
	freeEntry  bool // free entry point window
	freeLeft   bool // the number has free service messages left this month
}

// price applies the rules in force at a time. Rules change at midnight of the account's time zone.
//
// Until June 2025 (CBP) a charge was per conversation; grouping messages into conversations is not simulated, each
// message stands for one of its own. How Meta marks the 1,000 free service messages is not documented; here they are
// free_customer_service, like the free service messages before them.
func (c charge) price(at time.Time, zone *time.Location) Pricing {
	perMessageFrom := time.Date(2025, time.July, 1, 0, 0, 0, 0, zone)
	serviceChargedFrom := time.Date(2026, time.October, 1, 0, 0, 0, 0, zone)

	category := c.category
	if c.group {
		category = "group_" + category
	}
	if at.Before(perMessageFrom) {
		if c.freeEntry {
			category = "referral_conversion"
		}
		return Pricing{Billable: c.category != "service" && !c.freeEntry, Model: "CBP", Category: category}
	}
	if c.freeEntry {
		return Pricing{Model: "PMP", Type: "free_entry_point", Category: "referral_conversion"}
	}
	free := false
	switch charged := !at.Before(serviceChargedFrom); c.category {
	case "service":
		free = !charged || c.freeLeft
	case "utility":
		free = !charged && c.windowOpen
	}
	if free {
		return Pricing{Model: "PMP", Type: "free_customer_service", Category: category}
	}
	return Pricing{Billable: true, Model: "PMP", Type: "regular", Category: category}
}

// templateCategory is how a template of the given catalogue category is billed on an endpoint.
func templateCategory(category string, endpoint Endpoint) string {
	if endpoint == EndpointMarketing {
		return "marketing_lite"
	}
	return strings.ToLower(category)
}

// billingMonth counts free service messages: per number and calendar month in the account's time zone.
type billingMonth struct {
	number string
	year   int
	month  time.Month
}

func monthOf(number string, at time.Time, zone *time.Location) billingMonth {
	local := at.In(zone)
	return billingMonth{number, local.Year(), local.Month()}
}
