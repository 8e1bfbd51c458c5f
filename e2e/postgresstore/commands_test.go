package postgresstore

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/waguard/waguard/command"
	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/store"
)

// runs runs a command, and is its exit code and what it says.
func runs(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	var out bytes.Buffer
	root := command.Root()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	code = command.ExitCode(root.Execute())
	return code, out.String()
}

// TestMigrateCommand: it says what it does, does it once, and never shows a password.
func TestMigrateCommand(t *testing.T) {
	const secret = "correct-horse"
	server := pgtest.Run(t, pgtest.Options{})
	dsn := server.Empty(t)
	run(t, dsn, rolesScript(t))
	config := filepath.Join(t.TempDir(), "Caddyfile")
	text := "{\n\twhatsapp {\n\t\tstore postgres {env.WAGUARD_TEST_SERVICE} {\n\t\t\tpseudonym_key {env.WAGUARD_TEST_KEY}\n\t\t\tledger_retention 0\n\t\t}\n\t}\n}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	directory := filepath.Join(t.TempDir(), "Caddyfile")
	if err := os.WriteFile(directory, []byte("{\n\twhatsapp {\n\t\tstore badger\n\t}\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("WAGUARD_TEST_SERVICE", as(t, dsn, "waguard", secret))
	t.Setenv("WAGUARD_TEST_OWNER", as(t, dsn, "waguard_owner", secret))
	t.Setenv("WAGUARD_TEST_KEY", key)
	const owner = "{env.WAGUARD_TEST_OWNER}"
	for _, step := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"migrate"}, 2, "name the database with --to, or with --config"},
		{[]string{"migrate", "--config", directory}, 2, "the store of " + directory + " is in a directory"},
		{[]string{"migrate", "--config", directory + "-none"}, 2, "can't be read"},
		{[]string{"migrate", "--to", "{env.WAGUARD_TEST_NOWHERE}"}, 2, "{env.WAGUARD_TEST_NOWHERE} has no value here"},
		{[]string{"migrate", "--to", "mysql://root:" + secret + "@db/x"}, 2, "it begins with neither postgres://"},
		{[]string{"migrate", "--to", "postgres://x:" + secret + "@127.0.0.1:1/x"}, 3, "the database doesn't answer"},
		{[]string{"migrate", "--to", "postgres://x:" + secret + "@127.0.0.1:1/x"}, 3, "The password was on the command line"},
		{[]string{"migrate", "--config", config}, 1, "permission denied"},
		{[]string{"maintain", "--to", owner}, 1, "run `waguard store migrate` first"},
		{[]string{"migrate", "--to", owner, "--dry-run"}, 5, "00001_tables\n00002_views\n00003_batch_at\n"},
		{[]string{"migrate", "--to", owner, "--dry-run"}, 5, " would run in waguard_owner@"},
		{[]string{"migrate", "--to", owner}, 0, " migrations: the tables of waguard_owner@"},
		{[]string{"migrate", "--to", "postgres:" + as(t, dsn, "waguard_owner", secret)}, 0, "were up to date"},
		{[]string{"migrate", "--to", owner, "--dry-run"}, 0, "are up to date"},
		{[]string{"migrate", "--to", owner, "--grant", "nobody"}, 1, `granting nobody what it needs: role "nobody" does not exist`},
		{[]string{"migrate", "--to", owner, "--grant", "waguard"}, 0, "The role waguard may serve."},
		{[]string{"migrate", "--config", config}, 0, "were up to date"},
		{[]string{"maintain", "--config", config}, 1, "the role waguard doesn't own the tables: name an address whose role does"},
		{[]string{"maintain", "--config", config, "--to", owner}, 0, "There are partitions until "},
		{[]string{"maintain", "--to", owner, "--ledger-retention", "soon"}, 2, "takes a duration such as 400d"},
		{[]string{"maintain", "--to", owner, "--ledger-retention", "-1d"}, 2, "takes a duration such as 400d"},
	} {
		code, said := runs(t, append([]string{"store"}, step.args...)...)
		if code != step.code || !strings.Contains(said, step.want) {
			t.Errorf("%v: code %d, said %q; want %d and %q", step.args, code, said, step.code, step.want)
		}
		if strings.Contains(said, secret) {
			t.Errorf("%v: the password is shown: %s", step.args, said)
		}
	}

	// What the configuration keeps for ever is not dropped, and the rest is.
	run(t, dsn, `set role waguard_owner; create table waguard.ledger_202001 partition of waguard.ledger for values from ('2020-01-01') to ('2020-02-01');
create table waguard.violation_202001 partition of waguard.violation for values from ('2020-01-01') to ('2020-02-01')`)
	if code, said := runs(t, "store", "maintain", "--config", config, "--to", owner); code != 0 || !strings.Contains(said, "Dropped waguard.violation_202001.\n") {
		t.Errorf("code %d, said %q", code, said)
	}
}

