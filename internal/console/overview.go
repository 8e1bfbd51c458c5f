package console

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
)

// overviewPage is what somebody looks at first.
type overviewPage struct {
	// Watching: the page is looked at again by itself, and Alone, that this is what is put
	// in its place.
	Watching, Alone bool
	Toggle          string
	Figures         []figure
	Minutes         chart
	// Since is when the gateway began to count minutes.
	Since   moment
	Rules   table
	Numbers table
	Budgets []budgetLine
	Events  table
	// Attention are things that somebody should look at now.
	Attention []attention
	// Coming: something is still being counted.
	Coming bool
}

// figure is a number that stands out.
type figure struct {
	Name, Value, Also, Link, Tag string
}

// attention is something that somebody should look at.
type attention struct {
	Severity, What, Do, Link, LinkText string
}

// budgetLine is how a budget stands.
type budgetLine struct {
	Name, Spent, Amount, Percent, State, Also string
	// Value is the percent, 100 at most.
	Value int
}

func overview(ctx context.Context, a *asked) (*shown, error) {
	p := &overviewPage{Watching: a.URL.Query().Get("watch") == "on", Toggle: link(".", "watch", "on")}
	if p.Watching {
		p.Toggle = "."
	}
	q := overviewQuestions(ctx, a)
	p.minutes(a)
	for _, part := range []func() error{
		func() error { return p.rules(q.rules) },
		func() error { return p.money(ctx, a, q.month) },
		func() error { return p.match(q.match) },
		func() error { return p.numbers(a, q.numbers) },
		func() error { return p.waiting(ctx, a) },
		func() error { return p.events(ctx, a) },
		func() error { return p.findings(q.doctor) },
	} {
		if err := part(); err != nil {
			p.missing(err)
		}
	}
	p.Coming, p.Alone = a.coming, a.partial()
	return &shown{title: "Overview", template: "overview", body: p}, nil
}

// overviewAsked is what takes long of an overview.
type overviewAsked struct {
	rules   question[*adminapi.Groups]
	month   question[*billing.Report]
	match   question[*adminapi.Reconciliations]
	numbers question[*adminapi.Numbers]
	doctor  question[*adminapi.Diagnosis]
}

func overviewQuestions(ctx context.Context, a *asked) overviewAsked {
	month := a.now.In(a.Zone).Format("2006-01")
	return overviewAsked{
		rules: ask(ctx, a, "groups/rule/24h", func(ctx context.Context) (*adminapi.Groups, error) {
			return a.API.Groups(ctx, adminapi.Violations, adminapi.GroupSelection{By: "rule", Selection: adminapi.Selection{From: "24h"}})
		}),
		month: ask(ctx, a, "report/day/"+month, func(ctx context.Context) (*billing.Report, error) {
			return a.API.Report(ctx, adminapi.ReportSelection{Month: month, By: "day"})
		}),
		match: ask(ctx, a, "reconcile", func(ctx context.Context) (*adminapi.Reconciliations, error) {
			return a.API.Reconcile(ctx, adminapi.ReconcileSelection{})
		}),
		numbers: ask(ctx, a, "numbers", func(ctx context.Context) (*adminapi.Numbers, error) { return a.API.Numbers(ctx) }),
		doctor:  ask(ctx, a, "doctor", func(ctx context.Context) (*adminapi.Diagnosis, error) { return a.API.Diagnose(ctx) }),
	}
}

// missing says that a part of the page could not be found out. What is wrong with the store
// is wrong with most of them, and is said once.
func (p *overviewPage) missing(err error) {
	m := attention{"critical", "Some of this page is missing", sentence(said(err)), "health", "Health"}
	if !slices.Contains(p.Attention, m) {
		p.Attention = append(p.Attention, m)
	}
}

