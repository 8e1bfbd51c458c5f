package badger

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/durable"
	"github.com/waguard/waguard/store"
)

// restorePart is where a store is restored inside its directory, if it can't be
// beside it.
const restorePart = "restoring"

// Restore makes the directory dir from a backup. It must be empty or not exist.
// The store is made beside it and gets its name when it is whole, or inside it,
// where dir is a mount point or the directory it lies in can't be written: a
// restore that was interrupted is never opened as a store.
func Restore(dir string, file io.ReadSeeker) (err error) {
	if err := VerifyBackup(file); err != nil {
		return err
	}
	records, err := backupRecords(file)
	if err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	defer umask()()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return explain(dir, err)
	}
	if err := checkEmpty(dir); err != nil {
		return err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	part, err := os.MkdirTemp(parent, filepath.Base(dir)+"."+restorePart+"-*")
	inside := err != nil || isMount(dir, parent)
	if inside {
		if err == nil {
			err = os.Remove(part)
		}
		part = filepath.Join(dir, restorePart)
		if err := os.Mkdir(part, 0o700); err != nil {
			return explain(dir, err)
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(part))
		}
	}()
	if err := restoreInto(part, records); err != nil {
		return fmt.Errorf("restoring into %s: %w", dir, err)
	}
	if inside {
		return moveUp(part, dir)
	}
	if err := errors.Join(os.Remove(dir), os.Rename(part, dir)); err != nil {
		return err
	}
	return durable.Names(parent)
}

// backupRecords is the part of a backup that Badger reads.
func backupRecords(file io.ReadSeeker) (io.Reader, error) {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(int64(len(backupHeader)), io.SeekStart); err != nil {
		return nil, err
	}
	return io.LimitReader(file, size-int64(len(backupHeader)+backupSum)), nil
}

func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return explain(dir, err)
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.Name() == "lost+found" })
	if len(entries) == 1 && entries[0].Name() == restorePart { // of a restore that was interrupted
		return os.RemoveAll(filepath.Join(dir, restorePart))
	}
	if len(entries) > 0 {
		return fmt.Errorf("the directory %s is not empty; restore into a new one, and move it into place while the gateway is stopped", dir)
	}
	return nil
}

// restoreInto makes a store of the records of a backup.
func restoreInto(dir string, records io.Reader) (err error) {
	h, err := openHome(dir, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	db, err := openDB(h, Options{Logger: zap.NewNop(), memtable: memtableSize})
	if err != nil {
		return err
	}
	w, at, err := fill(db, records)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	return writeWitness(filepath.Join(h.at, witnessName), w, at)
}

func fill(db *badger.DB, records io.Reader) (*witness, head, error) {
	const pendingWrites = 16 // transactions at a time
	if err := db.Load(records, pendingWrites); err != nil {
		return nil, head{}, err
	}
	var w *witness
	var at head
	err := db.Update(func(txn *badger.Txn) error {
		meta, err := readMeta(txn)
		if err != nil {
			return err
		}
		commit, err := get(txn, commitKey)
		if err != nil {
			return err
		}
		at, _ = decodeCommit(commit)
		at.Seq++
		meta.Lineage = rand.Text()
		w = &witness{
			Installation: store.Installation(meta.Key), Lineage: meta.Lineage, Restored: time.Now().UTC().Format(time.RFC3339),
			Schema: meta.Schema, Start: meta.Start,
		}
		value, err := encode(meta)
		if err != nil {
			return err
		}
		return errors.Join(txn.Set(metaKey, value), txn.Set(commitKey, at.commit()))
	})
	return w, at, err
}

// moveUp moves the files of a store into the directory above. The last is
// MANIFEST, without which the others are no store.
func moveUp(part, dir string) error {
	entries, err := os.ReadDir(part)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != badger.ManifestFilename {
			if err := os.Rename(filepath.Join(part, e.Name()), filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	if err := durable.Names(dir); err != nil {
		return err
	}
	err = errors.Join(
		os.Rename(filepath.Join(part, badger.ManifestFilename), filepath.Join(dir, badger.ManifestFilename)),
		os.Remove(part))
	return errors.Join(err, durable.Names(dir))
}
