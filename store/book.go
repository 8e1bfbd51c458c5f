package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

// Options say how a [Book] is kept.
type Options struct {
	// Logger gets what an operator should know. Default: none.
	Logger *zap.Logger
	// Now is the clock for ages and retention. Default: time.Now.
	Now func() time.Time
	// LedgerRetention is how long ledger entries are shown, ViolationRetention how
	// long violations are. Zero shows them for ever. The engine is told the same.
	LedgerRetention, ViolationRetention time.Duration
	// CacheSize is how many names of persons are kept in memory with what is
	// known about them, a quarter of a kilobyte each, where the engine is [Sole].
	// Default: 131072.
	CacheSize int
	// Recategorised is called where Meta bills a template under another category
	// than was known. It must not call the store.
	Recategorised func()
	// CategoryChanged is called where a template turns out to have another category than
	// was known, however that was learned.
	CategoryChanged func()
	// Former is the identity under which earlier versions knew a person, and
	// whether it is another one. What people opted out of in a store of theirs
	// still counts. Default: none.
	Former Former
	// Named are those whom a text may name that is remembered as an answer, so that it can
	// be erased with them. Default: nobody can tell.
	Named Named
	// AuditOrigin is the name of the log of consent records. Default: waguard/ and
	// what [Installation] gives.
	AuditOrigin string
}

// Former gives an identity the one under which earlier versions knew it, and
// whether that is another one.
type Former func(policy.Identity) (policy.Identity, bool)

// Named gives those whom a text may name, by number or user id.
type Named func(text []byte) []policy.Identity

// DefaultRetention is how long lines are kept where nobody says: a little more than a year,
// so that the bill of the same month last year can still be explained.
const DefaultRetention = 400 * 24 * time.Hour

// defaultCacheSize holds the people a company talks to in a day or more, in 40 MB
// at most.
const defaultCacheSize = 1 << 17

func (o *Options) complete() {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.CacheSize <= 0 {
		o.CacheSize = defaultCacheSize
	}
}

// Book is a [Store] that remembers in an [Engine]: it knows what the bytes mean,
// and the engine keeps them.
type Book struct {
	engine Engine
	// What the engine can do beyond that; nil where it can't.
	sole      Sole
	deferring Deferring
	bulky     Bulky

	options Options
	log     *zap.Logger
	names   *pseudonyms
	tombs   *tombstones
	// installation is a name of their key that doesn't give it away.
	installation string
	// start counts the times the engine was opened, where nobody else writes to it.
	start uint64
	// keysChanged is when the keys of identities last changed; zero where they
	// never have.
	keysChanged policy.Moment
	// cache and known are kept of a sole engine's records; nil for any other.
	cache    *contactCache
	known    *knowledge
	policies *policies
	bills    *bills
	// sums are nil where none are kept.
	sums     *keptSums
	callers  *callers
	versions versions
	// guesses are what facts will be needed of.
	guesses guesses
	// pastBegan is since when it is kept what changes replace.
	pastBegan *policy.Moment
	inFlight  inFlight
	// stopsLeft is set once there may be a stopsRecord.
	stopsLeft atomic.Bool
	// stops looks for the people whose opt-outs are among those.
	stops  *stopSearch
	summer *summer
	// restored is when the store was as the backup had it that it was restored from;
	// zero where it never was. older counts the windows that are older.
	restored policy.Moment
	older    *olderWindows
	// unreadable counts reads that met something that can't be read.
	unreadable atomic.Uint64
	// origin and lineage are those of the log of consent records, and signing signs it.
	origin  string
	lineage []byte
	// entering enters records from before the log, where there are many.
	entering meanwhile
	signing  *signing
	// nothingOlder: there was no consent record before there was a log.
	nothingOlder bool
	// erasing is locked by whoever erases somebody. resuming goes on with what an earlier
	// start had begun, purging takes what was erased out of the files.
	erasing   sync.Mutex
	resuming  meanwhile
	purging   *purger
	closeOnce sync.Once
	closeErr  error
}

// Open begins to keep book in an engine, which belongs to the book from then on.
// An engine that isn't [Described] needs a key.
func Open(ctx context.Context, engine Engine, o Options, key []byte) (*Book, error) {
	o.complete()
	s := &Book{engine: engine, options: o, log: o.Logger, policies: newPolicies(), bills: newBills(), callers: newCallers(), inFlight: newInFlight(), stops: newStopSearch(), summer: newSummer(), signing: newSigning(), purging: newPurger()}
	lossy, lineage := false, ""
	if d, ok := engine.(Described); ok {
		description := d.Description()
		lossy, lineage = description.Lossy, description.Lineage
		key, s.start = description.Key, description.Start
		if !description.Restored.IsZero() {
			s.restored = policy.MomentOf(description.Restored)
		}
		if !description.IdentitiesChanged.IsZero() {
			s.keysChanged = policy.MomentOf(description.IdentitiesChanged)
		}
	}
	if len(key) != keySize {
		return nil, errors.Join(fmt.Errorf("the key of the pseudonyms has %d bytes, not %d", len(key), keySize), engine.Close())
	}
	s.names, s.tombs, s.installation = newPseudonyms(key), newTombstones(key), Installation(key)
	s.origin, s.lineage = cmp.Or(o.AuditOrigin, "waguard/"+Installation(key)), historyOf(lineage)
	s.deferring, _ = engine.(Deferring)
	s.bulky, _ = engine.(Bulky)
	if sole, ok := engine.(Sole); ok {
		s.sole, s.cache, s.known = sole, newContactCache(o.CacheSize), newKnowledge()
	}
	if err := s.view(ctx, s.load); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the store: %w", err), engine.Close())
	}
	if err := s.openPast(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the store: %w", err), engine.Close())
	}
	s.loadSums(ctx, lossy)
	if err := s.openLog(ctx, lossy); err != nil {
		s.log.Error("the log that proves consent records can't be completed now; it is tried again at the next start", zap.Error(err))
	}
	if s.restored != 0 && s.sole != nil {
		s.older = countOlder(s)
	}
	if err := s.resumeErasures(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("erasing who was erased: %w", err), engine.Close())
	}
	if pending, err := s.PurgePending(ctx); err == nil && pending != 0 {
		s.purging.wake()
	}
	if s.purges() {
		s.purging.begin(func(ctx context.Context) { s.purging.run(ctx, s) })
	}
	go s.signing.run(s) // #nosec G118 -- it lives as long as the store, and longer than what opened it
	go s.stops.run(s)
	go s.summer.run(s)
	return s, nil
}

