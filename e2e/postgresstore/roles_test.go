package postgresstore

import (
	"context"
	"encoding/hex"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/store/postgres"
)

// asRole is an address for a role that needs no password here.
func asRole(t *testing.T, dsn, role string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	return u.String()
}

func rolesScript(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile("../../deploy/postgres/roles.sql")
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// TestLeastPrivilege: a gateway serves with what deploy/postgres/roles.sql grants its
// role, and with nothing else; the owner does the rest.
func TestLeastPrivilege(t *testing.T) {
	server := pgtest.Run(t, pgtest.Options{})
	dsn := server.Empty(t)
	owner, service := asRole(t, dsn, "waguard_owner"), asRole(t, dsn, "waguard")
	run(t, dsn, rolesScript(t))
	run(t, dsn, rolesScript(t)) // as often as one likes
	if got := loads(t, options(t, database(t, service, key, "auto_migrate off"))); !strings.Contains(got, "run `waguard store migrate`") {
		t.Errorf("without tables: %q", got)
	}
	for range 2 {
		if err := postgres.Migrate(t.Context(), owner, zap.NewNop()); err != nil {
			t.Fatal(err)
		}
		if _, err := postgres.Maintain(t.Context(), owner, postgres.Options{}); err != nil {
			t.Fatal(err)
		}
		run(t, dsn, rolesScript(t))
	}
	global, lines := logged(t)
	site := func(o *gatewaytest.Options) {
		o.WhatsApp = "tag team\nbudget all {\namount 5 USD\nof everything\n}\npolicy {\nfrequency_cap all 100 1d\n}"
	}
	g := start(t, database(t, service, key, "auto_migrate off"), global, site)
	serves(t, g, "wamid.in1")
	for _, call := range []struct{ path, body string }{
		{"/whatsapp/consent/opt-in", `{"phone_number_id":"` + number + `","contact":"+4915112345678","scope":"marketing","source":"form","reference":"ticket 1","text":"news by WhatsApp"}`},
		{"/whatsapp/consent/opt-out", `{"phone_number_id":"` + number + `","contact":"+4915112345678","scope":"marketing"}`},
		{"/whatsapp/ledger", ""},
		{"/whatsapp/doctor", ""},
		{"/whatsapp/health", ""},
		{"/whatsapp/consent/erase", `{"contact":"+4915112345678","reason":"she asked","now":true}`},
	} {
		if resp, answer := g.AdminCall(t, call.path, call.body); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", call.path, resp.Status, answer)
		}
	}
	if err := open(t, service).Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if said := lines(); strings.Contains(said, "permission denied") || strings.Contains(said, "must be owner") {
		t.Errorf("the gateway wants more than it may:\n%s", said)
	}
	_, found := g.AdminCall(t, "/whatsapp/doctor", "")
	if !strings.Contains(string(found), "this gateway's role makes none, `waguard store maintain` does") {
		t.Errorf("doctor says %s", found)
	}

	// Of what it wasn't granted, it can do nothing.
	for _, statement := range []string{
		`delete from waguard.ledger`, `truncate waguard.state`, `drop table waguard.ledger`, `create table waguard.x ()`, `create table public.x ()`, `create schema x`,
		`update waguard.about set value = 'x'`, `insert into waguard.migration (version_id, is_applied) values (99, true)`, `alter table waguard.state add x int`,
		`select * from pg_authid`, `create role x`,
	} {
		if err := tries(t, service, statement); err == nil {
			t.Errorf("the gateways' role may %s", statement)
		}
	}
	run(t, dsn, "create role stranger login; create role metabase login in role waguard_reader")
	for statement, may := range map[string]bool{
		`select * from waguard.waguard_ledger`: true, `select * from waguard.waguard_violation`: true, `select * from waguard.waguard_consent`: true,
		`select * from waguard.ledger`: false, `select * from waguard.state`: false, `select * from waguard.about`: false, `delete from waguard.waguard_ledger`: false,
	} {
		if err := tries(t, asRole(t, dsn, "metabase"), statement); (err == nil) != may {
			t.Errorf("who reads the views may %s: %v", statement, err)
		}
	}
	if err := tries(t, asRole(t, dsn, "stranger"), "select 1"); err == nil {
		t.Error("anybody gets in")
	}
}

