package command

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

// The formats of an export.
const (
	exportCSV   = "csv"
	exportLines = "jsonl"
)

func exportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "export", Short: "Writes what holds for all people, as waguard consent import takes it", Example: indented(`
waguard consent export --to consent.csv
waguard consent export --to opt-outs.jsonl --state opted_out
waguard consent export --to history.jsonl --history`)}
	cmd.Flags().String("to", "", "The new `file` to write")
	choiceFlag(cmd, "format", "How it is written: csv or jsonl (default by the end of the file's name, else jsonl)", []string{exportCSV, exportLines})
	cmd.Flags().Bool("history", false, "Write every record as it was recorded, instead of what holds; that is nothing to import")
	consentFlags(cmd)
	timeFlag(cmd, "from", "", "What the gateway heard of from this `time` on, such as 7d or 2026-11-22")
	timeFlag(cmd, "until", "", "What it heard of before this `time`")
	required(cmd, "to")
	asking(cmd, func(ctx context.Context, c *call) error {
		s := consentSelection(c)
		s.From, s.To = c.flags.String("from"), c.flags.String("until")
		file, format := c.flags.String("to"), c.flags.String("format")
		if format == "" {
			format = exportLines
			if strings.HasSuffix(strings.ToLower(file), ".csv") {
				format = exportCSV
			}
		}
		rows := 0
		advance, over := c.underway("exporting", 0)
		err := newFile(file, func(w io.Writer) (err error) {
			to := countedWriter{w, advance}
			if c.flags.Bool("history") {
				rows, err = exportHistory(ctx, c, s, format, to)
			} else {
				rows, err = exportStanding(ctx, c, s, format, to)
			}
			return err
		})
		over()
		if err != nil {
			return err
		}
		c.hint("wrote %s: %s; people are in it by their pseudonyms, which this installation alone takes in the place of numbers", file, plural(rows, "row"))
		return nil
	})
	return cmd
}

// countedWriter counts what is written.
type countedWriter struct {
	io.Writer
	advance func(int64)
}

func (w countedWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.advance(int64(n))
	return n, err
}

// exportHistory writes every record as it was recorded.
func exportHistory(ctx context.Context, c *call, s adminapi.ConsentSelection, format string, w io.Writer) (rows int, err error) {
	into := *c
	into.out, into.format = &stream{Writer: w}, map[string]string{exportCSV: formatCSV, exportLines: formatJSON}[format]
	print := printer(&into, &allConsent)
	for records, err := range c.client.Consents(ctx, s) {
		if err != nil {
			return rows, err
		}
		if err := print(records, nil); err != nil {
			return rows, err
		}
		rows += len(records)
	}
	return rows, nil
}

// exportStanding writes what holds.
func exportStanding(ctx context.Context, c *call, s adminapi.ConsentSelection, format string, w io.Writer) (rows int, err error) {
	write, flush := linesOf(w)
	if format == exportCSV {
		write, flush = listOf(w)
	}
	c.client.Clean = nil // what is exported must stay as it is
	for records, err := range c.client.Standing(ctx, s) {
		if err != nil {
			return rows, err
		}
		for i := range records {
			if err := write(&records[i]); err != nil {
				return rows, err
			}
		}
		rows += len(records)
	}
	return rows, flush()
}

// linesOf writes records as JSON, one a line.
func linesOf(w io.Writer) (write func(*adminapi.ExportRecord) error, flush func() error) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return func(r *adminapi.ExportRecord) error { return enc.Encode(r) }, func() error { return nil }
}

// listOf writes records as CSV, with a column for each field of a list.
func listOf(w io.Writer) (write func(*adminapi.ExportRecord) error, flush func() error) {
	out := csv.NewWriter(w)
	if err := out.Write(listFields); err != nil {
		return func(*adminapi.ExportRecord) error { return err }, func() error { return err }
	}
	write = func(r *adminapi.ExportRecord) error {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			return err
		}
		if shown, _ := fields["text"].(string); strings.Contains(shown, "\r") {
			delete(fields, "text") // CSV doesn't keep it word for word; its hash stays
		}
		line := make([]string, len(listFields))
		for i, name := range listFields {
			line[i] = inert(listCell(fields[name]))
		}
		return out.Write(line)
	}
	return write, func() error {
		out.Flush()
		return out.Error()
	}
}

// listCell is a value as a column of a list has it.
func listCell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		words := make([]string, len(v))
		for i := range v {
			words[i] = fmt.Sprint(v[i])
		}
		return strings.Join(words, ";")
	}
	return fmt.Sprint(v)
}

// formula is a cell that a spreadsheet takes for one, and one that was kept from it.
var formula = regexp.MustCompile(`^'*[=+\-@\t\r]`)

// inert is a cell that a spreadsheet doesn't take for a formula. An import takes the
// apostrophe away again, so that what was recorded stays what it was.
func inert(cell string) string {
	if formula.MatchString(cell) {
		return "'" + cell
	}
	return cell
}

// asWritten is what inert was given.
func asWritten(cell string) string {
	if strings.HasPrefix(cell, "'") && formula.MatchString(cell) {
		return cell[1:]
	}
	return cell
}

// consentFlags select consent records of all people.
func consentFlags(cmd *cobra.Command) {
	businessFlag(cmd, "Only records of this `number` of the business, by its phone_number_id")
	choiceFlag(cmd, "state", "Only this `state`: pending, opted_in, opted_out, suspected, dismissed or requested", []string{"pending", "opted_in", "opted_out", "suspected", "dismissed", "requested"})
	cmd.Flags().String("source", "", "Only this `source`, such as website")
	completed(cmd, "source", sourceNames())
	cmd.Flags().Bool("incomplete", false, "Only opt-ins that lacked what would have made them valid")
}

func consentSelection(c *call) adminapi.ConsentSelection {
	s := adminapi.ConsentSelection{PhoneNumberID: c.flags.String("business"), State: c.flags.String("state"), Source: c.flags.String("source")}
	if c.flags.Bool("incomplete") {
		s.Incomplete = "true"
	}
	return s
}
