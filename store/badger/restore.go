package badger

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/durable"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/archive"
)

// restorePart is where a store is restored inside its directory, if it can't be
// beside it.
const restorePart = "restoring"

// Source opens a backup, from its beginning.
type Source func() (io.ReadCloser, error)

// Restore makes the directory dir from a backup; see [RestoreChain].
func Restore(dir string, file io.ReadSeeker) error {
	_, err := RestoreChain(dir, []Source{func() (io.ReadCloser, error) {
		_, err := file.Seek(0, io.SeekStart)
		return io.NopCloser(file), err
	}}, nil)
	return err
}

// Restored says what a store was restored from.
type Restored struct {
	// Manifest is that of the newest backup; nil for one of a version that had none.
	*archive.Manifest
	// At is when the store was as the backup has it, as far as it can be told.
	At time.Time
	// Files is how many there were.
	Files int
}

// verifyChain reads backups to their ends, and checks that each is the next one after
// the one before. Nothing is done with what is in them before that.
func verifyChain(files []Source) (chain []*archive.Manifest, err error) {
	for i, open := range files {
		m, err := verifyBackup(open)
		switch {
		case err != nil:
			return nil, fmt.Errorf("backup %d of %d: %w", i+1, len(files), err)
		case m == nil && len(files) > 1, m != nil && (m.Previous != nil) != (i > 0):
			return nil, fmt.Errorf("backup %d of %d is no part of a chain: the first holds everything, and each other one continues the one before", i+1, len(files))
		case i > 0:
			if err := archive.Link(chain[i-1], m); err != nil {
				return nil, fmt.Errorf("backup %d of %d doesn't continue the one before: %w", i+1, len(files), err)
			}
		}
		chain = append(chain, m)
	}
	return chain, nil
}

func verifyBackup(open Source) (*archive.Manifest, error) { return readBackup(open, archive.Visitor{}) }

func readBackup(open Source, v archive.Visitor) (m *archive.Manifest, err error) {
	file, err := open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return archive.Read(file, v)
}

// VerifyBackup checks that a backup is whole, and leaves the file at its start.
func VerifyBackup(file io.ReadSeeker) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	if _, err := archive.Read(file, archive.Visitor{}); err != nil {
		return err
	}
	_, err := file.Seek(0, io.SeekStart)
	return err
}

// RestoreChain makes the directory dir from a backup that holds everything, and those
// that continue it, oldest first. It must be empty or not exist. The store is made
// beside it and gets its name when it is whole and has exactly what the newest backup
// says; or inside it, where dir is a mount point or the directory it lies in can't be
// written: a restore that was interrupted is never opened as a store. It is encrypted with a key, if
// there is one.
func RestoreChain(dir string, files []Source, encryptionKey []byte) (restored *Restored, err error) {
	chain, err := verifyChain(files)
	if err != nil {
		return nil, err
	}
	restored = &Restored{Manifest: chain[len(chain)-1], Files: len(files)}
	return restored, restoreChain(dir, files, chain, restored, encryptionKey)
}

