package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
)

// tallyRow is a group of a summary as a row.
type tallyRow struct {
	// By is what the group has in common: a rule, template, sender or business, or
	// all of them (cause).
	By       string    `json:"by"`
	Key      string    `json:"key"`
	Rule     string    `json:"rule,omitempty"`
	Message  string    `json:"message,omitempty"`
	Sender   string    `json:"sender,omitempty"`
	Business string    `json:"business,omitempty"`
	Count    int       `json:"count"`
	Share    float64   `json:"share_percent"`
	People   int       `json:"people"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Reason   string    `json:"reason,omitempty"`
	Remedy   string    `json:"remedy,omitempty"`
}

func rowOf(by string, t *adminapi.Tally, sends int) tallyRow {
	return tallyRow{By: by, Key: t.Key, Count: t.Count, Share: percent(t.Count, sends), People: t.People, First: t.First, Last: t.Last}
}

// percent is a part of a whole, to a tenth.
func percent(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(int(1000*float64(part)/float64(whole)+0.5)) / 10
}

// shownGroups is how many groups of a kind a table has.
const shownGroups = 10

// summarise shows what enforcing would refuse, or what is refused.
func summarise(ctx context.Context, c *call, s adminapi.Selection) error {
	sum, err := c.client.Summary(ctx, s)
	if err != nil {
		return err
	}
	defer c.unlisted(sum.Unlisted)
	switch c.format {
	case formatJSON:
		return printLines(c, []*adminapi.Summary{sum})
	case formatCSV:
		var rows []tallyRow
		for _, part := range partsOf(sum) {
			rows = append(rows, part.rows...)
		}
		return show(c, new(layout[tallyRow]), rows, nil)
	}
	if _, err := fmt.Fprintf(c.out, "%s\n%s", sum.Finding, counts(sum)); err != nil {
		return err
	}
	for _, part := range partsOf(sum) {
		if len(part.rows) == 0 {
			continue
		}
		if _, err := fmt.Fprintln(c.out); err != nil {
			return err
		}
		shown := part.rows[:min(len(part.rows), shownGroups)]
		if err := show(c, &part.how, shown, nil); err != nil {
			return err
		}
		if more := len(part.rows) - len(shown); more > 0 {
			c.note("and %d more; --json has all", more)
		}
	}
	return nil
}

// countedFrom is from when on sends of a period were really looked at; it says so where that is
// not all of the period.
func countedFrom(b *strings.Builder, from time.Time, oldest *time.Time, cut bool, looked string) time.Time {
	switch {
	case oldest == nil:
	case cut:
		fmt.Fprintf(b, "There are more sends than are %s at once: these are the newest, from %s on.\n", looked, oldest.Format(tableTime))
		return *oldest
	case oldest.Sub(from) > time.Hour:
		fmt.Fprintf(b, "The oldest send that there is of this time is of %s.\n", oldest.Format(tableTime))
	}
	return from
}

// counts says over which sends the summary is.
func counts(s *adminapi.Summary) string {
	var b strings.Builder
	from := countedFrom(&b, s.From, s.Oldest, s.Cut, "counted")
	people := fmt.Sprint(s.People)
	if s.PeopleAtLeast {
		people = "at least " + people
	}
	fmt.Fprintf(&b, "From %s to %s: %d sends; %d would have been refused, %d were", from.Format(tableTime), s.To.Format(tableTime), s.Sends, s.Passed, s.Refused)
	if s.SentToAnother > 0 {
		fmt.Fprintf(&b, ", %d went to somebody else than they were judged by", s.SentToAnother)
	}
	fmt.Fprintf(&b, "; different people: %s.\n", people)
	return b.String()
}

// summaryPart is one of the tables of a summary.
type summaryPart struct {
	how  layout[tallyRow]
	rows []tallyRow
}

func partsOf(s *adminapi.Summary) []summaryPart {
	numbers := func(r tallyRow) []string {
		return []string{fmt.Sprint(r.Count), fmt.Sprintf("%.1f %%", r.Share), fmt.Sprint(r.People), r.Last.Format(tableTime)}
	}
	titles := func(what ...string) []string { return append(what, "COUNT", "OF ALL SENDS", "PEOPLE", "NEWEST") }
	part := func(by, title string, list []adminapi.Tally) summaryPart {
		p := summaryPart{how: layout[tallyRow]{titles: titles(title), cells: func(r tallyRow) []string { return append([]string{r.Key}, numbers(r)...) }}}
		for i := range list {
			p.rows = append(p.rows, rowOf(by, &list[i], s.Sends))
		}
		return p
	}
	rules := part("rule", "RULE", nil)
	for i := range s.Rules {
		row := rowOf("rule", &s.Rules[i].Tally, s.Sends)
		if newest := s.Rules[i].Newest; newest != nil {
			row.Reason, row.Remedy = newest.Reason, newest.Remedy
		}
		rules.rows = append(rules.rows, row)
	}
	rules.how.below = func(r tallyRow) string {
		if r.Remedy == "" {
			return "the newest: " + dash(r.Reason)
		}
		return "the newest: " + r.Reason + "\n    to do: " + r.Remedy
	}
	causes := summaryPart{how: layout[tallyRow]{
		titles: titles("RULE", "MESSAGE", "SENDER", "BUSINESS"),
		cells: func(r tallyRow) []string {
			return append([]string{r.Rule, r.Message, r.Sender, r.Business}, numbers(r)...)
		},
	}}
	for _, t := range s.Causes {
		causes.rows = append(causes.rows, tallyRow{
			By: "cause", Key: strings.Join([]string{string(t.Rule), t.Message, t.Sender, t.Business}, ", "), Rule: string(t.Rule), Message: t.Message, Sender: t.Sender,
			Business: t.Business, Count: t.Count, Share: percent(t.Count, s.Sends), People: t.People, First: t.First, Last: t.Last,
		})
	}
	return []summaryPart{
		causes, rules, part("template", "MESSAGE", s.Templates), part("sender", "SENDER", s.Senders), part("business", "BUSINESS", s.Numbers),
	}
}
