package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// The formats of --output.
const (
	formatTable = "table" // for people
	formatJSON  = "json"  // one object a line
	formatCSV   = "csv"   // the same fields, one object a line, below their names
)

var formats = []string{formatTable, formatJSON, formatCSV}

// outputFlags are those of every command that prints data.
func outputFlags(cmd *cobra.Command) {
	cmd.Flags().VarP(choice(formats), "output", "o", "How to print: `table`, json or csv")
	completed(cmd, "output", formats)
	cmd.Flags().Bool("json", false, "Print JSON, as --output json does")
}

// formatOf is the format that was asked for.
func formatOf(cmd *cobra.Command) (string, error) {
	if cmd.Flags().Lookup("output") == nil {
		return formatTable, nil
	}
	format := cmd.Flags().Lookup("output").Value.String()
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		if format != "" && format != formatJSON {
			return "", misused("--json and --output %s ask for different things: leave one out", format)
		}
		format = formatJSON
	}
	if format == "" {
		format = formatTable
	}
	return format, nil
}

// show prints rows. A table may have a line of totals at its end; programs add up
// for themselves.
func show[T any](c *call, how *layout[T], rows []T, total []string) error {
	if c.format == formatTable && len(rows) == 0 {
		c.note("%s", how.none)
		return nil
	}
	return printer(c, how)(rows, total)
}

// printer prints rows in the format that was asked for, more of them each time.
func printer[T any](c *call, how *layout[T]) func(rows []T, total []string) error {
	switch c.format {
	case formatJSON:
		return func(rows []T, _ []string) error { return printLines(c, rows) }
	case formatCSV:
		print := csvOf[T](c)
		return func(rows []T, _ []string) error { return print(rows) }
	}
	return tableOf(c, how)
}

// printLines prints JSON, one object a line.
func printLines[T any](c *call, rows []T) error {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	for _, row := range rows {
		line.Reset()
		if err := enc.Encode(row); err != nil {
			return err
		}
		if _, err := c.out.Write(printedJSON(line.Bytes())); err != nil {
			return err
		}
	}
	return nil
}

// note says something that is no data to a person, and nothing to a program.
func (c *call) note(format string, args ...any) {
	if c.format == formatTable {
		c.hint(format, args...)
	}
}

// hint says something that is no data, and that programs should hear of, too.
func (c *call) hint(format string, args ...any) {
	if said := fmt.Sprintf(format, args...); said != "" {
		fmt.Fprintln(c.errs, said)
	}
}

// unlisted says that more was refused than a list shows: who has just set up a
// sender would look for its refusals in vain.
func (c *call) unlisted(n int64) {
	if n > 0 {
		c.hint("Not listed: requests of callers whose access token Meta hasn't accepted lately. Since the configuration was loaded %d were refused; the log has some of them.\n"+
			"To have a sender's listed, let it read its number once through the gateway, GET /v25.0/<phone_number_id>, or name it under `senders`.", n)
	}
}

// more says how the next page is asked for.
func (c *call) more(next string) {
	if next != "" {
		c.hint("More with --before %s", next)
	}
}

// oneOf is a list of which one is chosen, as a sentence has it.
func oneOf(list []string) string { return joined(list, " or ") }

// allOf is a list as a sentence has it.
func allOf(list []string) string { return joined(list, " and ") }

func joined(list []string, last string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + last + list[len(list)-1]
}

// thereAre says what a list has.
func thereAre(list []string) string {
	if len(list) == 1 {
		return "there is " + list[0]
	}
	return "there are " + allOf(list)
}

// sorted is a list in order, without what is double.
func sorted(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
