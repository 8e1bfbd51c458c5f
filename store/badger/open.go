package badger

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"
	boptions "github.com/dgraph-io/badger/v4/options"
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

	// Witness is the path of a file outside of the directory that says how far the
	// store had got, so that an older copy of the directory, or none, is noticed.
	// Default: beside the directory, under its name with ".witness".
	Witness string
	// AcceptLoss is the code of a [Loss] with which the store is to be opened all
	// the same.
	AcceptLoss string

	// free replaces asking the system in tests.
	free func(dir string) (bytes uint64, err error)
	// memtable replaces memtableSize in tests.
	memtable int64
}

// defaultCacheSize holds the people a company talks to in a day or more, in 40 MB
// at most. A send to somebody else costs one read, some 10 µs.
const defaultCacheSize = 1 << 17

// memtableSize decides heap, replay time and the size of a transaction.
const memtableSize = 8 << 20

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
	// Lineage is that of the witness; empty until there is one.
	Lineage string `cbor:"6,keyasint,omitempty"`
}

// identitiesVersion grows when some identity gets another key than it had.
const identitiesVersion = 1

// Open opens the store in dir, making it where there is none. Its errors are
// sentences for an operator; one of a store that knows less than it did is a
// [Loss].
func Open(dir string, o Options) (*Store, error) {
	o.complete(dir)
	defer umask()()
	h, err := openHome(dir, o.free)
	if err != nil {
		return nil, explain(dir, err)
	}
	s, err := openIn(h, o)
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	return s, nil
}

// complete fills in defaults.
func (o *Options) complete(dir string) {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.CacheSize <= 0 {
		o.CacheSize = defaultCacheSize
	}
	if o.memtable == 0 {
		o.memtable = memtableSize
	}
	if o.Witness == "" {
		o.Witness = filepath.Clean(dir) + witnessSuffix
	}
}

func openIn(h *home, o Options) (*Store, error) {
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
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
	db, err := openDB(h, o)
	if err != nil {
		return nil, explain(h.dir, err)
	}
	s := &Store{
		dir: h.dir, options: o, log: o.Logger, db: db, home: h,
		cache: newContactCache(o.CacheSize), known: newKnowledge(), bills: newBills(),
		inFlight: make(map[store.ID]*entryHead), held: newHeld(), stops: newStopSearch(),
		queue: make(chan *change, queueLength), bulk: make(chan *change, bulkLength), places: make(chan struct{}, bulkLength),
		writerDone: make(chan struct{}), breaks: make(chan func()),
		notices: found.notices,
	}
	if err := s.load(known, found); err != nil {
		if _, loss := errors.AsType[*Loss](err); !loss {
			err = fmt.Errorf("opening the store in %s: %w", h.dir, err)
		}
		return nil, errors.Join(err, db.Close())
	}
	s.run()
	return s, nil
}

// run starts what goes on until the store is closed.
func (s *Store) run() {
	ctx, cancel := context.WithCancel(context.Background())
	s.rest = cancel
	go s.write()
	go s.stops.run(s)
	s.resting.Go(func() { s.sweeping(ctx) })
	s.resting.Go(func() { s.scrubbing(ctx) })
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
		WithChecksumVerificationMode(boptions.OnTableAndBlockRead).
		WithSyncWrites(true).
		WithDetectConflicts(false). // there is one writer
		WithMetricsEnabled(false).
		WithLogger(badgerLogger{o.Logger.Named("badger"), h})
}

// load reads or makes the meta record, starts the keeper and fills the memory.
func (s *Store) load(known *witnesses, found *findings) error {
	var meta *metaRecord
	err := s.db.View(func(txn *badger.Txn) (err error) {
		if meta, err = readMeta(txn); err != nil {
			return err
		}
		value, err := get(txn, commitKey)
		if err != nil {
			return err
		}
		s.head, _ = decodeCommit(value)
		return nil
	})
	if err != nil {
		return err
	}
	if err := known.confirm(s.home, s.options, meta, s.head, found); err != nil {
		return err
	}
	if meta.Identities != identitiesVersion {
		meta.Identities, meta.IdentitiesAt = identitiesVersion, policy.MomentOf(s.options.Now())
	}
	s.keysChanged = meta.IdentitiesAt
	meta.Start++
	if meta.Lineage == "" {
		meta.Lineage = rand.Text()
	}
	s.start, s.names, s.notices = meta.Start, newPseudonyms(meta.Key), found.notices
	s.installation = installation(meta.Key)
	w := witness{Installation: s.installation, Lineage: meta.Lineage, Schema: meta.Schema, Start: meta.Start}
	if s.keeper, err = newKeeper(s.home, s.log, s.options.Witness, w, s.head); err != nil {
		return fmt.Errorf("writing the store's witness: %w", err)
	}
	if err := s.loadMemory(meta); err != nil {
		return errors.Join(err, s.keeper.close())
	}
	if err := s.keeper.start(); err != nil {
		s.notice("an older copy of the whole directory will not be noticed: its witness can't be written; name another file with the store's option witness", zap.String("witness", s.options.Witness), zap.Error(err))
	}
	return nil
}

func (s *Store) loadMemory(meta *metaRecord) error {
	err := s.db.Update(func(txn *badger.Txn) error {
		value, err := encode(meta)
		if err != nil {
			return err
		}
		s.head.Seq++
		return errors.Join(txn.Set(metaKey, value), txn.Set(commitKey, s.head.commit()))
	})
	if err == nil {
		err = s.keeper.committed(s.head)
	}
	if err != nil {
		return err
	}
	return s.db.View(func(txn *badger.Txn) error {
		s.loadStops(txn)
		return s.known.load(txn)
	})
}

// installation is a name of the key of the pseudonyms that doesn't give it away.
func installation(key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("installation"))
	return hex.EncodeToString(mac.Sum(nil)[:16])
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
