package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func init() {
	register(definition{
		name:  "why",
		usage: "--id <decision> | --business <phone_number_id> (--contact <number> [--template <name> --language <code>] | --send <message>) [--at <time>]",
		short: "Explains why a send was allowed or refused, at any past second",
		long: `
Says what was decided about a send, or would have been at a moment: by which rule,
after which others were asked, and on what evidence. Facts and policy are those of
the moment, as the gateway knew them then. What came in later and is about the time
before it is listed apart.

With --id it is a decision of the ledger. Without, --send says which send is asked
about: text, template:<name>:<language>, a file with the message as its sender posts
it, or - for standard input.`,
		example: `
waguard why --id 0199f0c2-5d3e-7a41-9b0c-3f6f1f0d2a77
waguard why --business 104455667788 --contact +4915112345678 --send text --at 2026-11-20T14:03:22Z
waguard why --business 104455667788 --contact +4915112345678 --send template:sale:en --at 36h --json
waguard why --business 104455667788 --send message.json --at 2026-11-20T14:03:22Z`,
		shape: func(cmd *cobra.Command) {
			cmd.Flags().String("id", "", "The `decision` of the ledger to explain")
			businessFlag(cmd, "The `number` of the business, by its phone_number_id")
			contactFlag(cmd, "The `person`, by phone number with + or user id")
			timeFlag(cmd, "at", "", "When: a `time` such as 2026-11-20T14:03:22Z, a date, or an age such as 36h (default now)")
			cmd.Flags().String("send", "", "Which `message`: text, template:<name>:<language>, a file with it as its sender posts it, or - (default text)")
			cmd.Flags().String("template", "", "The template of this `name`, as --send template:<name>:<language> has it")
			cmd.Flags().String("language", "", "With --template, its language `code`")
			cmd.Flags().String("reference", "", "The biz_opaque_callback_data of the send, such as `order:8812`")
			outputFlags(cmd)
			asking(cmd, why)
		},
	})
}

func why(ctx context.Context, c *call) error {
	r, err := whyRequest(c)
	if err != nil {
		return err
	}
	w, err := c.client.Why(ctx, r)
	if err != nil {
		return err
	}
	if c.format != formatTable {
		return show(c, new(layout[*adminapi.Why]), []*adminapi.Why{w}, nil)
	}
	return printWhy(c, w)
}

func whyRequest(c *call) (r adminapi.WhyRequest, err error) {
	r = adminapi.WhyRequest{
		ID: c.flags.String("id"), At: c.flags.String("at"), PhoneNumberID: c.flags.String("business"), Contact: c.flags.String("contact"), Reference: c.flags.String("reference"),
	}
	send, template, language := c.flags.String("send"), c.flags.String("template"), c.flags.String("language")
	switch {
	case r.ID != "":
		if r.At != "" || r.PhoneNumberID != "" || r.Contact != "" || r.Reference != "" || send != "" || template != "" {
			return r, misused("--id names a decision, with its time, number and person: leave the rest out")
		}
		return r, nil
	case r.PhoneNumberID == "":
		return r, misused("needs --id, or --business with --contact")
	case template != "" && send != "", language != "" && template == "":
		return r, misused("--template and --language say what --send says: write either")
	}
	if name, ok := strings.CutPrefix(send, "template:"); ok {
		send = ""
		template, language, _ = strings.Cut(name, ":")
	}
	if template != "" {
		if language == "" {
			return r, misused("a template has a language: write --send template:%s:en, or --language", template)
		}
		r.Template = &adminapi.WhyTemplate{Name: template, Language: language}
	}
	if send == "" || send == "text" {
		if r.Contact == "" {
			return r, misused("needs --contact, or --send with a message that names the person")
		}
		return r, nil
	}
	var body []byte
	if send == standardOutput {
		body, err = io.ReadAll(os.Stdin)
	} else {
		body, err = os.ReadFile(send) // #nosec G304 -- that is what it is asked to read
	}
	switch {
	case err != nil:
		return r, fmt.Errorf("reading the message: %w", err)
	case r.Contact != "":
		return r, misused("the message in %s names the person: leave --contact out", send)
	case !json.Valid(body):
		return r, fmt.Errorf("%s is no JSON: it must be the message as its sender posts it", send)
	}
	r.Send = body
	return r, nil
}

