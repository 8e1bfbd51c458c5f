package caddymodule

import (
	"context"
	"fmt"
	"math"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
)

// scoreSelection is a selection in the gateway's words.
func scoreSelection(s *adminapi.ScoreSelection) gateway.Selection {
	return gateway.Selection{From: s.From, To: s.To, PhoneNumberID: s.PhoneNumberID, Sender: s.Sender, Template: s.Template}
}

// scoreOf says how often the gateway was right.
func scoreOf(ctx context.Context, g *gateway.Gateway, r *adminapi.ScoreSelection) (*adminapi.Score, error) {
	s, err := g.Score(ctx, scoreSelection(r))
	if err != nil {
		return nil, err
	}
	answer := &adminapi.Score{
		Finding: s.Finding, From: s.From.Time(), To: s.To.Time(), Oldest: momentOf(s.Oldest), Cut: s.Cut, Unlooked: s.Unlooked, Total: scoreCounts(&s.Total),
		Rules: []adminapi.RuleScore{}, Numbers: scoreGroups(s.Numbers), Templates: scoreGroups(s.Templates), Senders: scoreGroups(s.Senders), Days: scoreGroups(s.Days),
		Lacks: []adminapi.LackTally{}, Errors: []adminapi.ErrorTally{}, Categories: mistakes(s.Categories), Prices: mistakes(s.Prices),
	}
	for i := range s.Rules {
		r := &s.Rules[i]
		answer.Rules = append(answer.Rules, adminapi.RuleScore{Rule: r.Rule, Misses: shareOf(r.Misses()), Refusals: refusalsOf(&r.Refusals)})
	}
	for _, l := range s.Lacks {
		answer.Lacks = append(answer.Lacks, adminapi.LackTally{Rule: l.Rule, Lack: l.Lack, Count: l.Count, Newest: l.Newest.String(), Said: l.Said, Remedy: l.Remedy})
	}
	for _, e := range s.Errors {
		answer.Errors = append(answer.Errors, adminapi.ErrorTally{Code: e.Code, Matter: e.Matter, Count: e.Count, Missed: e.Missed, Newest: e.Newest.String(), Said: e.Said, Remedy: e.Remedy})
	}
	return answer, nil
}

func scoreCounts(c *gateway.ScoreCounts) adminapi.ScoreCounts {
	return adminapi.ScoreCounts{
		Passed: c.Passed, Taken: c.Taken, Missed: c.Missed, Beyond: c.Beyond, Waiting: c.Waiting, Misses: shareOf(c.Misses()),
		Refusals: refusalsOf(&c.Refusals), Category: expectedOf(&c.Category), Price: expectedOf(&c.Price),
	}
}

func refusalsOf(r *gateway.Refusals) adminapi.Refusals {
	return adminapi.Refusals{
		Refused: r.Refused, Right: r.Right, Wrong: r.Wrong, Late: r.Late, OtherReason: r.OtherReason, Open: r.Open, Unknowable: r.Unknowable(), Rights: shareOf(r.Rights()),
	}
}

func expectedOf(e *gateway.Expected) adminapi.Expected {
	return adminapi.Expected{Right: shareOf(e.Rights()), Wrong: e.Wrong, Unknown: e.Unknown, Untold: e.Untold}
}

// shareOf is a share in percent, to a thousandth.
func shareOf(r gateway.Rate) adminapi.Share {
	s := adminapi.Share{Count: r.Count, Of: r.Of}
	if r.Of > 0 {
		low, high := r.Interval()
		percent := func(part float64) *float64 { return new(math.Round(100_000*part) / 1000) }
		s.Percent, s.Low, s.High = percent(float64(r.Count)/float64(r.Of)), percent(low), percent(high)
	}
	return s
}

func scoreGroups(list []gateway.ScoreGroup) []adminapi.ScoreGroup {
	groups := []adminapi.ScoreGroup{}
	for i := range list {
		groups = append(groups, adminapi.ScoreGroup{Key: list[i].Key, ScoreCounts: scoreCounts(&list[i].ScoreCounts)})
	}
	return groups
}

func mistakes(list []gateway.Mistaken) []adminapi.Mistaken {
	all := []adminapi.Mistaken{}
	for _, m := range list {
		all = append(all, adminapi.Mistaken{Expected: m.Expected, Told: m.Told, Count: m.Count, Newest: m.Newest.String()})
	}
	return all
}

// scoredSends lists sends by what Meta's word says of the decision.
func scoredSends(ctx context.Context, g *gateway.Gateway, r *adminapi.ScoredSelection) (*adminapi.ScoredPage, error) {
	s := gateway.ScoredSelection{Selection: scoreSelection(&r.ScoreSelection), Finding: r.Finding, Lack: r.Lack, Code: r.Code, MissedRule: r.Rule}
	s.Before, s.Limit = r.Before, r.Limit
	page, err := g.ScoredSends(ctx, s)
	if err != nil {
		return nil, err
	}
	answer := &adminapi.ScoredPage{Sends: []*adminapi.ScoredSend{}, Next: page.Next}
	for _, s := range page.Sends {
		line := adminapi.LineOf(s.Entry)
		if s.Entry.Violation() {
			line = adminapi.ViolationOf(s.Entry)
		}
		answer.Sends = append(answer.Sends, &adminapi.ScoredSend{
			Finding: string(s.Finding), Should: s.Rule, Lack: s.Lack, Code: s.Error.Code, Matter: s.Matter, Later: s.Error.Later, Said: s.Said, ToDo: s.Remedy,
			WindowOpened: momentOf(s.Opened), Arrived: momentOf(s.Arrived), Send: line,
		})
	}
	return answer, nil
}

// The share of misses from which on something is wrong, as the alert has it, and how many
// there are then at least.
const (
	manyMisses = 0.01
	someMisses = 5
)

// scoreFinding says whether Meta refuses what the rules should have.
func scoreFinding(s *gateway.Score) adminapi.Finding {
	const check = "misses"
	t := &s.Total
	switch {
	case t.Missed == 0 && t.Tested() == 0:
		return adminapi.OK(check, "Meta has given no word on a send of the last 24 hours that would say anything about a rule")
	case t.Missed == 0:
		return adminapi.OK(check, "of %d sends of the last 24 hours Meta refused none for a reason that a rule judges", t.Tested())
	}
	lack := &s.Lacks[0]
	remedy := fmt.Sprintf("mostly it is %s: %s; waguard score list has them all", lack.Lack, lack.Remedy)
	finding := fmt.Sprintf("%d of %d sends of the last 24 hours were let through, and Meta refused them for a reason that a rule judges", t.Missed, t.Tested())
	if t.Missed > someMisses && float64(t.Missed) > manyMisses*float64(t.Tested()) {
		return adminapi.Trouble(check, remedy, "%s", finding)
	}
	return adminapi.Note(check, remedy, "%s", finding)
}
