package badger

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"
	boptions "github.com/dgraph-io/badger/v4/options"
	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/wal"
)

// Options say how a directory is opened.
type Options struct {
	// Logger gets what an operator should know. Default: none.
	Logger *zap.Logger
	// Now is the clock for ages and retention. Default: time.Now.
	Now func() time.Time
	// LedgerRetention is how long ledger entries are kept, ViolationRetention how
	// long violations are. Zero keeps them for ever.
	LedgerRetention, ViolationRetention time.Duration
	// CacheSize, Recategorised, CategoryChanged, Former, Named and AuditOrigin are the book's: see [store.Options].
	CacheSize       int
	Recategorised   func()
	CategoryChanged func()
	Former          store.Former
	Named           store.Named
	AuditOrigin     string

	// EncryptionKey is the key of 32 bytes that the store is encrypted with; none where
	// it isn't.
	EncryptionKey []byte
	// Witness is the path of a file outside of the directory that says how far the
	// store had got, so that an older copy of the directory, or none, is noticed.
	// Default: beside the directory, under its name with ".witness".
	Witness string
	// AcceptLoss is the code of a [Loss] with which the store is to be opened all
	// the same.
	AcceptLoss string

	// forgot is until when the people were erased that a backup is written anew without.
	forgot time.Time
	// free replaces asking the system in tests.
	free func(dir string) (bytes uint64, err error)
	// memtable replaces memtableSize, and applyEvery the time of that name, in tests.
	memtable   int64
	applyEvery time.Duration
}

// memtableSize decides heap, replay time and the size of a transaction.
const memtableSize = 8 << 20

// schemaVersion is the version of keys and records this package writes. It
// grows when an older gateway could no longer read them, or would write what belongs
// together in part.
const (
	schemaVersion = 6
	// oldestSchema is the oldest version it reads. Version 2 had no log of changes,
	// version 3 none that proves consent records, version 4 heeds no tombstones of people
	// who were erased, and version 5 counts no money.
	oldestSchema = 2
)

// metaRecord describes the store itself.
type metaRecord struct {
	Schema uint64 `cbor:"1,keyasint"`
	Key    []byte `cbor:"2,keyasint"` // of the pseudonyms
	Start  uint64 `cbor:"3,keyasint"` // times opened
	// Identities is the version of the keys of identities, and IdentitiesAt when
	// the store went over to it, in milliseconds; zero where it has had no other.
	Identities   uint64 `cbor:"4,keyasint,omitempty"`
	IdentitiesAt int64  `cbor:"5,keyasint,omitempty"`
	// Lineage is that of the witness; empty until there is one.
	Lineage string `cbor:"6,keyasint,omitempty"`
	// Lossy is the start in which a loss was last accepted.
	Lossy uint64 `cbor:"7,keyasint,omitempty"`
	// Restored is when the store was as the backup had it that it was restored from, in
	// milliseconds; zero where it never was.
	Restored int64 `cbor:"8,keyasint,omitempty"`
	// History names that of the log of consent records where it isn't the lineage: the
	// store was copied from another one, whose log it continues.
	History string `cbor:"9,keyasint,omitempty"`
}

// know has the store go over to the keys of identities of today.
func (m *metaRecord) know(now time.Time) {
	if m.Identities != store.IdentitiesVersion {
		m.Identities, m.IdentitiesAt = store.IdentitiesVersion, now.UnixMilli()
	}
}

// check says why the store can't be read.
func (m *metaRecord) check() error {
	switch {
	case m.Schema > schemaVersion:
		return fmt.Errorf("it was written by a newer waguard (schema %d, this one knows %d): run the newer one, or restore a backup made before the upgrade", m.Schema, schemaVersion)
	case m.Schema < oldestSchema:
		return fmt.Errorf("its schema is version %d, and this waguard reads versions %d to %d only", m.Schema, oldestSchema, schemaVersion)
	case len(m.Key) != store.KeySize:
		return fmt.Errorf("its key of pseudonyms has %d bytes, not %d: restore a backup", len(m.Key), store.KeySize)
	}
	return nil
}

func (m *metaRecord) description() store.Description {
	d := store.Description{Key: m.Key, Start: m.Start, Lineage: cmp.Or(m.History, m.Lineage)}
	if m.Restored != 0 {
		d.Restored = time.UnixMilli(m.Restored)
	}
	if m.IdentitiesAt != 0 {
		d.IdentitiesChanged = time.UnixMilli(m.IdentitiesAt)
	}
	return d
}

