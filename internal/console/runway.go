package console

import (
	"cmp"
	"context"
	"strings"

	"github.com/waguard/waguard/internal/adminapi"
)

// runwayPage lists windows that end soon.
type runwayPage struct {
	Filters []field
	Says    string
	List    table
	// Watching: the page is looked at again by itself.
	Watching       bool
	Toggle, Itself string
	// Coming: who waits is still being found out.
	Coming bool
}

// runway lists the windows that end soon, and what it costs to answer later.
func runway(ctx context.Context, a *asked) (*shown, error) {
	q := known(a.URL.Query(), "ending", "number", "all", "watch")
	ending := cmp.Or(q.Get("ending"), "2h")
	s := adminapi.WindowSelection{PhoneNumberID: q.Get("number"), Ending: ending, Unanswered: q.Get("all") != "yes", Limit: 200}
	w, there, err := recent(ctx, a, strings.Join([]string{"windows", s.PhoneNumberID, ending, q.Get("all")}, "\x00"), func(ctx context.Context) (*adminapi.Windows, error) {
		return a.API.Windows(ctx, s)
	})
	if err != nil {
		return nil, err
	}
	p := &runwayPage{Watching: q.Get("watch") == "on", Filters: []field{
		{Name: "ending", Label: "Ending within", Value: ending, Options: []option{{"30m", "30 minutes", ending == "30m"}, {"2h", "2 hours", ending == "2h"}, {"6h", "6 hours", ending == "6h"}, {"24h", "24 hours", ending == "24h"}}},
		{Name: "all", Label: "Show", Value: q.Get("all"), Options: []option{{Name: "who waits for an answer"}, {"yes", "all open windows", q.Get("all") == "yes"}}},
		{Name: "number", Label: "Number", Value: q.Get("number"), Hint: "id or name"},
	}}
	p.Itself = "runway?" + q.Encode()
	p.Toggle = "runway?" + with(q, "watch", map[bool]string{true: "", false: "on"}[p.Watching]).Encode()
	p.Coming = a.coming
	if !there {
		return &shown{title: "Runway", template: "runway", body: p}, nil
	}
	p.Says = counted(w.Waiting, "person waits", "people wait") + " for an answer in a window that ends within " + ending + "."
	p.List = table{Caption: "Customer service windows that end soon, the first on top", Columns: columns("ends", "contact", "number", "last wrote", "answer", "waiting will cost"), Empty: "Nobody waits in a window that ends soon. Until a window ends, a text answers and is free within Meta’s rules; after that only a template may be sent, and is charged for."}
	for i := range w.Windows {
		p.List.Rows = append(p.List.Rows, windowRow(a, &w.Windows[i]))
	}
	if w.More > 0 {
		p.List.Caption += ". " + count(w.More) + " more are not shown"
	}
	return &shown{title: "Runway", template: "runway", body: p}, nil
}

func windowRow(a *asked, w *adminapi.Window) row {
	ends := a.moment(w.Ends)
	r := row{Cells: []cell{
		{Text: ends.Ago, Also: ends.Text},
		{Text: brief(w.Contact), Link: link("violations", "show", "all", "contact", w.Contact)},
		{Text: cmp.Or(w.Business, w.PhoneNumberID), Link: link("violations", "number", w.PhoneNumberID)},
		{At: a.moment(w.Opened)},
		{Text: words(w.Answer)},
		{Text: "unknown", Also: "no template is known that could be sent then"},
	}}
	if w.Answer == "unanswered" {
		r.Class, r.Cells[4].Tag = "warned", "warned"
	} else if w.Answered != nil {
		r.Cells[4].Also = a.momentOf(w.Answered).Text
	}
	if w.LaterCategory != "" {
		r.Cells[5] = cell{Text: "price unknown", Also: "a template, " + string(w.LaterCategory)}
		if w.LaterPrice != nil {
			r.Cells[5].Text = money(*w.LaterPrice, w.Currency)
		}
		if w.Market != "" {
			r.Cells[5].Also += ", " + string(w.Market)
			if w.MarketEstimated {
				r.Cells[5].Also += " (estimated)"
			}
		}
	}
	return r
}
