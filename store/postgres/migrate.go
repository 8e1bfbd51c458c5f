package postgres

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"go.uber.org/zap"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionsTable says which migrations have run.
const versionsTable = "waguard.migration"

// Migrate brings the tables up to date. Of gateways that start together, one does, and
// the others wait for it. There is no way back.
func Migrate(ctx context.Context, dsn string, logger *zap.Logger) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return fmt.Errorf("the database's address can't be read: %w", err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // PgBouncer may be in between
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = DefaultTimeout
	}
	writing(&config.Config)
	db := stdlib.OpenDB(*config)
	defer db.Close()
	if version, err := schemaVersion(db.QueryRowContext(ctx, selectVersion)); err == nil && version >= newestSchema() {
		return nil // which needs no lock
	}
	if err := makeSchema(ctx, db); err != nil {
		return fmt.Errorf("making the schema waguard: %w; the role needs `create` on the database for that, or somebody else runs `waguard store migrate`", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	// A lock that is a row with a lease: sessions can't be told apart behind PgBouncer,
	// and other engines have no advisory locks.
	locker, err := lock.NewPostgresTableLocker(lock.WithTableName("waguard.migration_lock"))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithTableName(versionsTable), goose.WithLocker(locker), goose.WithVerbose(false))
	if err != nil {
		return fmt.Errorf("the migrations: %w", err)
	}
	done, err := provider.Up(ctx)
	for _, m := range done {
		logger.Info("migrated the database", zap.String("migration", m.Source.Path), zap.Duration("took", m.Duration))
	}
	if err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	return nil
}

// makeSchema makes what the table of migrations lies in.
func makeSchema(ctx context.Context, db *sql.DB) error {
	var there bool
	if err := db.QueryRowContext(ctx, `select exists (select from pg_namespace where nspname = 'waguard')`).Scan(&there); err != nil || there {
		return err
	}
	_, err := db.ExecContext(ctx, `create schema if not exists waguard`)
	if code := codeOf(err); code == codeDuplicate || code == "42P06" {
		return nil // somebody else did, at the same time
	}
	return err
}

// newestSchema is the number of the last migration.
var newestSchema = sync.OnceValue(func() (newest int64) {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, entry := range entries {
		if n, err := goose.NumericComponent(entry.Name()); err == nil {
			newest = max(newest, n)
		}
	}
	return newest
})

// selectVersion is what schemaVersion reads.
const selectVersion = `select coalesce(max(version_id), 0) from ` + versionsTable + ` where is_applied`

// schemaVersion is the number of the last migration that has run; zero for none.
func schemaVersion(row interface{ Scan(...any) error }) (version int64, err error) {
	err = row.Scan(&version)
	if code := codeOf(err); code == codeNoTable || strings.HasPrefix(code, "3F") {
		return 0, nil
	}
	return version, err
}
