package command

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

func importCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "import", Short: "Records a list of opt-ins or opt-outs, of millions if need be", Example: indented(`
waguard consent import --from optins.csv --business 104455667788 --map number=contact --map signed_up=at \
    --set scope=marketing --set source=existing_system --set system=shop --set reference=list-2025
waguard consent import --from optins.jsonl --dry-run
waguard consent import --from crm.csv --business 104455667788 --set state=opted_out --rejects rejected.csv`)}
	cmd.Flags().String("from", "", "The `file`: CSV whose first line names the columns, JSON with an object a line, or - for standard input")
	businessFlag(cmd, "The `number` of the business, by its phone_number_id, for rows that name none (phone_number_id)")
	cmd.Flags().StringArray("map", nil, "A `column=field`: a column of the file that is called otherwise than the field; with nothing behind the sign it is left out; repeatable")
	cmd.Flags().StringArray("set", nil, "A `field=value` for rows that have none; repeatable")
	cmd.Flags().Bool("dry-run", false, "Check every row, and record nothing")
	cmd.Flags().String("rejects", "", "A new `file` for the rows that were not recorded, each with its line and the reason (CSV)")
	cmd.Flags().Int("from-line", 1, "Go on at this `line`, where an import broke off")
	cmd.Flags().String("actor", osUser(), "The `name` of who records it, where the gateway can't tell by itself")
	required(cmd, "from")
	outputFlags(cmd)
	asking(cmd, importList)
	return cmd
}

// importTally is what became of the rows of a file.
type importTally struct {
	Rows int `json:"rows"`
	// Recorded are those that are on disk; of them OptedOut change nothing, since the
	// person has opted out after it, and Incomplete lack what makes an opt-in valid.
	Recorded   int  `json:"recorded"`
	OptedOut   int  `json:"opted_out"`
	Incomplete int  `json:"incomplete"`
	Rejected   int  `json:"rejected"`
	DryRun     bool `json:"dry_run"`
}

func (t *importTally) rows() [][2]string {
	recorded := "recorded"
	if t.DryRun {
		recorded = "would be recorded"
	}
	return [][2]string{
		{"rows", strconv.Itoa(t.Rows)},
		{recorded, strconv.Itoa(t.Recorded)},
		{"  of people who have opted out since", strconv.Itoa(t.OptedOut)},
		{"  incomplete", strconv.Itoa(t.Incomplete)},
		{"rejected", strconv.Itoa(t.Rejected)},
	}
}

// batchBytes is how large the records of one request may be, beside their number.
const batchBytes = adminapi.LargestImportBody / 4

// openList opens a list of people, which shut closes again; - is standard input, and stays
// open.
func openList(name string) (file *os.File, shut func() error, err error) {
	if name == standardOutput {
		return os.Stdin, func() error { return nil }, nil
	}
	if file, err = os.Open(name); err != nil {
		return nil, nil, misused("the list can't be read: %v", err)
	}
	return file, file.Close, nil
}

// importList sends a list to the gateway, batch by batch. What it is made of need not be
// in memory at once.
func importList(ctx context.Context, c *call) (err error) {
	shape, err := readShape(c)
	if err != nil {
		return err
	}
	file, shut, err := openList(c.flags.String("from"))
	if err != nil {
		return err
	}
	defer shut()
	size := int64(0)
	if info, err := file.Stat(); err == nil && file != os.Stdin {
		size = info.Size()
	}
	rejects, err := newRejects(c.flags.String("rejects"))
	if err != nil {
		return err
	}
	advance, over := c.underway("importing", size)
	tally := importTally{DryRun: c.flags.Bool("dry-run")}
	batch := adminapi.Import{DryRun: tally.DryRun, Actor: c.flags.String("actor")}
	unknown := make(map[string]bool)
	done, bytes := 0, 0 // done is the last line that is on disk
	rows := make(map[int][]string)
	send := func() error {
		if len(batch.Records) == 0 {
			return nil
		}
		answer, err := c.client.Import(ctx, &batch)
		if err != nil {
			return err
		}
		tally.Recorded += answer.Recorded
		tally.OptedOut += len(answer.OptedOut)
		tally.Incomplete += len(answer.Incomplete)
		for _, number := range answer.UnknownNumbers {
			unknown[number] = true
		}
		for _, r := range answer.Rejected {
			tally.Rejected++
			if err := rejects.add(r.Line, r.Error, rows[r.Line]); err != nil {
				return err
			}
		}
		done, bytes = batch.Records[len(batch.Records)-1].Line, 0
		batch.Records = batch.Records[:0]
		clear(rows)
		return nil
	}
	err = shape.read(counted{file, advance}, rejects.columns, func(row *listRow) error {
		if tally.Rows++; row.wrong != nil {
			tally.Rejected++
			return rejects.add(row.line, row.wrong.Error(), row.cells)
		}
		row.record.Line = row.line
		batch.Records = append(batch.Records, *row.record)
		if bytes += row.size; rejects.kept() {
			rows[row.line] = slices.Clone(row.cells)
		}
		if len(batch.Records) == adminapi.LargestImport || bytes > batchBytes {
			return send()
		}
		return nil
	})
	if err == nil {
		err = send()
	}
	over()
	if closed := rejects.close(); err == nil {
		err = closed
	}
	if err != nil {
		if done > 0 && !tally.DryRun {
			return &brokenOff{done, err}
		}
		return err
	}
	if c.format == formatTable {
		err = c.pairs(tally.rows())
	} else {
		err = show(c, new(layout[importTally]), []importTally{tally}, nil)
	}
	if len(unknown) > 0 {
		c.note("Neither the configuration nor any webhook names the business phone number %s; is the phone_number_id right?", strings.Join(slices.Sorted(maps.Keys(unknown)), ", "))
	}
	if err == nil && tally.Rejected > 0 {
		return fmt.Errorf("%d of %d rows were rejected%s", tally.Rejected, tally.Rows, rejects.where())
	}
	return err
}

// listShape is how a list is read.
type listShape struct {
	// columns are the fields of columns that are called otherwise, set those that rows
	// without them get.
	columns, set map[string]string
	business     string
	fromLine     int
}

func readShape(c *call) (*listShape, error) {
	s := &listShape{columns: make(map[string]string), set: make(map[string]string), business: c.flags.String("business"), fromLine: c.flags.Int("from-line")}
	for flag, to := range map[string]map[string]string{"map": s.columns, "set": s.set} {
		given, err := c.flags.GetStringArray(flag)
		if err != nil {
			return nil, err
		}
		for _, pair := range given {
			name, value, ok := strings.Cut(pair, "=")
			if _, twice := to[name]; !ok || name == "" || twice {
				return nil, misused("--%s takes %s, each once, and has %s", flag, map[string]string{"map": "column=field", "set": "field=value"}[flag], repeated(name))
			}
			to[name] = value
		}
	}
	for column, field := range s.columns {
		if field != "" && !isListField(field) {
			return nil, misused("--map %s=%s: there is no field %s%s", column, field, repeated(field), near(field, listFields))
		}
	}
	for field := range s.set {
		if !isListField(field) {
			return nil, misused("--set %s: there is no such field%s", repeated(field), near(field, listFields))
		}
	}
	return s, nil
}
