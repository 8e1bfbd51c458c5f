// Package backups puts backups of a store on disk: none takes the place of another
// file, and a name is a whole backup's from the moment it is there. It knows nothing
// of what is in them.
package backups

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/waguard/waguard/internal/durable"
)

// Saved is a backup that was written.
type Saved struct {
	Path   string
	Size   int64
	SHA256 string
}

// Save writes a backup to a file that does not exist yet, readable by its owner alone.
// write writes it, and may say that it gets another name in the same directory. It gets
// it once write is content, it is on disk and can be read back as it was written.
func Save(name string, write func(io.Writer) (as string, err error)) (saved Saved, err error) {
	if err := Free(name); err != nil {
		return saved, err
	}
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*"+part) // mode 0600
	if err != nil {
		return saved, fmt.Errorf("creating the backup file: %w", err)
	}
	defer func() {
		if removed := os.Remove(file.Name()); !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}()
	defer file.Close()
	sum := sha256.New()
	as, err := write(io.MultiWriter(file, sum))
	if err != nil {
		return saved, fmt.Errorf("receiving the backup: %w", err)
	}
	if as != "" {
		name = filepath.Join(filepath.Dir(name), as)
	}
	if err := file.Sync(); err != nil {
		return saved, fmt.Errorf("writing the backup: %w", err)
	}
	if err := file.Close(); err != nil {
		return saved, fmt.Errorf("writing the backup: %w", err)
	}
	saved = Saved{Path: name, SHA256: hex.EncodeToString(sum.Sum(nil))}
	back, size, err := Digest(file.Name())
	if err != nil {
		return saved, fmt.Errorf("reading back the backup: %w", err)
	}
	if saved.Size = size; back != saved.SHA256 {
		return saved, errors.New("the backup can't be read back as it was written: look at the disk")
	}
	if err := claim(file.Name(), name); err != nil {
		return saved, err
	}
	return saved, durable.Names(filepath.Dir(name))
}

// Digest is the SHA-256 of a file, and its size.
func Digest(path string) (sum string, size int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer file.Close()
	h := sha256.New()
	size, err = io.Copy(h, file)
	return hex.EncodeToString(h.Sum(nil)), size, err
}

// Replace gives a backup that was saved a name in the same directory, in the place of what
// has it. It belongs to whom the old one does: the superuser may be doing this for the user
// who makes the backups.
func Replace(saved, old, name string) error {
	info, err := os.Stat(old)
	if err == nil {
		err = giveAs(saved, info)
	}
	if err != nil {
		return fmt.Errorf("giving the backup to its owner: %w", err)
	}
	if err := os.Rename(saved, name); err != nil {
		return fmt.Errorf("naming the backup: %w", err)
	}
	return durable.Names(filepath.Dir(name))
}

// part ends the name of a backup that is being written.
const part = ".part"

// Free says why a backup can't be written under a name: something has it, or there is
// no such directory. None is made: it could be that of a disk that isn't mounted.
func Free(name string) error {
	if info, err := os.Stat(filepath.Dir(name)); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return fmt.Errorf("there is no directory %s: see that its disk is mounted, or make it, readable by the user alone who makes backups (mkdir -m 700)", filepath.Dir(name))
	}
	switch _, err := os.Lstat(name); {
	case err == nil:
		return taken(name)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return fmt.Errorf("looking at %s: %w", name, err)
	}
}

func taken(name string) error {
	return fmt.Errorf("%s is there already, and a backup takes no other file's place: choose another name, or a directory to have one chosen", name)
}

// claim gives a file its name, unless another has it by now.
func claim(temporary, name string) error {
	err := os.Link(temporary, name)
	switch {
	case err == nil:
		return nil // the other name is removed
	case errors.Is(err, fs.ErrExist):
		return taken(name)
	}
	// The file system has no links. The name is taken first, so that nobody else
	// gets it.
	placeholder, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return taken(name)
	}
	if err != nil {
		return fmt.Errorf("naming the backup: %w", err)
	}
	if err := errors.Join(placeholder.Close(), os.Rename(temporary, name)); err != nil {
		return errors.Join(fmt.Errorf("naming the backup: %w", err), os.Remove(name))
	}
	return nil
}
