package billing

import (
	"cmp"
	"slices"
	"time"
)

// Line is sends as a report counts them, which have the same key.
type Line struct {
	Key
	// At is when they were sent, on the same day; Zone is the time zone of their
	// WhatsApp Business Account.
	At   time.Time
	Zone *time.Location
	Counts
}

// Key is what a report groups sends by.
type Key struct {
	Day           string `json:"day"`       // date in TimeZone
	TimeZone      string `json:"time_zone"` // of the WhatsApp Business Account
	PhoneNumberID string `json:"phone_number_id"`
	Business      string `json:"business,omitempty"`
	// Category is Meta's where it is known, else the estimate of the gateway.
	Category string `json:"category"`
	Decision string `json:"decision"` // allow, refuse or monitor
	Market   string `json:"market,omitempty"`
	// MarketEstimated: the market comes from the country of a user id.
	MarketEstimated bool `json:"market_estimated,omitempty"`
}

// Counts are how many sends there were and what became of them.
type Counts struct {
	Sends     int `json:"sends"`     // all that were seen
	Accepted  int `json:"accepted"`  // taken by Meta
	Delivered int `json:"delivered"` // reached the person, read or not
	Failed    int `json:"failed"`    // rejected by Meta, not sent, or failed later
	Unknown   int `json:"unknown"`   // may have been sent
	Billable  int `json:"billable"`  // Meta says it charges for them
}

func (c *Counts) add(other Counts) {
	c.Sends += other.Sends
	c.Accepted += other.Accepted
	c.Delivered += other.Delivered
	c.Failed += other.Failed
	c.Unknown += other.Unknown
	c.Billable += other.Billable
}

// Times are the counts of n times as many sends.
func (c Counts) Times(n int) Counts {
	return Counts{c.Sends * n, c.Accepted * n, c.Delivered * n, c.Failed * n, c.Unknown * n, c.Billable * n}
}

// Row is the sum of the sends with one key.
type Row struct {
	Key
	Counts
}

// Report counts sends. Its total equals the sends it was made from.
type Report struct {
	Rows  []Row  `json:"rows"` // sorted by key
	Total Counts `json:"total"`
}

// NewReport counts lines. A line that comes with an error ends it.
func NewReport(lines func(yield func(Line, error) bool)) (*Report, error) {
	sums := make(map[Key]*Counts)
	report := &Report{Rows: []Row{}}
	for line, err := range lines {
		if err != nil {
			return nil, err
		}
		key := line.Key
		key.Day, key.TimeZone = Day(line.At, line.Zone), line.Zone.String()
		if sums[key] == nil {
			sums[key] = new(Counts)
		}
		sums[key].add(line.Counts)
		report.Total.add(line.Counts)
	}
	for key, counts := range sums {
		report.Rows = append(report.Rows, Row{key, *counts})
	}
	slices.SortFunc(report.Rows, func(a, b Row) int { return a.compare(b.Key) })
	return report, nil
}

func (k Key) compare(other Key) int {
	estimated := func(k Key) int {
		if k.MarketEstimated {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(k.Day, other.Day),
		cmp.Compare(k.Business, other.Business),
		cmp.Compare(k.PhoneNumberID, other.PhoneNumberID),
		cmp.Compare(k.TimeZone, other.TimeZone),
		cmp.Compare(k.Category, other.Category),
		cmp.Compare(k.Decision, other.Decision),
		cmp.Compare(k.Market, other.Market),
		cmp.Compare(estimated(k), estimated(other)),
	)
}