// OpenEngine opens the directory dir, making it where there is none. Its errors
// are sentences for an operator; one of a store that knows less than it did is a
// [Loss].
func OpenEngine(dir string, o Options) (*Engine, error) {
	o.complete(dir)
	defer umask()()
	h, err := openHome(dir, o.free)
	if err != nil {
		return nil, explain(dir, err)
	}
	e, err := openIn(h, o)
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	return e, nil
}

// complete fills in defaults.
func (o *Options) complete(dir string) {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.memtable == 0 {
		o.memtable = memtableSize
	}
	if o.applyEvery == 0 {
		o.applyEvery = applyEvery
	}
	if o.Witness == "" {
		o.Witness = filepath.Clean(dir) + witnessSuffix
	}
}

func openIn(h *home, o Options) (*Engine, error) {
	if err := h.halfCopied(); err != nil {
		return nil, err
	}
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	if err := h.unlock(o.EncryptionKey); err != nil {
		return nil, explain(h.dir, err)
	}
	known, err := findWitnesses(h, o.Witness, o.Logger)
	if err != nil {
		return nil, explain(h.dir, err)
	}
	found, err := known.survey(h, o)
	if err != nil {
		if _, loss := errors.AsType[*Loss](err); loss {
			return nil, err
		}
		return nil, explain(h.dir, err)
	}
	if err := h.unmark(copiedName); err != nil {
		return nil, explain(h.dir, err)
	}
	db, err := openDB(h, o)
	if err != nil {
		return nil, explain(h.dir, err)
	}
	e := &Engine{
		dir: h.dir, options: o, log: o.Logger, db: db, home: h, cipher: h.cipher, held: newHeld(),
		queue: make(chan *change, queueLength), bulk: make(chan *change, bulkLength), places: make(chan struct{}, bulkLength),
		writerDone: make(chan struct{}), breaks: make(chan func()),
		recent: newRecent(), filled: make(chan struct{}, 1), applierDone: make(chan struct{}),
	}
	if err := e.load(known, found); err != nil {
		if _, loss := errors.AsType[*Loss](err); !loss {
			err = fmt.Errorf("opening the store in %s: %w", h.dir, err)
		}
		return nil, errors.Join(err, db.Close())
	}
	e.run()
	return e, nil
}

// run starts what goes on until the store is closed.
func (e *Engine) run() {
	ctx, cancel := context.WithCancel(context.Background())
	e.rest = cancel
	go e.write()
	go e.apply()
	e.resting.Go(func() { e.sweeping(ctx) })
	e.resting.Go(func() { e.scrubbing(ctx) })
}

// openDB opens Badger. A panic there is damage the survey didn't find.
func openDB(h *home, o Options) (db *badger.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a file can't be read; restore a backup: %v", r)
		}
	}()
	return badger.Open(badgerOptions(h, o))
}

// badgerOptions fit Badger into a gateway: some 10 MB of heap, small values, and
// every acknowledged write on disk.
func badgerOptions(h *home, o Options) badger.Options {
	return badger.DefaultOptions(h.at).
		WithBypassLockGuard(h.locked).
		WithMemTableSize(o.memtable).
		WithBaseTableSize(o.memtable / 4).
		WithBaseLevelSize(o.memtable / 4 * 5).
		WithValueThreshold(min(1<<20, o.memtable/8)).
		WithNumMemtables(2).
		WithNumLevelZeroTables(2).
		WithNumLevelZeroTablesStall(4).
		WithNumCompactors(2). // the least Badger allows
		WithBlockCacheSize(8 << 20).
		WithIndexCacheSize(4 << 20).
		WithValueLogFileSize(max(1<<20, 2*o.memtable)).
		WithCompression(boptions.None).
		WithEncryptionKey(o.EncryptionKey).
		WithChecksumVerificationMode(boptions.OnTableAndBlockRead).
		WithSyncWrites(true).
		WithDetectConflicts(false). // there is one writer
		WithMetricsEnabled(false).
		WithLogger(badgerLogger{o.Logger.Named("badger"), h})
}

