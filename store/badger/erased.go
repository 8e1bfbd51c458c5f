package badger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/durable"
	"github.com/waguard/waguard/store"
)

// A backup that is older than an erasure knows nothing of it. So tombstones lie beside
// the directory too, where no restored one takes their place: in a text file that only
// ever grows, a line for each, behind one that says of which installation they are.
// Whoever is in it and not in the store is erased when that is opened.

const (
	// erasedSuffix ends the name of that file, which begins with the directory's.
	erasedSuffix = ".erased"
	// erasedName is its name in the directory, where there can be none beside it.
	erasedName = "ERASED"
	// erasedHeader begins the line that names the installation.
	erasedHeader = "waguard erasures 1 "
)

// KeepTombstones writes those down that aren't yet.
func (e *Engine) KeepTombstones(added []store.Tombstone) error {
	e.tombsMu.Lock()
	defer e.tombsMu.Unlock()
	known, err := e.readTombstones()
	if err != nil {
		return err
	}
	list := make(map[string]bool, len(known))
	for _, t := range known {
		list[t.String()] = true
	}
	var fresh []store.Tombstone
	for _, t := range added {
		if !list[t.String()] {
			fresh = append(fresh, t)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	beside := filepath.Clean(e.dir) + erasedSuffix
	err = appendTombstones(beside, e.Installation(), fresh)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errReadOnly) {
		e.log.Warn("the tombstones of erased people can't be kept beside the store, and are kept inside of it: hand them to waguard restore with --tombstones", zap.String("path", e.dir), zap.Error(err))
		err = appendTombstones(filepath.Join(e.home.at, erasedName), e.Installation(), fresh)
	}
	if err != nil {
		return fmt.Errorf("keeping tombstones beside the store: %w", err)
	}
	return nil
}

// Tombstones are those that were written down.
func (e *Engine) Tombstones() ([]store.Tombstone, error) {
	e.tombsMu.Lock()
	defer e.tombsMu.Unlock()
	return e.readTombstones()
}

func (e *Engine) readTombstones() (all []store.Tombstone, err error) {
	for _, path := range []string{filepath.Clean(e.dir) + erasedSuffix, filepath.Join(e.home.at, erasedName)} {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the tombstones beside the store: %w", err)
		}
		some, err := parseTombstones(data, e.Installation())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.home.name(path), err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// parseTombstones reads those of an installation, of whichever it is where that is "".
// The last line may have been torn.
func parseTombstones(data []byte, installation string) (all []store.Tombstone, err error) {
	ours, n := false, 0
	for line := range bytes.Lines(data) {
		n++
		text, whole := strings.CutSuffix(string(line), "\n")
		if !whole {
			break
		}
		if of, ok := strings.CutPrefix(text, erasedHeader); ok {
			ours = installation == "" || of == installation
			continue
		}
		if n == 1 && text != "" {
			return nil, errors.New("the file is no list of tombstones of waguard: it doesn't begin with " + strings.TrimSpace(erasedHeader))
		}
		if text == "" || !ours {
			continue
		}
		if t, ok := store.ParseTombstone(text); ok { // else it was torn, and is there again
			all = append(all, t)
		}
	}
	return all, nil
}

// WriteTombstones writes a list as the file beside a store has it.
func WriteTombstones(w io.Writer, installation string, list []store.Tombstone) error {
	var b strings.Builder
	b.WriteString(erasedHeader + installation + "\n")
	for _, t := range list {
		b.WriteString(t.String() + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// appendTombstones adds to a file, which is on disk when it returns.
func appendTombstones(path, installation string, list []store.Tombstone) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var b bytes.Buffer
	if size, err := file.Seek(0, io.SeekEnd); err != nil {
		return err
	} else if size > 0 {
		b.WriteByte('\n') // behind what may have been torn
	}
	if err := WriteTombstones(&b, installation, list); err != nil {
		return err
	}
	if _, err := file.Write(b.Bytes()); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return durable.Names(filepath.Dir(path))
}

// ReadTombstones reads a list.
func ReadTombstones(list io.Reader) ([]store.Tombstone, error) {
	data, err := io.ReadAll(list)
	if err != nil {
		return nil, err
	}
	return parseTombstones(data, "")
}

// AddTombstones adds those of a list to the ones beside the directory of a store, which is
// opened later: whoever is among them is erased then. It gives how many there are.
func AddTombstones(dir string, list io.Reader) (n int, err error) {
	data, err := io.ReadAll(list)
	if err != nil {
		return 0, err
	}
	all, err := parseTombstones(data, "")
	if err != nil || len(all) == 0 {
		return 0, err
	}
	path := filepath.Clean(dir) + erasedSuffix
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	_, err = file.Write(append(append(bytes.TrimSuffix(data, []byte("\n")), '\n'), '\n'))
	return len(all), errors.Join(err, file.Sync(), file.Close(), durable.Names(filepath.Dir(path)))
}
