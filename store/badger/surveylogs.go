package badger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/dgraph-io/badger/v4"
)

// readLogs reads the newest transactions.
func (s *survey) readLogs(l listing, w *witness) error {
	for _, name := range l.logs {
		f, err := readLog(filepath.Join(s.at, name), name, s.keys, nil)
		if err != nil {
			return err
		}
		s.logs = append(s.logs, f)
		s.numbered = s.numbered || f.last.Seq > 0
		if f.strange {
			s.damaged = append(s.damaged, fmt.Sprintf("the log %s is damaged at its beginning", name))
			continue
		}
		if w == nil {
			continue
		}
		switch known, ok := w.Logs[name]; {
		case ok && known != f.id && f.size >= logHeader:
			s.damaged = append(s.damaged, fmt.Sprintf("the log %s is damaged at its beginning, or another one than it was", name))
		case !ok && f.last.Seq > 0 && (f.txns > 1 || f.last.Seq <= s.flushed.Seq):
			// A new log is made known to the witness before its first transaction is
			// acknowledged.
			s.damaged = append(s.damaged, fmt.Sprintf("the log %s is none of this store's", name))
		}
	}
	return nil
}

// followLogs follows the transactions from the tables through the logs, and
// looks for what is missing between them.
func (s *survey) followLogs(w *witness) {
	s.reached = s.flushed
	flushedVersion := s.maxVersion()
	for _, f := range s.logs {
		if f.last.Seq > 0 {
			if f.first.Seq > s.reached.Seq+1 || f.gap {
				s.lost = append(s.lost, fmt.Sprintf("transactions are missing between %d and the log %s, which begins with %d", s.reached.Seq, f.name, f.first.Seq))
			}
			if f.last.Seq > s.reached.Seq {
				s.reached = f.last
			}
		}
		s.followRest(f, flushedVersion, w)
	}
	for _, t := range s.orphans {
		// What a crash leaves behind is the copy of a log or of other tables. A copy of
		// a log holds nothing else: one that goes further back was put together from
		// other tables, that MANIFEST named once. Of one that MANIFEST says isn't needed
		// any more, the newest records may be such as are no longer kept, so that no
		// table is as new.
		copied := t.dropped || t.maxVersion <= flushedVersion || slices.ContainsFunc(s.logs, func(f *logFile) bool {
			return f.minVersion <= t.minVersion && t.maxVersion <= f.maxVersion
		})
		if !copied || t.commit.Seq > s.reached.Seq {
			s.damaged = append(s.damaged, fmt.Sprintf("its MANIFEST, the list of tables, was cut or is an older one: it doesn't name %s, which holds what nothing else does", t.name))
		}
	}
}

// followRest looks at what is behind the place where a log can't be read any
// further. A transaction that was being written when the power failed, and was
// not acknowledged, leaves its beginning or parts of it behind. But a second one
// is only begun when the first is on disk.
func (s *survey) followRest(f *logFile, flushedVersion uint64, w *witness) {
	if f.rest == 0 {
		return
	}
	later := 0
	for _, v := range f.later {
		if v > flushedVersion {
			later++
		}
	}
	switch {
	case later > 1:
		s.lost = append(s.lost, fmt.Sprintf("the log %s is damaged at byte %d, and %s behind it can't be read", f.name, f.end, count(later, "transaction")))
	case f.maxVersion > flushedVersion || f.txns == 0 || later > 0:
		if w == nil && later > 0 { // nothing else tells whether it was acknowledged
			s.lost = append(s.lost, fmt.Sprintf("the log %s is damaged at byte %d, and a transaction there can't be read", f.name, f.end))
			return
		}
		s.notes = append(s.notes, fmt.Sprintf("the log %s ends with %d bytes of a transaction that was never finished; after a crash that is normal", f.name, f.rest))
	}
}

// registryContent is what KEYREGISTRY holds without encryption, behind 16 random
// bytes.
var registryContent = []byte("Hello Badger")

// readRest looks at the files that hold nothing: Badger makes them anew where
// they are missing, and stumbles over them where they are damaged.
func (s *survey) readRest(l listing) error {
	for _, name := range append([]string{badger.KeyRegistryFileName, "DISCARD"}, l.vlogs...) {
		content, err := os.ReadFile(filepath.Join(s.at, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		}
		sound := false
		switch name {
		case badger.KeyRegistryFileName:
			const random = 16
			sound = s.keys.registry != nil || len(content) == random+len(registryContent) && bytes.Equal(content[random:], registryContent)
		case "DISCARD":
			const size = 1 << 20
			sound = len(content) == size && nonZero(content) == 0 || s.pointers()
		default:
			sound = len(content) >= logHeader && nonZero(content[logHeader:]) == 0
			if sound {
				_, unknown := s.keys.key(binary.BigEndian.Uint64(content))
				sound = unknown == nil
			}
			if !sound && len(content) > 0 && s.pointers() {
				s.damaged = append(s.damaged, fmt.Sprintf("%s is damaged, and values are in it", name))
				continue
			}
		}
		if !sound {
			s.remove = append(s.remove, name)
		}
	}
	for _, f := range s.logs {
		// Without its size, or without its beginning: it is not what transactions
		// were lost with, or that would have been found.
		if f.size < logHeader {
			s.remove = append(s.remove, f.name)
		}
	}
	return nil
}

// pointers reports that values of records are in *.vlog files. waguard never
// writes such.
func (s *survey) pointers() bool {
	return slices.ContainsFunc(s.tables, func(t *tableFile) bool { return t.pointers }) ||
		slices.ContainsFunc(s.logs, func(f *logFile) bool { return f.pointers })
}