// load reads or makes the meta record and starts the keeper.
func (e *Engine) load(known *witnesses, found *findings) error {
	err := e.db.View(func(txn *badger.Txn) (err error) {
		if e.meta, err = readMeta(txn); err != nil {
			return err
		}
		value, err := get(txn, commitKey)
		if err != nil {
			return err
		}
		e.applied, _ = decodeCommit(value)
		return nil
	})
	if err != nil {
		return err
	}
	meta := e.meta
	if err := known.confirm(e.home, e.options, meta, e.applied, found); err != nil {
		return err
	}
	if err := e.recover(found); err != nil {
		return err
	}
	e.lossy = found.accepted
	meta.know(e.options.Now())
	meta.Start++
	if e.lossy {
		meta.Lossy = meta.Start
	}
	meta.Schema = schemaVersion
	if meta.Lineage == "" {
		meta.Lineage = rand.Text()
	}
	e.notices = found.notices
	w := witness{Installation: e.Installation(), Lineage: meta.Lineage, Schema: meta.Schema, Start: meta.Start}
	if e.keeper, err = newKeeper(e.home, e.log, e.options.Witness, w, e.applied); err != nil {
		return fmt.Errorf("writing the store's witness: %w", err)
	}
	if err = e.begin(); err == nil {
		e.changes, err = wal.Open(e.home.at, stampOf(w.Installation, w.Lineage), e.applied.Frame)
	}
	if err != nil {
		return errors.Join(err, e.keeper.close())
	}
	e.head = e.applied
	if err := e.keeper.start(); err != nil {
		e.notice("an older copy of the whole directory will not be noticed: its witness can't be written; name another file with the store's option witness", zap.String("witness", e.options.Witness), zap.Error(err))
	}
	return nil
}

// recover puts into Badger what a crash has left in the log of changes alone.
func (e *Engine) recover(found *findings) error {
	if found.changes == nil {
		return nil
	}
	strange := found.strange(stampOf(store.Installation(e.meta.Key), e.meta.Lineage))
	if strange && !found.accepted { // no witness told before
		if err := found.accept((&Loss{Dir: e.dir, Kind: KindOther, Found: []string{strangeChanges}}).acceptable(), e.options); err != nil {
			return err
		}
	}
	if !strange {
		if err := e.replay(found.changes); err != nil {
			return fmt.Errorf("reading the log of changes: %w", err)
		}
	}
	e.applied.Frame = max(e.applied.Frame, found.changes.Last)
	if !found.accepted {
		return nil
	}
	// What was given up must not be found again.
	return wal.Remove(e.home.at)
}

// stampOf tells the log of changes of one store from those of all others.
func stampOf(installation, lineage string) wal.Stamp {
	sum := sha256.Sum256([]byte(installation + " " + lineage))
	return wal.Stamp(sum[:16])
}

// begin writes the meta record.
func (e *Engine) begin() error {
	err := e.db.Update(func(txn *badger.Txn) error {
		value, err := encode(e.meta)
		if err != nil {
			return err
		}
		e.applied.Seq++
		return errors.Join(txn.Set(metaKey, value), txn.Set(commitKey, e.applied.commit()))
	})
	if err != nil {
		return err
	}
	return e.keeper.applied(e.applied)
}

// readMeta is the meta record, a new one in an empty directory.
func readMeta(txn *badger.Txn) (*metaRecord, error) {
	value, err := get(txn, metaKey)
	if err != nil {
		return nil, err
	}
	if value == nil {
		it := txn.NewIterator(badger.IteratorOptions{})
		defer it.Close()
		if it.Rewind(); it.Valid() {
			return nil, errors.New("the directory holds a Badger database of another program; name another directory")
		}
		key := make([]byte, 32)
		rand.Read(key)
		return &metaRecord{Schema: schemaVersion, Key: key, Identities: store.IdentitiesVersion}, nil
	}
	var meta metaRecord
	if err := decode(value, &meta); err != nil {
		return nil, fmt.Errorf("the store's own description can't be read, restore a backup: %w", err)
	}
	return &meta, meta.check()
}

// Vacant reports that there is no store in dir.
func Vacant(dir string) (bool, error) {
	l, err := list(dir)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist), ignoreMissing(err)
	}
	return !l.manifest && len(l.tables)+len(l.logs) == 0, nil
}

// explain turns an error at open into what the operator can do about it.
func explain(dir string, err error) error {
	switch {
	case errors.Is(err, errInUse), strings.Contains(err.Error(), "Cannot acquire directory lock"):
		return fmt.Errorf("the store in %s is already in use, by another process or by this one: stop the other gateway, or name another directory: %w", dir, err)
	case errors.As(err, new(errOpenToOthers)):
		return fmt.Errorf("the store in %s: %w", dir, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the store's directory %s can't be written by this user: make it the gateway user's own: %w", dir, err)
	case errors.Is(err, errReadOnly):
		return fmt.Errorf("the store's directory %s lies on a read-only file system: name another directory: %w", dir, err)
	}
	return fmt.Errorf("opening the store in %s: %w", dir, err)
}
