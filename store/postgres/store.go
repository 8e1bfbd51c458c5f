package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waguard/waguard/store"
)

// Store is a [store.Book] in a database.
type Store struct {
	*store.Book
	engine *Engine
	// where is the database, for people.
	where string
}

// Open opens the store in the database that dsn names: see [OpenEngine]. Its errors are
// sentences for an operator, and show no password.
func Open(ctx context.Context, dsn string, o Options) (*Store, error) {
	a, err := ParseAddress(dsn)
	if err != nil {
		return nil, fmt.Errorf("the address of the database can't be used: %w", err)
	}
	e, err := OpenEngine(ctx, dsn, o)
	if err != nil {
		return nil, err
	}
	book := o.Book
	book.Logger, book.Now = e.o.Logger, e.o.Now
	book.LedgerRetention, book.ViolationRetention = o.LedgerRetention, o.ViolationRetention
	ctx, cancel := context.WithTimeout(ctx, openPatience)
	defer cancel()
	b, err := store.Open(ctx, e, book, nil)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the store in the database: %w", err), e.Close())
	}
	return &Store{b, e, "the database " + a.String()}, nil
}

// openPatience is how long a database may take for what a gateway reads of it before it
// serves.
const openPatience = 30 * time.Second

// Installation is a name of the pseudonyms' key that doesn't give it away: the gateways
// of one database have it in common.
func (s *Store) Installation() string { return store.Installation(s.engine.o.Key) }

// Interface guards
var (
	_ store.Store    = (*Store)(nil)
	_ store.Watched  = (*Store)(nil)
	_ store.Examined = (*Store)(nil)
	_ store.Counted  = (*Store)(nil)
)