// whyTime is a time of an explanation, to the second and in UTC.
func whyTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func printWhy(c *call, w *adminapi.Why) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s by %s\n", whyTime(w.At), verdictWord(w), w.Rule)
	fmt.Fprintf(&b, "  %s\n", w.Reason)
	if w.Remedy != "" {
		fmt.Fprintf(&b, "  What to do: %s\n", w.Remedy)
	}
	if sh := w.Shadow; sh != nil {
		fmt.Fprintf(&b, "  %s\n", shadowWords(sh))
	}
	b.WriteString("\nThe rules, as they were asked\n")
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for i, r := range w.Rules {
		finding := "goes on"
		if r.Decided != "" {
			finding = string(r.Decided)
		}
		about := r.About
		if len(w.Persons) > 1 && r.Person > 0 {
			about = fmt.Sprintf("%s (person %d)", about, r.Person)
		}
		fmt.Fprintf(table, "  %d\t%s\t%s\n", i+1, about, finding)
	}
	_ = table.Flush() // into memory
	b.WriteString("\nWhat it rests on\n")
	for i := range w.Persons {
		printPerson(&b, &w.Persons[i])
	}
	printKnown(&b, w)
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(c.out, printed(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}

func verdictWord(w *adminapi.Why) string {
	word := map[policy.Verdict]string{policy.Allow: "allowed", policy.Refuse: "refused"}[w.Verdict.Verdict]
	if w.Monitored && w.Verdict.Verdict == policy.Refuse {
		word = "would be refused, and passes in monitor mode,"
	}
	if w.Category != "" {
		word += " as " + string(w.Category)
	}
	return word
}

func printPerson(b *strings.Builder, p *adminapi.WhyPerson) {
	window := "never opened"
	if p.WindowOpened != nil {
		window = fmt.Sprintf("opened %s, closed since %s", whyTime(*p.WindowOpened), whyTime(*p.WindowUntil))
		if p.WindowOpen {
			window = fmt.Sprintf("opened %s, open until %s", whyTime(*p.WindowOpened), whyTime(*p.WindowUntil))
		}
	}
	fmt.Fprintf(b, "  contact   %s\n  window    %s\n", p.Contact, window)
	for _, scope := range policy.AllScopes {
		said := p.Consent[scope.String()]
		fmt.Fprintf(b, "  consent   %s: %s", scope, said.State)
		if said.Since != nil {
			fmt.Fprintf(b, " since %s (%s)", whyTime(*said.Since), said.Source)
		}
		b.WriteByte('\n')
	}
	for i := range p.Records {
		printWhyRecord(b, "record", &p.Records[i])
	}
}

func printWhyRecord(b *strings.Builder, title string, r *adminapi.ConsentRecord) {
	fmt.Fprintf(b, "  %-9s %s  %s %s, by %s", title, r.ID, r.State, strings.Join(r.Scopes, ","), r.Source)
	fmt.Fprintf(b, ", said %s", whyTime(r.Time))
	if r.Recorded != nil {
		fmt.Fprintf(b, ", recorded %s", whyTime(*r.Recorded))
	}
	if r.Reference != "" {
		fmt.Fprintf(b, " (%s)", r.Reference)
	}
	b.WriteByte('\n')
}

// printKnown prints what was known beside the people, and what came later.
func printKnown(b *strings.Builder, w *adminapi.Why) {
	if t := w.Template; t != nil {
		fmt.Fprintf(b, "  template  %s (%s): ", t.Name, t.Language)
		switch {
		case t.Found:
			fmt.Fprintf(b, "%s, %s\n", strings.ToLower(string(t.Category)), dash(strings.ToLower(string(t.Status))))
		case t.ListedAt != nil:
			fmt.Fprintf(b, "not in the account's list, which was seen whole at %s\n", whyTime(*t.ListedAt))
		default:
			b.WriteString("nothing was known of it\n")
		}
	}
	if p := w.Policy; p != nil {
		name := "the default one"
		if p.Digest != "" {
			name = p.Digest
		}
		fmt.Fprintf(b, "  policy    %s", name)
		if p.Since != nil {
			fmt.Fprintf(b, ", in force since %s", whyTime(*p.Since))
		}
		b.WriteByte('\n')
	}
	if l := w.Later; l != nil {
		b.WriteString("\nWhat came in later\n")
		for i := range l.Records {
			printWhyRecord(b, "record", &l.Records[i])
		}
		if l.Then != nil {
			fmt.Fprintf(b, "  window    opened %s, of which the gateway heard at %s: with it the answer is %s by %s\n", whyTime(*l.WindowOpened), whyTime(*l.Arrived), l.Then.Verdict, l.Then.Rule)
		}
	}
}

// shadowWords say what a policy on trial says beside the one that decided.
func shadowWords(sh *store.Shadow) string {
	who := "The shadow " + sh.Name
	if sh.Enforced {
		who += " decided, since it is enforced for this person; the other policy"
	}
	switch {
	case sh.Failed:
		return who + " could not judge it."
	case sh.Missing != "":
		return who + ": what it would have said can't be told, for want of " + sh.Missing.Says() + "."
	case sh.Differs():
		return who + " says otherwise: " + string(sh.Verdict) + " by " + strings.TrimSpace(string(sh.Rule)+" "+sh.RuleID) + "."
	}
	return who + " says the same."
}
