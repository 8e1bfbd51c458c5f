package command

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
	"github.com/waguard/waguard/store/postgres"
)

// databaseFlags say which database a command is about.
func databaseFlags(cmd *cobra.Command) {
	cmd.Flags().StringP("config", "c", "", "Configuration `file` whose store it is")
	cmd.Flags().StringP("adapter", "a", "", "`Name` of the config adapter for --config")
	cmd.Flags().String("to", "", "The `address` of the database, or a placeholder such as {env.NAME} or {file.<path>} that stands for it (default that of --config)")
}

func migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "migrate", Short: "Brings the tables of a PostgreSQL database up to date",
		Long: `Makes the tables of a PostgreSQL database, or brings them up to those of this version, and
makes the partitions that come. Of several that run at a time one does it, and the others
wait. What has run doesn't run again, and there is no way back.

The role of the address must own the tables, or be allowed to make the schema waguard.
With --grant it gives the role of the gateways what they need, and nothing else; they have
auto_migrate off then, and waguard store maintain runs every day.`,
		Example: indented(`
waguard store migrate --config /etc/waguard/Caddyfile
waguard store migrate --to '{env.WAGUARD_OWNER}' --grant waguard
waguard store migrate --to '{file./run/secrets/owner}' --dry-run`),
	}
	databaseFlags(cmd)
	cmd.Flags().String("grant", "", "The `role` of the gateways, which may serve then, and not change tables")
	cmd.Flags().Bool("dry-run", false, "Say what would run; the exit code is 5 if anything would")
	doing(cmd, migrateStore)
	return cmd
}

func maintainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "maintain", Short: "Makes and drops the partitions of a PostgreSQL database",
		Long: `Makes the partitions of the ledger and of the violations for the months that come, and drops
those whose lines are all older than they are kept. Gateways whose role owns the tables do
that by themselves; for others this is to run every day, with the address of the owner.

How long lines are kept is told by --config, or by --ledger-retention and
--violation-retention, as long as or longer than the gateways are told. Without, nothing is
dropped.`,
		Example: indented(`
waguard store maintain --config /etc/waguard/Caddyfile --to '{env.WAGUARD_OWNER}'
waguard store maintain --to '{file./run/secrets/owner}' --ledger-retention 400d --violation-retention 400d`),
	}
	databaseFlags(cmd)
	retention := func(what string) string {
		return "For how long (`duration`) " + what + " are kept, such as 400d; 0 for ever (default what --config says, else for ever)"
	}
	cmd.Flags().Var(&checked{kind: "duration", judge: keptFor}, "ledger-retention", retention("ledger entries"))
	cmd.Flags().Var(&checked{kind: "duration", judge: keptFor}, "violation-retention", retention("violations"))
	doing(cmd, maintainStore)
	return cmd
}

func keptFor(s string) (string, error) {
	if d, err := caddy.ParseDuration(s); err != nil || d < 0 {
		return "", misused("takes a duration such as 400d, or 0 for ever")
	}
	return s, nil
}

// database is what a command knows of one.
type database struct {
	dsn     string
	address postgres.Address
	options postgres.Options
	// configured: the options are those of a configuration.
	configured bool
}

// databaseOf is the database that a command is about.
func databaseOf(c *call) (*database, error) {
	d := new(database)
	to, file := c.flags.String("to"), c.flags.String("config")
	if file != "" {
		conf, err := databaseConfigured(file, c.flags.String("adapter"))
		if err != nil {
			return nil, err
		}
		d.dsn, d.configured = conf.DSN, true
		d.options.LedgerRetention, d.options.ViolationRetention = keptAs(conf.LedgerRetention), keptAs(conf.ViolationRetention)
		d.options.Mode = postgres.Mode(conf.Statements)
	}
	if to != "" {
		d.dsn = to
		if rest, named := strings.CutPrefix(to, "postgres:"); named && !strings.HasPrefix(rest, "//") { // as store copy names stores
			d.dsn = rest
		}
	}
	if d.dsn == "" {
		return nil, misused("name the database with --to, or with --config the configuration whose store it is")
	}
	resolved, err := caddy.NewReplacer().ReplaceOrErr(d.dsn, true, true)
	if err != nil {
		return nil, misused("%s has no value here: set the variable, or make the file, and run the command as a user who can read it", d.dsn)
	}
	literal := resolved == d.dsn
	d.dsn = strings.TrimSpace(resolved)
	if d.address, err = postgres.ParseAddress(d.dsn); err != nil {
		return nil, misused("the address of the database can't be used: %v", err)
	}
	if literal && to != "" && d.address.Password {
		c.hint("The password was on the command line, where everybody on this machine can read it: put the address into a variable or a file, and write --to '{env.NAME}' or --to '{file.<path>}'.")
	}
	return d, nil
}

