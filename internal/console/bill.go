package console

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"html/template"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
)

// billPage is what messages cost.
type billPage struct {
	Filters []field
	// Parts is the report.
	Parts  template.HTML
	Coming bool
	// Period says of when it is, where that is no month; Month leads to the running one.
	Period   string
	CSV      string
	Budgets  []budgetLine
	Forecast *table
	// NoForecast says why there is none.
	NoForecast string
	Matches    []matchText
	// NoMatch says why nothing is compared.
	NoMatch string
}

// matchText is how an account compares with Meta's figures.
type matchText struct {
	Account, Says, Tag string
	Figures            []fact
	Differences        table
}

func billSelection(a *asked) adminapi.ReportSelection {
	q := a.URL.Query()
	s := adminapi.ReportSelection{Selection: adminapi.Selection{From: q.Get("from"), To: q.Get("to"), PhoneNumberID: q.Get("number")}, Month: q.Get("month"), By: q.Get("by"), Where: q.Get("where")}
	if s.From == "" && s.To == "" && s.Month == "" {
		s.Month = a.now.In(a.Zone).Format("2006-01")
	}
	return s
}

func bill(ctx context.Context, a *asked) (*shown, error) {
	s := billSelection(a)
	p := &billPage{}
	p.filters(a, &s)
	p.CSV = "bill.csv?" + known(a.URL.Query(), "from", "to", "number", "month", "by", "where").Encode()
	s.Format = "parts"
	q := p.questions(ctx, a, s)
	parts, _, err := q.parts.answer()
	if err != nil {
		return nil, err
	}
	// It was written by a template that escapes what it is given, in this process.
	p.Parts = template.HTML(parts) // #nosec G203 -- see above
	budgets, err := a.API.Budgets(ctx)
	if err != nil {
		return nil, err
	}
	for i := range budgets.Budgets {
		p.Budgets = append(p.Budgets, budgetLineOf(&budgets.Budgets[i]))
	}
	if err := p.forecast(q.forecast); err != nil {
		return nil, err
	}
	if err := p.matches(a, q.matches); err != nil {
		return nil, err
	}
	p.Coming = a.coming
	return &shown{title: "The bill", template: "bill", body: p}, nil
}

// billQuestions are what takes long of a bill.
type billQuestions struct {
	parts    question[string]
	forecast question[*billing.Forecast]
	matches  question[*adminapi.Reconciliations]
}

func (p *billPage) questions(ctx context.Context, a *asked, s adminapi.ReportSelection) billQuestions {
	key := strings.Join([]string{s.Month, s.From, s.To, s.PhoneNumberID, s.By, s.Where}, "\x00")
	return billQuestions{
		parts: ask(ctx, a, "bill\x00"+key, func(ctx context.Context) (string, error) {
			var out bytes.Buffer
			err := a.API.ReportAs(ctx, &out, adminapi.RouteReport, s)
			return out.String(), err
		}),
		forecast: ask(ctx, a, "forecast", func(ctx context.Context) (*billing.Forecast, error) {
			return a.API.Forecast(ctx, adminapi.ForecastSelection{})
		}),
		matches: ask(ctx, a, "reconcile\x00"+strings.Join([]string{s.Month, s.From, s.To}, "\x00"), func(ctx context.Context) (*adminapi.Reconciliations, error) {
			return a.API.Reconcile(ctx, adminapi.ReconcileSelection{Month: s.Month, From: s.From, To: s.To})
		}),
	}
}

func (p *billPage) filters(a *asked, s *adminapi.ReportSelection) {
	q := a.URL.Query()
	months := field{Name: "month", Label: "Month", Value: s.Month}
	if s.Month == "" {
		months.Options = append(months.Options, option{Name: "from and to", Chosen: true})
	}
	first := a.now.In(a.Zone)
	first = time.Date(first.Year(), first.Month(), 1, 0, 0, 0, 0, a.Zone)
	chosen := false
	for range 13 {
		month := first.Format("2006-01")
		months.Options = append(months.Options, option{month, first.Format("January 2006"), month == s.Month})
		chosen = chosen || month == s.Month
		first = first.AddDate(0, -1, 0)
	}
	if s.Month != "" && !chosen {
		months.Options = append(months.Options, option{s.Month, s.Month, true})
	}
	p.Filters = []field{
		months,
		{Name: "by", Label: "Rows by", Value: q.Get("by"), Hint: "day,category,market,tag:team"},
		{Name: "where", Label: "Only where", Value: q.Get("where"), Hint: "market=Germany; team=crm"},
		{Name: "number", Label: "Number", Value: q.Get("number"), Hint: "id or name"},
	}
	if s.Month == "" {
		p.Period = strings.TrimSpace("From " + cmp.Or(s.From, "the beginning") + " until " + cmp.Or(s.To, "now"))
	}
}

