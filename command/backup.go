package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"filippo.io/age"
	"filippo.io/age/plugin"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/backups"
	"github.com/waguard/waguard/internal/sealing"
	"github.com/waguard/waguard/store/archive"
)

func init() {
	register(definition{
		name:  "backup",
		usage: "--to <file or directory> [--incremental] [--keep <n>] [--recipient <recipient>] | drill --from <file or directory> | forget --from <file or directory>",
		short: "Copies the store of a running gateway into a file",
		long: `
Copies everything the store of a running gateway holds at one moment into a file,
while the gateway goes on serving. The file is as confidential as the store, unless
it is encrypted: with --recipient or --recipients-file it is compressed and encrypted
by age, and only whoever has an identity of one of the recipients can read it. No
identity is needed here.

It takes no other file's place. Where --to is a directory, the file is named after
the time, such as waguard-20261122T020000.000Z.backup; with --keep the oldest files
named so go, once the new one is whole, verified and on disk. Each gateway needs a
directory of its own. With - it goes to standard output.

With --incremental only what changed since the newest backup in the directory is
written, into a file that names the one it continues. Where there is none to continue
it holds everything. --keep counts a backup with everything and those that continue
it as one.

  drill   restores a backup into a directory that it removes again, checks it, and
          says how long that took
  forget  writes backups anew without the people who were erased after them`,
		example: `
waguard backup --to waguard-2026-11-22.backup
waguard backup --to /var/lib/waguard/backups/ --keep 14
waguard backup --to /var/lib/waguard/backups/ --incremental --recipients-file /etc/waguard/recipients
waguard backup --to - > waguard.backup`,
		shape: backupCommand,
	})
}

// doesItself marks a command that does something itself and has others below it.
const doesItself = "waguard_does_itself"

func backupCommand(cmd *cobra.Command) {
	cmd.Annotations = map[string]string{doesItself: "true"}
	cmd.Flags().String("to", "", "The `file` to write, a directory to have its name chosen, or - for standard output")
	cmd.Flags().Bool("incremental", false, "Write only what changed since the newest backup in the directory of --to")
	recipientFlags(cmd)
	cmd.Flags().Var(&checked{kind: "int", judge: func(s string) (string, error) {
		if n, err := strconv.Atoi(s); err != nil || n < 1 {
			return "", misused("takes how many backups stay, at least 1")
		}
		return s, nil
	}}, "keep", "How many backups (`n`) stay in the directory of --to; the oldest go (default all)")
	required(cmd, "to")
	asking(cmd, backUp)
	cmd.AddCommand(drillCommand(), forgetCommand())
}

// recipientFlags say to whom a backup is encrypted.
func recipientFlags(cmd *cobra.Command) {
	cmd.Flags().StringArray("recipient", nil, "Encrypt to a `recipient` of age, such as age1...; may be given several times")
	cmd.Flags().StringArray("recipients-file", nil, "Encrypt to the recipients in a `file`, one a line; may be given several times")
}

// standardOutput stands for it where a file is named.
const standardOutput = "-"

func backUp(ctx context.Context, c *call) error {
	to, keep, now := c.flags.String("to"), c.flags.String("keep"), time.Now()
	incremental := c.flags.Bool("incremental")
	dir := to != standardOutput && isDirectory(to)
	switch {
	case keep != "" && !dir:
		return misused("--keep goes with a directory in --to, and %s is none", named(to))
	case incremental && !dir:
		return misused("--incremental goes with a directory in --to, whose newest backup it continues, and %s is none", named(to))
	case to == standardOutput && c.out.terminal:
		return misused("a backup is nothing to look at: send it into a file, waguard backup --to - > waguard.backup")
	}
	recipients, err := recipientsOf(c)
	if err != nil {
		return err
	}
	if to == standardOutput {
		return backupOut(ctx, c, recipients)
	}
	b := &backingUp{c: c, recipients: recipients, now: now, kind: backups.Kind{Sealed: len(recipients) > 0}}
	name := to
	if dir {
		name = filepath.Join(to, b.kind.Name(now))
		b.dir = to
	}
	if err := backups.Free(name); err != nil { // before the gateway copies its store
		return err
	}
	if incremental {
		b.continues(to)
	}
	saved, err := b.save(ctx, name)
	if err != nil {
		return err
	}
	if dir {
		if err := b.remember(saved); err != nil {
			return fmt.Errorf("the backup is written; saying what the next increment continues: %w", err)
		}
	}
	if keep == "" {
		return nil
	}
	n, err := strconv.Atoi(keep)
	if err != nil {
		return err
	}
	newest := []string{filepath.Base(saved.Path)}
	if b.latest != nil && b.kind.Increment {
		newest = append(newest, b.latest.Names()...)
	}
	deleted, err := backups.Keep(to, newest, n, now)
	for _, old := range deleted {
		c.hint("deleted %s, to keep %d", old, n)
	}
	if err != nil {
		return fmt.Errorf("the backup is written; deleting old ones: %w", err)
	}
	return nil
}

func named(to string) string {
	if to == standardOutput {
		return to + " is standard output, which"
	}
	return to
}

