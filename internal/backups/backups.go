// Package backups puts backups of a store on disk: none takes the place of another
// file, and a name is a whole backup's from the moment it is there. It knows nothing
// of what is in them.
package backups

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/waguard/waguard/internal/durable"
)

// Save writes a backup to a file that does not exist yet, readable by its owner
// alone, and gives it its name once verify is content and it is on disk.
func Save(name string, backup io.Reader, verify func(io.ReadSeeker) error) (size int64, err error) {
	if err := Free(name); err != nil {
		return 0, err
	}
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*"+part) // mode 0600
	if err != nil {
		return 0, fmt.Errorf("creating the backup file: %w", err)
	}
	defer func() {
		if removed := os.Remove(file.Name()); !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}()
	defer file.Close()
	if size, err = io.Copy(file, backup); err != nil {
		return 0, fmt.Errorf("receiving the backup: %w", err)
	}
	if err := verify(file); err != nil {
		return 0, err
	}
	if err := file.Sync(); err != nil {
		return 0, fmt.Errorf("writing the backup: %w", err)
	}
	if err := file.Close(); err != nil {
		return 0, fmt.Errorf("writing the backup: %w", err)
	}
	if err := claim(file.Name(), name); err != nil {
		return 0, err
	}
	return size, durable.Names(filepath.Dir(name))
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
