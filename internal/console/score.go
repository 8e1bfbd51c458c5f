package console

import (
	"cmp"
	"context"
	"net/url"
	"strconv"

	"github.com/waguard/waguard/internal/adminapi"
)

// scorePage says how often the gateway was right.
type scorePage struct {
	Filters []field
	Finding string
	Coming  bool
	Known   bool
	// Cut says that not all was looked at.
	Cut     string
	Figures []figure
	Rules   table
	Lacks   table
	Groups  []table
	Errors  table
	Wrong   []table
	// Sends are those behind one of the numbers.
	Sends *table
}

func score(ctx context.Context, a *asked) (*shown, error) {
	q := known(a.URL.Query(), "from", "to", "number", "finding", "rule", "lack", "code", "before")
	s := adminapi.ScoreSelection{From: q.Get("from"), To: q.Get("to"), PhoneNumberID: q.Get("number")}
	p := &scorePage{}
	from := cmp.Or(s.From, "30d")
	periods := field{Name: "from", Label: "Since", Value: from}
	for _, o := range [][2]string{{"24h", "24 hours ago"}, {"7d", "7 days ago"}, {"30d", "30 days ago"}, {"90d", "90 days ago"}} {
		periods.Options = append(periods.Options, option{o[0], o[1], from == o[0]})
	}
	p.Filters = []field{periods, {Name: "number", Label: "Number", Value: s.PhoneNumberID, Hint: "id or name"}}
	if q.Get("finding") != "" {
		return p.sends(ctx, a, s)
	}
	found, there, err := recent(ctx, a, "score\x00"+q.Encode(), func(ctx context.Context) (*adminapi.Score, error) { return a.API.Score(ctx, s) })
	if err != nil {
		return nil, err
	}
	p.Coming, p.Known = a.coming, there
	if there {
		p.fill(a, found, from, q)
	}
	return &shown{title: "Score", template: "score", body: p}, nil
}

// percent is a share with where it lies.
func percent(s *adminapi.Share) cell {
	if s.Percent == nil {
		return cell{Text: "–", Also: "nothing to count"}
	}
	c := cell{Text: strconv.FormatFloat(*s.Percent, 'f', 2, 64) + " %", Also: count(s.Count) + " of " + count(s.Of)}
	if s.Low != nil && s.High != nil {
		c.Also += "; " + strconv.FormatFloat(*s.Low, 'f', 2, 64) + " to " + strconv.FormatFloat(*s.High, 'f', 2, 64) + " %"
	}
	return c
}

