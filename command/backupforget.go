package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/backups"
	"github.com/waguard/waguard/internal/sealing"
	"github.com/waguard/waguard/store/archive"
	"github.com/waguard/waguard/store/badger"
)

func forgetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "forget", Short: "Writes backups anew without the people who were erased after them",
		Long: `Writes backups anew that are from before an erasure, or within an hour after it: each is
restored into a temporary directory (in $TMPDIR) that nobody can read, the people are erased in
it, and what is left is written in its place, as a backup of the same time. A chain of increments
becomes one backup of its newest. Those that have nothing of the people, or were written anew
before, stay as they are, so it may run after each backup.

Who was erased is asked of the gateway, or read from --tombstones. Encrypted backups need
--identity, and the recipients to encrypt to again.`,
		Example: indented(`
waguard backup forget --from /var/lib/waguard/backups
waguard backup forget --from /mnt/backups --tombstones waguard.erased --identity /media/key/backup.txt --recipients-file recipients`),
	}
	sourceFlags(cmd)
	cmd.Flags().String("tombstones", "", "A `file` with the tombstones of people who were erased, instead of asking the gateway")
	recipientFlags(cmd)
	adminFlags(cmd)
	doing(cmd, forget)
	return cmd
}

// forgetting writes backups anew.
type forgetting struct {
	c          *call
	tombs      *badger.Tombs
	recipients []age.Recipient
	identities []age.Identity
	// gone are files whose place another has taken.
	gone []string
}

func forget(ctx context.Context, c *call) error {
	f := &forgetting{c: c}
	names, err := c.flags.GetStringArray("identity")
	if err != nil {
		return err
	}
	if f.identities, err = sealing.Identities(names, pluginsOf(c)); err != nil {
		return err
	}
	if f.recipients, err = recipientsOf(c); err != nil {
		return err
	}
	if f.tombs, err = tombsOf(ctx, c); err != nil {
		return err
	}
	if f.tombs.Newest.IsZero() {
		c.hint("Nobody was erased: backups stay as they are.")
		return nil
	}
	tips, err := f.tips(c.flags.String("from"))
	if err != nil {
		return err
	}
	chains, looked, failed := f.older(tips)
	needed := make(map[string]bool) // by what could not be written anew
	for _, chain := range chains {
		if err := f.anew(ctx, chain); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", chain.last(), err))
			for _, path := range chain.paths {
				needed[path] = true
			}
		}
	}
	failed = append(failed, f.remove(needed))
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("backups that still have people who were erased, or may: %w", err)
	}
	c.hint("%s: %d written anew, the others have nothing of anybody who was erased", plural(looked, "backup"), len(chains))
	return nil
}

// tombsOf are the tombstones that there are.
func tombsOf(ctx context.Context, c *call) (*badger.Tombs, error) {
	name := c.flags.String("tombstones")
	if name == "" {
		client, err := adminClient(c)
		if err != nil {
			return nil, err
		}
		client.Clean = nil // it must stay as it is
		tombs, err := client.Tombstones(ctx)
		if err != nil {
			return nil, err
		}
		return badger.ReadTombs(strings.NewReader(tombs.Text), "")
	}
	var tombs *badger.Tombs
	err := fromTombstones(name, func(list io.Reader) (err error) {
		if tombs, err = badger.ReadTombs(list, ""); err != nil {
			return fmt.Errorf("reading the tombstones: %w", err)
		}
		return nil
	})
	return tombs, err
}

// tips are the backups to look at, the newest first.
func (f *forgetting) tips(from string) (paths []string, err error) {
	info, err := os.Stat(from)
	if err != nil {
		return nil, fmt.Errorf("opening the backup: %w", err)
	}
	dir := from
	if !info.IsDir() {
		dir = filepath.Dir(from)
	}
	list, err := backups.List(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the backup: %w", err)
	}
	for _, b := range list {
		paths = append(paths, b.Path)
		if same, err := os.Stat(b.Path); !info.IsDir() && err == nil && os.SameFile(same, info) {
			return nil, misused("%s is one of the backups in a directory, which may continue each other: name the directory, %s", from, dir)
		}
	}
	switch {
	case !info.IsDir():
		return []string{from}, nil
	case len(paths) == 0:
		return nil, fmt.Errorf("there is no backup in %s, such as %s", from, backups.Name(exampleTime))
	}
	return paths, nil
}

