package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/lab"
	"github.com/waguard/waguard/policy"
)

func init() {
	register(definition{
		name:  "policy",
		usage: "<command>",
		short: "Tries a policy out on what was sent, before anybody is affected",
		long: `
Says what would be otherwise under another policy: of what was sent before, or of what
is sent now, beside the one that is enforced.`,
		example: `
waguard policy test --config new.Caddyfile --from 30d
waguard policy test --set "frequency_cap marketing 2 7d"
waguard policy shadow --from 24h`,
		shape: func(cmd *cobra.Command) { group(cmd, policyTest(), policyShadow()) },
	})
}

func policyTest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "test", Short: "Decides what was sent again under another policy, and says what changes",
		Long: strings.TrimSpace(`
Every decision of a period is made again, under the policy that a configuration file gives
its number, or under options laid over those that hold now. Nothing is recorded, and what
is sent meanwhile doesn't wait. It says which sends would not have left, which only then,
by which rules, and what that saves or costs.

The file is read as waguard run reads it, and what it says of businesses, policy, words,
tags and budgets goes to the running gateway, whose ledger is asked; secrets stay here.
Facts are kept as far as the policy of the time asked for them: of which sends it can't be
told what becomes of them, and why, is said apart. Without --config and --set it is the
policy that holds now.`), Example: indented(`
waguard policy test --config new.Caddyfile
waguard policy test --config new.Caddyfile --from 2026-11-01 --number 104455667788
waguard policy test --set "frequency_cap marketing 2 7d" --set "quiet_hours marketing 21:00 08:00"
waguard policy test --shadow stricter --from 7d
waguard policy test --config new.Caddyfile --json`),
	}
	periodFlags(cmd, "30d")
	cmd.Flags().String("number", "", "One `number` of the business, by its phone_number_id or name")
	cmd.Flags().StringArray("set", nil, "An `option` of a policy block, laid over what each business has; repeatable")
	cmd.Flags().String("shadow", "", "The `name` of a shadow, which takes the place of what is enforced")
	cmd.Flags().Int("examples", 3, "How many `sends` are shown of each way in which answers change, up to 100")
	outputFlags(cmd)
	asking(cmd, testPolicy)
	cmd.Flags().Lookup("config").Usage = "Configuration `file` with the policy to try; also the admin address is taken from it"
	return cmd
}

func testPolicy(ctx context.Context, c *call) error {
	r := &adminapi.PolicyTestRequest{PhoneNumberID: c.flags.String("number"), Shadow: c.flags.String("shadow"), Examples: new(c.flags.Int("examples"))}
	var err error
	if r.From, r.To, err = period(c); err != nil {
		return err
	}
	if file := c.flags.String("config"); file != "" {
		if r.Config, err = configuredApp(file, c.flags.String("adapter")); err != nil {
			return fmt.Errorf("the configuration %s: %w", file, err)
		}
	}
	options, err := c.flags.GetStringArray("set")
	if err != nil {
		return err
	}
	r.Options = strings.Join(options, "\n")
	over := c.percents("the gateway decides again", func() float64 {
		p, err := c.client.PolicyTestProgress(ctx)
		if err != nil {
			return 0
		}
		return p.Part()
	})
	t, err := c.client.TestPolicy(ctx, r)
	over()
	if err != nil {
		return err
	}
	switch c.format {
	case formatTable:
		return printPolicyTest(c, t)
	case formatCSV:
		return show(c, new(layout[policyRow]), policyRows(&t.Comparison), nil)
	}
	return show(c, new(layout[*adminapi.PolicyTest]), []*adminapi.PolicyTest{t}, nil)
}

