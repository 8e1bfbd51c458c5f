package console

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/waguard/waguard/internal/adminapi"
)

// templatesPage is what is known of templates.
type templatesPage struct {
	Filters  []field
	Accounts []fact
	List     table
	Costs    table
	Coming   bool
	More     string
}

// Told is what a screen reader says once the list has changed under it.
func (p *templatesPage) Told() string { return p.List.told("template", "templates") }

func templates(ctx context.Context, a *asked) (*shown, error) {
	q := a.URL.Query()
	s := adminapi.TemplateSelection{WABA: q.Get("waba"), Name: q.Get("name"), Problems: q.Get("problems"), Drift: q.Get("drift")}
	p := &templatesPage{Filters: []field{
		{Name: "name", Label: "Name", Value: s.Name},
		{Name: "waba", Label: "Account (WABA)", Value: s.WABA},
		{Name: "problems", Label: "Show", Value: s.Problems, Options: []option{{Name: "all"}, {"yes", "those with a problem", s.Problems == "yes"}}},
		{Name: "drift", Label: "Category", Value: s.Drift, Options: []option{{Name: "any"}, {"yes", "changed", s.Drift == "yes"}}},
	}}
	asksKnown := ask(ctx, a, "templates\x00"+strings.Join([]string{s.WABA, s.Name, s.Problems, s.Drift}, "\x00"), func(ctx context.Context) (*adminapi.Templates, error) { return a.API.Templates(ctx, s) })
	asksRefused := ask(ctx, a, "groups/template/30d", func(ctx context.Context) (*adminapi.Groups, error) {
		return a.API.Groups(ctx, adminapi.Violations, adminapi.GroupSelection{By: "template", Selection: adminapi.Selection{From: "30d"}})
	})
	asksCosts := ask(ctx, a, "templates/cost\x00"+s.WABA, func(ctx context.Context) (*adminapi.TemplateCosts, error) {
		return a.API.TemplateCosts(ctx, adminapi.TemplateCostSelection{WABA: s.WABA})
	})
	known, _, err := asksKnown.answer()
	if err != nil {
		return nil, err
	}
	refused, _, err := asksRefused.answer()
	if err != nil {
		return nil, err
	}
	costs, there, err := asksCosts.answer()
	if err != nil {
		return nil, err
	}
	p.Coming = a.coming
	p.List = table{Caption: "Templates", Columns: columns("template", "status", "category", "~quality", "#sends in 7 days", "~who sends it", "#refused in 30 days"), Empty: "No templates are known. Webhooks teach them (subscribe the app to the message_template fields), and lists that senders read; template_sync lists them by itself."}
	if known != nil {
		p.list(a, known, refused)
	}
	if there && len(costs.Templates) > 0 {
		p.costs(costs, s.Name)
	}
	return &shown{title: "Templates", template: "templates", body: p}, nil
}

func (p *templatesPage) list(a *asked, known *adminapi.Templates, refused *adminapi.Groups) {
	for _, account := range known.Accounts {
		f := fact{Name: account.WABA, Value: "some of its templates are known"}
		if account.Complete {
			f.Value = "all its templates are known"
		}
		f.At = a.momentOf(account.Listed)
		p.Accounts = append(p.Accounts, f)
	}
	refusals := make(map[string]int)
	if refused != nil {
		for _, g := range refused.Groups {
			if name, ok := strings.CutPrefix(g.Key, "template "); ok {
				refusals[name] = g.Count
			}
		}
	}
	for i := range known.Templates {
		t := &known.Templates[i]
		name := cell{Text: t.Name, Also: strings.TrimSpace(t.Language + " " + t.WABA), Link: link("violations", "show", "all", "template", t.Name)}
		status := cell{Text: "unknown", Also: "nobody told of it"}
		if t.Status != nil {
			status = cell{Text: strings.ToLower(t.Status.Value), Also: a.moment(t.Status.Time).Day, Tag: "allowed"}
		}
		if t.Known && !t.Sendable {
			status.Tag = "refused"
		}
		category := cell{Text: "unknown"}
		if t.Category != nil {
			category = cell{Text: strings.ToLower(t.Category.Value)}
			if t.PreviousCategory != "" {
				category.Also = "before: " + string(t.PreviousCategory)
			}
			if t.NextCategory != "" {
				category.Also = string(t.NextCategory) + " from " + a.momentOf(t.NextFrom).Day
				category.Tag = "warned"
			}
		}
		if t.Drifted {
			category.Tag = "warned"
			category.Also += "; nobody has accepted that"
		}
		quality := cell{Text: "–"}
		if t.Quality != nil {
			quality = cell{Text: strings.ToLower(t.Quality.Value), Tag: map[string]string{"green": "allowed", "yellow": "warned", "red": "refused"}[strings.ToLower(t.Quality.Value)]}
		}
		n := cell{Text: count(refusals[t.Name])}
		if refusals[t.Name] > 0 {
			n.Link = link("violations", "template", t.Name, "from", "30d")
		}
		p.List.Rows = append(p.List.Rows, row{Cells: []cell{name, status, category, quality, {Text: count(t.Uses)}, {Text: users(t.Senders)}, n}})
	}
	if known.More > 0 {
		p.More = count(known.More) + " more are not listed. Name one above."
	}
}

// costs are what it costs that Meta files templates under other categories.
func (p *templatesPage) costs(costs *adminapi.TemplateCosts, name string) {
	p.Costs = table{Caption: "What changed categories cost, by what was delivered since " + costs.Since, Columns: columns("template", "from", "to", "#delivered", "#more in "+counted(costs.Days, "day", "days"), "~who sends it")}
	for i := range costs.Templates {
		t := &costs.Templates[i]
		if name != "" && t.Template != name {
			continue
		}
		from, to := cell{Text: string(t.Before)}, cell{Text: string(t.Category)}
		if t.Announced {
			to.Also = "announced"
		}
		for j := range t.Totals {
			m := &t.Totals[j]
			more := cell{Text: "unknown"}
			if m.Difference != nil {
				more = cell{Text: money(*m.Difference, m.Currency)}
				if *m.Difference > 0 {
					more.Tag = "warned"
				}
			}
			p.Costs.Rows = append(p.Costs.Rows, row{Cells: []cell{{Text: t.Template, Also: strings.Join(slices.Clone(t.Languages), ", ")}, from, to, {Text: count(m.Delivered)}, more, {Text: users(t.Senders)}}})
		}
	}
}

// users are who sends a template most, and how often.
func users(senders []adminapi.TemplateUse) string {
	var list []string
	for _, u := range senders[:min(len(senders), 3)] {
		list = append(list, cmp.Or(u.Sender, "not named")+" "+count(u.Sends))
	}
	if more := len(senders) - len(list); more > 0 {
		list = append(list, "and others")
	}
	return strings.Join(list, ", ")
}
