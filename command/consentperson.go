package command

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/evidence"
)

// personFlags are those of commands that give out what there is of a person.
func personFlags(cmd *cobra.Command) {
	businessFlag(cmd, "Only what is about this `number` of the business, by its phone_number_id (default all)")
	contactFlag(cmd, "The `person`, by phone number with + or user id")
	required(cmd, "contact")
}

func personRequest(c *call) adminapi.PersonRequest {
	return adminapi.PersonRequest{PhoneNumberID: c.flags.String("business"), Contact: c.flags.String("contact")}
}

func receiptCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "receipt", Short: "Prints receipts of a person's consent records, each with its proof", Example: indented(`
waguard consent receipt --contact +4915112345678
waguard consent receipt --contact +4915112345678 --record 5f0c1d2e3b4a5968`)}
	personFlags(cmd)
	cmd.Flags().String("record", "", "Only the record of this `ID`, as waguard consent history --json shows it")
	asking(cmd, func(ctx context.Context, c *call) error {
		request := personRequest(c)
		request.Record = c.flags.String("record")
		c.client.Clean = nil
		body, err := c.client.Receipts(ctx, request)
		if err != nil {
			return err
		}
		defer body.Close()
		return copyJSON(c.out, body)
	})
	return cmd
}

// copyJSON writes JSON so that no control character in it reaches a terminal.
func copyJSON(w io.Writer, body io.Reader) error {
	all, err := io.ReadAll(body)
	if err == nil {
		_, err = w.Write(printedJSON(all))
	}
	return err
}

func packCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "pack", Short: "Writes everything that proves a person's consent, signed, into a zip file", Example: indented(`
waguard consent pack --contact +4915112345678 --to evidence.zip
waguard consent pack verify evidence.zip --key 'waguard/5f0c+1d2e3b4a+AY…'`)}
	cmd.Annotations = map[string]string{doesItself: "true"}
	personFlags(cmd)
	cmd.Flags().String("to", "", "The new `file` to write")
	required(cmd, "to")
	asking(cmd, func(ctx context.Context, c *call) error {
		request := personRequest(c)
		request.Format = adminapi.FormatPack
		file := c.flags.String("to")
		if err := savePerson(ctx, c, request, file); err != nil {
			return err
		}
		report, err := verifyPack(file, "")
		if err != nil {
			return err
		}
		if !report.Sound() {
			return &finding{"the pack is written, and not sound: " + strings.Join(report.Findings, "; ")}
		}
		c.hint("wrote %s: %s, %d in the log, and %s", file, plural(report.Records, "record"), report.Proven, plural(report.Decisions, "decision"))
		c.hint("Whoever checks it needs the log's key from elsewhere: %s", report.Verifier)
		return nil
	})
	cmd.AddCommand(packVerifyCommand())
	return cmd
}

func subjectCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "subject", Short: "Writes everything held on a person, for that person", Example: indented(`
waguard consent subject --contact +4915112345678 --to person.html
waguard consent subject --contact +4915112345678 --to person.json
waguard consent subject --contact +4915112345678 --to person.zip`)}
	personFlags(cmd)
	cmd.Flags().String("to", "", "The new `file` to write: its end says whether it is .html, .json or, with all proofs, .zip")
	required(cmd, "to")
	asking(cmd, func(ctx context.Context, c *call) error {
		request, file := personRequest(c), c.flags.String("to")
		request.Format = map[string]string{".zip": adminapi.FormatPack, ".json": adminapi.FormatJSON, ".html": adminapi.FormatHTML}[strings.ToLower(filepath.Ext(file))]
		if request.Format == "" {
			return misused("--to must end with .html, .json or .zip, which says what is written")
		}
		if err := savePerson(ctx, c, request, file); err != nil {
			return err
		}
		c.hint("wrote %s", file)
		return nil
	})
	return cmd
}

// savePerson receives what there is of a person into a new file.
func savePerson(ctx context.Context, c *call, request adminapi.PersonRequest, file string) error {
	body, err := c.client.Person(ctx, request)
	if err != nil {
		return err
	}
	defer body.Close()
	advance, over := c.underway("receiving", 0)
	err = newFile(file, func(w io.Writer) error {
		_, err := io.Copy(w, counted{body, advance})
		return err
	})
	over()
	return err
}

// newFile writes a file that takes no other's place, and leaves none that isn't whole.
func newFile(name string, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- it is the caller's to name
	if err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("the file could not be written whole, and was removed: %w", err), os.Remove(name))
		}
	}()
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := write(f); err != nil {
		return err
	}
	return f.Sync()
}

// takesFile marks a command that takes a file as a word, and names the flag it stands for.
const takesFile = "waguard_takes_file"

func packVerifyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "verify", Short: "Verifies an evidence pack, without a gateway", Example: indented(`
waguard consent pack verify evidence.zip --key 'waguard/5f0c+1d2e3b4a+AY…'
waguard consent pack verify --from evidence.zip --json`)}
	cmd.Annotations = map[string]string{takesFile: "from"}
	cmd.Flags().String("from", "", "The `file` with the pack")
	cmd.Flags().String("key", "", "The `key` of the log as you know it from elsewhere, as waguard audit checkpoint prints it; without it only that the pack is in one piece is shown")
	required(cmd, "from")
	outputFlags(cmd)
	doing(cmd, func(_ context.Context, c *call) error {
		report, err := verifyPack(c.flags.String("from"), c.flags.String("key"))
		if err != nil {
			return err
		}
		if c.format == formatTable {
			err = printPack(c, report)
		} else {
			err = show(c, new(layout[*evidence.PackReport]), []*evidence.PackReport{report}, nil)
		}
		if err == nil && !report.Sound() {
			err = &finding{"the evidence pack is not as it was signed"}
		}
		return err
	})
	return cmd
}

func verifyPack(file, key string) (*evidence.PackReport, error) {
	z, err := zip.OpenReader(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, misused("there is no file %s", file)
	}
	if err != nil {
		return nil, &finding{fmt.Sprintf("%s is no evidence pack: %v", file, err)}
	}
	defer z.Close()
	return evidence.VerifyPack(&z.Reader, key), nil
}

func printPack(c *call, r *evidence.PackReport) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s: %d in the log, %d of them opened; %s\n", plural(r.Files, "file"), plural(r.Records, "record"), r.Proven, r.Opened, plural(r.Decisions, "decision"))
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s\n", c.out.paint(text.Colors{text.FgRed, text.Bold}, "FOUND:"), printed(f))
	}
	if r.Sound() {
		b.WriteString("The pack is as it was signed.\n")
	}
	if r.OwnKey {
		fmt.Fprintf(&b, "It was verified with the key it brings along, %s: compare that with the log's key as you know it from elsewhere, or give it with --key.\n", printed(r.Verifier))
	}
	_, err := c.out.Write([]byte(b.String()))
	return err
}
