package billing

// Rules are what is charged for, from a day on. Every number is Meta's, told with the
// change of its pricing on that day.
type Rules struct {
	// From is the first day, at midnight in the time zone of the WhatsApp Business
	// Account; "" for the oldest known.
	From string `json:"from,omitempty"`
	// PerMessage: each delivered message is charged for. Before, the first one of a
	// category began a conversation of 24 hours, which was charged for once.
	PerMessage bool `json:"per_message"`
	// FreeService: what is no template costs nothing.
	FreeService bool `json:"free_service"`
	// FreeUtility: a utility template costs nothing while the customer service window is
	// open.
	FreeUtility bool `json:"free_utility_in_window"`
	// Allowance is how many service messages are free in a calendar month. What is not
	// used is not carried over.
	Allowance int `json:"service_allowance,omitempty"`
	// PerAccount: the allowance is that of the account, and not of each of its business
	// phone numbers.
	PerAccount bool `json:"allowance_per_account,omitempty"`
}

// Days on which Meta changed what it charges for.
const (
	november2024 = "2024-11-01"
	july2025     = "2025-07-01"
)

// Timeline are the rules there have been, oldest first.
var Timeline = []Rules{
	{Allowance: 1000, PerAccount: true},
	{From: november2024, FreeService: true},
	{From: july2025, PerMessage: true, FreeService: true, FreeUtility: true},
	{From: october2026, PerMessage: true, Allowance: 1000},
}

// RulesOn are the rules of a day.
func RulesOn(day string) Rules {
	on := Timeline[0]
	for _, r := range Timeline {
		if r.From <= day {
			on = r
		}
	}
	return on
}

// PriceType says why a message is charged for or free. Those that statuses name are in
// Meta's words.
type PriceType string

const (
	// Regular: it is charged for.
	Regular PriceType = "regular"
	// FreeCustomerService: it is free, since the customer service window was open.
	FreeCustomerService PriceType = "free_customer_service"
	// FreeEntryPoint: it is free, since a free entry point window was open.
	FreeEntryPoint PriceType = "free_entry_point"
	// FreeAllowance: it is one of the service messages that are free each month. Meta
	// documents no word for it.
	FreeAllowance PriceType = "free_allowance"
	// InConversation: a conversation that was charged for covers it. So it was until
	// June 2025.
	InConversation PriceType = "in_conversation"
	// NotBillable: Meta says that it doesn't charge, and not why.
	NotBillable PriceType = "not_billable"
)

// Free reports that a message of the type costs nothing.
func (t PriceType) Free() bool { return t != "" && t != Regular }
