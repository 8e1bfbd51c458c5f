package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

var exampleTime = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)

func drillCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "drill", Short: "Restores a backup into a directory that it removes again, and checks it",
		Long: `Restores a backup into a temporary directory (in $TMPDIR), checks the store and
verifies the log of its consent records as waguard store check and waguard audit verify do,
compares what it holds with what the backup says of itself, and removes the directory. No
gateway is asked. The exit code is 5 where anything is not as it should be.`,
		Example: indented(`
waguard backup drill --from /var/lib/waguard/backups
waguard backup drill --from /var/lib/waguard/backups --identity /media/key/backup.txt --json`),
	}
	sourceFlags(cmd)
	outputFlags(cmd)
	doing(cmd, drill)
	return cmd
}

// drillReport says how a drill went.
type drillReport struct {
	From  string `json:"from"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
	// Of is when the store was as the backup has it.
	Of time.Time `json:"of"`
	// Seconds is how long it took until the store could have been started.
	Seconds  float64        `json:"seconds"`
	Counts   map[string]int `json:"counts"`
	Contents string         `json:"contents"`
	// Leaves is how many leaves the log of consent records has.
	Leaves   uint64   `json:"leaves"`
	Problems []string `json:"problems,omitempty"`
	Notes    []string `json:"notes,omitempty"`
}

func (r *drillReport) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

func drill(ctx context.Context, c *call) (err error) {
	chain, err := chainOf(c)
	if err != nil {
		return err
	}
	temporary, err := os.MkdirTemp("", "waguard-drill-*")
	if err != nil {
		return fmt.Errorf("making a directory for the drill: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	dir, began := filepath.Join(temporary, "store"), time.Now()
	key := make([]byte, badger.KeySize) // what it leaves on the disk nobody can read
	rand.Read(key)
	restored, err := chain.restore(c, dir, key)
	if err != nil {
		return err
	}
	r := &drillReport{From: chain.last(), Files: restored.Files, Bytes: chain.size, Of: restored.At, Seconds: time.Since(began).Seconds()}
	_, over := c.underway("checking what was restored", -1)
	err = r.check(ctx, badger.Place{Dir: dir, EncryptionKey: key}, restored)
	over()
	if err != nil {
		return err
	}
	if c.format == formatTable {
		err = printDrill(c, r)
	} else {
		err = show(c, new(layout[*drillReport]), []*drillReport{r}, nil)
	}
	if err == nil && len(r.Problems) > 0 {
		err = &finding{"what was restored is not what was backed up, or not sound"}
	}
	return err
}

// check compares a restored store with what the backup says.
func (r *drillReport) check(ctx context.Context, place badger.Place, restored *badger.Restored) error {
	report, err := place.Check(ctx)
	if err != nil {
		return err
	}
	for _, p := range report.Problems {
		r.problem("the store: %s", p)
	}
	if report.More > 0 {
		r.problem("the store: and %d more", report.More)
	}
	if r.Counts, r.Contents, err = place.Contents(); err != nil {
		return err
	}
	m, kept := restored.Manifest, []byte(nil)
	if m == nil {
		r.Notes = append(r.Notes, "the backup is of a version that says nothing of what is in it: only the store itself was checked")
	} else {
		if r.Contents != m.Contents {
			r.problem("the records have the sum %s, and the backup says %s", r.Contents, m.Contents)
		}
		for _, kind := range slices.Sorted(maps.Keys(m.Counts)) {
			if r.Counts[kind] != m.Counts[kind] {
				r.problem("%d %s, and the backup says %d", r.Counts[kind], kind, m.Counts[kind])
			}
		}
		if m.Checkpoint != "" {
			kept = fmt.Appendf(nil, "%s\n%s\n", m.Checkpoint, m.Verifier)
		}
	}
	return place.Look(func(records store.LogRecords) error {
		log, err := store.VerifyLog(ctx, records, kept)
		if err != nil {
			return err
		}
		r.log(log)
		return nil
	})
}

func (r *drillReport) log(log *audit.Report) {
	r.Leaves = log.Leaves
	for _, f := range log.Findings {
		r.problem("the log of consent records: %s", f.String())
	}
	if log.More > 0 {
		r.problem("the log of consent records: and %d more", log.More)
	}
}

func printDrill(c *call, r *drillReport) error {
	var b strings.Builder
	fmt.Fprintf(&b, "restored %s of %s, %d bytes in %s, in %s\n", r.From, r.Of.Format(tableTime), r.Bytes, plural(r.Files, "file"), time.Duration(r.Seconds*float64(time.Second)).Round(time.Millisecond))
	for _, kind := range slices.Sorted(maps.Keys(r.Counts)) {
		fmt.Fprintf(&b, "%10d %s\n", r.Counts[kind], kind)
	}
	fmt.Fprintf(&b, "%10d leaves of the log of consent records\n", r.Leaves)
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	for _, problem := range r.Problems {
		fmt.Fprintf(&b, "%s %s\n", c.out.paint(text.Colors{text.FgRed, text.Bold}, "PROBLEM:"), printed(problem))
	}
	if len(r.Problems) == 0 {
		b.WriteString("What was restored is what was backed up, and is sound.\n")
	}
	_, err := c.out.Write([]byte(b.String()))
	return err
}
