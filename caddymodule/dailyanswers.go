package caddymodule

import (
	"context"
	"net/http"
	"time"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func summary(ctx context.Context, g *gateway.Gateway, s *adminapi.Selection) (*adminapi.Summary, error) {
	sum, err := g.Summary(ctx, selection(s))
	if err != nil {
		return nil, err
	}
	answer := &adminapi.Summary{
		Finding: sum.Finding, From: sum.From.Time(), To: sum.To.Time(), Oldest: timeOf(sum.Oldest), Cut: sum.Cut,
		Sends: sum.Sends, Refused: sum.Refused, Passed: sum.Passed, SentToAnother: sum.SentToAnother,
		Unlisted: g.Unlisted(), People: sum.People, PeopleAtLeast: sum.PeopleAtLeast, Monitored: adminapi.Monitored(sum.Monitored),
		Rules: []adminapi.RuleTally{}, Templates: tallied(sum.Templates), Senders: tallied(sum.Senders), Numbers: tallied(sum.Numbers), Causes: []adminapi.CauseTally{},
	}
	for _, r := range sum.Rules {
		shown := adminapi.RuleTally{Tally: tally(&r.Tally)}
		if r.Newest != nil {
			shown.Newest = adminapi.ViolationOf(r.Newest)
		}
		answer.Rules = append(answer.Rules, shown)
	}
	for _, c := range sum.Causes {
		answer.Causes = append(answer.Causes, adminapi.CauseTally{
			Rule: c.Rule, Message: c.Message, Sender: c.Sender, Business: c.Number, Count: c.Count, People: c.People, First: c.First.Time(), Last: c.Last.Time(),
		})
	}
	return answer, nil
}

func tallied(list []gateway.Tally) []adminapi.Tally {
	answer := make([]adminapi.Tally, 0, len(list))
	for i := range list {
		answer = append(answer, tally(&list[i]))
	}
	return answer
}

func tally(t *gateway.Tally) adminapi.Tally {
	return adminapi.Tally{Key: t.Key, Count: t.Count, People: t.People, First: t.First.Time(), Last: t.Last.Time()}
}

// timeOf is a time as answers have it; nil where there is none.
func timeOf(m policy.Moment) *time.Time {
	if m == 0 {
		return nil
	}
	return new(m.Time())
}

func templates(ctx context.Context, g *gateway.Gateway, s *adminapi.TemplateSelection) (*adminapi.Templates, error) {
	selected := gateway.TemplateSelection{WABA: s.WABA, Name: s.Name, Problems: s.Problems == "yes", Drift: s.Drift == "yes"}
	if s.Problems != "" && s.Problems != "yes" && s.Problems != "no" {
		return nil, adminapi.Errorf(http.StatusBadRequest, "problems must be yes or no")
	}
	if s.Drift != "" && s.Drift != "yes" && s.Drift != "no" {
		return nil, adminapi.Errorf(http.StatusBadRequest, "drift must be yes or no")
	}
	c, err := g.Catalogue(ctx, selected)
	if err != nil {
		return nil, err
	}
	answer := &adminapi.Templates{Accounts: []adminapi.TemplateAccount{}, Templates: []adminapi.Template{}, More: c.More, UsesSince: c.UsesSince.Time()}
	for i := range c.Accounts {
		a := &c.Accounts[i]
		answer.Accounts = append(answer.Accounts, adminapi.TemplateAccount{
			WABA: a.WABA, Complete: gateway.Listed(a, policy.MomentOf(g.Now())), Listed: timeOf(a.ListedAt),
		})
	}
	for i := range c.Templates {
		answer.Templates = append(answer.Templates, templateAnswer(&c.Templates[i]))
	}
	return answer, nil
}

func templateAnswer(t *gateway.CataloguedTemplate) adminapi.Template {
	shown := adminapi.Template{
		WABA: t.WABA, Name: t.Ref.Name, Language: t.Ref.Language, Known: t.Known, ID: t.ID, Sendable: t.Sendable, Status: wordOf(t.Status), Category: wordOf(t.Category),
		NextCategory: t.Next, NextFrom: timeOf(t.NextFrom), ToldCategory: t.Recategorised, Uses: t.Uses.Count, LastUse: timeOf(t.Uses.Last),
		PreviousCategory: t.Previous, CategoryChanged: timeOf(t.ChangedAt), CategoryChangedFrom: t.ChangedFrom,
		AcceptedCategory: t.Accepted, Accepted: timeOf(t.AcceptedAt), AcceptedBy: t.AcceptedBy, Drifted: t.Drifted,
	}
	shown.Senders = uses(t.Senders, func(u gateway.TemplateUse) adminapi.TemplateUse {
		return adminapi.TemplateUse{Sender: u.Of, Sends: u.Sends}
	})
	shown.Quality = wordOf(store.Word{Value: t.Quality, At: t.QualityAt, From: store.FromWebhook})
	return shown
}

func wordOf(w store.Word) *adminapi.Word {
	if w.Value == "" {
		return nil
	}
	return &adminapi.Word{Value: w.Value, Time: w.At.Time(), From: w.From}
}

// everyNumber is what the route over numbers takes: nothing.
type everyNumber struct{}

func numbers(ctx context.Context, g *gateway.Gateway, _ *everyNumber) (*adminapi.Numbers, error) {
	known, err := g.Numbers(ctx)
	if err != nil {
		return nil, err
	}
	answer := &adminapi.Numbers{Time: g.Now().UTC(), Numbers: []adminapi.Number{}, SendsSince: known.SendsSince.Time(), WindowsEstimated: known.Estimated}
	for i := range known.Numbers {
		n := &known.Numbers[i]
		shown := adminapi.Number{
			PhoneNumberID: n.PhoneNumberID, Business: n.Name, Number: n.Display, WABA: n.WABA, Mode: n.Mode, Listed: n.Listed, OpenWindows: n.OpenWindows,
			LastWebhook: timeOf(n.LastWebhook), Sends: n.Sends.Count, LastSend: timeOf(n.Sends.Last), Silent: n.Silent,
		}
		if n.Quality != nil {
			shown.Quality = adminapi.EventLineOf(n.Quality, n.Name)
		}
		answer.Numbers = append(answer.Numbers, shown)
	}
	return answer, nil
}
