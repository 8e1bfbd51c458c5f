package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
)

// OpenEngine begins to use the database that dsn names, a URL or a list of keywords and
// values as libpq has them. ctx is for the opening alone.
func OpenEngine(ctx context.Context, dsn string, o Options) (*Engine, error) {
	o.complete()
	if len(o.Key) != keySize {
		return nil, fmt.Errorf("the key of the pseudonyms has %d bytes, not %d", len(o.Key), keySize)
	}
	config, err := configOf(dsn, &o)
	if err != nil {
		return nil, err
	}
	if o.Migrate {
		if err := Migrate(ctx, dsn, o.Logger); err != nil {
			return nil, err
		}
	}
	e := &Engine{o: o, recent: newRecent(), streams: make(chan struct{}, max(1, o.PoolSize-notStreams))}
	config.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		if e.unprepared.Load() {
			c.DefaultQueryExecMode = unprepared
		}
		return nil
	}
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, fmt.Errorf("the database: %w", err)
	}
	e.pool = pool
	e.ctx, e.end = context.WithCancel(context.WithoutCancel(ctx))
	const lookers = 3
	e.reads = newBatcher(mostInBatch, lookers, room, e.answerLookups)
	e.commit.open(e, room)
	e.entering.last, e.entering.room = make(map[store.ID]chan struct{}), room
	err = e.look(ctx)
	for tries := 0; pooled(err) && tries < mostUnprepared; tries++ { // connections of before may be left
		err = e.look(ctx)
	}
	if err != nil {
		e.end()
		pool.Close()
		return nil, err
	}
	e.keeper.begin(e)
	return e, nil
}

// configOf reads a dsn.
func configOf(dsn string, o *Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("the database's address can't be read: %w", err) // which leaves the password out
	}
	config.MaxConns = int32(o.PoolSize) // #nosec G115 -- a few
	config.MaxConnLifetimeJitter = 10 * time.Minute
	config.HealthCheckPeriod = 15 * time.Second
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = o.Timeout
	}
	if o.Mode == Unprepared {
		config.ConnConfig.DefaultQueryExecMode = unprepared
	}
	config.ConnConfig.OnNotice = noticed
	writing(&config.ConnConfig.Config)
	return config, nil
}

const (
	// unprepared is how statements are sent that a pooler may part.
	unprepared = pgx.QueryExecModeCacheDescribe
	// mostUnprepared is how often an engine looks anew that finds a pooler.
	mostUnprepared = 3
)

// look sees to it that this is a database the engine can use: its tables, its key, and
// that it doesn't forget what it has confirmed.
func (e *Engine) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(e.o.Timeout, 10*time.Second))
	defer cancel()
	return e.with(ctx, func(conn *pgx.Conn) error {
		version, err := schemaVersion(conn.QueryRow(ctx, selectVersion))
		switch {
		case err != nil:
			return fmt.Errorf("the database: %w", err)
		case version < newestSchema():
			return fmt.Errorf("the database has no tables, or those of an earlier version (%d, and %d is needed): run `waguard store migrate`, or set auto_migrate on", version, newestSchema())
		}
		if err := checkCommits(ctx, conn); err != nil {
			return err
		}
		if err := e.checkKey(ctx, conn); err != nil {
			return err
		}
		return e.readAbout(ctx, conn)
	})
}

// checkCommits sees to it that a database doesn't forget what it has confirmed.
func checkCommits(ctx context.Context, conn *pgx.Conn) error {
	var commit string
	if err := conn.QueryRow(ctx, `select current_setting('synchronous_commit')`).Scan(&commit); err != nil {
		return fmt.Errorf("the database: %w", err)
	}
	if commit == "off" || commit == "local" {
		return fmt.Errorf("synchronous_commit is %s in this database, so that it may lose what it has confirmed: set it to on", commit)
	}
	return nil
}

// checkKey compares the key with the one whose pseudonyms are in the database.
func (e *Engine) checkKey(ctx context.Context, conn *pgx.Conn) error {
	mine := store.Installation(e.o.Key)
	_, err := conn.Exec(ctx, `insert into waguard.about (name, value) values ('installation', $1) on conflict (name) do nothing`, mine)
	if err != nil {
		return fmt.Errorf("the database: %w", err)
	}
	var theirs string
	if err := conn.QueryRow(ctx, `select value from waguard.about where name = 'installation'`).Scan(&theirs); err != nil {
		return fmt.Errorf("the database: %w", err)
	}
	if theirs != mine {
		return fmt.Errorf("pseudonym_key is not the one that this database was made with: it gives the installation %s, and the database belongs to %s. With another key nobody in it would be known, opt-outs included; give this gateway the key that the others have", mine, theirs)
	}
	e.o.Logger.Debug("the database is this installation's", zap.String("installation", mine))
	return nil
}
