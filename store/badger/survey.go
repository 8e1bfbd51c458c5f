package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/store/wal"
)

// survey is what a directory holds, read without changing anything. It is made
// before Badger opens the directory, since Badger repairs silently: it deletes
// the tables its MANIFEST doesn't name, and cuts logs where it can't read on.
type survey struct {
	// keys are those of the files, and cipher is for the log of changes.
	keys   *dataKeys
	cipher *changeCipher
	// Where the files are reached.
	at string
	// tables are those MANIFEST names, orphans the others.
	tables, orphans []*tableFile
	logs            []*logFile
	// flushed is how far the tables go, reached how far all of it goes.
	flushed, reached head
	// changes are those that are in their log alone, nil if it wasn't read.
	changes *wal.Found
	// numbered: transactions have numbers, so that it can be told whether one is
	// missing.
	numbered bool
	// empty: there is no store.
	empty bool

	// damaged says what keeps the store from being opened at all.
	damaged []string
	// lost says what the store has lost, that can be opened without it.
	lost []string
	// notes are for the log, and remove are files that are damaged and hold nothing.
	notes  []string
	remove []string
}

// listing is the directory by kind of file.
type listing struct {
	manifest            bool
	tables, logs, vlogs []string
	witness             bool
	unfinished          bool // a restore was interrupted
}

func list(at string) (l listing, err error) {
	entries, err := os.ReadDir(at)
	if err != nil {
		return l, err
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == badger.ManifestFilename:
			l.manifest = true
		case name == witnessName:
			l.witness = true
		case name == restorePart:
			l.unfinished = true
		case strings.HasSuffix(name, ".sst"):
			l.tables = append(l.tables, name)
		case strings.HasSuffix(name, ".mem"):
			l.logs = append(l.logs, name)
		case strings.HasSuffix(name, ".vlog"):
			l.vlogs = append(l.vlogs, name)
		}
	}
	// In the order of their numbers, which have five digits or more.
	slices.SortFunc(l.logs, func(a, b string) int { return numberOf(a) - numberOf(b) })
	return l, nil
}

func numberOf(name string) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(name, filepath.Ext(name)))
	return n
}

// look surveys the directory. w is the witness in it, nil where there is none
// that can be read, and h how far the store has been by every witness.
func look(dir *home, w *witness, h head) (*survey, error) {
	at := dir.at
	s := &survey{at: at, keys: dir.keys, cipher: dir.cipher}
	l, err := list(at)
	if err != nil {
		return nil, err
	}
	switch {
	case l.unfinished:
		s.damaged = append(s.damaged, "a restore was interrupted here; empty the directory and restore again")
		return s, nil
	case !l.manifest && len(l.tables)+len(l.logs) > 0:
		s.damaged = append(s.damaged, fmt.Sprintf("its MANIFEST is missing, beside %s and %s", count(len(l.tables), "table"), count(len(l.logs), "log")))
		return s, nil
	case !l.manifest:
		s.empty = true
		if h.Seq > 0 {
			s.lost = append(s.lost, fmt.Sprintf("it is empty, and had come to transaction %d", h.Seq))
		}
		return s, s.readChanges(head{})
	}
	if err := s.readTables(l, w); err != nil {
		return nil, err
	}
	if err := s.readLogs(l, w); err != nil {
		return nil, err
	}
	if len(s.damaged) > 0 {
		return s, nil
	}
	s.followLogs(w)
	if s.reached.Seq < h.Seq {
		s.lost = append(s.lost, fmt.Sprintf("it ends with transaction %d, and had come to %d", s.reached.Seq, h.Seq))
	}
	if err := s.readChanges(h); err != nil {
		return nil, err
	}
	return s, s.readRest(l)
}

