package console

import (
	"cmp"
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
)

// violationsPage lists sends: those that were refused, or all.
type violationsPage struct {
	// Query is what is asked for, so that a link to it can be shared.
	Query   url.Values
	All     bool
	Filters []field
	// Contact is the person it is about, by pseudonym, and Others leads to everybody's. Nobody
	// types one: it could be a number, which belongs into no address.
	Contact, Others string
	// Tabs are the groupings, Watch and Still the pages that watch and don't.
	Tabs         []tab
	Watch, Still string
	// Stream is where new sends come from, while somebody watches.
	Stream  string
	List    table
	Groups  *table
	CSV     string
	Besides *besides
	// Unlisted says what is in no list.
	Unlisted string
	Coming   bool
}

// Told is what a screen reader says once the list has changed under it.
func (p *violationsPage) Told() string {
	switch {
	case p.Stream != "":
		return "Watching sends as they come."
	case p.Groups != nil:
		return p.Groups.told("group", "groups")
	}
	return p.List.told("send", "sends")
}

// field is a field of a filter.
type field struct {
	Name, Label, Value, Hint string
	Options                  []option
}

type option struct {
	Value, Name string
	Chosen      bool
}

type tab struct {
	Name, Link string
	Here       bool
}

// besides are account events beside violations.
type besides struct {
	Says, Link string
}

// pageSize is how many sends a page has, mostCSV how many a file.
const (
	pageSize = 50
	mostCSV  = 100_000
)

// selectionOf is what the query asks for.
func selectionOf(q url.Values) adminapi.Selection {
	return adminapi.Selection{
		From: q.Get("from"), To: q.Get("to"), PhoneNumberID: q.Get("number"), Rule: q.Get("rule"), Category: q.Get("category"), Pseudonym: q.Get("contact"),
		Sender: q.Get("sender"), Template: q.Get("template"), Outcome: q.Get("outcome"), Before: q.Get("before"),
	}
}

func listOf(q url.Values) adminapi.List {
	if q.Get("show") == "all" {
		return adminapi.Ledger
	}
	return adminapi.Violations
}

// groupedBy are the groupings, as the page and the gateway name them.
var groupedBy = [][2]string{{"rule", "rule"}, {"sender", "sender"}, {"template", "template"}, {"number", "business"}, {"contact", "contact"}, {"day", "day"}}

func violations(ctx context.Context, a *asked) (*shown, error) {
	q := known(a.URL.Query(), "show", "watch", "by", "from", "to", "number", "rule", "category", "contact", "sender", "template", "outcome", "before")
	p := &violationsPage{Query: q, All: q.Get("show") == "all"}
	s := selectionOf(q)
	s.Limit = pageSize
	p.Filters = filtersOf(q)
	p.Contact, p.Others = q.Get("contact"), "violations?"+with(with(q, "contact", ""), "before", "").Encode()
	p.tabs(q)
	if q.Get("watch") == "on" {
		p.Stream = "live?" + known(q, "show", "number", "rule", "sender", "template", "category", "contact").Encode()
	}
	if by := q.Get("by"); by != "" {
		if err := p.group(ctx, a, by, s); err != nil {
			return nil, err
		}
		return p.shown(), nil
	}
	list, err := a.API.Page(ctx, listOf(q), s)
	if err != nil {
		return nil, err
	}
	p.List = sendsTable(a, list.Entries)
	p.List.Caption = "Violations, newest first"
	p.List.Empty = "Nothing was refused here. A send that is refused, or would be in monitor mode, is listed with its rule, why, and what to do."
	if p.All {
		p.List.Caption, p.List.Empty = "All sends, newest first", "No sends here. Whatever a sender posts to the gateway is listed, with what was decided and what became of it."
	}
	if len(q) > 0 && (q.Get("rule") != "" || q.Get("number") != "" || q.Get("contact") != "" || q.Get("sender") != "" || q.Get("template") != "" || q.Get("from") != "") {
		p.List.Empty += " Take a filter away to see more."
	}
	if list.Next != "" {
		p.List.More, p.List.MoreText = "violations?"+with(q, "before", list.Next).Encode(), "Older sends"
	}
	if b := list.AccountEvents; b != nil && b.Count > 0 {
		p.Besides = &besides{"In this time Meta told of " + counted(b.Count, "account event", "account events") + " that may have to do with it: " + words(string(b.Newest[0].Kind)) + ", " + b.Newest[0].Name + ".", link("events", "severity", "warning")}
	}
	if list.Unlisted > 0 {
		p.Unlisted = count(list.Unlisted) + " requests were refused since the configuration was loaded to callers whose access token Meta has not accepted lately. They are in no list; the log has some of them."
	}
	p.CSV = "violations.csv?" + known(q, "show", "from", "to", "number", "rule", "category", "contact", "sender", "template", "outcome").Encode()
	return p.shown(), nil
}

