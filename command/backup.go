package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/backups"
	"github.com/waguard/waguard/store/badger"
)

func init() {
	register(definition{
		name:  "backup",
		usage: "--to <file or directory> [--keep <n>]",
		short: "Copies the store of a running gateway into a file",
		long: `
Copies everything the store of a running gateway holds at one moment into a file,
while the gateway goes on serving. The file is as confidential as the store.

It takes no other file's place. Where --to is a directory, the file is named after
the time, such as waguard-20261122T020000.000Z.backup; with --keep the oldest files
named so go, once the new one is whole, verified and on disk. Each gateway needs a
directory of its own. With - it goes to standard output.`,
		example: `
waguard backup --to waguard-2026-11-22.backup
waguard backup --to /var/lib/waguard/backups/ --keep 14
waguard backup --to - > waguard.backup`,
		shape: backupCommand,
	})
	register(definition{
		name:  "restore",
		usage: "--from <file> --path <directory>",
		short: "Makes the directory of a store from a backup",
		long: `
Makes the directory of a store from a file written by the backup command, which is
checked first. The directory must be empty or not exist: stop the gateway, move
the old directory away, restore, start the gateway.`,
		example: `
waguard restore --from waguard-2026-11-22.backup --path /var/lib/waguard`,
		shape: restoreCommand,
	})
}

func backupCommand(cmd *cobra.Command) {
	cmd.Flags().String("to", "", "The `file` to write, a directory to have its name chosen, or - for standard output")
	cmd.Flags().Var(&checked{kind: "int", judge: func(s string) (string, error) {
		if n, err := strconv.Atoi(s); err != nil || n < 1 {
			return "", misused("takes how many backups stay, at least 1")
		}
		return s, nil
	}}, "keep", "How many backups (`n`) stay in the directory of --to; the oldest go (default all)")
	required(cmd, "to")
	asking(cmd, func(ctx context.Context, c *call) error {
		to, keep, now := c.flags.String("to"), c.flags.String("keep"), time.Now()
		if to == standardOutput {
			return backupOut(ctx, c, keep)
		}
		dir := isDirectory(to)
		if keep != "" && !dir {
			return misused("--keep goes with a directory in --to, and %s is none", to)
		}
		name := to
		if dir {
			name = filepath.Join(to, backups.Name(now))
		}
		if err := backups.Free(name); err != nil { // before the gateway copies its store
			return err
		}
		backup, err := c.client.Backup(ctx)
		if err != nil {
			return err
		}
		defer backup.Close()
		advance, over := c.underway("receiving the backup", 0)
		size, err := backups.Save(name, counted{backup, advance}, badger.VerifyBackup)
		over()
		if err != nil {
			return err
		}
		c.hint("wrote %s, %d bytes, checksum verified", name, size)
		if keep == "" {
			return nil
		}
		n, err := strconv.Atoi(keep)
		if err != nil {
			return err
		}
		deleted, err := backups.Keep(to, name, n, now)
		for _, old := range deleted {
			c.hint("deleted %s, to keep %d", old, n)
		}
		if err != nil {
			return fmt.Errorf("the backup is written; deleting old ones: %w", err)
		}
		return nil
	})
}

// standardOutput stands for it where a file is named.
const standardOutput = "-"

// backupOut writes a backup to standard output, out of a container with no room for
// it. The file has a checksum in it, which `waguard restore` looks at.
func backupOut(ctx context.Context, c *call, keep string) error {
	if keep != "" {
		return misused("--keep goes with a directory in --to, and %s is standard output", standardOutput)
	}
	if c.out.terminal {
		return misused("a backup is nothing to look at: send it into a file, waguard backup --to - > waguard.backup")
	}
	backup, err := c.client.Backup(ctx)
	if err != nil {
		return err
	}
	defer backup.Close()
	size, err := io.Copy(c.out, backup)
	if err != nil {
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

func restoreCommand(cmd *cobra.Command) {
	cmd.Flags().String("from", "", "The backup `file`")
	cmd.Flags().String("path", "", "The `directory` to make")
	required(cmd, "from", "path")
	doing(cmd, func(_ context.Context, c *call) error {
		file, err := os.Open(c.flags.String("from"))
		if err != nil {
			return fmt.Errorf("opening the backup: %w", err)
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			return fmt.Errorf("opening the backup: %w", err)
		}
		advance, over := c.underway("checking and restoring", 2*info.Size()) // it is read twice
		err = badger.Restore(c.flags.String("path"), countedFile{file, advance})
		over()
		if err != nil {
			return err
		}
		c.hint("restored %s into %s", c.flags.String("from"), c.flags.String("path"))
		return nil
	})
}
