package caddymodule

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/billpage"
	"github.com/waguard/waguard/store"
)

func report(ctx context.Context, g *gateway.Gateway, s *adminapi.ReportSelection) (*billing.Report, error) {
	return g.Report(ctx, gateway.ReportSelection{Selection: selection(&s.Selection), Month: s.Month, MessageClass: s.MessageClass, By: s.By, Where: s.Where, Card: s.Card, Rules: s.Rules})
}

func forecast(ctx context.Context, g *gateway.Gateway, s *adminapi.ForecastSelection) (*billing.Forecast, error) {
	return g.Forecast(ctx, gateway.ReportSelection{Selection: gateway.Selection{PhoneNumberID: s.PhoneNumberID}, Where: s.Where})
}

// adminReport answers a report as JSON, or in the format that is asked for.
func adminReport(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	var s adminapi.ReportSelection
	if err := adminapi.ReadRequest(r, &s); err != nil {
		return adminFailure(err)
	}
	format := strings.ToLower(s.Format)
	if format == "" && strings.HasPrefix(r.Header.Get("Accept"), "text/html") {
		format = "html"
	}
	if s.Dialect != "" && !slices.Contains(billpage.Dialects, s.Dialect) {
		return adminError(http.StatusBadRequest, fmt.Errorf("csv_dialect must be one of %s", strings.Join(billpage.Dialects, ", ")))
	}
	var out bytes.Buffer
	switch format {
	case "", "json":
		answer, err := report(r.Context(), a.gateway, &s)
		if err != nil {
			return adminFailure(err)
		}
		return jsonAnswer(w, answer)
	case "csv":
		answer, err := report(r.Context(), a.gateway, &s)
		if err != nil {
			return adminFailure(err)
		}
		if err := billpage.WriteCSV(&out, answer, billpage.Dialect(s.Dialect)); err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	case "html":
		title := "What WhatsApp messages cost"
		if s.Where != "" {
			title += " where " + s.Where
		}
		err := billpage.Write(&out, title, adminapi.PeriodOf(&s), func(by string) (*billing.Report, error) {
			asked := s
			asked.By = cmp.Or(by, s.By)
			return report(r.Context(), a.gateway, &asked)
		})
		if err != nil {
			return adminFailure(err)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	default:
		return adminError(http.StatusBadRequest, fmt.Errorf("format must be json, csv or html"))
	}
	_, err := w.Write(out.Bytes())
	return err
}
