package badger

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"google.golang.org/protobuf/proto"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/archive"
)

// Backup writes what the store holds at one moment, while it goes on serving: what is
// new since base, or everything where that is nil or whole says why. Close breaks it
// off.
func (e *Engine) Backup(ctx context.Context, w io.Writer, base *archive.Base, log archive.Log, whole string) error {
	// Not under mu, as the receiver may be slow; Close waits for backups.
	if err := e.beginBackup(); err != nil {
		return err
	}
	defer e.backups.Done()
	if err := e.backup(ctx, w, base, log, whole); err != nil {
		return fmt.Errorf("writing a backup: %w", err)
	}
	return nil
}

func (e *Engine) backup(ctx context.Context, w io.Writer, base *archive.Base, log archive.Log, whole string) error {
	if err := e.flush(); err != nil {
		return err
	}
	// Two backups are never of the same transaction.
	if err := e.number(); err != nil {
		return err
	}
	// Badger would leave out what it can't read.
	if err := e.verifyTables(ctx, 0); err != nil {
		return err
	}
	header := archive.Header{At: e.options.Now().UTC()}
	if !e.options.forgot.IsZero() {
		header.Forgot = &e.options.forgot
	}
	txn := e.db.NewTransaction(false)
	defer txn.Discard()
	point := archive.Point{Lineage: e.meta.Lineage, Start: e.meta.Start, Version: txn.ReadTs()}
	if base != nil {
		if whole == "" {
			whole = e.apart(base, point)
		}
		if whole != "" {
			header.Whole, base = whole, nil
		} else {
			header.Previous = &base.Previous
		}
	}
	out := writerFunc(func(p []byte) (int, error) {
		if err := e.Serving(ctx); err != nil {
			return 0, err
		}
		return w.Write(p)
	})
	a, err := archive.NewWriter(out, header)
	if err != nil {
		return err
	}
	c := &copying{a: a, contents: archive.NewContents(), manifest: archive.Manifest{Store: e.Installation(), Point: point, Counts: make(map[string]int), Log: log}}
	if base != nil {
		if c.before, err = base.Regions.All(); err != nil {
			return err
		}
		c.since, c.increment = base.Version, true
	}
	return c.run(txn)
}

// apart says why a store can't be said to continue a backup.
func (e *Engine) apart(base *archive.Base, now archive.Point) string {
	switch {
	case base.Lineage != now.Lineage:
		return "the store is another one, or was restored since the backup before"
	case base.Start > now.Start || base.Version >= now.Version:
		return "the store is older than the backup before"
	case base.Start < e.meta.Lossy:
		return "a loss of the store was accepted since the backup before"
	}
	if _, err := base.Regions.All(); err != nil {
		return "what is known of the backup before can't be read"
	}
	return ""
}

// number makes a transaction of its own, of nothing but its number.
func (e *Engine) number() error {
	e.flushing.Lock()
	defer e.flushing.Unlock()
	if e.failed.Load() {
		return store.ErrFailed
	}
	if err := e.writable(); err != nil {
		return err
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	at := e.applied
	at.Seq++
	err := e.db.Update(func(txn *badger.Txn) error { return txn.Set(commitKey, at.commit()) })
	if err == nil {
		err = e.keeper.applied(at)
	}
	if err != nil {
		e.fail(err)
		return fmt.Errorf("%w: %w", store.ErrFailed, err)
	}
	e.applied = at
	return nil
}

// copying goes through all records, in the order of their keys, and writes those that
// are new, and the keys of those regions whose keys aren't what they were.
type copying struct {
	a         *archive.Writer
	manifest  archive.Manifest
	contents  *archive.Contents
	since     uint64
	increment bool
	// before are the regions of the backup before that are still to come, and keys are
	// those of the region that is being read.
	before []archive.Region
	keys   *archive.Keys
	list   pb.KVList
	size   int
}

func (c *copying) run(txn *badger.Txn) error {
	o := badger.DefaultIteratorOptions
	o.PrefetchSize = 64
	it := txn.NewIterator(o)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		item := it.Item()
		err := item.Value(func(value []byte) error { return c.record(item, value) })
		if err != nil {
			return err
		}
	}
	if err := errors.Join(c.endRegion(), c.gone(""), c.flush()); err != nil {
		return err
	}
	c.manifest.Contents = hex.EncodeToString(c.contents.Sum())
	return c.a.Close(c.manifest)
}

