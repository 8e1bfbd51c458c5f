package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func init() {
	register(definition{
		name:  "score",
		usage: "[--from <time>] [--to <time>] [--business <phone_number_id>] [--template <name>] [--sender <sender>] [--by <what>] [--output <format>] | list [--finding <finding>] [--rule <rule>] [--lack <fact>] [--code <code>] [--limit <n>] [--before <id>] [--output <format>]",
		short: "Says how often the gateway was right, by what Meta made of the sends",
		long: `
Compares the decisions of a time with Meta's own word. A send that was let through is a
miss where Meta refused it, at once or in a status, for a reason that one of the rules
judges. A refusal was right where Meta refused the message for the same reason, in monitor
mode, and wrong where Meta delivered it though the rule judges nothing but what Meta
refuses, or where a window had been open of which the gateway heard late. Beside that stands
how often category and price came as expected.

Shares have an interval of 95 percent confidence: none of three says less than none of
three thousand. What nobody can know is counted apart: whether somebody had agreed, Meta
doesn't tell. --by groups by rule, number, template, sender or day, or says which facts were
missing (lack), by which codes Meta refused (error), and which categories and prices came
otherwise.

list shows the sends themselves: misses, or with --finding those that Meta refused for
reasons of its own (beyond), and refusals that were right, wrong, or met another reason of
Meta's (other_reason). waguard why --id opens each. Default: the last 30 days.`,
		example: `
waguard score
waguard score --from 7d --by number
waguard score --by lack
waguard score list
waguard score list --finding wrong --rule WINDOW_CLOSED
waguard score list --code 131047 --json | jq .send.id`,
		shape: func(cmd *cobra.Command) {
			scoreFlags(cmd)
			choiceFlag(cmd, "by", "Show by `what`: rule, number, template, sender, day, lack, error, category or price", scoreViews)
			outputFlags(cmd)
			asking(cmd, doScore)
			cmd.Annotations = map[string]string{doesItself: "true"}
			cmd.AddCommand(scoreList())
		},
	})
}

var (
	scoreViews    = []string{"rule", "number", "template", "sender", "day", "lack", "error", "category", "price"}
	scoreFindings = []string{"missed", "beyond", "right", "wrong", "other_reason"}
)

// scoreFlags are those that select what is scored.
func scoreFlags(cmd *cobra.Command) {
	periodFlags(cmd, "30d")
	businessFlag(cmd, "Only this `number` of the business, by its phone_number_id")
	cmd.Flags().String("template", "", "Only this template, by its `name`")
	cmd.Flags().String("sender", "", "Only this `sender`, or this fingerprint of an access token")
}

func scoreSelection(c *call) (s adminapi.ScoreSelection, err error) {
	s = adminapi.ScoreSelection{PhoneNumberID: c.flags.String("business"), Template: c.flags.String("template"), Sender: c.flags.String("sender")}
	s.From, s.To, err = period(c)
	return s, err
}

// scoreRow is a line of a score: of a rule, or of a group of sends.
type scoreRow struct {
	By  string `json:"by"`
	Key string `json:"key"`
	// Passed, Beyond and Waiting are of groups.
	Passed  int `json:"passed,omitempty"`
	Beyond  int `json:"beyond,omitempty"`
	Waiting int `json:"waiting,omitempty"`
	// Misses is the share of misses among the sends that put the rules to the test.
	Misses adminapi.Share `json:"misses"`
	adminapi.Refusals
	// Category and Price are the shares that came as expected, of groups.
	Category *adminapi.Share `json:"category_right,omitempty"`
	Price    *adminapi.Share `json:"price_right,omitempty"`
}

var scoreGroupRows = layout[scoreRow]{
	titles: []string{"", "PASSED", "MISSED", "OF TESTED", "95 %", "BEYOND", "NO WORD", "REFUSED", "RIGHT", "WRONG", "CATEGORY RIGHT", "PRICE RIGHT"},
	cells: func(r scoreRow) []string {
		return []string{
			r.Key, strconv.Itoa(r.Passed), strconv.Itoa(r.Misses.Count), ofTested(&r.Misses), between(&r.Misses), strconv.Itoa(r.Beyond), strconv.Itoa(r.Waiting),
			strconv.Itoa(r.Refused), strconv.Itoa(r.Right), strconv.Itoa(r.Wrong), percentOf(r.Category), percentOf(r.Price),
		}
	},
	none: "No sends.",
}

