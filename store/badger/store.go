package badger

import (
	"context"
	"errors"
	"fmt"
	"io"

	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/archive"
)

// Store is a [store.Book] in a directory.
type Store struct {
	*store.Book
	engine *Engine
}

// Open opens the store in dir, making it where there is none. Its errors are
// sentences for an operator; one of a store that knows less than it did is a
// [Loss].
func Open(dir string, o Options) (*Store, error) {
	e, err := OpenEngine(dir, o)
	if err != nil {
		return nil, err
	}
	book := store.Options{
		Logger: e.log.With(zap.String("path", e.dir)), Now: o.Now, LedgerRetention: o.LedgerRetention, ViolationRetention: o.ViolationRetention,
		CacheSize: o.CacheSize, Recategorised: o.Recategorised, CategoryChanged: o.CategoryChanged, Former: o.Former, Named: o.Named, AuditOrigin: o.AuditOrigin,
	}
	b, err := store.Open(context.Background(), e, book, nil)
	if err != nil {
		return nil, explain(e.dir, err)
	}
	return &Store{b, e}, nil
}

// Backup writes what the store holds at one moment, while it goes on serving: what is
// new since base, or everything. Close breaks it off.
func (s *Store) Backup(ctx context.Context, w io.Writer, base *archive.Base) error {
	var before string
	if base != nil {
		before = base.Checkpoint
	}
	// Signed before the records are read: they hold all that it covers.
	log, err := s.LogSince(ctx, before)
	if errors.Is(err, store.ErrDiscontinued) {
		return s.engine.Backup(ctx, w, base, log, err.Error()+": run waguard audit verify")
	}
	if err != nil {
		return fmt.Errorf("writing a backup: %w", err)
	}
	return s.engine.Backup(ctx, w, base, log, "")
}

// Examine verifies the tables of the open store and reads all of its records.
func (s *Store) Examine(ctx context.Context) (*store.CheckReport, error) {
	return s.engine.Examine(ctx)
}

// Installation tells the stores of one installation from those of all others:
// restored copies have it in common.
func (s *Store) Installation() string { return s.engine.Installation() }

// Schema is the version of the records the store holds.
func (s *Store) Schema() uint64 { return s.engine.meta.Schema }

// Interface guards
var (
	_ store.Store    = (*Store)(nil)
	_ store.BackerUp = (*Store)(nil)
	_ store.Watched  = (*Store)(nil)
)