func (c *copying) record(item *badger.Item, value []byte) error {
	key := item.Key()
	if item.Version() > c.since {
		c.manifest.Records++
		kv := &pb.KV{Key: bytes.Clone(key), Value: bytes.Clone(value), Version: item.Version(), ExpiresAt: item.ExpiresAt()}
		c.list.Kv, c.size = append(c.list.Kv, kv), c.size+len(key)+len(value)
		if c.size > recordsTogether {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	if ownKey(key) {
		return nil
	}
	if lasting(key, item.ExpiresAt()) {
		c.manifest.Counts[kindOf(key)]++
		c.contents.Add(key, value, item.ExpiresAt())
	}
	if prefix := regionOf(key); c.keys == nil || c.keys.Prefix != string(prefix) {
		if err := c.endRegion(); err != nil {
			return err
		}
		c.keys = archive.NewKeys(string(prefix))
	}
	c.keys.Add(key)
	return nil
}

// endRegion sums a region up, and writes its keys where they aren't what they were.
func (c *copying) endRegion() error {
	if c.keys == nil {
		return nil
	}
	region := c.keys.Region()
	c.manifest.Regions.Add(region)
	if err := c.gone(region.Prefix); err != nil || !c.increment {
		return err
	}
	if len(c.before) > 0 && c.before[0].Prefix == region.Prefix {
		same := c.before[0] == region
		c.before = c.before[1:]
		if same {
			return nil
		}
	}
	_, err := c.keys.WriteTo(c.a.Keys())
	return err
}

// gone writes that there is no key any more in the regions before another one, or in
// all that are left.
func (c *copying) gone(until string) error {
	for len(c.before) > 0 && (until == "" || c.before[0].Prefix < until) {
		if _, err := archive.NewKeys(c.before[0].Prefix).WriteTo(c.a.Keys()); err != nil {
			return err
		}
		c.before = c.before[1:]
	}
	return nil
}

// recordsTogether is about how many bytes of records are written at a time.
const recordsTogether = 1 << 20

func (c *copying) flush() error {
	if len(c.list.Kv) == 0 {
		return nil
	}
	err := writeList(c.a.Records(), &c.list)
	c.list.Kv, c.size = c.list.Kv[:0], 0
	return err
}

// writeList writes records as Badger reads them.
func writeList(w io.Writer, list *pb.KVList) error {
	b, err := proto.Marshal(list)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(b))), b...))
	return err
}

// ownKey reports a record of the engine's that a restored store has anew.
func ownKey(key []byte) bool { return bytes.Equal(key, metaKey) || bytes.Equal(key, commitKey) }

// lasting reports that a record is what it was when it is restored. Some that older
// versions wrote are taken away by Badger's clock.
func lasting(key []byte, expires uint64) bool {
	return (expires == 0 || expires > farFuture) && !ownKey(key)
}

// regionOf is the prefix of the region of a key: what is sorted by time by its hours, the
// rest by its first bytes.
func regionOf(key []byte) []byte {
	switch key[0] {
	case ledger.pages, ledger.settlements, violations.pages, violations.settlements, store.SumsPrefix:
		return key[:min(bucketPrefix, len(key))]
	}
	const first = 2
	return key[:min(1+first, len(key))]
}

// kindOf is what records are counted as.
func kindOf(key []byte) string {
	switch key[0] {
	case ledger.pages:
		return "pages of the ledger"
	case ledger.settlements:
		return "settlements"
	case violations.pages:
		return "pages of violations"
	case violations.settlements:
		return "settlements of violations"
	case daysKey[0]:
		return "days"
	}
	for _, kind := range store.Kinds {
		if kind.Prefix == key[0] {
			return kind.Name
		}
	}
	return fmt.Sprintf("records %q", key[:1])
}

func (e *Engine) beginBackup() error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if err := e.alive(); err != nil {
		return err
	}
	e.backups.Add(1)
	return nil
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
