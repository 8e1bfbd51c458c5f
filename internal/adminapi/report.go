package adminapi

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/waguard/waguard/billing"
)

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
	// Format is json, csv, html or parts, which is the page without its head and foot; "" is
	// json. Dialect is that of CSV.
	Format  string `json:"format,omitempty"`
	Dialect string `json:"csv_dialect,omitempty"`
}

// PeriodOf says what time a report is of that is asked for at another.
func PeriodOf(s *ReportSelection, now time.Time) string {
	if month, err := time.Parse("2006-01", s.Month); err == nil {
		return month.Format("January 2006")
	}
	from, to := timeOf(s.From, now), timeOf(s.To, now)
	switch {
	case from == "" && to == "":
		return "All that is kept"
	case to == "":
		return "From " + from
	case from == "":
		return "Until " + to
	}
	return "From " + from + " until " + to
}

// timeOf is a time as people read it, however it was written.
func timeOf(s string, now time.Time) string {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.Format("2 January 2006")
	}
	at, err := billing.ParseTime(s, time.UTC, now)
	if err != nil {
		return s
	}
	return at.UTC().Format("2 January 2006, 15:04 UTC")
}

// Report counts the sends of a period.
func (c *Client) Report(ctx context.Context, s ReportSelection) (*billing.Report, error) {
	return answer[billing.Report](ctx, c, RouteReport, queryOf(&s))
}

// Conversations counts the conversations of a period.
func (c *Client) Conversations(ctx context.Context, s ReportSelection) (*billing.ConversationReport, error) {
	return answer[billing.ConversationReport](ctx, c, RouteConversations, queryOf(&s))
}

// ReportPage writes the page that a route of a report has for people.
func (c *Client) ReportPage(ctx context.Context, w io.Writer, route Route, s ReportSelection) error {
	s.Format = "html"
	return c.ReportAs(ctx, w, route, s)
}

// ReportAs writes what a route of a report answers in the format that is asked for: html is
// a page, parts what such a page has between its head and its foot, csv a file.
func (c *Client) ReportAs(ctx context.Context, w io.Writer, route Route, s ReportSelection) error {
	body, err := c.open(ctx, route, queryOf(&s))
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := io.Copy(w, body); err != nil {
		return fmt.Errorf("reading the report of the gateway at %s: %w", c.address, err)
	}
	return nil
}