func (p *scorePage) fill(a *asked, s *adminapi.Score, from string, q url.Values) {
	// The sends behind a number are of the same time and business.
	scored := func(pairs ...string) string {
		return link("score", append([]string{"from", from, "to", q.Get("to"), "number", q.Get("number")}, pairs...)...)
	}
	p.Finding = s.Finding
	if s.Cut && s.Oldest != nil {
		p.Cut = "There are more sends than are looked at at once: those before " + a.momentOf(s.Oldest).Text + " are not counted."
	}
	number := func(name string, c cell, link string) {
		p.Figures = append(p.Figures, figure{Name: name, Value: c.Text, Also: c.Also, Link: link})
	}
	t := &s.Total
	number("Misses: passed, and Meta refused", percent(&t.Misses), scored("finding", "missed"))
	number("Refusals that were right", percent(&t.Rights), scored("finding", "right"))
	number("Refusals that were wrong", cell{Text: count(t.Wrong), Also: count(t.Late) + " by windows heard of late"}, scored("finding", "wrong"))
	number("Categories as expected", percent(&t.Category.Right), "")
	number("Prices as expected", percent(&t.Price.Right), "")
	number("Refused by Meta, no rule judges that", cell{Text: count(t.Beyond)}, scored("finding", "beyond"))
	p.Rules = table{Caption: "Rules, by Meta’s word", Columns: columns("rule", "#misses", "#refused", "#right", "#wrong", "~#may yet show", "~#nobody can know"), Empty: "No send was decided in this time."}
	for i := range s.Rules {
		r := &s.Rules[i]
		miss := percent(&r.Misses)
		if r.Misses.Of == 0 {
			miss = cell{Text: "–", Also: "Meta’s word does not test it"}
		} else if r.Misses.Count > 0 {
			miss.Link, miss.Tag = scored("finding", "missed", "rule", string(r.Rule)), "warned"
		}
		wrong := cell{Text: count(r.Wrong)}
		if r.Wrong > 0 {
			wrong.Link, wrong.Tag = scored("finding", "wrong", "rule", string(r.Rule)), "warned"
		}
		p.Rules.Rows = append(p.Rules.Rows, row{Cells: []cell{{Text: string(r.Rule), Link: link("violations", "rule", string(r.Rule), "from", from, "number", q.Get("number"))}, miss, {Text: count(r.Refused)}, {Text: count(r.Right)}, wrong, {Text: count(r.Open)}, {Text: count(r.Unknowable)}}})
	}
	p.Lacks = table{Caption: "What was missing", Columns: columns("fact", "rule", "#misses", "the newest"), Empty: "No misses: whatever Meta refused for a reason that a rule judges was refused here first."}
	for i := range s.Lacks {
		l := &s.Lacks[i]
		p.Lacks.Rows = append(p.Lacks.Rows, row{Cells: []cell{
			{Text: words(string(l.Lack)), Link: scored("finding", "missed", "lack", string(l.Lack))},
			{Text: string(l.Rule)},
			{Text: count(l.Count)},
			{Text: l.Said, Also: l.Remedy, Link: link("decision", "id", l.Newest)},
		}})
	}
	for _, g := range []struct {
		by   string
		list []adminapi.ScoreGroup
	}{{"number", s.Numbers}, {"template", s.Templates}, {"sender", s.Senders}} {
		if len(g.list) == 0 {
			continue
		}
		t := table{Caption: "By " + g.by, Columns: columns(g.by, "#passed", "#misses", "#right refusals", "~#categories as expected", "~#prices as expected")}
		for i := range g.list[:min(len(g.list), 20)] {
			n := &g.list[i]
			t.Rows = append(t.Rows, row{Cells: []cell{{Text: cmp.Or(n.Key, "none named")}, {Text: count(n.Passed)}, percent(&n.Misses), percent(&n.Rights), percent(&n.Category.Right), percent(&n.Price.Right)}})
		}
		p.Groups = append(p.Groups, t)
	}
	p.Errors = table{Caption: "What Meta refused, by its code", Columns: columns("code", "about", "#refused", "#of them misses", "what it means"), Empty: "Meta refused nothing."}
	for i := range s.Errors {
		e := &s.Errors[i]
		p.Errors.Rows = append(p.Errors.Rows, row{Cells: []cell{{Text: strconv.Itoa(e.Code), Link: link("decision", "id", e.Newest)}, {Text: words(string(e.Matter))}, {Text: count(e.Count)}, {Text: count(e.Missed)}, {Text: e.Said, Also: e.Remedy}}})
	}
	for _, m := range []struct {
		of   string
		list []adminapi.Mistaken
	}{{"Categories", s.Categories}, {"Prices", s.Prices}} {
		if len(m.list) == 0 {
			continue
		}
		t := table{Caption: m.of + " that came otherwise than expected", Columns: columns("expected", "Meta told", "#messages")}
		for i := range m.list {
			t.Rows = append(t.Rows, row{Cells: []cell{{Text: words(m.list[i].Expected)}, {Text: words(m.list[i].Told), Link: link("decision", "id", m.list[i].Newest)}, {Text: count(m.list[i].Count)}}})
		}
		p.Wrong = append(p.Wrong, t)
	}
}

// sends are those behind a number of the score.
func (p *scorePage) sends(ctx context.Context, a *asked, s adminapi.ScoreSelection) (*shown, error) {
	q := known(a.URL.Query(), "from", "to", "number", "finding", "rule", "lack", "code", "before")
	code, _ := strconv.Atoi(q.Get("code")) // 0 is any
	page, err := a.API.ScoredSends(ctx, adminapi.ScoredSelection{ScoreSelection: s, Finding: q.Get("finding"), Rule: q.Get("rule"), Lack: q.Get("lack"), Code: code, Before: q.Get("before"), Limit: pageSize})
	if err != nil {
		return nil, err
	}
	t := &table{Caption: "Sends whose decision was " + words(q.Get("finding")) + ", newest first", Columns: columns("time", "decision", "message", "contact", "what happened, and what was missing"), Empty: "None in this time."}
	for _, one := range page.Sends {
		r := sendRow(a, one.Send)
		what := cell{Text: one.Said, Also: one.ToDo}
		decision := r.Cells[1]
		if one.Should != "" {
			decision.Also = "should have been " + string(one.Should)
		}
		t.Rows = append(t.Rows, row{Class: r.Class, Cells: []cell{r.Cells[0], decision, r.Cells[2], r.Cells[4], what}})
	}
	if page.Next != "" {
		t.More, t.MoreText = "score?"+with(q, "before", page.Next).Encode(), "Older sends"
	}
	p.Sends = t
	return &shown{title: "Score", template: "score", body: p}, nil
}
