package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/store/badger"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "backup",
		Usage: "--to <file>",
		Short: "Copies the store of a running gateway into a file",
		Long: `
Copies everything the store of a running gateway holds at one moment into a file,
while the gateway goes on serving. The file is as confidential as the store.`,
		CobraFunc: backupCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "restore",
		Usage: "--from <file> --path <directory>",
		Short: "Makes the directory of a store from a backup",
		Long: `
Makes the directory of a store from a file written by the backup command, which is
checked first. The directory must be empty or not exist: stop the gateway, move
the old directory away, restore, start the gateway.`,
		CobraFunc: restoreCommand,
	})
}

func backupCommand(cmd *cobra.Command) {
	adminFlags(cmd)
	cmd.Flags().String("to", "", "The file to write (required)")
	cmd.RunE = caddycmd.WrapCommandFuncForCobra(func(fl caddycmd.Flags) (int, error) {
		if fl.String("to") == "" {
			return 1, errors.New("--to is missing: the file to write")
		}
		client, err := adminClient(fl)
		if err != nil {
			return 1, err
		}
		backup, err := client.Backup(context.Background())
		if err != nil {
			return 1, printedError{err}
		}
		defer backup.Close()
		size, err := saveBackup(fl.String("to"), backup)
		if err != nil {
			return 1, err
		}
		fmt.Printf("wrote %s, %d bytes, checksum verified\n", fl.String("to"), size)
		return 0, nil
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
	cmd.Flags().String("from", "", "The backup file (required)")
	cmd.Flags().String("path", "", "The directory to make (required)")
	cmd.RunE = caddycmd.WrapCommandFuncForCobra(func(fl caddycmd.Flags) (int, error) {
		if fl.String("from") == "" || fl.String("path") == "" {
			return 1, errors.New("both --from and --path are needed: the backup file and the directory to make")
		}
		file, err := os.Open(fl.String("from"))
		if err != nil {
			return 1, fmt.Errorf("opening the backup: %w", err)
		}
		defer file.Close()
		if err := badger.Restore(fl.String("path"), file); err != nil {
			return 1, err
		}
		fmt.Printf("restored %s into %s\n", fl.String("from"), fl.String("path"))
		return 0, nil
	})
}
