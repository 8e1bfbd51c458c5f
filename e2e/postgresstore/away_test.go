package postgresstore

import (
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/pgtest"
)

// TestDatabaseAwayAtStart: a gateway whose database is away starts, refuses what it can't
// judge, and serves once the database is there.
func TestDatabaseAwayAtStart(t *testing.T) {
	server := pgtest.Run(t, pgtest.Options{})
	dsn := server.Empty(t)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	log, lines := logged(t)
	g := start(t, database(t, dsn, key), log)
	if status, store := ready(t, g); status != "not_ready" || store != "unavailable" {
		t.Errorf("without its database the gateway is %s, its store %s", status, store)
	}
	refuses(t, g, time.Second) // nobody waits for a database that is known to be away
	code, said := runs(t, "doctor", "--address", g.Admin)
	for _, want := range []string{"problem    store ", "problem    database ", "the database doesn't answer", "ok         guard ", "unchecked  webhooks, mode and templates "} {
		if code != 5 || !strings.Contains(said, want) {
			t.Errorf("doctor ends with %d and says %s; want %q", code, said, want)
		}
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	becomesReady(t, g)
	serves(t, g, "wamid.in1")
	for _, want := range []string{"waguard started, and waits for the database", "00001_tables.sql", "the store is there", "new, empty store"} {
		if strings.Count(lines(), want) != 1 {
			t.Errorf("the log says %q %d times, want once:\n%s", want, strings.Count(lines(), want), lines())
		}
	}
}

// TestDatabaseAwayInMonitorMode: it lets everything pass, and is to go on doing so.
func TestDatabaseAwayInMonitorMode(t *testing.T) {
	server := pgtest.Run(t, pgtest.Options{})
	dsn := server.Empty(t)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	o := options(t, database(t, dsn, key))
	o.WhatsApp = "business * {\nmode monitor\n}"
	g := startWith(t, o)
	if status, store := ready(t, g); status != "degraded" || store != "unavailable" {
		t.Errorf("in monitor mode the gateway is %s, its store %s", status, store)
	}
	if status, code := send(t, g); status != 200 {
		t.Errorf("in monitor mode a send is answered %d with code %d", status, code)
	}
}

// TestDatabaseGoesAway: of a gateway that serves, too, and it comes back by itself.
func TestDatabaseGoesAway(t *testing.T) {
	const timeout = time.Second
	for name, test := range map[string]struct {
		goes, comes func(*pgtest.Server) error
		store       string
	}{
		"killed": {(*pgtest.Server).Kill, (*pgtest.Server).Start, "unavailable"},
		"frozen": {(*pgtest.Server).Freeze, (*pgtest.Server).Thaw, "slow"},
	} {
		t.Run(name, func(t *testing.T) {
			server := pgtest.Run(t, pgtest.Options{Migrate: migrate})
			g := start(t, database(t, server.Database(t), key, "timeout "+timeout.String()))
			serves(t, g, "wamid.in1")
			if err := test.goes(server); err != nil {
				t.Fatal(err)
			}
			if status, store := ready(t, g); status != "not_ready" || store != test.store {
				t.Errorf("the gateway is %s, its store %s, want %s", status, store, test.store)
			}
			refuses(t, g, 2*timeout+time.Second)
			if code, said := runs(t, "doctor", "--address", g.Admin); code != 5 || !strings.Contains(said, "problem    database ") || !strings.Contains(said, "ok         guard ") {
				t.Errorf("doctor ends with %d and says %s", code, said)
			}
			if err := test.comes(server); err != nil {
				t.Fatal(err)
			}
			becomesReady(t, g)
			serves(t, g, "wamid.in2")
		})
	}
}

// TestSeveralServers: of several the one is used that takes changes, whatever the address
// says of that; where none does, it is waited for.
func TestSeveralServers(t *testing.T) {
	standby := pgtest.Run(t, pgtest.Options{TCP: true, Settings: map[string]string{"default_transaction_read_only": "on"}})
	primary := pgtest.Run(t, pgtest.Options{TCP: true})
	of := func(hosts ...string) string {
		return "postgres://postgres@" + strings.Join(hosts, ",") + "/postgres?sslmode=disable"
	}
	t.Run("both", func(t *testing.T) {
		g := start(t, database(t, of(standby.Addr(), primary.Addr()), key))
		serves(t, g, "wamid.in1")
	})
	t.Run("standby alone", func(t *testing.T) {
		g := start(t, database(t, of(standby.Addr()), key))
		if status, store := ready(t, g); status != "not_ready" || store != "unavailable" {
			t.Errorf("on a standby the gateway is %s, its store %s", status, store)
		}
		refuses(t, g, 2*time.Second)
	})
}