// recipientsOf are those a backup is encrypted to; none where it isn't.
func recipientsOf(c *call) ([]age.Recipient, error) {
	single, err := c.flags.GetStringArray("recipient")
	if err != nil {
		return nil, err
	}
	files, err := c.flags.GetStringArray("recipients-file")
	if err != nil {
		return nil, err
	}
	recipients, err := sealing.Recipients(single, files, pluginsOf(c))
	if err != nil {
		return nil, &misuse{err.Error()}
	}
	return recipients, nil
}

// pluginsOf is how plugins of age talk to whoever runs the command.
func pluginsOf(c *call) *plugin.ClientUI {
	return plugin.NewTerminalUI(c.hint, c.hint)
}

// backingUp is a backup that is being made.
type backingUp struct {
	c          *call
	recipients []age.Recipient
	now        time.Time
	kind       backups.Kind
	dir        string // empty where it has a name of its own
	// latest and base are what an increment continues; nil for none.
	latest   *backups.Latest
	base     *archive.Base
	header   archive.Header
	manifest *archive.Manifest
}

// continues looks for what an increment continues.
func (b *backingUp) continues(dir string) {
	latest, why := backups.ReadLatest(dir)
	if why == "" {
		b.base = new(archive.Base)
		if json.Unmarshal(latest.Base, b.base) != nil {
			b.base, why = nil, "what is known of the backup before can't be read"
		}
	}
	if why != "" {
		b.c.hint("writing everything: %s", why)
		return
	}
	b.latest = latest
}

// save receives a backup and puts it on disk.
func (b *backingUp) save(ctx context.Context, name string) (backups.Saved, error) {
	backup, err := b.c.client.Backup(ctx, adminapi.BackupRequest{Base: b.base})
	if err != nil {
		return backups.Saved{}, err
	}
	defer backup.Close()
	advance, over := b.c.underway("receiving the backup", 0)
	saved, err := backups.Save(name, func(w io.Writer) (as string, err error) {
		if err := b.receive(w, counted{backup, advance}); err != nil || b.dir == "" {
			return "", err
		}
		return b.kind.Name(b.now), nil
	})
	over()
	if err != nil {
		return saved, err
	}
	if b.header.Whole != "" {
		b.c.hint("writing everything: %s", b.header.Whole)
	}
	how := "checksum verified"
	if b.kind.Sealed {
		how += fmt.Sprintf(", encrypted to %s", plural(len(b.recipients), "recipient"))
	}
	if b.kind.Increment {
		how += ", continues " + b.header.Previous.File
	}
	b.c.hint("wrote %s, %d bytes, %s", saved.Path, saved.Size, how)
	return saved, nil
}

// receive verifies a backup while it is written, encrypted where it should be.
func (b *backingUp) receive(w io.Writer, backup io.Reader) (err error) {
	b.kind.Increment = false
	out := w
	if b.kind.Sealed {
		sealed, err := sealing.Seal(w, b.recipients)
		if err != nil {
			return err
		}
		out = sealed
		defer func() {
			if err == nil { // else it must not look whole
				err = sealed.Close()
			}
		}()
	}
	b.manifest, err = archive.Read(io.TeeReader(backup, out), archive.Visitor{Header: func(h archive.Header) error {
		b.header, b.kind.Increment = h, h.Previous != nil
		return nil
	}})
	return err
}

// remember says what the next increment in the directory continues.
func (b *backingUp) remember(saved backups.Saved) error {
	if b.manifest == nil {
		return nil // of an older gateway, which makes no increments
	}
	self := backups.Link{File: filepath.Base(saved.Path), SHA256: saved.SHA256}
	base, err := json.Marshal(archive.Base{Previous: archive.Previous(self), Point: b.manifest.Point, Checkpoint: b.manifest.Checkpoint})
	if err != nil {
		return err
	}
	next := &backups.Latest{Chain: []backups.Link{self}, Base: base}
	if b.kind.Increment {
		next.Chain = append(b.latest.Chain, self)
	}
	return backups.WriteLatest(b.dir, next)
}

// backupOut writes a backup to standard output, out of a container with no room for
// it. The file has a checksum in it, which `waguard restore` looks at.
func backupOut(ctx context.Context, c *call, recipients []age.Recipient) error {
	backup, err := c.client.Backup(ctx, adminapi.BackupRequest{})
	if err != nil {
		return err
	}
	defer backup.Close()
	size := int64(0)
	b := &backingUp{c: c, recipients: recipients, kind: backups.Kind{Sealed: len(recipients) > 0}}
	if err := b.receive(c.out, counted{backup, func(n int64) { size += n }}); err != nil {
		return fmt.Errorf("the backup broke off after %d bytes, and is of no use: %w", size, err)
	}
	c.hint("wrote %d bytes; waguard restore verifies their checksum", size)
	return nil
}

// isDirectory reports that a path is a directory, or is written as one.
func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir() || os.IsPathSeparator(path[len(path)-1])
}

// plural is a number with its noun.
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// errStop ends reading what isn't needed any more.
var errStop = errors.New("enough")
