package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/backups"
	"github.com/waguard/waguard/internal/sealing"
	"github.com/waguard/waguard/store/archive"
	"github.com/waguard/waguard/store/badger"
)

func init() {
	register(definition{
		name:  "restore",
		usage: "--from <file or directory> --path <directory> [--identity <file>] [--tombstones <file>]",
		short: "Makes the directory of a store from a backup",
		long: `
Makes the directory of a store from a file written by the backup command, which is
checked first. The directory must be empty or not exist: stop the gateway, move
the old directory away, restore, start the gateway.

A file that continues another one needs all of those before it, in the same
directory. Where --from is a directory of backups, the newest is restored. Encrypted
ones need --identity, with a file that age-keygen wrote for one of the recipients.

Who was erased since the backup is erased again when the gateway starts: their
tombstones lie beside the directory, in a file of its name with .erased. Where the
store is restored elsewhere, --tombstones hands them over: that file, or what
` + "`waguard consent erasures export`" + ` has written.`,
		example: `
waguard restore --from waguard-2026-11-22.backup --path /var/lib/waguard
waguard restore --from /var/lib/waguard/backups --identity /media/key/backup.txt --path /var/lib/waguard`,
		shape: restoreCommand,
	})
}

// sourceFlags say what is restored.
func sourceFlags(cmd *cobra.Command) {
	cmd.Flags().String("from", "", "The backup `file`, or a directory of backups to take the newest from")
	cmd.Flags().StringArray("identity", nil, "A `file` with an identity of age to decrypt with; may be given several times")
	required(cmd, "from")
}

func restoreCommand(cmd *cobra.Command) {
	sourceFlags(cmd)
	cmd.Flags().String("path", "", "The `directory` to make")
	keyFlag(cmd, "encryption-key", "Encrypt the store with the key in a `file`")
	cmd.Flags().String("tombstones", "", "A `file` with the tombstones of people who were erased since the backup")
	required(cmd, "path")
	doing(cmd, func(_ context.Context, c *call) error {
		chain, err := chainOf(c)
		if err != nil {
			return err
		}
		if err := checkTombstones(c.flags.String("tombstones")); err != nil {
			return err
		}
		key, err := encryptionKey(c, "encryption-key")
		if err != nil {
			return err
		}
		restored, err := chain.restore(c, c.flags.String("path"), key)
		if err != nil {
			return err
		}
		if err := addTombstones(c); err != nil {
			return err
		}
		c.hint("restored %s into %s%s", chain.last(), c.flags.String("path"), chain.also())
		c.hint("%s", unknownSince(restored))
		return nil
	})
}

// unknownSince says what a restored store can't know.
func unknownSince(r *badger.Restored) string {
	return fmt.Sprintf("it is the store of %s: who wrote, and who opted out, since then is not known to it; whose customer service window is not open by what it knows gets templates only until they write", r.At.UTC().Format(tableTime))
}

// chainFiles are the files of a backup, from the one that holds everything to the
// newest.
type chainFiles struct {
	paths      []string
	identities []age.Identity
	size       int64
}

func (f *chainFiles) last() string { return f.paths[len(f.paths)-1] }

// also says what was read besides the last.
func (f *chainFiles) also() string {
	if len(f.paths) == 1 {
		return ""
	}
	return fmt.Sprintf(", from %d files that begin with %s", len(f.paths), filepath.Base(f.paths[0]))
}

// chainOf finds the files of the backup that flags name.
func chainOf(c *call) (*chainFiles, error) {
	names, err := c.flags.GetStringArray("identity")
	if err != nil {
		return nil, err
	}
	f := new(chainFiles)
	if f.identities, err = sealing.Identities(names, pluginsOf(c)); err != nil {
		return nil, err
	}
	from := c.flags.String("from")
	if info, err := os.Stat(from); err == nil && info.IsDir() {
		list, err := backups.List(from)
		if err != nil {
			return nil, fmt.Errorf("opening the backup: %w", err)
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("there is no backup in %s, such as %s", from, backups.Name(exampleTime))
		}
		from = list[0].Path
	}
	return f, f.follow(from)
}

// follow finds the files that one continues.
func (f *chainFiles) follow(path string) error {
	for {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("opening the backup: %w", err)
		}
		f.paths, f.size = append([]string{path}, f.paths...), f.size+info.Size()
		header, err := f.header(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if header.Previous == nil {
			return nil
		}
		before, err := backups.Find(filepath.Dir(path), header.Previous.File, header.Previous.SHA256)
		if err != nil {
			return fmt.Errorf("%s continues another backup, which is not there: %w", path, err)
		}
		path = before
	}
}

// header is what a backup says at its beginning.
func (f *chainFiles) header(path string) (h archive.Header, err error) {
	file, err := f.open(path, func(int64) {})
	if err != nil {
		return h, err
	}
	defer file.Close()
	_, err = archive.Read(file, archive.Visitor{Header: func(read archive.Header) error {
		h = read
		return errStop
	}})
	if errors.Is(err, errStop) {
		err = nil
	}
	return h, err
}

// open opens a backup, decrypted where it is encrypted.
func (f *chainFiles) open(path string, advance func(int64)) (io.ReadCloser, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the backup: %w", err)
	}
	plain, err := sealing.Open(counted{file, advance}, f.identities)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &decrypted{plain, file}, nil
}

type decrypted struct {
	io.ReadCloser
	file *os.File
}

func (d *decrypted) Close() error { return errors.Join(d.ReadCloser.Close(), d.file.Close()) }

// restore makes the directory of a store.
func (f *chainFiles) restore(c *call, dir string, key []byte) (*badger.Restored, error) {
	advance, over := c.underway("checking and restoring", 2*f.size) // it is read twice
	defer over()
	return badger.RestoreChain(dir, f.sources(advance), key)
}

func (f *chainFiles) sources(advance func(int64)) (all []badger.Source) {
	for _, path := range f.paths {
		all = append(all, func() (io.ReadCloser, error) { return f.open(path, advance) })
	}
	return all
}
