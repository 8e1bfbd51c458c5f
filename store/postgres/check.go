package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/waguard/waguard/store"
)

// noteReached notes whether a connection could be had.
func (e *Engine) noteReached(err error) {
	switch {
	case err == nil:
		if e.refused.Load() != nil {
			e.refused.Store(nil)
		}
	case !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && !pgconn.Timeout(err):
		e.refused.Store(&err)
	}
}

// confirms commits something that nobody reads. A primary without its standby answers
// reads, and confirms nothing.
func (e *Engine) confirms(ctx context.Context) error {
	if _, _, err := e.fence(ctx, newID()); err != nil {
		return away(err)
	}
	e.unconfirmed.Store(false)
	return nil
}

// Check reads, and makes a change that writes nothing; where the last commit wasn't
// confirmed, one that writes. A database that can't be reached is told apart from one that
// is slow: the error of the latter is ctx's.
func (s *Store) Check(ctx context.Context) error {
	err := s.Book.Check(ctx)
	if err == nil && s.engine.unconfirmed.Load() {
		err = s.engine.confirms(ctx)
	}
	if err != nil && errors.Is(err, ctx.Err()) {
		if why := s.engine.refused.Load(); why != nil {
			return fmt.Errorf("%w: %w", ErrAway, *why)
		}
	}
	return err
}

// Condition is what an operator must know.
func (s *Store) Condition() store.Condition {
	c := s.Book.Condition()
	if notice := s.engine.keeper.notice(s.engine.o.Now()); notice != "" {
		c.Notices = append(slices.Clone(c.Notices), notice)
	}
	return c
}

// errVacuum says who takes what was erased out of a database's files.
var errVacuum = errors.New("what was erased is in no row any more; out of the database's files vacuum takes it, by itself or with `vacuum waguard.state, waguard.ledger, waguard.violation` as the owner of the tables. Archives of its log and its backups keep it for as long as you keep those")

// Purge is for the database's own tools.
func (*Store) Purge(context.Context) error { return errVacuum }