var scoreRuleRows = layout[scoreRow]{
	titles: []string{"RULE", "MISSED", "OF TESTED", "95 %", "REFUSED", "RIGHT", "WRONG", "OF THEM LATE", "OTHER REASON", "OPEN", "UNKNOWABLE"},
	cells: func(r scoreRow) []string {
		missed, tested := strconv.Itoa(r.Misses.Count), ofTested(&r.Misses)
		if r.Misses.Of == 0 {
			missed, tested = "", ""
		}
		return []string{
			r.Key, missed, tested, between(&r.Misses), strconv.Itoa(r.Refused), strconv.Itoa(r.Right), strconv.Itoa(r.Wrong), strconv.Itoa(r.Late),
			strconv.Itoa(r.OtherReason), strconv.Itoa(r.Open), strconv.Itoa(r.Unknowable),
		}
	},
	none: "No sends that put a rule to the test, and no refusals.",
}

// ofTested is a share with what it is of.
func ofTested(s *adminapi.Share) string {
	if s.Percent == nil {
		return "-"
	}
	return fmt.Sprintf("%s of %d", percentOf(s), s.Of)
}

// percentOf is a share in percent; "-" where there is none.
func percentOf(s *adminapi.Share) string {
	if s == nil || s.Percent == nil {
		return "-"
	}
	return digits(*s.Percent) + " %"
}

// between is where a share lies with a confidence of 95 percent.
func between(s *adminapi.Share) string {
	if s.Percent == nil {
		return ""
	}
	return digits(*s.Low) + " to " + digits(*s.High)
}

// digits is a number of percent with as many digits as it needs.
func digits(percent float64) string {
	if percent < 1 && percent > 0 {
		return strconv.FormatFloat(percent, 'f', 2, 64)
	}
	return strconv.FormatFloat(percent, 'f', 1, 64)
}

var lackRows = layout[adminapi.LackTally]{
	titles: []string{"RULE", "MISSING FACT", "MISSES", "NEWEST"},
	cells: func(l adminapi.LackTally) []string {
		return []string{string(l.Rule), string(l.Lack), strconv.Itoa(l.Count), l.Newest}
	},
	below: func(l adminapi.LackTally) string { return "the newest: " + l.Said + ".\n    to do: " + l.Remedy },
	none:  "No misses.",
}

var errorRows = layout[adminapi.ErrorTally]{
	titles: []string{"CODE", "ABOUT", "REFUSED BY META", "MISSES", "NEWEST"},
	cells: func(e adminapi.ErrorTally) []string {
		return []string{strconv.Itoa(e.Code), string(e.Matter), strconv.Itoa(e.Count), strconv.Itoa(e.Missed), e.Newest}
	},
	below: func(e adminapi.ErrorTally) string {
		if e.Said == "" {
			return ""
		}
		return e.Said + "\n    to do: " + dash(e.Remedy)
	},
	none: "Meta refused nothing that was let through.",
}

var mistakenRows = layout[adminapi.Mistaken]{
	titles: []string{"EXPECTED", "TOLD BY META", "MESSAGES", "NEWEST"},
	cells: func(m adminapi.Mistaken) []string {
		return []string{dash(m.Expected), dash(m.Told), strconv.Itoa(m.Count), m.Newest}
	},
	none: "All that Meta told came as expected.",
}

func doScore(ctx context.Context, c *call) error {
	s, err := scoreSelection(c)
	if err != nil {
		return err
	}
	score, err := c.client.Score(ctx, s)
	if err != nil {
		return err
	}
	by := cmp.Or(c.flags.String("by"), "rule")
	switch {
	case c.format == formatJSON:
		return printLines(c, []*adminapi.Score{score})
	case c.format == formatTable:
		if _, err := fmt.Fprintf(c.out, "%s\n%s\n", score.Finding, scoredAs(score)); err != nil {
			return err
		}
	}
	switch by {
	case "lack":
		return show(c, &lackRows, score.Lacks, nil)
	case "error":
		return show(c, &errorRows, score.Errors, nil)
	case "category":
		return show(c, &mistakenRows, score.Categories, nil)
	case "price":
		return show(c, &mistakenRows, score.Prices, nil)
	case "rule":
		var rows []scoreRow
		for i := range score.Rules {
			r := &score.Rules[i]
			rows = append(rows, scoreRow{By: by, Key: string(r.Rule), Misses: r.Misses, Refusals: r.Refusals})
		}
		return show(c, &scoreRuleRows, rows, nil)
	}
	groups := map[string][]adminapi.ScoreGroup{"number": score.Numbers, "template": score.Templates, "sender": score.Senders, "day": score.Days}[by]
	how := scoreGroupRows
	how.titles = slices.Clone(how.titles)
	how.titles[0] = strings.ToUpper(by)
	var rows []scoreRow
	for i := range groups {
		g := &groups[i]
		rows = append(rows, scoreRow{
			By: by, Key: g.Key, Passed: g.Passed, Beyond: g.Beyond, Waiting: g.Waiting, Misses: g.Misses, Refusals: g.Refusals,
			Category: &g.Category.Right, Price: &g.Price.Right,
		})
	}
	return show(c, &how, rows, nil)
}

