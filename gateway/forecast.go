package gateway

import (
	"context"
	"errors"
	"strings"

	"github.com/waguard/waguard/billing"
)

// Forecast is what the running month is expected to cost: of all business phone numbers or
// one, as far as conditions select, as for a report.
func (g *Gateway) Forecast(ctx context.Context, s ReportSelection) (*billing.Forecast, error) {
	if s.From != "" || s.To != "" || s.Month != "" || s.By != "" || s.Card != "" || s.Rules != "" {
		return nil, misasked(errors.New("a forecast is of the running month, and takes neither a time nor what a report groups or prices by"))
	}
	now := g.Now()
	// Weeks and month begin at midnight where each account is.
	weeks, month := s, s
	weeks.From, month.From = billing.ForecastFrom(now)
	by := strings.Join(billing.ForecastBy, ",")
	history, err := g.reports(ctx, weeks, &billing.WhatIf{At: now}, by)
	if err != nil {
		return nil, err
	}
	sofar, err := g.reports(ctx, month, nil, by)
	if err != nil {
		return nil, err
	}
	f, err := billing.NewForecast(history[0], sofar[0], g.Cards, now)
	if few := (*billing.TooFewDays)(nil); errors.As(err, &few) {
		return nil, &Problem{Kind: Unknown, Err: err}
	}
	return f, err
}
