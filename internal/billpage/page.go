package billpage

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
)

//go:embed page.html
var source string

//go:embed base.css
var baseStyle string

// PartsStyle is the style sheet of what Parts writes. Its colours are those that the page
// around it gives as custom properties: page, ink, quiet, line, soft, warn, and those of the
// categories.
//
//go:embed parts.css
var PartsStyle string

var page = template.Must(template.New("page").Parse(source))

// Asked is what a page is of.
type Asked struct {
	// Where are the conditions that select, as they were written; "" for none. Period says
	// when, and Made when the page was made.
	Where, Period string
	Made          time.Time
}

// shown is what a page shows.
type shown struct {
	Title, Period string
	TimeZones     string
	Cards         []billing.CardUsed
	Sections      []section
	Empty         string // why there is nothing
	Rows          *rows
	Says          []string // at the end
	Made          string
}

// Style is that of a page that stands alone.
func (*shown) Style() template.CSS {
	return template.CSS(baseStyle + PartsStyle) // #nosec G203 -- files of this package
}

// section is what is shown of one currency; of conversations, which have none, there is one.
type section struct {
	// Heading tells several apart.
	Heading  string
	Figures  []figure
	Warnings []string
	Charts   []chart
	Lists    []list
}

// figure is a number that stands out.
type figure struct {
	Name, Value, Unit, Also string
	Large                   bool
}

// rows are those of the report, as far as a page has room for them.
type rows struct {
	Caption string
	Columns []heading
	Rows    [][]cell
	Cut     string
	// of is how many rows there are of which these are the first.
	of int
}

type heading struct {
	Name   string
	Number bool
	// Spare: a phone has no room for it.
	Spare bool
}

// mostRows is how many rows a page has, and mostPartRows how many there are of one that is a
// part of another, and is looked at again and again: 60 kB.
const (
	mostRows     = 1000
	mostPartRows = 200
)

// Groupings are what the page of a bill needs reports by, beside the one that was asked for.
func Groupings(tags []string) []string {
	by := []string{"day,category", "category", "market", "price_type", "template"}
	for _, tag := range slices.Sorted(slices.Values(tags)) {
		by = append(by, billing.TagPrefix+tag)
	}
	return by
}

// Write writes the page of a bill: of the report that was asked for, and those by Groupings.
func Write(w io.Writer, asked Asked, reports []*billing.Report) error {
	return page.Execute(w, shownOf(asked, reports))
}

// Parts writes what such a page has between its head and its foot, and what it is made by, for
// another page, whose style sheets have PartsStyle.
func Parts(w io.Writer, asked Asked, reports []*billing.Report) error {
	s := shownOf(asked, reports)
	if s.Rows != nil {
		s.Rows.cut(mostPartRows, "Rows by less are fewer, and the CSV has all of them.")
	}
	return page.ExecuteTemplate(w, "alone", s)
}

func shownOf(asked Asked, reports []*billing.Report) *shown {
	r := reports[0]
	s := &shown{
		Title: titleOf("What WhatsApp messages cost", asked), Period: asked.Period, TimeZones: strings.Join(r.TimeZones, ", "), Cards: r.Cards,
		Rows: rowsOfBill(r), Made: asked.made(),
		Says: append([]string{
			"Sends, and what they were expected to cost, count on the day of sending; what was delivered, and its cost, on the day of delivery: both where the WhatsApp Business Account is.",
			"The cost is counted from delivered messages, by the category and price type that Meta told of each, or else by the rules and the rate card of the day. It is no invoice: Meta’s is.",
		}, r.Notes...),
	}
	for i := range r.Totals {
		t := &r.Totals[i]
		m := section{Figures: figuresOf(t)}
		if len(r.Totals) > 1 {
			m.Heading = "In " + string(t.Currency)
		}
		if t.Unpriced > 0 {
			m.Warnings = append(m.Warnings, unpricedSays(&t.Counts))
		}
		for _, by := range reports[1:] {
			m.add(by, t)
		}
		s.Sections = append(s.Sections, m)
	}
	if len(r.Rows) == 0 {
		s.Empty = "Nothing was sent and nothing was delivered in this period. Choose another one with --from and --to, or --month."
	}
	return s
}

func titleOf(title string, asked Asked) string {
	if asked.Where != "" {
		title += " where " + asked.Where
	}
	return title
}

func (a *Asked) made() string { return a.Made.UTC().Format("2 January 2006, 15:04 UTC") }

func unpricedSays(c *billing.Counts) string {
	if c.Unpriced == c.Charged {
		return "None of the " + plural(c.Unpriced, "message", "messages") + " that are charged for has a known price: no rate card has one for their day, category and market. What they cost is unknown, and not zero."
	}
	return plural(c.Unpriced, "message that is charged for has", "messages that are charged for have") + " no known price: no rate card has one for their day, category and market. They are not in the cost."
}

// figuresOf are the numbers that stand out of a total.
func figuresOf(t *billing.Total) []figure {
	unit := func(f figure, c cell) figure {
		f.Value, f.Also = c.Text, c.Also
		if c.Text != Unknown {
			f.Unit = string(t.Currency)
		}
		return f
	}
	first := "Cost of what was delivered"
	if t.Was != nil || t.WasUnpriced > 0 {
		first = "It would have cost"
	}
	cost := costCell(&t.Counts)
	cost.Also = "" // a warning says it
	list := []figure{unit(figure{Name: first, Large: true}, cost)}
	if t.Was != nil {
		was := cell{Text: money(*t.Was)}
		if t.WasUnpriced > 0 {
			was.Also = "and " + count(t.WasUnpriced) + " unknown"
		}
		list = append(list, unit(figure{Name: "It did cost"}, was))
	} else if t.WasUnpriced > 0 {
		list = append(list, figure{Name: "It did cost", Value: Unknown})
	}
	list = append(list, unit(figure{Name: "Expected when sent"}, expectedCell(&t.Counts)))
	for _, of := range []struct {
		name string
		n    int
	}{{"Sends", t.Sends}, {"Refused", t.Refused}, {"Failed", t.Failed}, {"Delivered", t.Delivered}, {"Charged for", t.Charged}, {"Free", t.Free}} {
		list = append(list, figure{Name: of.name, Value: count(of.n)})
	}
	return list
}