// TestGrants: the script and the command grant the same.
func TestGrants(t *testing.T) {
	script := rolesScript(t)
	for _, grant := range postgres.Grants("waguard") {
		if want := strings.ReplaceAll(grant, `"`, "") + ";"; !strings.Contains(script, want) {
			t.Errorf("deploy/postgres/roles.sql lacks: %s", want)
		}
	}
	if n := len(regexp.MustCompile(`(?m)^\s*grant .* to waguard;`).FindAllString(script, -1)); n != len(postgres.Grants("waguard")) {
		t.Errorf("deploy/postgres/roles.sql grants %d times on tables and schemas, the command %d", n, len(postgres.Grants("waguard")))
	}
}

// TestMaintain: the owner makes the months that come, and drops those that are over, as
// told, and nothing where nobody says.
func TestMaintain(t *testing.T) {
	dsn := pgtest.Database(t)
	run(t, dsn, `
create table waguard.ledger_202001 partition of waguard.ledger for values from ('2020-01-01') to ('2020-02-01');
create table waguard.violation_202001 partition of waguard.violation for values from ('2020-01-01') to ('2020-02-01');
create table waguard.ledger_202002 (like waguard.ledger including all)`) // of a gateway that was killed between
	m, err := postgres.Maintain(t.Context(), dsn, postgres.Options{})
	if err != nil || len(m.Dropped) > 0 || len(m.Made) < 4 || time.Until(m.Until) < 30*24*time.Hour {
		t.Errorf("at first: %+v %v", m, err)
	}
	m, err = postgres.Maintain(t.Context(), dsn, postgres.Options{LedgerRetention: 400 * 24 * time.Hour})
	if err != nil || strings.Join(m.Dropped, " ") != "waguard.ledger_202001 waguard.ledger_202002" || len(m.Made) > 0 {
		t.Errorf("with a retention: %+v %v", m, err)
	}
	m, err = postgres.Maintain(t.Context(), dsn, postgres.Options{LedgerRetention: 400 * 24 * time.Hour, ViolationRetention: 30 * 24 * time.Hour})
	if err != nil || strings.Join(m.Dropped, " ") != "waguard.violation_202001" {
		t.Errorf("with both: %+v %v", m, err)
	}
}

// TestNobodyMaintains: a gateway that may make no partitions says so before there is none.
func TestNobodyMaintains(t *testing.T) {
	server := pgtest.Run(t, pgtest.Options{})
	dsn := server.Empty(t)
	run(t, dsn, rolesScript(t))
	if err := postgres.Migrate(t.Context(), asRole(t, dsn, "waguard_owner"), zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	run(t, dsn, rolesScript(t))
	service := asRole(t, dsn, "waguard")
	s := open(t, service)
	if err := s.Sweep(t.Context()); err != nil {
		t.Errorf("what it may do it doesn't: %v", err)
	}
	if notices := s.Condition().Notices; len(notices) != 1 || !strings.Contains(notices[0], "run `waguard store maintain` as the owner") {
		t.Errorf("it says %q", notices)
	}
	if _, err := postgres.Maintain(t.Context(), service, postgres.Options{}); err == nil || !strings.Contains(err.Error(), "the role waguard doesn't own the tables") {
		t.Errorf("maintaining as the gateways' role: %v", err)
	}
	if _, err := postgres.Maintain(t.Context(), asRole(t, dsn, "waguard_owner"), postgres.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if notices := s.Condition().Notices; len(notices) != 0 {
		t.Errorf("with partitions it says %q", notices)
	}
}

// open opens a store as a gateway does.
func open(t *testing.T, dsn string) *postgres.Store {
	t.Helper()
	raw, err := hex.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := postgres.Open(t.Context(), dsn, postgres.Options{Key: raw, Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// tries is the error of a statement.
func tries(t *testing.T, dsn, statement string) error {
	t.Helper()
	return execute(context.WithoutCancel(t.Context()), dsn, statement)
}
