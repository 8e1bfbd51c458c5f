package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// State is what is found in a database before it is used.
type State struct {
	// RoundTrip is how long the shortest question takes.
	RoundTrip time.Duration
	// Server is the version of PostgreSQL, such as 15.20.
	Server string
	// Schema is the number of the newest migration that has run, zero for none; Newest is
	// that of the newest there is.
	Schema, Newest int64
	// Vacant: it knows nobody yet.
	Vacant bool
	// Installation names the key that the pseudonyms in it were made with; "" for none.
	Installation string
	// SynchronousCommit is that setting, and SynchronousStandbys the standbys that confirm
	// commits; "" for none.
	SynchronousCommit, SynchronousStandbys string
	// Standbys are those that are connected, as far as the role may know: of which of them
	// confirm commits, only one hears that has pg_read_all_stats.
	Standbys int
	// Standby: it is one, and takes no changes.
	Standby bool
	// Now is the database's clock.
	Now time.Time
	// Until is when the partitions end that there are already; zero for none.
	Until time.Time
	// Maintains: the role may make and drop partitions.
	Maintains bool
	// Connections are those that the server has room for, but for what is set aside.
	Connections int
}

// lookPatience is how long a look may take where several servers are tried.
const lookPatience = 10 * time.Second

// Look finds out what a database is, and changes nothing. Its errors are sentences for an
// operator; of those that pass by themselves, [IsAway] is true.
func Look(ctx context.Context, dsn string, o Options) (*State, error) {
	o.complete()
	a, err := ParseAddress(dsn)
	if err != nil {
		return nil, err
	}
	config, err := configOf(dsn, &o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, max(lookPatience, o.Timeout))
	defer cancel()
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec // PgBouncer may be in between
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return nil, unreached(a, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	s := &State{Newest: newestSchema()}
	if err := s.look(ctx, conn); err != nil {
		if codeOf(err) == codeDenied {
			return nil, fmt.Errorf("the role %s may not use what is in the database: %s. Give it what deploy/postgres/roles.sql grants", a.User, messageOf(err))
		}
		return nil, unreached(a, err)
	}
	return s, nil
}

func (s *State) look(ctx context.Context, conn *pgx.Conn) (err error) {
	began := time.Now()
	if err := conn.Ping(ctx); err != nil {
		return err
	}
	s.RoundTrip = time.Since(began)
	err = conn.QueryRow(ctx, `
select current_setting('server_version'), current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
    (select count(*) from pg_stat_replication where coalesce(sync_state, 'sync') <> 'async'),
    pg_is_in_recovery(), clock_timestamp(),
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int`).
		Scan(&s.Server, &s.SynchronousCommit, &s.SynchronousStandbys, &s.Standbys, &s.Standby, &s.Now, &s.Connections)
	if err != nil {
		return err
	}
	s.Schema, err = schemaVersion(conn.QueryRow(ctx, selectVersion))
	if s.Schema == 0 {
		s.Vacant = true
		return err
	}
	err = conn.QueryRow(ctx, `select value from waguard.about where name = 'installation'`).Scan(&s.Installation)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	err = conn.QueryRow(ctx, `
select not exists (select from waguard.state where value is not null) and not exists (select from waguard.ledger),
    pg_has_role(c.relowner, 'usage') and has_schema_privilege(c.relnamespace, 'create')
from pg_class c where c.oid = 'waguard.ledger'::regclass`).Scan(&s.Vacant, &s.Maintains)
	if err != nil {
		return err
	}
	s.Until, err = partitionsUntil(ctx, conn)
	return err
}

// partitionsUntil is when the last of the partitions ends that follow one another from
// now on.
func partitionsUntil(ctx context.Context, conn *pgx.Conn) (until time.Time, err error) {
	rows, err := conn.Query(ctx, `
select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'waguard.ledger'::regclass and not i.inhdetachpending`)
	if err != nil {
		return until, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return until, err
	}
	there := make(map[string]bool, len(names))
	for _, name := range names {
		there["waguard."+name] = true
	}
	var now time.Time
	if err := conn.QueryRow(ctx, `select clock_timestamp()`).Scan(&now); err != nil {
		return until, err
	}
	for month := monthOf(now); there[partitionName(ledgerTable, month)]; month = month.AddDate(0, 1, 0) {
		until = month.AddDate(0, 1, 0)
	}
	return until, nil
}
