package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
)

// Maintained says what became of the partitions.
type Maintained struct {
	// Made and Dropped are partitions by their names, such as waguard.ledger_202611.
	Made, Dropped []string
	// Until is when the last of those ends that there are now.
	Until time.Time
}

// Maintain does for the partitions what a gateway does whose role owns them: it makes
// those that come, and drops those whose lines are all older than they are kept. It is
// for who owns them where the gateways' role doesn't. Two at the same time don't disturb
// each other.
func Maintain(ctx context.Context, dsn string, o Options) (*Maintained, error) {
	o.complete()
	s, err := Look(ctx, dsn, o)
	if err != nil {
		return nil, err
	}
	a, err := ParseAddress(dsn)
	switch {
	case err != nil:
		return nil, err
	case s.Schema == 0:
		return nil, errors.New("the database has no tables yet: run `waguard store migrate` first")
	case !s.Maintains:
		return nil, fmt.Errorf("the role %s doesn't own the tables: name an address whose role does", a.User)
	}
	config, err := configOf(dsn, &o)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, unreached(a, err)
	}
	defer pool.Close()
	e := &Engine{o: o, pool: pool, ctx: ctx}
	e.keeper.e = e
	return e.maintain(ctx)
}

// Sweep does at once what a gateway does every hour: see [Engine.Sweep].
func (s *Store) Sweep(ctx context.Context) error { return s.engine.Sweep(ctx) }

// maintain makes and drops partitions. Where the role may not, its error is
// [errNotOwner], and nothing is wrong as long as somebody else does.
func (e *Engine) maintain(ctx context.Context) (*Maintained, error) {
	now, err := e.databaseNow(ctx)
	if err != nil {
		return nil, err
	}
	m := new(Maintained)
	before, err := e.partitionNames(ctx)
	if err != nil {
		return nil, err
	}
	var denied error
	for at := monthOf(now); at.Before(now.Add(ahead)); at = at.AddDate(0, 1, 0) {
		if err := e.keeper.partitions(ctx, at); codeOf(err) == codeDenied {
			denied = errors.Join(denied, err)
			break // later ones aren't there either
		} else if err != nil {
			return nil, err
		}
		m.Until = at.AddDate(0, 1, 0)
	}
	for _, j := range []struct {
		table string
		keep  time.Duration
	}{{ledgerTable, e.o.LedgerRetention}, {violationTable, e.o.ViolationRetention}} {
		if j.keep > 0 {
			if err := e.dropBefore(ctx, j.table, now.Add(-j.keep)); codeOf(err) == codeDenied {
				denied = errors.Join(denied, err)
			} else if err != nil {
				return nil, err
			}
		}
	}
	after, err := e.partitionNames(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range after {
		if !slices.Contains(before, name) {
			m.Made = append(m.Made, name)
		}
	}
	for _, name := range before {
		if !slices.Contains(after, name) {
			m.Dropped = append(m.Dropped, name)
		}
	}
	e.keeper.note(m.Until, denied)
	if denied != nil {
		return m, fmt.Errorf("%w: %w", errNotOwner, denied)
	}
	return m, nil
}

// errNotOwner: the role may not make or drop partitions.
var errNotOwner = errors.New("this gateway's role doesn't own the tables")

// partitionNames are those there are, attached or not.
func (e *Engine) partitionNames(ctx context.Context) (names []string, err error) {
	err = e.retryRead(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `
select 'waguard.' || relname from pg_class
where relnamespace = 'waguard'::regnamespace and relkind = 'r' and relname ~ '^(ledger|violation)_[0-9]{6}$' order by relname`)
		if err != nil {
			return err
		}
		names, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return names, err
}

// scarce is how long before there is none left somebody should know that nobody makes
// partitions: time to find out why, over a weekend and a holiday.
const scarce = 7 * 24 * time.Hour

// keeping is what is known of the partitions.
type keeping struct {
	until  time.Time
	denied error
}

func (k *keeper) note(until time.Time, denied error) {
	k.known.Store(&keeping{until, denied})
}

// notice is what an operator must know of the partitions; "" for nothing.
func (k *keeper) notice(now time.Time) string {
	known := k.known.Load()
	if known == nil || known.denied == nil || known.until.Sub(now) > scarce {
		return ""
	}
	until := "there is none for this month"
	if !known.until.IsZero() {
		until = "those there are end on " + known.until.Format(time.DateOnly)
	}
	return "nobody makes the ledger's partitions, and " + until + "; without one no send can be recorded: run `waguard store maintain` as the owner of the tables, every day"
}

// Grants are the statements by which the owner of the tables lets a role serve: what
// each is for stands in docs/how-to/run-replicas.md. Partitions need none, since the
// gateway reads and writes them by their table.
func Grants(role string) []string {
	to := " to " + pgx.Identifier{role}.Sanitize()
	return []string{
		"grant usage on schema waguard" + to,
		"grant select on waguard.migration" + to,
		"grant select, insert on waguard.about" + to,
		"grant select, insert, update, delete on waguard.state, waguard.batch" + to,
		"grant select, insert, update on waguard.ledger, waguard.violation" + to,
	}
}

// readerRole is the one that deploy/postgres/roles.sql makes for analysts, grantsToReader
// what it may.
const readerRole = "waguard_reader"

var grantsToReader = []string{
	"grant usage on schema waguard to " + readerRole,
	"grant select on waguard.waguard_ledger, waguard.waguard_violation, waguard.waguard_consent to " + readerRole,
}

// Grant runs [Grants], and lets analysts read the views if there is a role for them.
func Grant(ctx context.Context, dsn, role string) error {
	a, err := ParseAddress(dsn)
	if err != nil {
		return err
	}
	var o Options
	o.complete()
	config, err := configOf(dsn, &o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return unreached(a, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		statements := Grants(role)
		var reads bool
		if err := tx.QueryRow(ctx, `select exists (select from pg_roles where rolname = $1)`, readerRole).Scan(&reads); err != nil {
			return err
		}
		if reads {
			statements = append(statements, grantsToReader...)
		}
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Errorf("granting %s what it needs: %s (SQLSTATE %s)", role, pg.Message, pg.Code)
	}
	return err
}

// Pending are the migrations that have not run in a database, by the names of their
// files.
func (s *State) Pending() (names []string) {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, entry := range entries {
		if n, err := goose.NumericComponent(entry.Name()); err == nil && n > s.Schema {
			names = append(names, strings.TrimSuffix(entry.Name(), ".sql"))
		}
	}
	return names
}
