package caddymodule

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/billpage"
	"github.com/waguard/waguard/store"
)

func forecast(ctx context.Context, g *gateway.Gateway, s *adminapi.ForecastSelection) (*billing.Forecast, error) {
	return g.Forecast(ctx, gateway.ReportSelection{Selection: gateway.Selection{PhoneNumberID: s.PhoneNumberID}, Where: s.Where})
}

// reporting is a kind of report, and how it is written.
type reporting[R any] struct {
	// make makes it by several groupings at once, and groupings are those of which its page
	// needs it, beside the one that is asked for.
	make      func(g *gateway.Gateway, ctx context.Context, s gateway.ReportSelection, by ...string) ([]*R, error)
	groupings func(tags []string) []string
	page      func(io.Writer, billpage.Asked, []*R) error
	parts     func(io.Writer, billpage.Asked, []*R) error
	csv       func(io.Writer, *R, billpage.Dialect) error
}

var (
	adminReport        = reporting[billing.Report]{(*gateway.Gateway).Reports, billpage.Groupings, billpage.Write, billpage.Parts, billpage.WriteCSV}.answer
	adminConversations = reporting[billing.ConversationReport]{(*gateway.Gateway).Conversations, billpage.ConversationGroupings, billpage.WriteConversations, billpage.ConversationParts, billpage.WriteConversationsCSV}.answer
)

// answer answers a report as JSON, or in the format that is asked for.
func (k reporting[R]) answer(a *App, _ store.Store, w http.ResponseWriter, r *http.Request) error {
	var s adminapi.ReportSelection
	if err := adminapi.ReadRequest(r, &s); err != nil {
		return adminFailure(err)
	}
	format := strings.ToLower(s.Format)
	if format == "" && strings.HasPrefix(r.Header.Get("Accept"), "text/html") {
		format = "html"
	}
	if !slices.Contains([]string{"", "json", "csv", "html", "parts"}, format) {
		return adminError(http.StatusBadRequest, fmt.Errorf("format must be json, csv or html"))
	}
	if s.Dialect != "" && !slices.Contains(billpage.Dialects, s.Dialect) {
		return adminError(http.StatusBadRequest, fmt.Errorf("csv_dialect must be one of %s", strings.Join(billpage.Dialects, ", ")))
	}
	by := []string{s.By}
	if format == "html" || format == "parts" {
		by = append(by, k.groupings(slices.Collect(maps.Keys(a.gateway.Tagging.Declared)))...)
	}
	selected := gateway.ReportSelection{Selection: selection(&s.Selection), Month: s.Month, MessageClass: s.MessageClass, By: s.By, Where: s.Where, Card: s.Card, Rules: s.Rules}
	reports, err := k.make(a.gateway, r.Context(), selected, by...)
	if err != nil {
		return adminFailure(err)
	}
	var out bytes.Buffer
	switch format {
	case "csv":
		err = k.csv(&out, reports[0], billpage.Dialect(s.Dialect))
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	case "html":
		now := a.gateway.Now()
		err = k.page(&out, billpage.Asked{Where: s.Where, Period: adminapi.PeriodOf(&s, now), Made: now}, reports)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	case "parts":
		now := a.gateway.Now()
		err = k.parts(&out, billpage.Asked{Where: s.Where, Period: adminapi.PeriodOf(&s, now), Made: now}, reports)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
	default:
		return jsonAnswer(w, reports[0])
	}
	if err != nil {
		return err
	}
	_, err = w.Write(out.Bytes())
	return err
}