// add adds what a report by one of the Groupings shows.
func (m *section) add(r *billing.Report, t *billing.Total) {
	of := slices.DeleteFunc(slices.Clone(r.Rows), func(row billing.Row) bool { return row.Currency != t.Currency || row.Delivered == 0 })
	if len(of) == 0 {
		return
	}
	cost, known := t.Cost()
	known = known && cost > 0 // else messages are shown
	currency := string(t.Currency)
	if slices.Equal(r.By, []string{"day", "category"}) {
		days := make([]stacked, len(of))
		for i, row := range of {
			days[i] = stacked{row.Day, row.Category, amount{int64(row.Actual), row.Unpriced}}
			if !known {
				days[i].amount = amount{n: int64(row.Delivered)}
			}
		}
		c := chart{}
		if known {
			c = columnsOf(days, currency, func(n int64) string { return money(billing.Amount(n)) }, short)
			c.Title = "Cost by " + c.Of + " of delivery, " + currency
		} else {
			c = columnsOf(days, "messages", count[int64], count[int64])
			c.Title = "Delivered messages by " + c.Of
		}
		m.Charts = append(m.Charts, c)
		return
	}
	by := r.By[0]
	if by == "template" {
		of = slices.DeleteFunc(of, func(row billing.Row) bool { return row.Template == "" })
	}
	all := make([]portion, len(of))
	for i, row := range of {
		all[i] = portion{name: nameIn(&row.Key, by), class: classIn(&row.Key, by), n: int64(row.Actual), Counts: row.Counts}
		if !known {
			all[i].n = int64(row.Delivered)
		}
	}
	if by == "template" && len(all) == 0 || by != "category" && len(all) == 1 && of[0].Value(by) == "" {
		return // nobody uses it
	}
	l := list{Title: "Cost by " + titled(by), By: titled(by), Columns: []heading{{Name: "delivered"}, {Name: "cost, " + currency}, {Name: "share"}}}
	all = largest(all)
	most, whole := lengths(all), int64(cost)
	l.Caption = "The largest first; a bar is as long as its cost."
	if !known {
		l.Title, l.Caption, whole = "Messages by "+titled(by), "The largest first; a bar is as long as its number of delivered messages.", int64(t.Delivered)
	}
	for _, p := range all {
		of := cell{Text: share(p.n, whole)}
		if _, priced := p.Cost(); known && !priced {
			of.Text = "–"
		}
		l.Rows = append(l.Rows, listed{Name: p.name, Length: percent(p.n, most), Class: p.class, Cells: []cell{{Text: count(p.Delivered)}, costCell(&p.Counts), of}})
	}
	m.Lists = append(m.Lists, l)
}

// titled is a dimension or tag as people read it.
func titled(by string) string { return strings.ReplaceAll(Name(by), "_", " ") }

// rowsOfBill are the rows of the report that was asked for; nil for none.
func rowsOfBill(r *billing.Report) *rows {
	if len(r.Rows) == 0 {
		return nil
	}
	t := rowsBy(r.By, len(r.Rows), "Messages and their cost")
	for _, name := range []string{"sends", "accepted", "refused", "delivered", "charged", "free", "expected", "cost"} {
		t.Columns = append(t.Columns, heading{Name: name, Number: true})
	}
	t.Columns = append(t.Columns, heading{Name: "currency"})
	for i := range r.Rows[:min(len(r.Rows), mostRows)] {
		row := &r.Rows[i]
		cells := dimensionsOf(r.By, &row.Key)
		for _, n := range []int{row.Sends, row.Accepted, row.Refused, row.Delivered, row.Charged, row.Free} {
			cells = append(cells, cell{Text: count(n)})
		}
		t.Rows = append(t.Rows, append(cells, expectedCell(&row.Counts), costCell(&row.Counts), cell{Text: string(row.Currency)}))
	}
	return t
}

// rowsBy begins the table of all rows with what they are grouped by.
func rowsBy(by []string, n int, of string) *rows {
	t := new(rows)
	var names []string
	for _, name := range by {
		names = append(names, titled(name))
		t.Columns = append(t.Columns, heading{Name: titled(name)})
	}
	t.Caption, t.of = of+" by "+strings.Join(names, ", "), n
	if n > mostRows {
		t.cut(mostRows, "--output csv has all of them, and --by fewer.")
	}
	return t
}

// cut leaves so many rows, and says where the others are.
func (t *rows) cut(most int, others string) {
	if t.of <= most {
		return
	}
	t.Rows = t.Rows[:min(len(t.Rows), most)]
	t.Cut = fmt.Sprintf("These are the first %s of %s rows. %s", count(most), count(t.of), others)
}

func dimensionsOf(by []string, key *billing.Key) (cells []cell) {
	for _, name := range by {
		value := key.Value(name)
		if name == "market" && key.MarketEstimated {
			value += " (estimated)"
		}
		cells = append(cells, cell{Text: value})
	}
	return cells
}
