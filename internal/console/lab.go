package console

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/lab"
)

// labPage is where policies are tried out on what was, beside what is, and on what may be.
type labPage struct {
	// Options are those that somebody wrote, Period and Number of when and whose sends.
	Options       string
	Periods       []option
	Number        string
	Wrong         string
	Tested        *labResult
	Shadows       []labResult
	Coming        bool
	Campaign      campaignForm
	CampaignWrong string
	// WhyNot says why nobody can ask who would get a campaign: of a list of one that tells how
	// the one stands.
	WhyNot string
	Cost   *campaignResult
}

// labResult is what would be otherwise under another policy.
type labResult struct {
	Name, Says  string
	Figures     []figure
	Differences []fact
	Rules       table
	Numbers     table
	Templates   table
	Missing     table
	Examples    table
	Notes       []string
}

type campaignForm struct{ Number, Template, Language, Contacts string }

// campaignResult is what a campaign would come to.
type campaignResult struct {
	Figures  []figure
	Refusals table
	Markets  table
}

func labPeriods(chosen string) (list []option) {
	chosen = cmp.Or(chosen, "7d")
	for _, o := range [][2]string{{"24h", "the last 24 hours"}, {"7d", "the last 7 days"}, {"30d", "the last 30 days"}, {"90d", "the last 90 days"}} {
		list = append(list, option{o[0], o[1], o[0] == chosen})
	}
	return list
}

// policyLab shows what policies on trial say.
func policyLab(ctx context.Context, a *asked) (*shown, error) {
	p := &labPage{Periods: labPeriods("")}
	return p.shown(ctx, a)
}

func (p *labPage) shown(ctx context.Context, a *asked) (*shown, error) {
	p.WhyNot = why(mayLookUp(a))
	all, there, err := recent(ctx, a, "shadows", func(ctx context.Context) (*adminapi.Shadows, error) {
		return a.API.Shadows(ctx, adminapi.ShadowSelection{})
	})
	if err != nil {
		return nil, err
	}
	if there {
		for i := range all.Shadows {
			s := &all.Shadows[i]
			r := labResultOf(a, &s.Comparison, s.Differences)
			r.Name = s.Name
			switch {
			case !s.Configured:
				r.Says = "It is configured no longer."
			case s.Percent > 0:
				r.Says = "It is enforced for " + strings.TrimSuffix(strings.TrimRight(trimFloat(s.Percent), "0"), ".") + " % of people: " + counted(s.Enforced, "send", "sends") + " so far."
			default:
				r.Says = "It judges beside the policy that is enforced, and changes nothing."
			}
			p.Shadows = append(p.Shadows, *r)
		}
	}
	p.Coming = a.coming
	return &shown{title: "Policy lab", template: "lab", body: p}, nil
}

// tryPolicies has a period decided again, or a campaign judged that has not run.
func tryPolicies(ctx context.Context, a *asked) (*shown, error) {
	p := &labPage{Periods: labPeriods(a.form.Get("from")), Options: a.form.Get("options"), Number: a.form.Get("number")}
	var err error
	switch a.form.Get("try") {
	case "campaign":
		if err = mayLookUp(a); err != nil {
			return nil, err
		}
		err = p.campaign(ctx, a)
		p.CampaignWrong, err = told(err)
	default:
		if strings.TrimSpace(p.Options) == "" {
			p.Wrong = "Write at least one option, such as: frequency_cap marketing 2 7d"
			break
		}
		var t *adminapi.PolicyTest
		if t, err = a.API.TestPolicy(ctx, &adminapi.PolicyTestRequest{From: cmp.Or(a.form.Get("from"), "7d"), PhoneNumberID: strings.TrimSpace(p.Number), Options: p.Options}); err == nil {
			p.Tested = labResultOf(a, &t.Comparison, t.Differences)
			p.Tested.Notes = t.Notes
			if t.LedgerSince != nil {
				p.Tested.Notes = append(p.Tested.Notes, "The ledger begins at "+a.momentOf(t.LedgerSince).Text+".")
			}
		}
		p.Wrong, err = told(err)
	}
	if err != nil {
		return nil, err
	}
	s, err := p.shown(ctx, a)
	if err == nil && p.Wrong+p.CampaignWrong != "" {
		s.status = http.StatusUnprocessableEntity
	}
	return s, err
}

