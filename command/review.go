package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

var reviews = layout[adminapi.Review]{
	titles: []string{"TIME", "BUSINESS", "CONTACT", "SOURCE", "ID"},
	cells: func(r adminapi.Review) []string {
		business := r.Business
		if business == "" {
			business = r.PhoneNumberID
		}
		return []string{r.Time.Format(tableTime), business, r.Contact.String(), string(r.Source), r.ID}
	},
	none: "Nothing waits for a decision.",
}

// reviewCommand lists messages that may be opt-outs, and takes decisions on them.
func reviewCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "review", Short: "Lists messages that may be opt-outs, and records what somebody decided about one",
		Long: `Lists messages that may be opt-outs and are not certainly ones, oldest first, and
records what somebody decided who has read one. Until then no marketing goes to the
person. The gateway doesn't keep what was written: read it where messages are read,
by its time and, with --contact, by whom it is from.

  --opt-out ID  it is one: the person is opted out, of everything or of the --scope
  --dismiss ID  it is none: marketing goes on, unless they write another

A message that comes in after the list was made is another one, with another ID.`,
		Example: indented(`
waguard consent review
waguard consent review --contact +4915112345678
waguard consent review --dismiss a1046574a7af4f1d9c0e5b7a1f20c3d4-104455667788-mg0x1y2z \
    --reason "asks where the bus stops"
waguard consent review --opt-out a1046574a7af4f1d9c0e5b7a1f20c3d4-104455667788-mg0x1y2z \
    --scope marketing --reason "has had enough of offers"`),
	}
	businessFlag(cmd, "Only messages to this `number` of the business, by its phone_number_id")
	contactFlag(cmd, "Only messages of this `person`, by phone number with + or user id")
	mostFlag(cmd)
	cmd.Flags().String("opt-out", "", "Record that the message with this `ID` is an opt-out")
	cmd.Flags().String("dismiss", "", "Record that the message with this `ID` is no opt-out")
	choiceFlag(cmd, "scope", "With --opt-out, what the person opted out of: `marketing` or all (default all)", []string{"marketing", "all"})
	cmd.Flags().String("reason", "", "What the `message` is about, in a few words; needed for a decision, and kept in the history")
	cmd.Flags().String("actor", osUser(), "The `name` of who decides, where the gateway can't tell by itself")
	outputFlags(cmd)
	asking(cmd, review)
	return cmd
}

func review(ctx context.Context, c *call) error {
	d := adminapi.ReviewDecision{
		ID: c.flags.String("opt-out"), Decision: "opt_out", Scope: c.flags.String("scope"),
		Reason: c.flags.String("reason"), Actor: c.flags.String("actor"),
	}
	if dismissed := c.flags.String("dismiss"); dismissed != "" {
		if d.ID != "" {
			return misused("--opt-out and --dismiss are two decisions: write one of them")
		}
		d.ID, d.Decision = dismissed, "dismiss"
	}
	if d.ID == "" {
		if d.Reason != "" || d.Scope != "" {
			return misused("--reason and --scope go with a decision: write --opt-out or --dismiss with an ID of the list")
		}
		return listReviews(ctx, c)
	}
	if d.Reason == "" {
		return misused("a decision needs --reason: what the message is about, in a few words")
	}
	decided, err := c.client.DecideReview(ctx, d)
	if err != nil {
		return err
	}
	return show(c, &reviews, []adminapi.Review{*decided}, nil)
}

func listReviews(ctx context.Context, c *call) error {
	answer, err := c.client.Reviews(ctx, adminapi.ReviewSelection{
		PhoneNumberID: c.flags.String("business"), Contact: c.flags.String("contact"), Limit: c.flags.Int("limit"),
	})
	if err != nil {
		return err
	}
	if err := show(c, &reviews, answer.Reviews, nil); err != nil {
		return err
	}
	if more := answer.Waiting - len(answer.Reviews); more > 0 {
		c.note("%d more wait; --limit shows more at a time.", more)
	}
	return nil
}