// readChanges reads the newest changes, which may be in their log alone. h is how far
// the store has been by every witness.
func (s *survey) readChanges(h head) (err error) {
	if s.changes, err = wal.Look(s.at, s.reached.Frame); err != nil {
		return err
	}
	s.lost = append(s.lost, s.changes.Lost...)
	switch {
	case s.empty && s.changes.Last > 0:
		s.lost = append(s.lost, fmt.Sprintf("it holds changes up to %d, and not what they changed", s.changes.Last))
	case s.changes.Last < h.Frame && s.reached.Seq >= h.Seq: // or it was said
		s.lost = append(s.lost, fmt.Sprintf("it ends with change %d, and had come to %d", s.changes.Last, h.Frame))
	}
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// readTables verifies all tables.
func (s *survey) readTables(l listing, w *witness) error {
	manifest, err := readManifest(filepath.Join(s.at, badger.ManifestFilename))
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	if err != nil {
		s.damaged = append(s.damaged, fmt.Sprintf("its MANIFEST, the list of tables, is damaged (%v), beside %s", err, count(len(l.tables), "table")))
		return nil
	}
	if manifest.torn > 0 {
		s.notes = append(s.notes, fmt.Sprintf("%d bytes at the end of MANIFEST are not complete; after a crash that is normal", manifest.torn))
	}
	var listed, orphans []string
	for _, id := range slices.Sorted(maps.Keys(manifest.Tables)) {
		listed = append(listed, fmt.Sprintf("%06d.sst", id))
	}
	for _, name := range l.tables {
		if !slices.Contains(listed, name) {
			orphans = append(orphans, name)
		}
	}
	read := s.readAll(listed, func(name string) (*tableFile, error) {
		return readTable(filepath.Join(s.at, name), name, manifest.Tables[uint64(numberOf(name))], s.keys)
	})
	for i, name := range listed {
		t, err := read[i].table, read[i].err
		switch {
		case errors.Is(err, fs.ErrPermission):
			return err
		case errors.Is(err, fs.ErrNotExist):
			s.damaged = append(s.damaged, fmt.Sprintf("the table %s is missing", name))
		case err != nil:
			s.damaged = append(s.damaged, fmt.Sprintf("the table %s is damaged: %v", name, err))
		case w != nil && w.Tables[name] != "" && w.Tables[name] != t.id:
			s.damaged = append(s.damaged, fmt.Sprintf("the table %s is another one than it was", name))
		default:
			s.tables = append(s.tables, t)
			if t.commit.Seq > s.flushed.Seq {
				s.flushed = t.commit
			}
		}
	}
	s.numbered = s.flushed.Seq > 0
	return s.readOrphans(orphans, manifest.dropped)
}

// readOrphans looks at the tables MANIFEST doesn't name, which Badger deletes.
// After a crash there may be some: what they hold is in other files, too.
func (s *survey) readOrphans(names []string, dropped map[uint64]bool) error {
	for _, name := range names {
		// Compressed ones were never written.
		var t *tableFile
		err := s.keys.any(func(id uint64) (err error) {
			t, err = readTable(filepath.Join(s.at, name), name, badger.TableManifest{KeyID: id}, s.keys)
			return err
		})
		if err != nil {
			s.notes = append(s.notes, fmt.Sprintf("the table %s was not finished; after a crash that is normal", name))
			continue
		}
		t.dropped = dropped[uint64(numberOf(name))]
		s.orphans = append(s.orphans, t)
	}
	return nil
}

// maxVersion is the newest version in the tables.
func (s *survey) maxVersion() (v uint64) {
	for _, t := range s.tables {
		v = max(v, t.maxVersion)
	}
	return v
}

type tableResult struct {
	table *tableFile
	err   error
}

// readAll reads files, several at a time.
func (s *survey) readAll(names []string, read func(name string) (*tableFile, error)) []tableResult {
	results := make([]tableResult, len(names))
	var wg sync.WaitGroup
	free := make(chan struct{}, min(4, runtime.GOMAXPROCS(0)))
	for i, name := range names {
		free <- struct{}{}
		wg.Go(func() {
			results[i].table, results[i].err = read(name)
			<-free
		})
	}
	wg.Wait()
	return results
}
