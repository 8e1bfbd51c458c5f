package command

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/qr"
)

func init() {
	register(definition{
		name:  "link",
		usage: "--phone-number-id <id> --text <message> [--source <source>] [--qr <file>]",
		short: "Makes a link or QR code that opens a chat, and tells by which way people came",
		long: `
Makes a wa.me link that opens a chat with a business, in which a message is ready. By
that message the gateway knows later by which way its sender came (--source): link, qr,
website, button, popup, widget, email, sms, print, catalog or other:<name>. Each may have
a name, as in qr:window.

It is known by the configuration: an entry line in the whatsapp block, which is shown
where it is not there yet. The way is kept with the customer service window, and with
the sends in it.`,
		example: `
waguard link --phone-number-id 104455667788 --text "Hello from the shop window" --source qr:window --qr window.svg
waguard link --phone-number-id 104455667788 --text "Hello" --source link:newsletter --json`,
		shape: func(cmd *cobra.Command) {
			cmd.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
				if name == "business" { // as other commands call it
					name = "phone-number-id"
				}
				return pflag.NormalizedName(name)
			})
			businessFlag(cmd, "The `number` of the business, by its phone_number_id or configured name")
			cmd.Flags().String("text", "", "The `message` that is ready in the chat")
			cmd.Flags().String("source", "", "By which `way` people come who use the link, such as qr:window")
			cmd.Flags().String("qr", "", "Writes a QR code of it into this `file`, .svg or .png, or as SVG to standard output (-)")
			outputFlags(cmd)
			asking(cmd, link)
		},
	})
}

func link(ctx context.Context, c *call) error {
	r := adminapi.LinkRequest{PhoneNumberID: c.flags.String("phone-number-id"), Text: c.flags.String("text"), Source: c.flags.String("source")}
	file := c.flags.String("qr")
	switch {
	case r.PhoneNumberID == "":
		return misused("needs --phone-number-id: the business that the chat is with")
	case r.Text == "":
		return misused("needs --text: the message that is ready in the chat")
	case file != "" && file != standardOutput && !strings.HasSuffix(file, ".svg") && !strings.HasSuffix(file, ".png"):
		return misused("--qr is %q; it is a file whose name ends in .svg or .png, or - for SVG on standard output", file)
	}
	l, err := c.client.Link(ctx, r)
	if err != nil {
		return err
	}
	if l.Configure != "" {
		c.hint("The configuration doesn't tell by this text that people came so. Add to its whatsapp block: %s", l.Configure)
	}
	if file == standardOutput {
		_, err := c.out.Write(l.QR.SVG())
		return err
	}
	if file != "" {
		drawn := l.QR.SVG()
		if strings.HasSuffix(file, ".png") {
			if drawn, err = qr.PNG(l.Link); err != nil {
				return err
			}
		}
		if err := os.WriteFile(file, drawn, 0o644); err != nil { // #nosec G306 -- it is to be shown to everybody
			return fmt.Errorf("writing the QR code: %w", err)
		}
	}
	if c.format != formatTable {
		return show(c, new(layout[*adminapi.Link]), []*adminapi.Link{l}, nil)
	}
	_, err = fmt.Fprintln(c.out, l.Link)
	return err
}
