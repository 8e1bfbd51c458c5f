package adminapi

// ReportSelection is what the route of the report takes, as query parameters. It
// answers a billing.Report.
type ReportSelection struct {
	Selection
	// MessageClass counts one class of messages alone; there is
	// billing.Notification.
	MessageClass string `json:"message_class,omitempty"`
	// Month is a calendar month such as 2026-10, in place of From and To.
	Month string `json:"month,omitempty"`
	// By are the dimensions and tags to group by, with commas between.
	By string `json:"by,omitempty"`
	// Where are conditions such as "market=Germany,India; team=crm": each must hold, by one of
	// its values.
	Where string `json:"where,omitempty"`
	// Card and Rules ask what the period would have cost: by the card of this id, such as
	// "USD 2026-10-01", and by the rules of this day.
	Card  string `json:"card,omitempty"`
	Rules string `json:"rules,omitempty"`
	// Format is json, csv or html; "" is json. Dialect is that of CSV.
	Format  string `json:"format,omitempty"`
	Dialect string `json:"csv_dialect,omitempty"`
}

// PeriodOf says what time a report is of.
func PeriodOf(s *ReportSelection) string {
	switch {
	case s.Month != "":
		return s.Month
	case s.From == "" && s.To == "":
		return "all that is kept"
	case s.To == "":
		return "from " + s.From
	case s.From == "":
		return "until " + s.To
	}
	return "from " + s.From + " until " + s.To
}