func (p *violationsPage) shown() *shown {
	title := "Violations"
	if p.All {
		title = "All sends"
	}
	return &shown{title: title, template: "violations", body: p}
}

// known are those parameters that are given, of some.
func known(q url.Values, names ...string) url.Values {
	some := url.Values{}
	for _, name := range names {
		if v := strings.TrimSpace(q.Get(name)); v != "" {
			some.Set(name, v)
		}
	}
	return some
}

// with is a query with one parameter changed; "" takes it away.
func with(q url.Values, name, value string) url.Values {
	changed := url.Values{}
	for k, v := range q {
		changed[k] = v
	}
	if value == "" {
		changed.Del(name)
	} else {
		changed.Set(name, value)
	}
	return changed
}

func filtersOf(q url.Values) []field {
	categories := field{Name: "category", Label: "Category", Value: q.Get("category"), Options: []option{{Name: "any"}}}
	for _, c := range []string{"marketing", "utility", "authentication", "service"} {
		categories.Options = append(categories.Options, option{c, c, q.Get("category") == c})
	}
	periods := field{Name: "from", Label: "Since", Value: q.Get("from"), Options: []option{{Name: "ever"}}}
	for _, p := range [][2]string{{"1h", "an hour ago"}, {"24h", "24 hours ago"}, {"7d", "7 days ago"}, {"30d", "30 days ago"}} {
		periods.Options = append(periods.Options, option{p[0], p[1], q.Get("from") == p[0]})
	}
	if from := q.Get("from"); from != "" && !slices.ContainsFunc(periods.Options, func(o option) bool { return o.Value == from }) {
		periods.Options = append(periods.Options, option{from, from, true})
	}
	return []field{
		periods,
		{Name: "rule", Label: "Rule", Value: q.Get("rule"), Hint: "WINDOW_CLOSED"},
		{Name: "number", Label: "Number", Value: q.Get("number"), Hint: "id or name"},
		{Name: "sender", Label: "Sender", Value: q.Get("sender")},
		{Name: "template", Label: "Template", Value: q.Get("template")},
		categories,
	}
}

// tabs are the list, and its groupings.
func (p *violationsPage) tabs(q url.Values) {
	q = with(q, "before", "")
	bare := with(with(q, "by", ""), "watch", "")
	p.Tabs = append(p.Tabs, tab{"List", "violations?" + bare.Encode(), q.Get("by") == ""})
	for _, by := range groupedBy {
		p.Tabs = append(p.Tabs, tab{"By " + by[0], "violations?" + with(bare, "by", by[0]).Encode(), q.Get("by") == by[0]})
	}
	p.Watch, p.Still = "violations?"+with(bare, "watch", "on").Encode(), "violations?"+bare.Encode()
}

// group counts what the list has.
func (p *violationsPage) group(ctx context.Context, a *asked, by string, s adminapi.Selection) error {
	asks := ""
	for _, pair := range groupedBy {
		if pair[0] == by {
			asks = pair[1]
		}
	}
	s.Limit = 0
	if s.From == "" {
		s.From = "7d"
	}
	groups, there, err := recent(ctx, a, "groups\x00"+asks+"\x00"+with(with(p.Query, "by", ""), "watch", "").Encode(), func(ctx context.Context) (*adminapi.Groups, error) {
		return a.API.Groups(ctx, listOf(p.Query), adminapi.GroupSelection{By: asks, Selection: s})
	})
	if err != nil {
		return err
	}
	p.Coming = !there
	t := &table{Columns: columns(by, "#sends", "~", "#before"), Empty: "Nothing here in this time. Choose another time, or take a filter away."}
	p.Groups = t
	if !there {
		return nil
	}
	from, to := a.moment(groups.From), a.moment(groups.To)
	t.Caption = "By " + by + " from " + from.Text + " to " + to.Text + ", and in as much time before"
	largest := 0
	for _, g := range groups.Groups {
		largest = max(largest, g.Count)
	}
	// A link leads to those that were counted.
	counted := with(with(p.Query, "by", ""), "from", s.From)
	for _, g := range groups.Groups[:min(len(groups.Groups), 200)] {
		c := cell{Text: cmp.Or(g.Key, "none named")}
		switch {
		case by == "day":
			c.Link = "violations?" + with(with(counted, "from", g.Key), "to", dayAfter(g.Key)).Encode()
		case by == "template": // or the type of messages that have none
			if name, ok := strings.CutPrefix(g.Key, "template "); ok {
				c.Text, c.Link = name, "violations?"+with(counted, by, name).Encode()
			}
		case by == "contact" && g.Key != "":
			c.Text, c.Link = brief(g.Key), "violations?"+with(counted, by, g.Key).Encode()
		case g.Key != "":
			c.Link = "violations?" + with(counted, by, g.Key).Encode()
		}
		t.Rows = append(t.Rows, row{Cells: []cell{c, {Text: count(g.Count)}, cell{Tag: "refused"}.share(g.Count, largest), {Text: count(g.Before)}}})
	}
	if n := len(groups.Groups) - len(t.Rows); n > 0 {
		t.Caption += ". These are the largest; " + count(n) + " more are not shown"
	}
	return nil
}

