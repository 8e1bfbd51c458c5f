package badger

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"
	boptions "github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/ristretto/v2/z"
	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
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
	// CacheSize is how many names of persons are kept in memory with what is
	// known about them, a quarter of a kilobyte each. Default: 131072.
	CacheSize int
	// Recategorised is called where Meta bills a template under another category
	// than was known. It must not call the store.
	Recategorised func()
	// Former is the identity under which earlier versions knew a person, and
	// whether it is another one. What people opted out of in a store of theirs
	// still counts. Default: none.
	Former func(policy.Identity) (policy.Identity, bool)

	// free replaces freeSpace in tests.
	free func(dir string) (bytes uint64, err error)
}

// defaultCacheSize holds the people a company talks to in a day or more, in 40 MB
// at most. A send to somebody else costs one read, some 10 µs.
const defaultCacheSize = 1 << 17

// schemaVersion is the version of keys and records this package writes. It
// grows when an older gateway could no longer read them.
const schemaVersion = 2

// metaRecord describes the store itself.
type metaRecord struct {
	Schema uint64 `cbor:"1,keyasint"`
	Key    []byte `cbor:"2,keyasint"` // of the pseudonyms
	Start  uint64 `cbor:"3,keyasint"` // times opened
	// Identities is the version of the keys of identities, and IdentitiesAt when
	// the store went over to it; zero where it has had no other.
	Identities   uint64        `cbor:"4,keyasint,omitempty"`
	IdentitiesAt policy.Moment `cbor:"5,keyasint,omitempty"`
}

// identitiesVersion grows when some identity gets another key than it had.
const identitiesVersion = 1

// Open opens the store in dir, making it where there is none. Its errors are
// sentences for an operator.
func Open(dir string, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.CacheSize <= 0 {
		o.CacheSize = defaultCacheSize
	}
	if o.free == nil {
		o.free = freeSpace
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, explain(dir, err)
	}
	space := space{dir: dir, free: o.free}
	if err := space.check(); err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	db, err := openDB(dir, o.Logger)
	if err != nil {
		return nil, explain(dir, err)
	}
	s := &Store{
		dir: dir, options: o, log: o.Logger, db: db, space: space,
		cache: newContactCache(o.CacheSize), known: newKnowledge(), bills: newBills(),
		inFlight: make(map[store.ID]*entryHead), held: newHeld(), stops: newStopSearch(),
		queue: make(chan *change, queueLength), bulk: make(chan *change, bulkLength), places: make(chan struct{}, bulkLength), writerDone: make(chan struct{}),
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the store in %s: %w", dir, err), db.Close())
	}
	go s.write()
	go s.stops.run(s)
	return s, nil
}

// openDB opens Badger. When a disk is full, or the process is killed, between
// making the file of a memtable and giving it its size, an empty file is left
// behind that keeps Badger from opening ever again. It holds nothing, and goes.
func openDB(dir string, log *zap.Logger) (*badger.DB, error) {
	db, err := badger.Open(badgerOptions(dir, log))
	if err == nil || !strings.Contains(err.Error(), z.NewFile.Error()) {
		return db, err
	}
	// Badger has let go of the directory and nobody else holds it, or it would
	// have said so.
	memtables, _ := filepath.Glob(filepath.Join(dir, "*.mem")) // the pattern is sound
	for _, name := range memtables {
		info, err := os.Stat(name)
		if err == nil && info.Size() == 0 {
			err = os.Remove(name)
		}
		if err != nil {
			return nil, err
		}
	}
	return badger.Open(badgerOptions(dir, log))
}

// badgerOptions fit Badger into a gateway: some 10 MB of heap, small values, and
// every acknowledged write on disk.
func badgerOptions(dir string, log *zap.Logger) badger.Options {
	return badger.DefaultOptions(dir).
		WithMemTableSize(8 << 20). // decides heap, replay time and the size of a transaction
		WithNumMemtables(2).
		WithNumLevelZeroTables(2).
		WithNumLevelZeroTablesStall(4).
		WithNumCompactors(2). // the least Badger allows
		WithBlockCacheSize(8 << 20).
		WithIndexCacheSize(4 << 20).
		WithValueLogFileSize(16 << 20).
		WithCompression(boptions.None).
		WithSyncWrites(true).
		WithDetectConflicts(false). // there is one writer
		WithMetricsEnabled(false).
		WithLogger(badgerLogger{log.Named("badger")})
}

// load reads or makes the meta record and fills the memory.
func (s *Store) load() error {
	err := s.db.Update(func(txn *badger.Txn) error {
		meta, err := readMeta(txn)
		if err != nil {
			return err
		}
		if meta.Identities != identitiesVersion {
			meta.Identities, meta.IdentitiesAt = identitiesVersion, policy.MomentOf(s.options.Now())
		}
		s.keysChanged = meta.IdentitiesAt
		meta.Start++
		s.start, s.names = meta.Start, newPseudonyms(meta.Key)
		value, err := encode(meta)
		if err != nil {
			return err
		}
		return txn.Set(metaKey, value)
	})
	if err != nil {
		return err
	}
	return s.db.View(func(txn *badger.Txn) error {
		s.loadStops(txn)
		return s.known.load(txn)
	})
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
		return &metaRecord{Schema: schemaVersion, Key: key, Identities: identitiesVersion}, nil
	}
	var meta metaRecord
	if err := decode(value, &meta); err != nil {
		return nil, fmt.Errorf("the store's own description can't be read, restore a backup: %w", err)
	}
	switch {
	case meta.Schema > schemaVersion:
		return nil, fmt.Errorf("it was written by a newer waguard (schema %d, this one knows %d): run the newer one, or restore a backup made before the upgrade", meta.Schema, schemaVersion)
	case meta.Schema < schemaVersion:
		return nil, fmt.Errorf("its schema is version %d, and this waguard reads version %d only", meta.Schema, schemaVersion)
	case len(meta.Key) != 32:
		return nil, fmt.Errorf("its key of pseudonyms has %d bytes, not 32: restore a backup", len(meta.Key))
	}
	return &meta, nil
}

// explain turns an error at open into what the operator can do about it.
func explain(dir string, err error) error {
	switch {
	case strings.Contains(err.Error(), "Cannot acquire directory lock"):
		return fmt.Errorf("the store in %s is already in use, by another process or by this one: stop the other gateway, or name another directory: %w", dir, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the store's directory %s can't be written by this user: make it the gateway user's own: %w", dir, err)
	case errors.Is(err, errReadOnly):
		return fmt.Errorf("the store's directory %s lies on a read-only file system: name another directory: %w", dir, err)
	}
	return fmt.Errorf("opening the store in %s: %w", dir, err)
}
