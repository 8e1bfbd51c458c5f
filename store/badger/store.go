package badger

import (
	"context"
	"io"

	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
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
		CacheSize: o.CacheSize, Recategorised: o.Recategorised, Former: o.Former, AuditOrigin: o.AuditOrigin,
	}
	b, err := store.Open(context.Background(), e, book, nil)
	if err != nil {
		return nil, explain(e.dir, err)
	}
	return &Store{b, e}, nil
}

// Backup writes everything the store holds at one moment, while it goes on
// serving. Close breaks it off.
func (s *Store) Backup(ctx context.Context, w io.Writer) error { return s.engine.Backup(ctx, w) }

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
