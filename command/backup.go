package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/store/badger"
)

func init() {
	register(definition{
		name:  "backup",
		usage: "--to <file>",
		short: "Copies the store of a running gateway into a file",
		long: `
Copies everything the store of a running gateway holds at one moment into a file,
while the gateway goes on serving. The file is as confidential as the store.`,
		example: `
waguard backup --to waguard-2026-11-22.backup`,
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
	cmd.Flags().String("to", "", "The `file` to write")
	required(cmd, "to")
	asking(cmd, func(ctx context.Context, c *call) error {
		backup, err := c.client.Backup(ctx)
		if err != nil {
			return err
		}
		defer backup.Close()
		advance, over := c.underway("receiving the backup", 0)
		size, err := saveBackup(c.flags.String("to"), counted{backup, advance})
		over()
		if err != nil {
			return err
		}
		c.hint("wrote %s, %d bytes, checksum verified", c.flags.String("to"), size)
		return nil
	})
}

// saveBackup writes a backup beside its final name and gives it that name once
// it is whole and on disk.
func saveBackup(name string, r io.Reader) (size int64, err error) {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.part") // mode 0600
	if err != nil {
		return 0, fmt.Errorf("creating the backup file: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	defer file.Close()
	if size, err = io.Copy(file, r); err != nil {
		return 0, fmt.Errorf("receiving the backup: %w", err)
	}
	if err := badger.VerifyBackup(file); err != nil {
		return 0, err
	}
	if err := file.Sync(); err != nil {
		return 0, fmt.Errorf("writing the backup: %w", err)
	}
	if err := os.Rename(file.Name(), name); err != nil {
		return 0, err
	}
	return size, syncParent(name)
}

// syncParent makes a file's name durable.
func syncParent(name string) error {
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
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
