// Package partition keeps rows in folders by day and business, as readers of data lakes expect
// them: day=2026-10-05/business=shop/part-0.parquet. Whoever lists the folders sees whole files
// alone. What is to be published is written down first, so that a process that is killed leaves
// neither a row twice nor one too few.
package partition

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/internal/durable"
)

// Names in the folder that aren't data. Readers of data leave out what begins with a dot.
const (
	stateName = ".waguard-export.json"
	lockName  = ".waguard-export.lock"
	workName  = ".waguard-export.tmp"
)

// State is what an export notes of itself.
type State struct {
	Layout
	// Through is the time before which everything that was decided is there; zero where that
	// isn't known. Beyond are the ids of what is there and was decided since.
	Through time.Time `json:"through,omitzero"`
	Beyond  []string  `json:"beyond,omitempty"`
	// FinalBefore is the first day that isn't there, where all that are never change.
	FinalBefore string `json:"final_before,omitempty"`
	// Publishing is what was decided to be published, and may be by now.
	Publishing *change `json:"publishing,omitempty"`
}

// Layout is what all of a folder has in common.
type Layout struct {
	What     string `json:"what"`
	Schema   string `json:"schema"`
	Format   string `json:"format"`
	Dialect  string `json:"csv_dialect,omitempty"`
	Business string `json:"business,omitempty"` // the only one; "" for all
	Issuer   string `json:"issuer,omitempty"`
	Final    bool   `json:"final,omitempty"` // days that never change
}

// change is what is published at once: first files go, then others come.
type change struct {
	Remove []string          `json:"remove,omitempty"`
	Rename map[string]string `json:"rename,omitempty"` // of files being written, to their places
}

// ErrOther: the folder holds something else.
var ErrOther = errors.New("the folder holds something else")

// otherError says what.
type otherError struct{ error }

func (otherError) Is(target error) bool { return target == ErrOther }

// ErrBusy: another process writes into the folder.
var ErrBusy = errors.New("another export is writing there at this moment")

// Folder is one that an export is written into, by nobody else meanwhile.
type Folder struct {
	State State
	// New: nothing was exported into it yet.
	New  bool
	dir  string
	lock *os.File
	next int
}

// Open opens a folder for an export of a layout, and makes it where it isn't. What a process
// that was killed had decided to publish is published.
func Open(dir string, layout Layout) (*Folder, error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no directory %s: see that its disk is mounted, or make it", filepath.Dir(dir))
		}
		return nil, fmt.Errorf("making the folder of the export: %w", err)
	}
	f := &Folder{dir: dir}
	var err error
	if f.lock, err = os.OpenFile(f.in(lockName), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("opening the folder of the export: %w", err)
	}
	if err := f.recover(layout); err != nil {
		return nil, errors.Join(err, f.lock.Close())
	}
	return f, nil
}

// recover ends what a process that was killed has begun.
func (f *Folder) recover(layout Layout) error {
	if err := lockFile(f.lock); err != nil {
		return err
	}
	if err := f.readState(layout); err != nil {
		return err
	}
	if err := f.publish(); err != nil {
		return err
	}
	// What is left was never decided to be published.
	if err := os.RemoveAll(f.in(workName)); err != nil {
		return fmt.Errorf("removing what was left unfinished: %w", err)
	}
	return nil
}

func (f *Folder) in(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

func (f *Folder) readState(layout Layout) error {
	raw, err := os.ReadFile(f.in(stateName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.New, f.State.Layout = true, layout
		return f.isEmpty()
	case err != nil:
		return fmt.Errorf("reading what the export notes of itself: %w", err)
	}
	if err := json.Unmarshal(raw, &f.State); err != nil {
		return fmt.Errorf("reading what the export notes of itself, in %s: %w", f.in(stateName), err)
	}
	if had := f.State.Layout; had != layout {
		return otherError{fmt.Errorf("the folder %s holds another export (%s), and would get one of %s; choose another folder", f.dir, had, layout)}
	}
	return nil
}

// String is a layout in words.
func (l Layout) String() string {
	said := l.Schema + " as " + l.Format
	for _, more := range [][2]string{{" in the dialect ", l.Dialect}, {" of the business ", l.Business}, {" from the issuer ", l.Issuer}} {
		if more[1] != "" {
			said += more[0] + more[1]
		}
	}
	if l.Final {
		said += ", days that never change"
	}
	return said
}

// isEmpty makes sure that nothing of somebody else's gets among the rows.
func (f *Folder) isEmpty() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return fmt.Errorf("reading the folder of the export: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			return otherError{fmt.Errorf("the folder %s has %s and is no export of waguard's; choose an empty one", f.dir, e.Name())}
		}
	}
	return nil
}