// told is what the gateway says of a question that means nothing, to be shown beside the
// form; other errors are left.
func told(err error) (string, error) {
	if misasked(err) {
		return sentence(said(err)), nil
	}
	return "", err
}

// misasked reports that the gateway answers a question that means nothing, or not now.
func misasked(err error) bool {
	e, ok := errors.AsType[*adminapi.Error](err)
	return ok && e.Status < http.StatusInternalServerError
}

// said is what the gateway says is wrong, without how it was asked.
func said(err error) string {
	if e, ok := errors.AsType[*adminapi.Error](err); ok {
		return e.Error()
	}
	return err.Error()
}

func trimFloat(f float64) string {
	text, err := json.Marshal(f)
	if err != nil {
		return ""
	}
	if !strings.Contains(string(text), ".") {
		return string(text) + ".0"
	}
	return string(text)
}

func labResultOf(a *asked, c *lab.Comparison, differences []adminapi.PolicyDifference) *labResult {
	r := &labResult{Says: counted(c.Changed(), "of "+count(c.Sends)+" answers would be another", "of "+count(c.Sends)+" answers would be others")}
	if c.Sends == 0 {
		r.Says = "Nothing was sent in this time."
	}
	r.Figures = []figure{
		{Name: "Would stop", Value: count(c.Stopped), Also: "left, and would not", Tag: "refused"},
		{Name: "Would leave", Value: count(c.Released), Also: "were refused, and would not be", Tag: "allowed"},
		{Name: "By another rule", Value: count(c.Reworded), Also: "the same to the person"},
		{Name: "Stay as they are", Value: count(c.Same)},
		{Name: "Can’t be told", Value: count(c.Untold)},
		{Name: "People it makes a difference to", Value: count(c.People)},
	}
	for _, m := range c.Money {
		f := figure{Name: "Saved, less spent", Value: money(m.Saved-m.Spent, m.Currency), Also: money(m.Saved, m.Currency) + " saved, " + money(m.Spent, m.Currency) + " spent"}
		if m.Unpriced > 0 {
			f.Also += "; " + counted(m.Unpriced, "change has", "changes have") + " no known price"
		}
		r.Figures = append(r.Figures, f)
	}
	for _, d := range differences {
		r.Differences = append(r.Differences, fact{Name: d.PhoneNumberID, Value: strings.Join(d.Options, ", ")})
	}
	r.Rules = table{Caption: "By rule", Columns: columns("from", "to", "#sends"), Empty: "No answer would be another."}
	for i := range c.Rules {
		rule := &c.Rules[i]
		r.Rules.Rows = append(r.Rules.Rows, row{Cells: []cell{answerCell(&rule.From), answerCell(&rule.To), {Text: count(rule.Sends)}}})
	}
	groups := func(by string, list []lab.Group) table {
		t := table{Caption: "By " + by, Columns: columns(by, "#sends", "#would stop", "#would leave", "~#can’t be told")}
		for i := range list {
			g := &list[i]
			if g.Changed()+g.Untold > 0 {
				t.Rows = append(t.Rows, row{Cells: []cell{{Text: cmp.Or(g.Template, g.PhoneNumberID)}, {Text: count(g.Sends)}, {Text: count(g.Stopped)}, {Text: count(g.Released)}, {Text: count(g.Untold)}}})
			}
		}
		return t
	}
	r.Numbers, r.Templates = groups("number", c.Numbers), groups("template", c.Templates)
	r.Missing = table{Caption: "What nobody kept", Columns: columns("what", "#sends")}
	for _, m := range c.Missing {
		r.Missing.Rows = append(r.Missing.Rows, row{Cells: []cell{{Text: sentence(m.Says)}, {Text: count(m.Sends)}}})
	}
	r.Examples = table{Caption: "Examples", Columns: columns("time", "was", "would be", "message", "why")}
	for i := range c.Examples {
		r.Examples.Rows = append(r.Examples.Rows, exampleRow(a, &c.Examples[i]))
	}
	return r
}