// keySize is how long the key of the pseudonyms is.
const keySize = 32

// IdentitiesVersion grows when some identity gets another key than it had. An
// engine remembers it, and when it changed: see [Description].
const IdentitiesVersion = 1

// load reads what is kept in memory.
func (s *Book) load(r *reading) error {
	if err := s.loadStops(r); err != nil {
		return err
	}
	if s.sole != nil {
		if err := s.loadTombstones(r); err != nil {
			return err
		}
	}
	if err := r.Scan([]byte{callerPrefix}, s.callers.load); err != nil || s.known == nil {
		return err
	}
	return s.known.load(r)
}

// Close ends what the book does by itself, and closes the engine.
func (s *Book) Close() error {
	s.closeOnce.Do(func() {
		s.entering.end()
		if s.older != nil {
			s.older.end()
		}
		s.resuming.end()
		s.purging.end()
		s.stops.end()
		s.summer.end()
		s.signing.end()
		s.closeErr = s.engine.Close()
	})
	return s.closeErr
}

// Check reports whether the store can serve reads and writes: it reads a record
// and makes an empty change.
func (s *Book) Check(ctx context.Context) error {
	err := s.view(ctx, func(r *reading) error {
		_, err := r.get([]byte{numberPrefix})
		return err
	})
	if err != nil {
		return err
	}
	return s.engine.Update(ctx, func(Tx) error { return nil })
}

// Condition is what an operator must know about the store.
func (s *Book) Condition() Condition {
	c := Condition{Unreadable: s.unreadable.Load()}
	if n, ok := s.engine.(Noticing); ok {
		c.Notices = n.Notices()
	}
	if s.restored != 0 {
		c.Restored, c.OlderWindows = s.restored.Time(), s.older.count()
	}
	return c
}

// view reads.
func (s *Book) view(ctx context.Context, read func(*reading) error) error {
	err := s.engine.View(ctx, func(r Records) error { return read(&reading{s: s, Records: r}) })
	if errors.Is(err, ErrUnreadable) {
		// It is the error of whoever asked; everybody else is served.
		s.unreadable.Add(1)
		s.log.Error("a record of the store can't be read; run waguard store check, and restore a backup if it finds damage", zap.Error(err))
	}
	return err
}

// look reads what a sole engine's book has in memory, for which read gets nil, and else what
// is committed.
func (s *Book) look(ctx context.Context, read func(*reading) error) error {
	if s.sole != nil {
		return read(nil)
	}
	return s.view(ctx, read)
}

// update makes a change and waits for it.
func (s *Book) update(ctx context.Context, change func(*tx) error) error {
	return s.engine.Update(ctx, s.with(change))
}

// updateBulk makes a change that takes as long as size small ones.
func (s *Book) updateBulk(ctx context.Context, size int, change func(*tx) error) error {
	if s.bulky == nil || size <= smallApply {
		return s.update(ctx, change)
	}
	return s.bulky.UpdateBulk(ctx, size, s.with(change))
}

// enter makes the change that enters a send. It returns at once, if the engine
// can.
func (s *Book) enter(ctx context.Context, id ID, change func(*tx) error) *Write {
	if s.deferring != nil {
		return s.deferring.Enter(id, s.with(change))
	}
	return s.now(ctx, change)
}

// follow makes a change that comes behind the one that entered the send. It
// returns at once, if the engine can.
func (s *Book) follow(ctx context.Context, id ID, change func(*tx) error) *Write {
	if s.deferring != nil {
		return s.deferring.Follow(id, s.with(change))
	}
	return s.now(ctx, change)
}

func (s *Book) now(ctx context.Context, change func(*tx) error) *Write {
	w, done := NewWrite()
	done(s.update(ctx, change))
	return w
}

// with is a change in an engine's terms.
func (s *Book) with(change func(*tx) error) func(Tx) error {
	return func(engine Tx) error {
		t := &tx{s: s, Tx: engine}
		if s.sole != nil {
			t.sole, _ = engine.(SoleTx)
		}
		if err := change(t); err != nil {
			return err
		}
		return t.flushLog()
	}
}

// Interface guards
var (
	_ Store    = (*Book)(nil)
	_ Watched  = (*Book)(nil)
	_ Audited  = (*Book)(nil)
	_ Past     = (*Book)(nil)
	_ Erases   = (*Book)(nil)
	_ Rebuilds = (*Book)(nil)
	_ Tells    = (*Book)(nil)
	_ Windowed = (*Book)(nil)
	_ source   = (*reading)(nil)
	_ source   = (*tx)(nil)
)