// minutes are the sends of the last hour.
func (p *overviewPage) minutes(a *asked) {
	list, since := a.Live.lately(a.now, 60)
	p.Since = a.moment(since)
	of := []series{{"allowed", "allowed"}, {"refused", "refused"}, {"would be refused (monitor mode)", "warned"}}
	var points []point
	var sums [verdicts]int
	for _, m := range list {
		at := a.moment(time.Unix(m.at*60, 0))
		parts := make([]int, verdicts)
		for v, n := range m.count {
			parts[v] = n
			sums[v] += n
		}
		points = append(points, point{at.Clock[:5], "at " + at.Clock[:5], parts})
	}
	p.Minutes = columnChart("Sends a minute in the last hour", "sends", of, points, 10)
	all := sums[verdictAllowed] + sums[verdictRefused] + sums[verdictMonitored]
	p.Figures = append(p.Figures,
		figure{Name: "Sends, last hour", Value: count(all), Also: "by this gateway", Link: link("violations", "show", "all", "from", "1h")},
		figure{Name: "Refused, last hour", Value: count(sums[verdictRefused]), Also: rate(sums[verdictRefused], all), Link: link("violations", "from", "1h"), Tag: tagIf(sums[verdictRefused] > 0, "refused")},
	)
	if n := sums[verdictMonitored]; n > 0 {
		p.Figures = append(p.Figures, figure{Name: "Would be refused", Value: count(n), Also: "monitor mode lets them pass", Link: link("violations", "from", "1h"), Tag: "warned"})
	}
}

func tagIf(holds bool, tag string) string {
	if holds {
		return tag
	}
	return ""
}

// rules are the violations of a day.
func (p *overviewPage) rules(q question[*adminapi.Groups]) error {
	p.Rules = table{Caption: "Violations in the last 24 hours by rule, and in the 24 hours before", Columns: columns("rule", "#last 24 h", "~", "#the 24 h before"), Empty: "Nothing was refused in the last 24 hours. What is refused, or would be in monitor mode, is counted here by the rule that refused it."}
	groups, there, err := q.answer()
	if !there {
		return err
	}
	largest := 0
	for _, g := range groups.Groups {
		largest = max(largest, g.Count)
	}
	for _, g := range groups.Groups {
		p.Rules.Rows = append(p.Rules.Rows, row{Cells: []cell{
			{Text: g.Key, Link: link("violations", "rule", g.Key, "from", "24h")}, {Text: count(g.Count)}, cell{Tag: "refused"}.share(g.Count, largest), {Text: count(g.Before)},
		}})
	}
	p.Figures = append(p.Figures, figure{Name: "Violations, 24 hours", Value: count(groups.Total.Count), Also: count(groups.Total.Before) + " the 24 hours before", Link: link("violations", "from", "24h")})
	return nil
}

// money is what is spent, today and this month.
func (p *overviewPage) money(ctx context.Context, a *asked, q question[*billing.Report]) error {
	month, there, err := q.answer()
	if err != nil {
		return err
	}
	if there {
		today, days := billDay(a, month.TimeZones)
		for i := range month.Totals {
			t := &month.Totals[i]
			if t.Charged == 0 && t.Delivered == 0 && len(month.Totals) > 1 {
				continue
			}
			spent := billing.Counts{}
			for j := range month.Rows {
				if r := &month.Rows[j]; r.Day == today && r.Currency == t.Currency {
					spent = r.Counts
				}
			}
			p.Figures = append(p.Figures,
				figure{Name: "Spent today", Value: costOf(&spent, t.Currency), Also: counted(spent.Delivered, "message delivered", "messages delivered") + days, Link: link("bill", "from", today)},
				figure{Name: "Spent this month", Value: costOf(&t.Counts, t.Currency), Also: counted(t.Delivered, "message delivered", "messages delivered") + days, Link: "bill"},
			)
		}
	}
	budgets, err := a.API.Budgets(ctx)
	if err != nil {
		return err
	}
	for i := range budgets.Budgets {
		p.Budgets = append(p.Budgets, budgetLineOf(&budgets.Budgets[i]))
	}
	return nil
}

// billDay is today as bills count days, and whose days those are, where they aren't those of
// the console.
func billDay(a *asked, zones []string) (today, says string) {
	zone := a.Zone
	if len(zones) == 1 {
		if one, err := time.LoadLocation(zones[0]); err == nil {
			zone = one
		}
	}
	if len(zones) > 0 && (len(zones) > 1 || zones[0] != a.Zone.String()) {
		says = "; days in " + strings.Join(zones, ", ")
	}
	return a.now.In(zone).Format(time.DateOnly), says
}

// match is how far what statuses told agrees with Meta's figures, of the account with which
// they agree least, where the gateway has any.
func (p *overviewPage) match(q question[*adminapi.Reconciliations]) error {
	accounts, there, err := q.answer()
	if misasked(err) {
		return nil // there is nothing to compare, as The bill says
	}
	if err != nil || !there {
		return err
	}
	f := figure{Name: "Agrees with Meta’s figures", Link: "bill"}
	least := billing.All
	for _, r := range accounts.Accounts {
		if share, known := r.Least(); known && (f.Value == "" || share < least) {
			least = share
			f.Value, f.Also = share.String()+" %", r.From+" to "+r.To
		}
	}
	if f.Value != "" {
		p.Figures = append(p.Figures, f)
	}
	return nil
}