func restoreChain(dir string, files []Source, chain []*archive.Manifest, restored *Restored, key []byte) (err error) {
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
	if err := restoreInto(part, files, chain, restored, key); err != nil {
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

// restoreInto makes a store of the records of backups.
func restoreInto(dir string, files []Source, chain []*archive.Manifest, restored *Restored, key []byte) (err error) {
	h, err := openHome(dir, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	db, err := openDB(h, Options{Logger: zap.NewNop(), EncryptionKey: key, memtable: memtableSize})
	if err != nil {
		return err
	}
	w, at, err := fill(db, files, chain, restored)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	return writeWitness(filepath.Join(h.at, witnessName), w, at)
}

func fill(db *badger.DB, files []Source, chain []*archive.Manifest, restored *Restored) (*witness, head, error) {
	for i, open := range files {
		if err := load(db, open, chain[i]); err != nil {
			return nil, head{}, err
		}
	}
	if err := compare(db, restored.Manifest); err != nil {
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
		now := time.Now().UTC()
		restored.At = restored.moment(at, now)
		meta.Lineage, meta.History, meta.Restored = rand.Text(), "", restored.At.UnixMilli()
		w = &witness{
			Installation: store.Installation(meta.Key), Lineage: meta.Lineage, Restored: now.Format(time.RFC3339), Backup: restored.At.UTC().Format(time.RFC3339),
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

// moment is when the store was as the backup has it. Backups of version 1 don't say;
// what they have was there no later than their newest line.
func (r *Restored) moment(at head, now time.Time) time.Time {
	switch {
	case r.Manifest != nil:
		return r.Manifest.At
	case at.Entry != store.ID{}:
		return time.UnixMilli(int64(at.Entry.Moment())).UTC()
	}
	return now
}

// pendingWrites is how many transactions of a backup are written at a time.
const pendingWrites = 16

// load puts the records of a backup into a store that has those of the backup before,
// and deletes what was deleted between them.
func load(db *badger.DB, open Source, m *archive.Manifest) error {
	if m != nil && m.Previous != nil {
		if err := loadGone(db, open, m.Version); err != nil {
			return err
		}
	}
	return piped(func(records io.Writer) error {
		_, err := readBackup(open, archive.Visitor{Records: func(b []byte) error {
			_, err := records.Write(b)
			return err
		}})
		return err
	}, func(records io.Reader) error { return db.Load(records, pendingWrites) })
}

// piped hands what one function writes to another one. The error of the first counts.
func piped(write func(io.Writer) error, read func(io.Reader) error) error {
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := write(w)
		w.CloseWithError(err)
		done <- err
	}()
	err := read(r)
	r.CloseWithError(err)
	if wrote := <-done; wrote != nil {
		return wrote
	}
	return err
}

// loadGone deletes the records whose keys aren't among those that a backup lists, as of
// its own transaction.
func loadGone(db *badger.DB, open Source, version uint64) error {
	var list pb.KVList
	err := piped(func(keys io.Writer) error {
		_, err := readBackup(open, archive.Visitor{Keys: func(b []byte) error {
			_, err := keys.Write(b)
			return err
		}})
		return err
	}, func(r io.Reader) error {
		return archive.ReadKeys(r, func(prefix []byte, keys [][]byte) error {
			return db.View(func(txn *badger.Txn) error {
				for _, key := range goneFrom(txn, prefix, keys) {
					list.Kv = append(list.Kv, &pb.KV{Key: key, Version: version, Meta: []byte{deletion}})
				}
				return nil
			})
		})
	})
	if err != nil || len(list.Kv) == 0 {
		return err
	}
	var b bytes.Buffer
	if err := writeList(&b, &list); err != nil {
		return err
	}
	return db.Load(&b, pendingWrites)
}

// deletion is how Badger marks a deletion.
const deletion = 1

// goneFrom are the keys in a region that aren't among some, which are in order.
func goneFrom(txn *badger.Txn, prefix []byte, keys [][]byte) (gone [][]byte) {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().Key()
		if !bytes.Equal(regionOf(key), prefix) || ownKey(key) {
			continue
		}
		if _, there := slices.BinarySearchFunc(keys, key, bytes.Compare); !there {
			gone = append(gone, bytes.Clone(key))
		}
	}
	return gone
}

// compare compares what a store holds with what the manifest says.
func compare(db *badger.DB, m *archive.Manifest) error {
	if m == nil {
		return nil
	}
	counts, contents := make(map[string]int), archive.NewContents()
	err := db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			item := it.Item()
			if !lasting(item.Key(), item.ExpiresAt()) {
				continue
			}
			counts[kindOf(item.Key())]++
			err := item.Value(func(value []byte) error {
				contents.Add(item.Key(), value, item.ExpiresAt())
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if sum := hex.EncodeToString(contents.Sum()); sum != m.Contents {
		return fmt.Errorf("what was restored is not what was backed up: it has the sum %s, and the backup says %s; it has %v, and the backup says %v", sum, m.Contents, counts, m.Counts)
	}
	return nil
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