// Close lets others write into the folder.
func (f *Folder) Close() error { return f.lock.Close() }

// Save notes the state as it is.
func (f *Folder) Save() error {
	raw, err := json.MarshalIndent(&f.State, "", " ")
	if err != nil {
		return err
	}
	name := f.in(stateName)
	if err := writeFile(name+".new", append(raw, '\n')); err != nil {
		return fmt.Errorf("noting the state of the export: %w", err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("noting the state of the export: %w", err)
	}
	f.New = false
	return durable.Names(f.dir)
}

func writeFile(name string, content []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // #nosec G304 -- it is the caller's to name
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// commit decides that something is published, with the state as it is now, and publishes it.
func (f *Folder) commit(c *change) error {
	if len(c.Remove) == 0 && len(c.Rename) == 0 {
		return f.Save()
	}
	if err := durable.Names(f.in(workName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f.State.Publishing = c
	if err := f.Save(); err != nil {
		return err
	}
	return f.publish()
}

// publish does what was decided, as far as it isn't done.
func (f *Folder) publish() error {
	c := f.State.Publishing
	if c == nil {
		return nil
	}
	changed := make(map[string]bool)
	for _, name := range c.Remove {
		if err := os.Remove(f.in(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing what is replaced: %w", err)
		}
		changed[filepath.Dir(f.in(name))] = true
	}
	for from, to := range c.Rename {
		place := f.in(to)
		if err := f.makeFolders(filepath.Dir(place)); err != nil {
			return err
		}
		if err := f.move(from, place); err != nil {
			return err
		}
		changed[filepath.Dir(place)] = true
	}
	for dir := range changed {
		if err := durable.Names(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("publishing rows: %w", err)
		}
		// Folders without rows go; those with some can't.
		if os.Remove(dir) == nil {
			_ = os.Remove(filepath.Dir(dir))
		}
	}
	f.State.Publishing = nil
	return f.Save()
}

// move publishes a file that is written, unless it was before.
func (f *Folder) move(from, place string) error {
	err := os.Rename(f.in(workName+"/"+from), place)
	if errors.Is(err, fs.ErrNotExist) {
		if _, there := os.Stat(place); there == nil {
			return nil
		}
		return fmt.Errorf("rows that were to be published as %s are gone, from %s: remove the folder and export anew", place, f.in(workName))
	}
	if err != nil {
		return fmt.Errorf("publishing rows: %w", err)
	}
	return nil
}

// makeFolders makes the folders of a partition, durably.
func (f *Folder) makeFolders(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making a folder for rows: %w", err)
	}
	return errors.Join(durable.Names(filepath.Dir(dir)), durable.Names(f.dir))
}

// Days are the days that the folder has rows of.
func (f *Folder) Days() ([]string, error) {
	return f.values(f.dir, "day=")
}

// values are the values that folders in one are named after.
func (f *Folder) values(dir, key string) (values []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if value, ok := strings.CutPrefix(e.Name(), key); ok && e.IsDir() {
			values = append(values, value)
		}
	}
	return values, err
}

// parts are the files of a partition, by their names from the folder on.
func (f *Folder) parts(place string) (parts []string, err error) {
	entries, err := os.ReadDir(f.in(place))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "part-") {
			parts = append(parts, place+"/"+e.Name())
		}
	}
	slices.Sort(parts)
	return parts, err
}