// configuredStore is the store of a configuration.
type configuredStore struct {
	Module             string `json:"module"`
	DSN                string `json:"dsn"`
	PseudonymKey       string `json:"pseudonym_key"`
	Statements         string `json:"statements"`
	PoolSize           int    `json:"pool_size"`
	LedgerRetention    *int64 `json:"ledger_retention"`
	ViolationRetention *int64 `json:"violation_retention"`
}

// databaseConfigured is the database of a configuration file.
func databaseConfigured(file, adapter string) (*configuredStore, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, misused("the configuration %s can't be read: %v", file, err)
	}
	raw, err := configuredJSON(file, adapter)
	if err != nil {
		return nil, fmt.Errorf("the configuration %s can't be read: %w", file, err)
	}
	st, err := storeIn(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the configuration %s can't be read: %w", file, err)
	case st.Module != "postgres":
		return nil, misused("the store of %s is in a directory, which the gateway keeps in order by itself: this is for `store postgres`", file)
	}
	return st, nil
}

// storeIn is the store of a configuration in JSON.
func storeIn(raw []byte) (*configuredStore, error) {
	var says struct {
		Apps struct {
			WhatsApp struct {
				Store configuredStore `json:"store"`
			} `json:"whatsapp"`
		} `json:"apps"`
	}
	if err := json.Unmarshal(raw, &says); err != nil {
		return nil, err
	}
	return &says.Apps.WhatsApp.Store, nil
}

func keptAs(configured *int64) time.Duration {
	if configured == nil {
		return store.DefaultRetention
	}
	return time.Duration(*configured)
}

// notThere is the error of a database that can't be reached, or doesn't let in who asks.
func notThere(d *database, err error) error {
	if postgres.IsAway(err) {
		return unreached("%s: %w", d.address, err)
	}
	return fmt.Errorf("%s: %w", d.address, err)
}

func migrateStore(ctx context.Context, c *call) error {
	d, err := databaseOf(c)
	if err != nil {
		return err
	}
	before, err := postgres.Look(ctx, d.dsn, d.options)
	if err != nil {
		return notThere(d, err)
	}
	pending := before.Pending()
	if c.flags.Bool("dry-run") {
		for _, name := range pending {
			fmt.Fprintln(c.out, name)
		}
		if len(pending) > 0 {
			return &finding{fmt.Sprintf("%s would run in %s", plural(len(pending), "migration"), d.address)}
		}
		c.hint("The tables of %s are up to date.", d.address)
		return nil
	}
	if before.Schema > before.Newest {
		return fmt.Errorf("the tables of %s are those of a later version of waguard (%d, and this one knows %d): there is no way back", d.address, before.Schema, before.Newest)
	}
	_, over := c.underway("migrating", -1)
	ran := new(migrationsRun)
	err = postgres.Migrate(ctx, d.dsn, zap.New(ran))
	over()
	for _, name := range ran.names {
		fmt.Fprintln(c.out, name)
	}
	if err != nil {
		return notThere(d, err)
	}
	after, err := postgres.Look(ctx, d.dsn, d.options)
	switch {
	case err != nil:
		return notThere(d, err)
	case len(ran.names) > 0:
		c.hint("Ran %s: the tables of %s are up to date.", plural(len(ran.names), "migration"), d.address)
	case len(pending) > 0:
		c.hint("The tables of %s are up to date: somebody else ran %s meanwhile.", d.address, plural(len(pending), "migration"))
	default:
		c.hint("The tables of %s were up to date.", d.address)
	}
	if after.Maintains {
		// Nothing is dropped here: that is for who says how long lines are kept.
		made, err := postgres.Maintain(ctx, d.dsn, postgres.Options{Mode: d.options.Mode})
		if err != nil {
			return notThere(d, err)
		}
		c.hintPartitions(made)
	}
	if role := c.flags.String("grant"); role != "" {
		if err := postgres.Grant(ctx, d.dsn, role); err != nil {
			return notThere(d, err)
		}
		c.hint("The role %s may serve.", role)
	}
	return nil
}