// policyRow is one way in which answers change.
type policyRow struct {
	Change     lab.Change  `json:"change"`
	Sends      int         `json:"sends"`
	FromEffect string      `json:"from_effect"`
	FromRule   policy.Rule `json:"from_rule"`
	FromRuleID string      `json:"from_rule_id,omitempty"`
	ToEffect   string      `json:"to_effect,omitempty"`
	ToRule     policy.Rule `json:"to_rule,omitempty"`
	ToRuleID   string      `json:"to_rule_id,omitempty"`
	Missing    string      `json:"missing,omitempty"`
}

func policyRows(all *lab.Comparison) (rows []policyRow) {
	for _, r := range all.Rules {
		rows = append(rows, policyRow{r.Change, r.Sends, r.From.Effect, r.From.Rule, r.From.RuleID, r.To.Effect, r.To.Rule, r.To.RuleID, ""})
	}
	for _, m := range all.Missing {
		rows = append(rows, policyRow{Change: lab.Untold, Sends: m.Sends, Missing: m.What.String()})
	}
	return rows
}

// configuredApp is what a configuration file says of what is sent: without secrets, and what
// else nobody needs to test a policy.
func configuredApp(file, adapter string) (json.RawMessage, error) {
	raw, err := configuredJSON(file, adapter)
	if err != nil {
		return nil, err
	}
	var config struct {
		Apps struct {
			WhatsApp map[string]json.RawMessage `json:"whatsapp"`
		} `json:"apps"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return nil, fmt.Errorf("it is read as JSON, which it isn't (--adapter names another format): %w", err)
	}
	if config.Apps.WhatsApp == nil {
		return nil, errors.New("it has no `whatsapp` block")
	}
	app := make(map[string]json.RawMessage)
	for _, key := range [...]string{"businesses", "policy", "words", "tags", "budgets"} {
		if said, ok := config.Apps.WhatsApp[key]; ok {
			app[key] = said
		}
	}
	return json.Marshal(app)
}

// changeWords say how answers change.
var changeWords = map[lab.Change]string{
	lab.Stopped: "would not leave", lab.Released: "would leave", lab.Reworded: "by another rule", lab.Untold: "can't be told", lab.Same: "the same",
}

func printPolicyTest(c *call, t *adminapi.PolicyTest) error {
	var b strings.Builder
	from := t.From
	if t.LedgerSince != nil {
		from = *t.LedgerSince
	}
	fmt.Fprintf(&b, "%s sends from %s to %s, decided again in %.1f s\n", humanize.Comma(int64(t.Sends)), from.Format(tableTime), t.To.Format(tableTime), t.Seconds)
	if t.LedgerSince != nil {
		b.WriteString("  The ledger doesn't reach back further.\n")
	}
	if t.Unread > 0 {
		fmt.Fprintf(&b, "  %s more requests could not be read: no policy sees them.\n", humanize.Comma(int64(t.Unread)))
	}
	switch {
	case len(t.Differences) == 0:
		b.WriteString("  The policy is the one that holds now.\n")
	default:
		for _, d := range t.Differences {
			number := d.PhoneNumberID
			if number == "*" {
				number = "numbers that are not listed"
			}
			fmt.Fprintf(&b, "  Otherwise for %s: %s\n", number, strings.Join(d.Options, ", "))
		}
	}
	for _, note := range t.Notes {
		fmt.Fprintf(&b, "  Note: %s.\n", note)
	}
	printComparison(&b, &t.Comparison)
	return c.paragraphs(b.String())
}

// paragraphs prints a text line by line, as what others wrote is printed.
func (c *call) paragraphs(s string) error {
	for line := range strings.Lines(s) {
		if _, err := fmt.Fprintln(c.out, printed(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}

// printComparison writes what would be otherwise.
func printComparison(b *strings.Builder, all *lab.Comparison) {
	table := func(title string, rows func(*tabwriter.Writer)) {
		fmt.Fprintf(b, "\n%s\n", title)
		w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
		rows(w)
		_ = w.Flush() // into memory
	}
	count := func(n int) string { return humanize.Comma(int64(n)) }
	table("What changes", func(w *tabwriter.Writer) {
		for _, row := range []struct {
			n    int
			what string
		}{
			{all.Stopped, "left, and would not leave"},
			{all.Released, "did not leave, and would"},
			{all.Reworded, "would be answered by another rule, and leave or not as they did"},
			{all.Same, "the same answer"},
			{all.Untold, "can't be told"},
		} {
			fmt.Fprintf(w, "  %s\t%s\n", count(row.n), row.what)
		}
		if all.People > 0 {
			fmt.Fprintf(w, "  %s\tpeople would get less or more\n", count(all.People))
		}
		for _, m := range all.Money {
			fmt.Fprintf(w, "  %s %s\tsaved by what would not leave\n  %s %s\tspent on what would\n", m.Saved, m.Currency, m.Spent, m.Currency)
			if m.Unpriced > 0 {
				fmt.Fprintf(w, "  %s\tof them have no known price in %s\n", count(m.Unpriced), m.Currency)
			}
		}
	})
	if len(all.Rules) > 0 {
		table("By rule", func(w *tabwriter.Writer) {
			fmt.Fprintf(w, "  SENDS\tCHANGE\tFROM\tTO\n")
			for _, r := range all.Rules {
				fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", count(r.Sends), changeWords[r.Change], answerWords(r.From), answerWords(r.To))
			}
		})
	}
	printGroups(b, table, "By number", all.Numbers, func(g *lab.Group) string { return g.PhoneNumberID }, len(all.Numbers))
	printGroups(b, table, "By template", all.Templates, func(g *lab.Group) string { return g.Template }, 20)
	if len(all.Missing) > 0 {
		table("What can't be told, for want of", func(w *tabwriter.Writer) {
			for _, m := range all.Missing {
				fmt.Fprintf(w, "  %s\t%s\n", count(m.Sends), m.Says)
			}
		})
	}
	if len(all.Examples) > 0 {
		table("Examples", func(w *tabwriter.Writer) {
			fmt.Fprintf(w, "  TIME\tNUMBER\tCONTACT\tWHAT\tFROM\tTO\tDECISION\n")
			for i := range all.Examples {
				s := &all.Examples[i]
				what, to := s.Kind, answerWords(s.To)
				if s.Template != "" {
					what = "template " + s.Template
				}
				if len(s.Missing) > 0 {
					to = changeWords[lab.Untold]
				}
				fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.At.Format(tableTime), s.PhoneNumberID, s.Contact.String()[:8], what, answerWords(s.From), to, s.ID)
			}
		})
		b.WriteString("  See what one rests on with waguard why --id <decision>.\n")
	}
}

func printGroups(b *strings.Builder, table func(string, func(*tabwriter.Writer)), title string, groups []lab.Group, name func(*lab.Group) string, most int) {
	var changed []lab.Group
	for _, g := range groups {
		if g.Changed()+g.Untold > 0 {
			changed = append(changed, g)
		}
	}
	if len(changed) == 0 {
		return
	}
	table(title, func(w *tabwriter.Writer) {
		fmt.Fprintf(w, "  \tSENDS\tNOT LEAVE\tLEAVE\tOTHER RULE\tUNTOLD\n")
		for i := range changed[:min(len(changed), most)] {
			g := &changed[i]
			fmt.Fprintf(w, "  %s\t%s\n", name(g), strings.Join([]string{strconv.Itoa(g.Sends), strconv.Itoa(g.Stopped), strconv.Itoa(g.Released), strconv.Itoa(g.Reworded), strconv.Itoa(g.Untold)}, "\t"))
		}
	})
	if more := len(changed) - most; more > 0 {
		fmt.Fprintf(b, "  and %d more: see --json\n", more)
	}
}

// answerWords are an answer as tables have it.
func answerWords(a lab.Answer) string {
	return strings.TrimSpace(a.Effect + " " + string(a.Rule) + " " + a.RuleID)
}