// dayAfter is the day after one, as it is written; "" for what is none.
func dayAfter(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return at.AddDate(0, 0, 1).Format(time.DateOnly)
}

// sendsTable lists sends.
func sendsTable(a *asked, lines []*adminapi.Line) table {
	t := table{Columns: columns("time", "decision", "message", "~number", "contact", "why, and what became of it")}
	for _, l := range lines {
		t.Rows = append(t.Rows, sendRow(a, l))
	}
	return t
}

func sendRow(a *asked, l *adminapi.Line) row {
	number := cmp.Or(l.Business, l.PhoneNumberID)
	tag := tagOf(l.Decision)
	what := cell{Text: l.RuleNamed(), Also: decisionWords[l.Decision], Tag: tag, Link: link("decision", "id", l.ID.String())}
	if l.Decision == "allow" && l.Outcome.ReachedOther != nil {
		what.Tag = "refused"
	}
	result := cell{Text: sentence(l.Reason), Also: outcomeOf(l)}
	message := cell{Text: cmp.Or(l.Message(), "unread"), Also: words(string(l.Category))}
	if l.Template != "" {
		message.Link = link("templates", "name", l.Template)
	}
	contact := cell{Text: brief(l.Contact)}
	if l.Contact != "" {
		contact.Link = link("violations", "show", "all", "contact", l.Contact)
	}
	return row{Class: tag, Cells: []cell{{At: a.moment(l.Time)}, what, message, {Text: number, Also: l.Sender, Link: link("violations", "number", l.PhoneNumberID)}, contact, result}}
}

// decisionWords are decisions as people read them.
var decisionWords = map[string]string{"allow": "allowed", "refuse": "refused", "monitor": "passed; would be refused"}

func tagOf(decision string) string {
	return map[string]string{"allow": "allowed", "refuse": "refused", "monitor": "warned"}[decision]
}

// outcomeOf is what became of a send.
func outcomeOf(l *adminapi.Line) string {
	if l.Decision == "refuse" && l.Outcome.State == "refused" {
		return ""
	}
	said := "Meta: " + words(l.Result())
	if p := l.Delivery.Pricing; p != nil {
		said += ", " + words(string(p.Category)) + " (" + words(string(p.Type)) + ")"
	}
	return said
}

// violationsCSV gives out the list as a file.
func violationsCSV(w http.ResponseWriter, a *asked) error {
	q := a.URL.Query()
	s := selectionOf(q)
	list := listOf(q)
	s.Limit = 1 // a question that means nothing is answered before the file begins
	if _, err := a.API.Page(a.Context(), list, s); err != nil || a.Method == http.MethodHead {
		return err
	}
	s.Limit = adminapi.LargestPage
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="violations.csv"`)
	out := csv.NewWriter(w)
	_ = out.Write([]string{"id", "time", "decision", "rule", "reason", "remedy", "phone_number_id", "business", "contact", "sender", "message", "language", "category", "market", "outcome"})
	n := 0
	for l, err := range a.API.All(a.Context(), list, s) {
		if err != nil {
			a.Log.Error("a file of sends broke off", a.logError(err))
			panic(http.ErrAbortHandler) // the file must not look whole
		}
		cells := []string{l.ID.String(), l.Time.UTC().Format("2006-01-02T15:04:05.000Z"), l.Decision, l.RuleNamed(), l.Reason, l.Remedy, l.PhoneNumberID, l.Business, l.Contact, l.Sender, l.Message(), l.Language, string(l.Category), l.Market, l.Result()}
		for i := range cells {
			cells[i] = harmless(cells[i])
		}
		if err := out.Write(cells); err != nil {
			return nil // who asked has gone
		}
		if n++; n == mostCSV {
			_ = out.Write([]string{"", "", "", "", "these are the newest " + strconv.Itoa(mostCSV) + "; `waguard violations --output csv` has all"})
			break
		}
	}
	out.Flush()
	return nil
}