func answerCell(x *lab.Answer) cell {
	name := string(x.Rule)
	if x.RuleID != "" {
		name += " " + x.RuleID
	}
	return cell{Text: name, Also: decisionWords[x.Effect], Tag: tagOf(x.Effect)}
}

// campaign judges a template to a list of people, before anything is sent.
func (p *labPage) campaign(ctx context.Context, a *asked) error {
	f := campaignForm{Number: strings.TrimSpace(a.form.Get("phone_number_id")), Template: strings.TrimSpace(a.form.Get("template")), Language: cmp.Or(strings.TrimSpace(a.form.Get("language")), "en")}
	p.Campaign = f // the list of people isn't shown again
	var contacts []string
	for line := range strings.Lines(a.form.Get("contacts")) {
		if who := strings.Trim(strings.TrimSpace(line), `",;`); who != "" {
			contacts = append(contacts, who)
		}
	}
	all := &adminapi.CampaignCost{}
	for len(contacts) > 0 {
		some := contacts[:min(len(contacts), 1000)]
		contacts = contacts[len(some):]
		cost, err := a.API.CampaignCost(ctx, &adminapi.CampaignCostRequest{PhoneNumberID: f.Number, Template: f.Template, Language: f.Language, Contacts: some})
		if err != nil {
			return err
		}
		if err := all.Add(cost); err != nil {
			return err
		}
	}
	a.Log.Info("who would get a campaign was looked up in the console", zap.String("user", a.visitor.Name), zap.Int("people", all.People))
	c := &campaignResult{Figures: []figure{{Name: "People", Value: count(all.People)}, {Name: "Would get it", Value: count(all.Pass), Also: rate(all.Pass, all.People)}, {Name: "Would be refused", Value: count(all.Refused), Also: rate(all.Refused, all.People)}}}
	for _, t := range all.Totals {
		figure := figure{Name: "Would cost", Value: money(t.Cost, t.Currency)}
		if t.Unpriced > 0 {
			figure.Also = "and " + counted(t.Unpriced, "message", "messages") + " of unknown price"
		}
		c.Figures = append(c.Figures, figure)
	}
	c.Refusals = table{Caption: "Who would not get it, and why", Columns: columns("rule", "#people", "why"), Empty: "Everybody would get it."}
	for _, r := range all.Refusals {
		c.Refusals.Rows = append(c.Refusals.Rows, row{Cells: []cell{{Text: string(r.Rule) + " " + r.RuleID, Tag: "refused"}, {Text: count(r.People)}, {Text: sentence(r.Reason), Also: sentence(r.Remedy)}}})
	}
	c.Markets = table{Caption: "What it would cost, by market", Columns: columns("market", "#messages", "#each", "#together"), Empty: "Nobody would get it."}
	for _, m := range all.Markets {
		each, together := cell{Text: "unknown"}, cell{Text: "unknown"}
		if m.UnitPrice != nil && m.Cost != nil {
			each, together = cell{Text: money(*m.UnitPrice, m.Currency)}, cell{Text: money(*m.Cost, m.Currency)}
		}
		c.Markets.Rows = append(c.Markets.Rows, row{Cells: []cell{{Text: m.Market, Also: words(string(m.Category)) + ", " + words(string(m.PriceType))}, {Text: count(m.Messages)}, each, together}})
	}
	p.Cost = c
	return nil
}

func exampleRow(a *asked, s *lab.Send) row {
	return row{Cells: []cell{
		{At: a.moment(s.At)},
		answerCell(&s.From), answerCell(&s.To),
		{Text: cmp.Or(s.Template, s.Kind), Also: brief(s.Contact.String()), Link: link("decision", "id", s.ID)},
		{Text: sentence(s.Reason)},
	}}
}