// forecast is what the running month is expected to come to.
func (p *billPage) forecast(q question[*billing.Forecast]) error {
	f, there, err := q.answer()
	if misasked(err) {
		p.NoForecast = sentence(said(err))
		return nil
	}
	if err != nil || !there || len(f.Rows) == 0 {
		return err
	}
	t := &table{Caption: "What " + monthName(f.Month) + " is expected to cost: so far, and as on the same days of the week in the last " + counted(f.Days, "day", "days"), Columns: columns("category", "#delivered so far", "#cost so far", "#delivered in the month", "#cost of the month")}
	for i := range f.Rows {
		r := &f.Rows[i]
		t.Rows = append(t.Rows, row{Cells: forecastCells(r)})
	}
	p.Forecast = t
	return nil
}

func monthName(month string) string {
	if at, err := time.Parse("2006-01", month); err == nil {
		return at.Format("January 2006")
	}
	return month
}

// matches are how the month compares with Meta's figures.
func (p *billPage) matches(a *asked, q question[*adminapi.Reconciliations]) error {
	accounts, there, err := q.answer()
	if misasked(err) {
		p.NoMatch = sentence(said(err))
		return nil
	}
	if err != nil || !there {
		return err
	}
	for _, r := range accounts.Accounts {
		p.Matches = append(p.Matches, matchOf(a, r))
	}
	return nil
}

// billCSV gives out the rows as a file.
func billCSV(w http.ResponseWriter, a *asked) error {
	s := billSelection(a)
	s.Format = "csv"
	var out bytes.Buffer
	if err := a.API.ReportAs(a.Context(), &out, adminapi.RouteReport, s); err != nil {
		return err
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		return err
	}
	for _, cells := range rows {
		for i, cell := range cells {
			if !negative.MatchString(cell) {
				cells[i] = harmless(cell) // tags are by whoever sends
			}
		}
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="bill-`+cmp.Or(s.Month, "period")+`.csv"`)
	_ = csv.NewWriter(w).WriteAll(rows) // who asked may have gone
	return nil
}

// negative is a number below zero, which is no formula.
var negative = regexp.MustCompile(`^-[0-9]+(\.[0-9]+)?$`)

func forecastCells(r *billing.ForecastRow) []cell {
	amount := func(a *billing.Amount, unpriced int) cell {
		if a == nil {
			return cell{Text: "unknown"}
		}
		c := cell{Text: money(*a, r.Currency)}
		if unpriced > 0 {
			c.Also = "and " + count(unpriced) + " of unknown price"
		}
		return c
	}
	return []cell{
		{Text: words(r.Category)}, {Text: count(r.Delivered)}, amount(r.Cost, r.Unpriced), {Text: count(r.ExpectedDelivered)}, amount(r.ExpectedCost, r.ExpectedUnpriced),
	}
}

// matchOf is how what statuses told of an account compares with Meta's figures.
func matchOf(a *asked, r *billing.Reconciliation) matchText {
	m := matchText{Account: cmp.Or(r.WABA, "all accounts")}
	if r.Billed == nil {
		m.Says, m.Tag = "Meta’s figures of this time are not here: give the gateway an access token (`reconcile`), or bring a file with waguard reconcile.", "info"
		return m
	}
	side := func(s *billing.Side) string {
		text := counted(s.Messages, "message", "messages")
		if cost := s.Known(); cost != nil {
			text += ", " + money(*cost, r.Currency)
		} else {
			text += ", cost unknown"
		}
		return text
	}
	m.Figures = facts("by the statuses that came", side(&r.Compared), "by Meta’s figures", side(r.Billed))
	least, known := r.Least()
	m.Says, m.Tag = "What statuses told and Meta’s figures agree on "+least.String()+" %.", "allowed"
	if !known {
		m.Says, m.Tag = "There is nothing to compare.", "info"
	} else if least < billing.All-50 {
		m.Tag = "warned"
	}
	m.Differences = table{Caption: "Why they differ", Columns: columns("cause", "~day", "#messages", "#more", "#cost"), Empty: "They don’t differ."}
	for i := range r.Causes {
		s := &r.Causes[i]
		cost := "unknown"
		if k := s.Known(); k != nil {
			cost = money(*k, r.Currency)
		}
		m.Differences.Rows = append(m.Differences.Rows, row{Cells: []cell{{Text: words(string(s.Cause)), Also: words(string(s.Step))}, {Text: s.Example.Day}, {Text: count(s.Messages)}, {Text: count(s.Added)}, {Text: cost}}})
	}
	return m
}
