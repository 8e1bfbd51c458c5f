package command

import (
	"context"
	"slices"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/export"
)

// lines are the lines of the bill, by month and day.
func (e *exporting) lines(ctx context.Context, s adminapi.SendSelection, told func(*adminapi.SendPage), row func(*export.Line) error, over func(func(string) bool) error) error {
	// A page of the ledger says what the gateway's time is.
	first := s
	first.From, first.To, first.Month = "0s", "", ""
	for page, err := range e.client.Sends(ctx, first) {
		if err != nil {
			return err
		}
		told(page)
		if s.Final != "" && (s.To == "" || page.FinalBefore < s.To) {
			s.To = page.FinalBefore
		}
		break
	}
	asked := adminapi.ReportSelection{Selection: adminapi.Selection{From: s.From, To: s.To, PhoneNumberID: s.PhoneNumberID}, Month: s.Month, By: "month"}
	if s.Final != "" && s.Month != "" {
		asked.From, asked.To = monthBefore(s.Month, s.To)
		asked.Month = ""
	}
	if asked.From != "" && asked.From == asked.To || asked.From > asked.To && isDate(asked.From) && isDate(asked.To) {
		return nil
	}
	report, err := e.client.Report(ctx, asked)
	if err != nil {
		return err
	}
	var months []string
	for i := range report.Rows {
		if month := report.Rows[i].Month; !slices.Contains(months, month) {
			months = append(months, month)
		}
	}
	slices.Sort(months)
	for _, month := range months {
		if err := e.linesOf(ctx, &asked, month, row, over); err != nil {
			return err
		}
	}
	return nil
}

// linesOf are the lines of the bill of a month.
func (e *exporting) linesOf(ctx context.Context, s *adminapi.ReportSelection, month string, row func(*export.Line) error, over func(func(string) bool) error) error {
	asked := *s
	asked.By = export.BilledBy
	switch {
	case s.Month != "":
	case s.From != "" && !isDate(s.From), s.To != "" && !isDate(s.To):
		// A part of a day: what is asked for is short.
		asked.Where = "month=" + month
	default:
		from, to := monthBefore(month, "9999-12-31")
		asked.From, asked.To = max(from, s.From), to
		if s.To != "" {
			asked.To = min(to, s.To)
		}
	}
	report, err := e.client.Report(ctx, asked)
	if err != nil {
		return err
	}
	today := ""
	for i := range report.Rows {
		line, err := export.LineOf(&report.Rows[i])
		if err != nil {
			return err
		}
		if line.Day != today {
			today = line.Day
			if err := over(func(day string) bool { return day < today }); err != nil {
				return err
			}
		}
		if err := row(&line); err != nil {
			return err
		}
	}
	return nil
}

// monthBefore are the dates where a month begins and ends, but no later than to.
func monthBefore(month, to string) (first, end string) {
	begins, err := time.Parse("2006-01", month)
	if err != nil {
		return month, to // which the gateway has an error for
	}
	return begins.Format(time.DateOnly), min(begins.AddDate(0, 1, 0).Format(time.DateOnly), to)
}

// charges are the charges of the bill.
func (e *exporting) charges() read[export.Charge] {
	return func(ctx context.Context, s adminapi.SendSelection, told func(*adminapi.SendPage), row func(*export.Charge) error, over func(func(string) bool) error) error {
		rates, err := e.client.Rates(ctx)
		if err != nil {
			return err
		}
		charging := export.Charging{Issuer: e.issuer, Cards: billing.NewCards(rates.Cards...)}
		err = e.lines(ctx, s, told, func(l *export.Line) error {
			charge, ok, err := charging.Of(l)
			if err != nil || !ok {
				return err
			}
			return row(&charge)
		}, over)
		if err == nil && charging.Unpriced > 0 {
			e.hint("%s without a known price: FOCUS has no way to say so, so that they are in no charge. They are in --what bill.", plural(charging.Unpriced, "delivered message"))
		}
		return err
	}
}
