package postgres

import (
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/store"
)

// A server that warns whoever connects, as after an upgrade of its operating system, can be
// written to: only what it notes of a commit is about the standby.
func TestWarningOnConnecting(t *testing.T) {
	dsn := pgtest.Database(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	const name = "warns"
	for _, statement := range []string{
		`create database ` + name + ` template template0 locale_provider icu icu_locale 'en-US' encoding 'UTF8'`,
		`update pg_database set datcollversion = '1' where datname = '` + name + `'`,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	e := alone(t, regexp.MustCompile(`/test_\d+`).ReplaceAllString(dsn, "/"+name), Options{Migrate: true})
	if err := e.Update(t.Context(), func(tx store.Tx) error { return tx.Put(recordKey("ann"), []byte{1}, 0) }); err != nil {
		t.Error(err)
	}
	if n := e.counts.unknown.Load(); n > 0 {
		t.Errorf("%d statements of which it wasn't known what became of them", n)
	}
}