// migrationsRun notes which migrations ran, as the log would tell.
type migrationsRun struct{ names []string }

func (m *migrationsRun) Enabled(zapcore.Level) bool        { return true }
func (m *migrationsRun) With([]zapcore.Field) zapcore.Core { return m }
func (m *migrationsRun) Sync() error                       { return nil }

func (m *migrationsRun) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return to.AddCore(e, m)
}

func (m *migrationsRun) Write(_ zapcore.Entry, fields []zapcore.Field) error {
	for _, f := range fields {
		if f.Key == "migration" {
			m.names = append(m.names, strings.TrimSuffix(f.String, ".sql"))
		}
	}
	return nil
}

func (c *call) hintPartitions(m *postgres.Maintained) {
	if len(m.Made) > 0 {
		c.hint("Made %s.", strings.Join(m.Made, ", "))
	}
	if len(m.Dropped) > 0 {
		c.hint("Dropped %s.", strings.Join(m.Dropped, ", "))
	}
	c.hint("There are partitions until %s.", m.Until.Format(time.DateOnly))
}

func maintainStore(ctx context.Context, c *call) error {
	d, err := databaseOf(c)
	if err != nil {
		return err
	}
	for flag, to := range map[string]*time.Duration{"ledger-retention": &d.options.LedgerRetention, "violation-retention": &d.options.ViolationRetention} {
		if given := c.flags.String(flag); given != "" {
			if *to, err = caddy.ParseDuration(given); err != nil {
				return err
			}
		}
	}
	m, err := postgres.Maintain(ctx, d.dsn, d.options)
	if err != nil {
		return notThere(d, err)
	}
	c.hintPartitions(m)
	return nil
}

// databaseFindings look at the database of a gateway that is stopped.
func databaseFindings(ctx context.Context, st *configuredStore) []adminapi.Finding {
	const check = databaseCheck
	dsn, err := caddy.NewReplacer().ReplaceOrErr(st.DSN, true, true)
	if err != nil {
		return []adminapi.Finding{adminapi.Unchecked(check, "run the command with the gateway's environment, and as a user who can read its files", "%s has no value here", st.DSN)}
	}
	var findings []adminapi.Finding
	o := postgres.Options{PoolSize: st.PoolSize, Mode: postgres.Mode(st.Statements)}
	text, err := caddy.NewReplacer().ReplaceOrErr(st.PseudonymKey, true, true)
	if err == nil {
		o.Key, err = badger.ParseKey(text)
	}
	if err != nil {
		findings = append(findings, adminapi.Unchecked("pseudonym key", "run the command with the gateway's environment, and as a user who can read the key", "pseudonym_key can't be read here"))
	}
	dsn = strings.TrimSpace(dsn)
	address, err := postgres.ParseAddress(dsn)
	if err != nil {
		return append(findings, adminapi.Trouble(check, "mend the address", "the address can't be used: %v", err))
	}
	s, err := postgres.Look(ctx, dsn, o)
	if err != nil {
		return append(findings, adminapi.Trouble(check, "see that the database runs, and that the address is right", "%s: %v", address, err))
	}
	for _, r := range s.Remarks(address, o, time.Now()) {
		findings = append(findings, adminapi.Finding{Check: r.Check, Status: adminapi.CheckStatus(r.Level), Finding: r.Finding, Remedy: r.Remedy})
	}
	return findings
}