// costOf is what messages cost, as far as it is known.
func costOf(c *billing.Counts, currency billing.Currency) string {
	cost, known := c.Cost()
	if !known {
		return "unknown"
	}
	return money(cost, currency)
}

func budgetLineOf(b *adminapi.Budget) budgetLine {
	l := budgetLine{Name: b.Name, Spent: money(b.Spent+b.Reserved, b.Currency), Amount: money(b.Amount, b.Currency), Percent: count(b.Percent) + " %", State: b.State, Value: int(min(b.Percent, 100))}
	switch b.State {
	case "spent":
		l.Also = "spent: marketing is refused until " + b.Until.Format("2 January")
		if b.WhenSpent != "refuse" {
			l.Also = "spent: sends are warned of"
		}
	case "warning":
		l.Also = "over " + count(b.Warn) + " %, from where on sends are warned of"
	}
	if b.Unpriced > 0 {
		l.Also += " (" + counted(b.Unpriced, "message has", "messages have") + " no known price)"
	}
	return l
}

// numbers are the business phone numbers.
func (p *overviewPage) numbers(a *asked, q question[*adminapi.Numbers]) error {
	p.Numbers = table{Caption: "Business phone numbers", Columns: columns("number", "last webhook", "#open windows", "~#sends in 7 days", "~mode", "quality"), Empty: "No number has sent or received anything yet. Point a sender at the gateway, and the webhook of your app, too."}
	numbers, there, err := q.answer()
	if !there {
		return err
	}
	for i := range numbers.Numbers {
		n := &numbers.Numbers[i]
		name := n.Business
		if name == "" {
			name = n.PhoneNumberID
		}
		r := row{Cells: []cell{{Text: name, Also: n.PhoneNumberID, Link: link("violations", "number", n.PhoneNumberID)}, {Text: "never", Tag: "warned"}, {Text: count(n.OpenWindows)}, {Text: count(n.Sends)}, {Text: words(n.Mode)}, {Text: "–"}}}
		if n.LastWebhook != nil {
			r.Cells[1] = cell{At: a.momentOf(n.LastWebhook)}
		}
		if n.Mode == "monitor" {
			r.Cells[4].Tag = "warned"
		}
		if n.Silent {
			r.Class = "warned"
			p.Attention = append(p.Attention, attention{"critical", name + " sends, and gets no webhooks", "Opt-outs of its users don’t arrive. Point the webhook of the app at the gateway.", "health", "Health"})
		}
		if q := n.Quality; q != nil {
			r.Cells[5] = cell{Text: q.Name, Also: q.Detail, Tag: severityTags[q.Severity.String()]}
		}
		p.Numbers.Rows = append(p.Numbers.Rows, r)
	}
	return nil
}

var severityTags = map[string]string{"critical": "refused", "warning": "warned", "info": "info"}

// waiting are messages that wait for a decision.
func (p *overviewPage) waiting(ctx context.Context, a *asked) error {
	waiting, err := a.API.Reviews(ctx, adminapi.ReviewSelection{Limit: 1})
	if err != nil {
		return err
	}
	if waiting.Waiting > 0 {
		p.Attention = append(p.Attention, attention{"warning", counted(waiting.Waiting, "message may be an opt-out and waits", "messages may be opt-outs and wait") + " for somebody to decide", "Marketing to these people waits as well.", "reviews", "Reviews"})
	}
	return nil
}

// events are account events that somebody should know of.
func (p *overviewPage) events(ctx context.Context, a *asked) error {
	page, err := a.API.Events(ctx, adminapi.EventSelection{From: "7d", Severity: "warning", Limit: 8})
	if err != nil {
		return err
	}
	p.Events = eventTable(a, page.Events)
	p.Events.Caption = "Account events of the last seven days that somebody should know of"
	p.Events.Empty = "Meta told of nothing in the last seven days that would need somebody: no lower quality, no restriction, no paused template."
	return nil
}

// findings are what is not as it should be.
func (p *overviewPage) findings(q question[*adminapi.Diagnosis]) error {
	diagnosis, there, err := q.answer()
	if !there {
		return err
	}
	for _, f := range diagnosis.Findings {
		if f.Status == adminapi.CheckProblem {
			p.Attention = append(p.Attention, attention{"critical", sentence(f.Finding), sentence(f.Remedy), "health", "Health"})
		}
	}
	return nil
}
