package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrAway is what becomes of reads and writes while the database doesn't answer.
var ErrAway = errors.New("the database doesn't answer")

// Codes of PostgreSQL's errors that mean something here.
const (
	codeSerialization = "40001" // another transaction came between
	codeDeadlock      = "40P01"
	codeLockTimeout   = "55P03"
	codeAppeared      = "22012" // commit.sql divides by zero where a row has appeared
	codeDuplicate     = "23505"
	codeNoPartition   = "23514"
	codeReadOnly      = "25006" // it is no primary any more
	codeCancelled     = "57014"
	codeAmbiguous     = "40003" // CockroachDB doesn't know whether it has committed
	codeNoTable       = "42P01"
	codeTableThere    = "42P07"
	codeTypeThere     = "42710" // that of a table's rows, where others make it just now
	codeWarning       = "01000" // a commit that didn't wait for the standby
	// A pooler has handed on the connection, and with it what was prepared on it.
	codePreparedThere = "42P05"
	codeNotPrepared   = "26000"
)

func codeOf(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// collided reports that a statement was undone because of what others did at the
// same time: it may be tried again at once.
func collided(err error) bool {
	switch codeOf(err) {
	case codeSerialization, codeDeadlock, codeLockTimeout, codeAppeared:
		return true
	}
	return pooled(err)
}

// moved reports that the server is not, or no longer, one that takes changes.
func moved(err error) bool {
	code := codeOf(err)
	return code == codeReadOnly || strings.HasPrefix(code, "57P0") || strings.Contains(err.Error(), "read only connection")
}

// pooled reports that statements can't be prepared on what is behind the address: nothing
// of this one was done.
func pooled(err error) bool {
	code := codeOf(err)
	return code == codePreparedThere || code == codeNotPrepared
}

// lost reports that the server did not answer, so that nobody knows what became of
// what it was told.
func lost(err error) bool {
	if err == nil {
		return false
	}
	if code := codeOf(err); code != "" {
		return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P0") || code == codeCancelled || code == codeAmbiguous
	}
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) || pgconn.Timeout(err) ||
		strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "unexpected EOF") || errors.Is(err, errUnconfirmed)
}

// errUnconfirmed: the primary has committed, and nobody knows whether a standby has.
var errUnconfirmed = errors.New("the commit was not confirmed by a standby")

// away says that the database can't be used now, and why; without what it was told,
// which names people.
func away(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return fmt.Errorf("%w: %s (SQLSTATE %s)", ErrAway, pg.Message, pg.Code)
	}
	return fmt.Errorf("%w: %w", ErrAway, err)
}
