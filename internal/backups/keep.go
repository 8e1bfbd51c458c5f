package backups

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/waguard/waguard/internal/durable"
)

// stamp is how the names of backups in a directory tell their time.
const stamp = "20060102T150405.000Z"

// Kind is what a backup is by its name.
type Kind struct {
	Increment bool // it continues the one before
	Sealed    bool // it is encrypted
}

// Name is the name of a backup of a time, in a directory of them.
func (k Kind) Name(at time.Time) string {
	name := "waguard-" + at.UTC().Format(stamp) + ".backup"
	if k.Increment {
		name = "waguard-" + at.UTC().Format(stamp) + ".increment"
	}
	if k.Sealed {
		name += ".age"
	}
	return name
}

// Name is the name of one that holds everything and is not encrypted.
func Name(at time.Time) string { return Kind{}.Name(at) }

var (
	ownName = regexp.MustCompile(`^waguard-(\d{8}T\d{6}\.\d{3}Z)\.(backup|increment)(\.age)?$`)
	ownPart = regexp.MustCompile(`^waguard-\d{8}T\d{6}\.\d{3}Z\.backup(\.age)?\.[0-9]+\.part$`)
)

// Backup is one of the backups in a directory.
type Backup struct {
	Path string
	At   time.Time // by its name
	Size int64
	Kind
}

// List are the backups in a directory, the newest first: the files with a name as
// Name gives it.
func List(dir string) ([]Backup, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []Backup
	for _, e := range entries {
		name := ownName.FindStringSubmatch(e.Name())
		if name == nil || !e.Type().IsRegular() {
			continue
		}
		at, err := time.Parse(stamp, name[1])
		if err != nil {
			continue // it isn't ours: it has a thirteenth month
		}
		info, err := e.Info()
		if err != nil {
			continue // it is gone by now
		}
		list = append(list, Backup{filepath.Join(dir, e.Name()), at, info.Size(), Kind{name[2] == "increment", name[3] != ""}})
	}
	slices.SortFunc(list, func(a, b Backup) int { return b.At.Compare(a.At) })
	return list, nil
}

// abandoned is how old what was begun and not ended must be before it is removed: no
// backup takes so long.
const abandoned = 24 * time.Hour

// Keep deletes the oldest backups in a directory beyond n, but never those of the chain
// that was just added to, nor anything with another name. One that holds everything
// counts together with those that continue it, and goes with them. It returns those that
// it deleted, and removes what a run left behind that was killed.
func Keep(dir string, newest []string, n int, now time.Time) (deleted []string, err error) {
	list, err := List(dir)
	if err != nil {
		return nil, err
	}
	var chains [][]Backup // the newest first
	kept := 0
	for _, b := range list {
		if len(chains) == 0 || !last(last(chains)).Increment {
			chains = append(chains, nil)
		}
		chains[len(chains)-1] = append(chains[len(chains)-1], b)
	}
	isNewest := func(b Backup) bool { return slices.Contains(newest, filepath.Base(b.Path)) }
	for _, chain := range chains {
		if slices.ContainsFunc(chain, isNewest) {
			kept++
		}
	}
	for _, chain := range chains {
		if slices.ContainsFunc(chain, isNewest) {
			continue
		}
		if kept < n {
			kept++
			continue
		}
		for _, b := range chain { // the newest first: what is left is a chain all the time
			// Another run may have deleted it.
			if removed := os.Remove(b.Path); removed == nil {
				deleted = append(deleted, b.Path)
			} else if !errors.Is(removed, fs.ErrNotExist) {
				err = errors.Join(err, removed)
			}
		}
	}
	return deleted, errors.Join(err, removeParts(dir, now), durable.Names(dir))
}

func last[T any](list []T) T { return list[len(list)-1] }

func removeParts(dir string, now time.Time) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, gone := e.Info()
		if gone != nil || !e.Type().IsRegular() || !ownPart.MatchString(e.Name()) || now.Sub(info.ModTime()) < abandoned {
			continue
		}
		if removed := os.Remove(filepath.Join(dir, e.Name())); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}
	return err
}