// older are the chains that have something of people who were erased, and how many there
// are at all.
func (f *forgetting) older(tips []string) (chains []*chainFiles, looked int, failed []error) {
	seen := make(map[string]bool)
	for _, path := range tips {
		if seen[path] {
			continue
		}
		looked++
		chain := &chainFiles{identities: f.identities}
		if err := chain.follow(path); err != nil {
			failed = append(failed, err)
			continue
		}
		for _, file := range chain.paths {
			seen[file] = true
		}
		first, err := chain.header(chain.paths[0])
		switch {
		case err != nil:
			failed = append(failed, fmt.Errorf("%s: %w", chain.paths[0], err))
		case !f.tombs.Forgotten(first):
			chains = append(chains, chain)
		}
	}
	return chains, looked, failed
}

// anew writes a chain anew, as one backup in the place of its newest.
func (f *forgetting) anew(ctx context.Context, chain *chainFiles) (err error) {
	old, name := chain.last(), chain.last()
	if len(chain.paths) > 1 {
		if name = chain.alone(); name == "" {
			return errors.New("it continues other backups, and has no name as those in a directory have: give it the one it had, and name the directory")
		}
	}
	sealed, err := isSealed(old)
	if err != nil {
		return err
	}
	if sealed && len(f.recipients) == 0 {
		return errors.New("it is encrypted: say to whom it is to be encrypted again, with --recipient or --recipients-file")
	}
	work, err := os.MkdirTemp("", "waguard-forget-*")
	if err != nil {
		return fmt.Errorf("making a directory to work in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	temporary := old + forgettingSuffix
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a run that was killed
		return err
	}
	var restored *badger.Restored
	advance, over := f.c.underway("writing "+filepath.Base(name)+" anew", 2*chain.size)
	saved, err := backups.Save(temporary, func(w io.Writer) (_ string, err error) {
		if sealed {
			to, err := sealing.Seal(w, f.recipients)
			if err != nil {
				return "", err
			}
			if restored, err = badger.Forget(ctx, work, chain.sources(advance), f.tombs, to, identities); err != nil {
				return "", err
			}
			return "", to.Close()
		}
		restored, err = badger.Forget(ctx, work, chain.sources(advance), f.tombs, w, identities)
		return "", err
	})
	over()
	if err != nil {
		return err
	}
	m, err := f.verify(saved.Path)
	if err == nil {
		err = backups.Replace(saved.Path, old, name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(saved.Path))
	}
	for _, path := range chain.paths {
		if path != name {
			f.gone = append(f.gone, path)
		}
	}
	fewer := "it says nothing of how many people it had"
	if restored.Manifest != nil {
		fewer = "without " + plural(restored.Counts[namesCounted]-m.Counts[namesCounted], "name") + " of people"
	}
	f.c.hint("wrote %s anew, %d bytes, %s%s", name, saved.Size, fewer, chain.also())
	return nil
}

// forgettingSuffix ends the name of a backup that is being written anew.
const forgettingSuffix = ".forgetting"

// namesCounted is what names of people are counted as.
const namesCounted = "names of people"

// identities say how a store reads them.
var identities = badger.Options{Former: identity.Former, Named: identity.Named}

// verify reads what was written to its end, with the identity there is: what only others
// can read must not take the place of what can be read.
func (f *forgetting) verify(path string) (*archive.Manifest, error) {
	chain := &chainFiles{identities: f.identities}
	file, err := chain.open(path, func(int64) {})
	if err != nil {
		return nil, fmt.Errorf("what was written can't be read again: %w", err)
	}
	defer file.Close()
	m, err := archive.Read(file, archive.Visitor{})
	if err == nil && m == nil {
		err = archive.ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("what was written can't be read again: %w", err)
	}
	return m, nil
}

// remove takes files away whose place another has taken. Chains may have files in common,
// so it comes last.
func (f *forgetting) remove(needed map[string]bool) (err error) {
	for _, path := range f.gone {
		if needed[path] {
			continue
		}
		if removed := os.Remove(path); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}
	return err
}

// alone is the name of the newest of a chain in a directory as one that holds everything;
// empty where it isn't named so.
func (f *chainFiles) alone() string {
	dir := filepath.Dir(f.last())
	list, err := backups.List(dir)
	if err != nil {
		return ""
	}
	for _, b := range list {
		if filepath.Base(b.Path) == filepath.Base(f.last()) {
			return filepath.Join(dir, backups.Kind{Sealed: b.Sealed}.Name(b.At))
		}
	}
	return ""
}

// isSealed reports that a file is encrypted.
func isSealed(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("opening the backup: %w", err)
	}
	defer file.Close()
	_, err = sealing.Open(file, nil)
	if errors.Is(err, sealing.ErrSealed) {
		return true, nil
	}
	return false, err
}