// scoredAs says what was counted.
func scoredAs(s *adminapi.Score) string {
	var b strings.Builder
	from := countedFrom(&b, s.From, s.Oldest, s.Cut, "looked at")
	t := &s.Total
	fmt.Fprintf(&b, "From %s to %s: %d let through, of which Meta took %d, refused %d for a reason of ours (missed) and %d for others (beyond), and gave no word on %d; %d refused.\n",
		from.Format(tableTime), s.To.Format(tableTime), t.Passed, t.Taken, t.Missed, t.Beyond, t.Waiting, t.Refused)
	for _, e := range []struct {
		what string
		*adminapi.Expected
	}{{"Category", &t.Category}, {"Charged or free", &t.Price}} {
		if e.Right.Of > 0 {
			fmt.Fprintf(&b, "%s as expected: %s of %d (95 %%: %s); nothing expected of %d, nothing told of %d.\n", e.what, percentOf(&e.Right), e.Right.Of, between(&e.Right), e.Unknown, e.Untold)
		}
	}
	if s.Unlooked > 0 {
		fmt.Fprintf(&b, "Of %d older refusals it was not looked whether a window had been open of which the gateway heard late.\n", s.Unlooked)
	}
	return b.String()
}

var scoredRows = layout[*adminapi.ScoredSend]{
	titles: []string{"TIME", "FINDING", "META", "SHOULD HAVE", "MISSING FACT", "DECIDED BY", "BUSINESS", "SENDER", "MESSAGE", "ID"},
	cells: func(s *adminapi.ScoredSend) []string {
		meta := ""
		switch {
		case s.Matter == "" || s.Arrived != nil:
			meta = s.Send.Result()
		case s.Later:
			meta = fmt.Sprintf("%d later", s.Code)
		default:
			meta = strconv.Itoa(s.Code)
		}
		l := s.Send
		return []string{
			l.Time.Format(tableTime), s.Finding, meta, dash(string(s.Should)), dash(string(s.Lack)), string(l.Rule), cmp.Or(l.Business, l.PhoneNumberID),
			store.SenderAndToken(l.Sender, l.SenderToken), l.Message(), l.ID.String(),
		}
	},
	below: func(s *adminapi.ScoredSend) string {
		said := strings.TrimSuffix(s.Said, ".") + "."
		if s.ToDo != "" {
			said += "\n    to do: " + s.ToDo
		}
		return said
	},
	none: "No such sends.",
}

func scoreList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "Lists the sends that were missed, or of which Meta's word says something else, newest first",
		Long: indented(`
Lists sends by what Meta's word says of the decision about them, newest first: misses, with
the rule that should have refused, the fact that it lacked, and what to do; with --finding
those that Meta refused for a reason that no rule judges (beyond), and refusals that turned
out right or wrong, or met another reason of Meta's (other_reason).

With --before, the id of the last line of one page gives the next page. waguard why --id
shows all that a decision rests on.`),
		Example: indented(`
waguard score list
waguard score list --lack opt_out_at_meta --from 7d
waguard score list --finding wrong --rule WINDOW_CLOSED
waguard score list --finding beyond --code 131026 --json`),
	}
	scoreFlags(cmd)
	choiceFlag(cmd, "finding", "Only this `finding`: missed, beyond, right, wrong or other_reason (default missed)", scoreFindings)
	choiceFlag(cmd, "rule", "Only those of this `rule`: that should have refused, or did", ruleNames)
	choiceFlag(cmd, "lack", "Only misses that lacked this `fact`, such as window_at_meta", names(policy.Lacks))
	cmd.Flags().Var(&checked{kind: "string", judge: func(s string) (string, error) {
		if n, err := strconv.Atoi(s); s != "" && (err != nil || n < 1) {
			return "", misused("takes a code of Meta's, such as 131047")
		}
		return s, nil
	}}, "code", "Only those that Meta refused with this `code`, such as 131047")
	limitFlag(cmd)
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		s := adminapi.ScoredSelection{Finding: c.flags.String("finding"), Rule: c.flags.String("rule"), Lack: c.flags.String("lack"), Before: c.flags.String("before"), Limit: c.flags.Int("limit")}
		if code := c.flags.String("code"); code != "" {
			s.Code, _ = strconv.Atoi(code) // which the flag has judged
		}
		var err error
		if s.ScoreSelection, err = scoreSelection(c); err != nil {
			return err
		}
		p, err := c.client.ScoredSends(ctx, s)
		if err != nil {
			return err
		}
		if err := show(c, &scoredRows, p.Sends, nil); err != nil {
			return err
		}
		c.more(p.Next)
		return nil
	})
	return cmd
}