// TestCommandsOfDirectories: what a store in a database has no use for, or has by other
// means, says so; what it can, works.
func TestCommandsOfDirectories(t *testing.T) {
	g := start(t, database(t, pgtest.Database(t), key))
	serves(t, g, "wamid.in1")
	for _, step := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"store", "check"}, 0, "The store is sound."},
		{[]string{"store", "check"}, 0, " ledger entries\n"},
		{[]string{"audit", "verify"}, 0, "Every consent record is as it was written."},
		{[]string{"store", "purge"}, 4, "vacuum"},
		{[]string{"backup", "--to", filepath.Join(t.TempDir(), "x")}, 4, "back up the database"},
		{[]string{"doctor"}, 0, "it is the one that this database was made with"},
		{[]string{"doctor", "--deep"}, 0, "every file and record was read"},
	} {
		code, said := runs(t, append(step.args, "--address", g.Admin)...)
		if code != step.code || !strings.Contains(said, step.want) {
			t.Errorf("%v: code %d, said %q; want %d and %q", step.args, code, said, step.code, step.want)
		}
	}
}

// TestCount: a start tells how much there is.
func TestCount(t *testing.T) {
	dsn := pgtest.Database(t)
	g := start(t, database(t, dsn, key))
	for i := range 3 {
		serves(t, g, fmt.Sprint("wamid.in", i))
	}
	count, err := open(t, dsn).Count(t.Context())
	if err != nil || count.People != (store.Tally{N: 1}) || count.Entries != (store.Tally{N: 3}) || !strings.HasPrefix(count.Where, "the database postgres@") {
		t.Errorf("got %+v, %v", count, err)
	}
	// Of what is too much to count, the planner knows about how much it is.
	run(t, dsn, `
insert into waguard.state (shard, key, version, value)
    select s.shard, 'c'::bytea || substring(sha256(n::text::bytea) from 1 for 16), 1, s.value from waguard.state s, generate_series(1, 20000) n where s.key >= 'c' and s.key < 'd';
insert into waguard.ledger (at, id, data) select at, gen_random_uuid(), data from waguard.ledger, generate_series(1, 10000);
analyze waguard.state, waguard.ledger`)
	count, err = open(t, dsn).Count(t.Context())
	if err != nil || !count.People.Estimated || count.People.N < 15_000 || count.People.N > 25_000 || !count.Entries.Estimated || count.Entries.N < 20_000 || count.Entries.N > 40_000 {
		t.Errorf("of many: %+v, %v", count, err)
	}
}

// TestCheckFindsDamage: what somebody has changed in the tables is found.
func TestCheckFindsDamage(t *testing.T) {
	dsn := pgtest.Database(t)
	g := start(t, database(t, dsn, key))
	serves(t, g, "wamid.in1")
	for _, damage := range []struct{ done, want string }{
		{`update waguard.state set value = '\xff' where key >= 'c' and key < 'd'`, `names of people: record [0-9a-f]+: `},
		{`update waguard.ledger set data = '\x00'`, `ledger entries: entry [0-9a-f-]+: `},
		{`update waguard.ledger set settled = '\x00'`, `ledger entries: what became of [0-9a-f-]+: `},
		{`update waguard.ledger set at = at + interval '1 ms'`, `ledger entries: entry [0-9a-f-]+ lies where it is not looked for`},
		{`insert into waguard.state (shard, key, version, value) values ('x', '~hello', 1, 'x')`, `note: there are records that begin with 7e`},
	} {
		run(t, dsn, damage.done)
		_, said := runs(t, "store", "check", "--address", g.Admin)
		if !regexp.MustCompile(damage.want).MatchString(said) {
			t.Errorf("%s: check says %s", damage.done, said)
		}
	}
	if resp, _ := g.AdminCall(t, "/whatsapp/health", ""); resp.StatusCode != http.StatusOK {
		t.Errorf("the gateway's health is %s", resp.Status)
	}
}
