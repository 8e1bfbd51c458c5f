package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// reservedSpace must be free for a write to be tried. It is several times what
// Badger may have to write for one transaction: the rest of the newest file, the
// next one, and the tables both become (8 MiB each).
const reservedSpace = 64 << 20

// reservedForSends must be free beyond that for a send to be taken. On a disk
// that fills up sends end first: what became of those that left can still be
// written, and who opts out is still heard.
const reservedForSends = 32 << 20

// home is the directory a store lives in, held open. Badger opens its files by
// their names at any time, and would write into whatever is found under the
// directory's name by then; so it is given a name that always means the
// directory that was opened, where the system has one.
type home struct {
	dir string // as the operator calls it
	at  string // where its files are reached
	// free is how much space there is, if a test says so; see home.space.
	free func(dir string) (bytes uint64, err error)
	// access reports that files may be made in the directory, if a test says so; see
	// home.allowed.
	access func() error
	handle *os.File
	info   os.FileInfo
	id     fileID
	// keys are those of the store's files, and cipher is for its log of changes.
	keys   *dataKeys
	cipher *changeCipher
	// locked: nobody else can open the directory while this handle is open.
	locked bool
}

// openHome opens the directory, makes it where there is none, and keeps others
// out. It leaves it to the user the gateway runs as alone.
func openHome(dir string, free func(string) (uint64, error)) (*home, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	handle, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	h := &home{dir: dir, free: free, handle: handle}
	if err := h.take(); err != nil {
		return nil, errors.Join(err, handle.Close())
	}
	return h, nil
}

func (h *home) take() (err error) {
	if h.info, err = h.handle.Stat(); err != nil {
		return err
	}
	if !h.info.IsDir() {
		return errors.New("it is a file, not a directory")
	}
	if h.locked, err = lock(h.handle); err != nil {
		return err
	}
	h.at = h.fixedName()
	if h.id, err = statPath(h.dir); err != nil {
		return err
	}
	return h.shut()
}

// fixedName is a name of the directory that stays with it when it is moved.
func (h *home) fixedName() string {
	name := fmt.Sprintf("/proc/self/fd/%d", h.handle.Fd())
	if info, err := os.Stat(name); err == nil && os.SameFile(info, h.info) {
		return name
	}
	return h.dir
}

// errInUse: another store has the directory open.
var errInUse = errors.New("it is locked")

// errOpenToOthers: the permissions aren't those of a store, and it's the
// operator who must mend them.
type errOpenToOthers struct{ command string }

func (e errOpenToOthers) Error() string {
	return "other users of the machine can reach it; run: " + e.command
}

// shut takes the permissions of everybody else from the directory and its files.
func (h *home) shut() error {
	if !permissions {
		return nil
	}
	if mode := h.info.Mode(); mode.Perm()&0o077 != 0 {
		if mode&fs.ModeSticky != 0 { // others keep their files here, too
			return errOpenToOthers{"chmod 700 " + h.dir + ", or name a directory of its own"}
		}
		if err := h.handle.Chmod(0o700); err != nil {
			if errors.Is(err, fs.ErrPermission) {
				return errOpenToOthers{"chown -R <the gateway's user> " + h.dir + " && chmod 700 " + h.dir}
			}
			return err
		}
	}
	return h.shutFiles()
}

func (h *home) shutFiles() error {
	entries, err := os.ReadDir(h.at)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := h.shutFile(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

func (h *home) shutFile(name string) error {
	path := filepath.Join(h.at, name)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 == 0 {
		return ignoreMissing(err)
	}
	err = ignoreMissing(os.Chmod(path, 0o600))
	if errors.Is(err, fs.ErrPermission) {
		return errOpenToOthers{"chown <the gateway's user> " + filepath.Join(h.dir, name) + " && chmod 600 " + filepath.Join(h.dir, name)}
	}
	return err
}

// check reports what forbids to write anything now: Badger writes through memory
// maps of sparse files, where a full disk is no error but SIGBUS, which ends the
// process. And what is written into a directory that nobody finds again is
// lost.
func (h *home) check() error {
	if err := h.room("writing", reservedSpace); err != nil {
		return err
	}
	if err := h.allowed(); err != nil {
		return fmt.Errorf("the gateway may not write to the store's directory %s any more (%w): give it back to the gateway's user, with mode 700", h.dir, err)
	}
	id, err := statPath(h.dir)
	switch {
	case err == nil && id == h.id:
		return nil
	case err == nil:
		return fmt.Errorf("the store's directory %s was moved away and another one is in its place: move it back, or restart the gateway", h.dir)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the store's directory %s is gone: move it back, or restore a backup and restart the gateway", h.dir)
	}
	return fmt.Errorf("looking for the store's directory: %w", err)
}

// room reports that there is too little space for what needs some.
func (h *home) room(what string, needs uint64) error {
	free, err := h.space()
	if err != nil {
		return fmt.Errorf("asking for the free space of %s: %w", h.dir, err)
	}
	if free < needs {
		return fmt.Errorf("the disk of %s is almost full: %d MiB are free and %s needs %d MiB; free some space", h.dir, free>>20, what, needs>>20)
	}
	return nil
}

// name says a path or message of Badger's in the operator's terms.
func (h *home) name(text string) string { return strings.ReplaceAll(text, h.at, h.dir) }

// unlock reads the keys of the store's files.
func (h *home) unlock(key []byte) (err error) {
	if h.keys, err = openKeys(h.at, key); err == nil {
		h.cipher, err = newChangeCipher(key)
	}
	return err
}

// close gives the directory free.
func (h *home) close() error {
	h.keys.close()
	if h.locked {
		unlock(h.handle)
	}
	return h.handle.Close()
}
