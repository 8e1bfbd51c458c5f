package billpage

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/waguard/waguard/billing"
)

// ConversationGroupings are what the page of conversations needs reports by, beside the one
// that was asked for.
func ConversationGroupings([]string) []string { return []string{"day,category", "category"} }

// WriteConversations writes the page of conversations: of the report that was asked for, and
// those by ConversationGroupings.
func WriteConversations(w io.Writer, asked Asked, reports []*billing.ConversationReport) error {
	return page.Execute(w, conversationsShown(asked, reports))
}

// ConversationParts writes what such a page has between its head and its foot.
func ConversationParts(w io.Writer, asked Asked, reports []*billing.ConversationReport) error {
	return page.ExecuteTemplate(w, "alone", conversationsShown(asked, reports))
}

func conversationsShown(asked Asked, reports []*billing.ConversationReport) *shown {
	r := reports[0]
	s := &shown{
		Title: titleOf("WhatsApp conversations", asked), Period: asked.Period, TimeZones: strings.Join(r.TimeZones, ", "), Made: asked.made(),
		Says: append([]string{
			"A conversation is all that a business phone number and a person exchange about one category within 24 hours from the delivery of the first message, or within 72 hours from the answer to an ad. It counts on the day on which it begins, where the WhatsApp Business Account is.",
			"Meta charged for conversations until 30 June 2025, and charges for messages since: of later days this is a view, and no bill.",
		}, r.Notes...),
	}
	if len(r.Rows) == 0 {
		s.Empty = "No conversation began in this period. Choose another one with --from and --to, or --month."
		return s
	}
	t := &r.Total
	m := section{Figures: []figure{{Name: "Conversations", Value: count(t.Conversations), Large: true}}}
	for _, of := range []struct {
		name string
		n    int
	}{{"Opened by the business", t.BusinessInitiated}, {"Opened by the person", t.UserInitiated}, {"Opened through an ad", t.FreeEntryPoint}, {"Messages in them", t.Messages}} {
		m.Figures = append(m.Figures, figure{Name: of.name, Value: count(of.n)})
	}
	for _, by := range reports[1:] {
		m.addConversations(by)
	}
	s.Sections = []section{m}
	s.Rows = rowsBy(r.By, len(r.Rows), "Conversations")
	for _, name := range ConversationsCounted {
		s.Rows.Columns = append(s.Rows.Columns, heading{Name: titled(name), Number: true})
	}
	for i := range r.Rows[:min(len(r.Rows), mostRows)] {
		row := &r.Rows[i]
		s.Rows.Rows = append(s.Rows.Rows, append(dimensionsOf(r.By, &row.Key), conversationCells(&row.ConversationCounts)...))
	}
	return s
}

func (m *section) addConversations(r *billing.ConversationReport) {
	if slices.Equal(r.By, []string{"day", "category"}) {
		var days []stacked
		for _, row := range r.Rows {
			days = append(days, stacked{row.Day, row.Category, amount{n: int64(row.Conversations)}})
		}
		c := columnsOf(days, "conversations", count[int64], count[int64])
		c.Title = "Conversations by " + c.Of
		m.Charts = append(m.Charts, c)
		return
	}
	by := r.By[0]
	var all []portion
	for i := range r.Rows {
		row := &r.Rows[i]
		all = append(all, portion{name: nameIn(&row.Key, by), class: classIn(&row.Key, by), n: int64(row.Conversations), conversations: row.ConversationCounts})
	}
	all = largest(all)
	most := lengths(all)
	l := list{Title: "Conversations by " + titled(by), Caption: "The largest first; a bar is as long as its number of conversations.", By: titled(by)}
	for i, name := range ConversationsCounted {
		l.Columns = append(l.Columns, heading{Name: titled(name), Spare: i > 0 && i < len(ConversationsCounted)-1})
	}
	for _, p := range all {
		l.Rows = append(l.Rows, listed{Name: p.name, Length: percent(p.n, most), Class: p.class, Cells: conversationCells(&p.conversations)})
	}
	m.Lists = append(m.Lists, l)
}

// ConversationsCounted are the columns of what reports of conversations count.
var ConversationsCounted = []string{"conversations", "free_entry_point", "user_initiated", "business_initiated", "messages"}

func conversationCells(c *billing.ConversationCounts) (cells []cell) {
	for _, n := range conversationNumbers(c) {
		cells = append(cells, cell{Text: count(n)})
	}
	return cells
}

func conversationNumbers(c *billing.ConversationCounts) []int {
	return []int{c.Conversations, c.FreeEntryPoint, c.UserInitiated, c.BusinessInitiated, c.Messages}
}

// WriteConversationsCSV writes the rows of a report of conversations.
func WriteConversationsCSV(w io.Writer, r *billing.ConversationReport, d Dialect) error {
	out, err := d.NewWriter(w)
	if err != nil {
		return err
	}
	if err := out.Write(append(columnsBy(r.By), ConversationsCounted...)); err != nil {
		return err
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		cells := d.dimensions(r.By, &row.Key)
		for _, n := range conversationNumbers(&row.ConversationCounts) {
			cells = append(cells, strconv.Itoa(n))
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// columnsBy are the names of the columns of what a report is grouped by.
func columnsBy(by []string) (names []string) {
	for _, dimension := range by {
		names = append(names, Name(dimension))
		switch dimension {
		case "market":
			names = append(names, "market_estimated")
		case "number":
			names = append(names, "time_zone")
		}
	}
	return names
}

// dimensions are the cells of what a row is grouped by.
func (d Dialect) dimensions(by []string, key *billing.Key) (cells []string) {
	for _, dimension := range by {
		cells = append(cells, d.Text(key.Value(dimension)))
		switch dimension {
		case "market":
			cells = append(cells, strconv.FormatBool(key.MarketEstimated))
		case "number":
			cells = append(cells, d.Text(key.TimeZone))
		}
	}
	return cells
}
