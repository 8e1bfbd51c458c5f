package billpage

import (
	"cmp"
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/waguard/waguard/billing"
)

//go:embed page.html
var source string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"actual":    func(r billing.Row) string { return Actual(&r.Counts) },
	"estimated": func(r billing.Row) string { return Estimated(&r.Counts) },
	"value":     func(r billing.Row, dimension string) string { return r.Value(dimension) },
	"title":     func(s string) string { return strings.ReplaceAll(Name(s), "_", " ") },
	"list":      func(list []string) string { return strings.Join(list, ", ") },
}).Parse(source))

// Bill is what the page of a bill shows.
type Bill struct {
	// Title says what it is of, and Period when.
	Title, Period string
	*billing.Report
	Totals []total
	Days   []days
	Bars   []bars
}

// total is what is said of a currency.
type total struct {
	billing.Total
	Actual, Estimated string
}

// days are the cost of each day, by category.
type days struct {
	Currency    billing.Currency
	Columns     []column
	Categories  []category
	Most        billing.Amount
	First, Last string
	Width       int
}

type column struct {
	Day   string
	Total billing.Amount
	Parts []part
}

type part struct {
	X, Y, Height int
	Class        string
	Says         string
}

type category struct{ Name, Class string }

// bars are what the cost is by.
type bars struct {
	By       string
	Currency billing.Currency
	Bars     []bar
}

type bar struct {
	Name   string
	Length int
	Says   string
}

const (
	chartHeight = 200 // of the highest column
	longestBar  = 100
	mostBars    = 25
)

// Write writes the page of a bill. ask gives the reports it is made of, by what they are
// grouped by: "" for the one that was asked for.
func Write(w io.Writer, title, period string, ask func(by string) (*billing.Report, error)) error {
	b := &Bill{Title: title, Period: period}
	var err error
	if b.Report, err = ask(""); err != nil {
		return err
	}
	for _, t := range b.Report.Totals {
		b.Totals = append(b.Totals, total{t, Actual(&t.Counts), Estimated(&t.Counts)})
	}
	byDay, err := ask("day,category")
	if err != nil {
		return err
	}
	for _, t := range b.Report.Totals {
		if t.Actual > 0 {
			b.Days = append(b.Days, daysOf(byDay, t.Currency))
		}
	}
	for _, by := range append([]string{"market", "category"}, b.Report.Tags...) {
		r, err := ask(by)
		if err != nil {
			return err
		}
		for _, t := range b.Report.Totals {
			if list := barsOf(r, by, t.Currency); len(list.Bars) > 0 {
				b.Bars = append(b.Bars, list)
			}
		}
	}
	return page.Execute(w, b)
}

// scaled is how long a part of the longest is, in whole steps.
func scaled(a, most billing.Amount, steps int) int {
	return int(a / max(1, most/billing.Amount(steps)))
}

// daysOf stacks the categories of each day.
func daysOf(r *billing.Report, currency billing.Currency) days {
	d := days{Currency: currency}
	var names []string
	byDay := make(map[string][]billing.Row)
	for _, row := range r.Rows {
		if row.Currency != currency || row.Actual == 0 {
			continue
		}
		if !slices.Contains(names, row.Category) {
			names = append(names, row.Category)
		}
		if len(d.Columns) == 0 || d.Columns[len(d.Columns)-1].Day != row.Day {
			d.Columns = append(d.Columns, column{Day: row.Day})
		}
		last := &d.Columns[len(d.Columns)-1]
		last.Total += row.Actual
		d.Most = max(d.Most, last.Total)
		byDay[row.Day] = append(byDay[row.Day], row)
	}
	slices.Sort(names)
	for _, name := range names {
		d.Categories = append(d.Categories, category{name, class(name)})
	}
	for i := range d.Columns {
		y := chartHeight
		for _, row := range byDay[d.Columns[i].Day] {
			height := scaled(row.Actual, d.Most, chartHeight)
			y -= height
			d.Columns[i].Parts = append(d.Columns[i].Parts, part{
				X: 12 * i, Y: max(0, y), Height: max(1, height), Class: class(row.Category), Says: row.Day + ", " + row.Category + ": " + row.Actual.String() + " " + string(currency),
			})
		}
	}
	if n := len(d.Columns); n > 0 {
		d.First, d.Last, d.Width = d.Columns[0].Day, d.Columns[n-1].Day, max(12*n, 120)
	}
	return d
}

// class is how a category is coloured.
func class(category string) string {
	switch column := billing.Category(category).Column(); column {
	case billing.Marketing, billing.Utility, billing.Authentication, billing.Service:
		return string(column)
	case billing.AuthenticationInternational:
		return string(billing.Authentication)
	}
	return "other"
}

// barsOf are the largest of what a report is grouped by.
func barsOf(r *billing.Report, by string, currency billing.Currency) bars {
	list := bars{By: by, Currency: currency}
	rows := slices.DeleteFunc(slices.Clone(r.Rows), func(row billing.Row) bool { return row.Currency != currency || row.Charged == 0 })
	slices.SortStableFunc(rows, func(a, b billing.Row) int { return cmp.Compare(b.Actual, a.Actual) })
	if len(rows) > mostBars {
		rows = rows[:mostBars]
	}
	for _, row := range rows {
		name := cmp.Or(row.Value(by), "without")
		if row.MarketEstimated {
			name += " (estimated)"
		}
		says := Actual(&row.Counts)
		if row.Unpriced > 0 && says != Unknown {
			says += " and unknown"
		}
		list.Bars = append(list.Bars, bar{name, scaled(row.Actual, rows[0].Actual, longestBar), says})
	}
	return list
}
