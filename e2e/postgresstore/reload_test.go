package postgresstore

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/internal/pgtest"
)

func startWith(t *testing.T, o gatewaytest.Options) *gatewaytest.Gateway {
	t.Helper()
	return gatewaytest.Start(t, o)
}

// TestReload: a reload may change how the database is used. It doesn't begin with nothing
// or with other people.
func TestReload(t *testing.T) {
	dsn := pgtest.Database(t)
	g := start(t, database(t, dsn, key))
	serves(t, g, "wamid.in1")
	for _, step := range []struct{ name, store, dir, refused string }{
		{"the same", "postgres", database(t, dsn, key), ""},
		{"other connections", "postgres", database(t, dsn, key, "pool_size 3", "timeout 3s"), ""},
		{"unprepared", "postgres", database(t, dsn, key, "statements unprepared", "ledger_retention 30d"), ""},
		{"another key", "postgres", database(t, dsn, otherKey), "pseudonym_key is not the one that the gateway has the database"},
		{"a database with nothing in it", "postgres", database(t, pgtest.Empty(t), key), "knows nobody yet, and the gateway has a store open in"},
		{"a directory with nothing in it", "badger", t.TempDir(), "there is no store yet, and the gateway has one open in"},
		{"a database that is away", "postgres", database(t, "postgres://postgres@127.0.0.1:1/x", key), "the database doesn't answer"},
		{"a database that there is not", "postgres", database(t, strings.Replace(dsn, "/test_", "/other_", 1), key), "does not exist"},
	} {
		t.Run(step.name, func(t *testing.T) {
			before := g.Options
			g.Store, g.Dir = step.store, step.dir
			err := g.Load()
			if step.refused == "" && err != nil || step.refused != "" && (err == nil || !strings.Contains(err.Error(), step.refused)) {
				t.Errorf("got %v, want %q", err, step.refused)
			}
			if step.refused != "" {
				g.Options = before
			}
			if status, code := send(t, g); status != 200 {
				t.Errorf("a send is answered %d with code %d: what was known is not known any more", status, code)
			}
		})
	}
}

// TestFromDirectoryToDatabase: a reload doesn't leave a directory behind for a database
// that knows nobody.
func TestFromDirectoryToDatabase(t *testing.T) {
	o := options(t, "")
	o.Store = "badger"
	g := startWith(t, o)
	serves(t, g, "wamid.in1")
	before := g.Options
	g.Store, g.Dir = "postgres", database(t, pgtest.Empty(t), key)
	if err := g.Load(); err == nil || !strings.Contains(err.Error(), "restart the gateway if that is meant; `waguard store copy` takes a store along") {
		t.Errorf("got %v", err)
	}
	g.Options = before
	serves(t, g, "wamid.in2")
	if _, said := g.AdminCall(t, "/whatsapp/health", ""); !strings.Contains(string(said), "a configuration was refused: the store in ") {
		t.Errorf("health says %s", said)
	}
}

// TestStartRefused: a gateway doesn't start on a database that it would misuse, and says
// why. No password is shown.
func TestStartRefused(t *testing.T) {
	const secret = "correct-horse"
	used := pgtest.Database(t)
	t.Run("at first", func(t *testing.T) { start(t, database(t, used, key)) })
	weak := pgtest.Database(t)
	run(t, weak, `do $$ begin execute 'alter database ' || current_database() || ' set synchronous_commit = off'; end $$`)
	role := pgtest.Database(t)
	run(t, role, `do $$ begin if not exists (select from pg_roles where rolname = 'reader') then create role reader login; end if; end $$`)
	for name, test := range map[string]struct{ store, want string }{
		"another key":  {database(t, used, otherKey), "pseudonym_key is not the one that this database was made with"},
		"no tables":    {database(t, pgtest.Empty(t), key, "auto_migrate off"), "run `waguard store migrate`, or set auto_migrate on"},
		"may forget":   {database(t, weak, key), "synchronous_commit is off in this database"},
		"no database":  {database(t, as(t, strings.Replace(weak, "/test_", "/other_", 1), "postgres", secret), key), "does not exist (SQLSTATE 3D000); make it with `create database"},
		"no role":      {database(t, as(t, weak, "nobody", secret), key), "the database doesn't let this gateway in"},
		"may nothing":  {database(t, as(t, role, "reader", secret), key, "auto_migrate off"), "the role reader may not use what is in the database"},
		"may not make": {database(t, as(t, pgtest.Empty(t), "reader", secret), key), "waguard store migrate"},
	} {
		t.Run(name, func(t *testing.T) {
			got := loads(t, options(t, test.store))
			if !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if strings.Contains(got, secret) {
				t.Errorf("the password is shown: %s", got)
			}
		})
	}
}

// as is an address for another role.
func as(t *testing.T, dsn, role, password string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("user", role)
	q.Set("password", password)
	u.User, u.RawQuery = nil, q.Encode()
	return u.String()
}

// run runs statements in a database.
func run(t *testing.T, dsn, statements string) {
	t.Helper()
	if err := execute(t.Context(), dsn, statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

func execute(ctx context.Context, dsn, statements string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.PgConn().Exec(ctx, statements).ReadAll() // several at a time
	return err
}
