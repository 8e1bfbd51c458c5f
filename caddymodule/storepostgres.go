package caddymodule

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
	"github.com/waguard/waguard/store/postgres"
)

func init() { caddy.RegisterModule(PostgresStore{}) }

// PostgresStore keeps everything in a PostgreSQL database that several gateways share.
type PostgresStore struct {
	// The address of the database: a URL or a list of keywords and values, as libpq and
	// psql have them, such as `postgres://waguard@db1,db2/waguard?sslmode=verify-full`.
	// Of several hosts the one is used that takes changes. With a password in it, it is
	// best a placeholder such as `{env.WAGUARD_POSTGRES}` or `{file./run/secrets/postgres}`.
	DSN string `json:"dsn,omitempty"`

	// The key that people are pseudonymised with: 32 bytes, as 64 hexadecimal digits or
	// base64, by a placeholder such as `{file./etc/waguard/pseudonym.key}`. Every gateway of
	// a database has the same. It must not lie in the database.
	PseudonymKey string `json:"pseudonym_key,omitempty"`

	// Whether the gateway brings the tables up to date when it starts, `on` or `off`.
	// With `off` somebody else runs `waguard store migrate`.
	// Default: `on`.
	AutoMigrate string `json:"auto_migrate,omitempty"`

	// How many connections to the database there are at most.
	// Default: 8.
	PoolSize int `json:"pool_size,omitempty"`

	// How long the database has to answer before a send is refused with 503.
	// Default: 2s.
	Timeout *caddy.Duration `json:"timeout,omitempty"`

	// How statements are sent: `prepared`, or `unprepared` for PgBouncer in transaction
	// mode.
	// Default: `prepared`.
	Statements string `json:"statements,omitempty"`

	// How long ledger entries are kept; 0 keeps them for ever.
	// Default: 9600h (400 days).
	LedgerRetention *caddy.Duration `json:"ledger_retention,omitempty"`

	// How long violations are kept; 0 keeps them for ever.
	// Default: 9600h (400 days).
	ViolationRetention *caddy.Duration `json:"violation_retention,omitempty"`

	// The name of the log that proves consent records, as its checkpoints bear it. A
	// change begins a log that continues the one before.
	// Default: `waguard/` and a name of the installation.
	AuditOrigin string `json:"audit_origin,omitempty"`

	// Where the store stands in the Caddyfile it was read from, such as `Caddyfile:12`:
	// what placeholders stand for is known only once the configuration is loaded. It
	// changes nothing.
	CaddyfileLine string `json:"caddyfile_line,omitempty"`

	logger  *zap.Logger
	dsn     string
	address postgres.Address
	options postgres.Options
	name    string
}

// CaddyModule returns the Caddy module information.
func (PostgresStore) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "whatsapp.stores.postgres", New: func() caddy.Module { return new(PostgresStore) }}
}

// Provision finds out where the database is. It doesn't ask it anything.
func (p *PostgresStore) Provision(ctx caddy.Context) error {
	p.logger = ctx.Logger()
	if err := p.provision(); err != nil {
		return located(err, p.CaddyfileLine)
	}
	if p.address.Password && !placeholder.MatchString(p.DSN) {
		p.logger.Warn("the password of the database stands in the configuration, which Caddy shows to whoever may ask and writes to disk: put the address into a file or a variable, and write store postgres {file.<path>} or {env.<name>}", zap.String("at", p.CaddyfileLine))
	}
	return nil
}

func (p *PostgresStore) provision() (err error) {
	if p.dsn, p.address, err = databaseAddress(p.DSN); err != nil {
		return err
	}
	key, err := pseudonymKey(p.PseudonymKey)
	if err != nil {
		return err
	}
	for _, check := range []error{chooseAutoMigrate.check(p.AutoMigrate), chooseStatements.check(p.Statements), checkPoolSize(p.PoolSize), checkTimeout(p.Timeout)} {
		if check != nil {
			return check
		}
	}
	if p.AuditOrigin != "" {
		if err := checkOrigin(p.AuditOrigin); err != nil {
			return err
		}
	}
	p.options = postgres.Options{
		Key: key, PoolSize: p.PoolSize, Mode: postgres.Mode(p.Statements), Migrate: p.AutoMigrate != "off",
		Book: store.Options{AuditOrigin: p.AuditOrigin},
	}
	p.options.Timeout = p.Patience()
	if p.options.LedgerRetention, err = retention("ledger_retention", p.LedgerRetention); err != nil {
		return err
	}
	if p.options.ViolationRetention, err = retention("violation_retention", p.ViolationRetention); err != nil {
		return err
	}
	p.name = p.digest()
	return nil
}

// digest is another one for every other way to use a database. What is shared over a
// reload is alike in all of it: two ways may go on beside each other, as two gateways do.
func (p *PostgresStore) digest() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %x %v %+v", p.dsn, p.options.Key, []any{p.options.PoolSize, p.options.Mode, p.options.Migrate, p.options.Timeout}, []any{p.options.LedgerRetention, p.options.ViolationRetention, p.AuditOrigin}))
	return "postgres " + hex.EncodeToString(sum[:])
}

// databaseAddress reads where a database is.
func databaseAddress(configured string) (dsn string, a postgres.Address, err error) {
	if configured == "" {
		return "", a, errors.New("the address of the database is missing: write store postgres {env.<name>} or store postgres {file.<path>}, and postgres://<user>:<password>@<host>/<database> there")
	}
	if dsn, err = atStart(configured, "the address"); err != nil {
		return "", a, fmt.Errorf("store postgres: %w; a file must be there, and the gateway's user must be able to read it", err)
	}
	dsn = strings.TrimSpace(dsn)
	if a, err = postgres.ParseAddress(dsn); err != nil {
		return "", a, fmt.Errorf("the address of the database can't be used: %w", err)
	}
	return dsn, a, nil
}

// pseudonymKey reads the key of the pseudonyms.
func pseudonymKey(configured string) ([]byte, error) {
	if err := checkPseudonymKey(configured); err != nil {
		return nil, err
	}
	text, err := atStart(configured, "the key")
	if err != nil {
		return nil, fmt.Errorf("pseudonym_key: %s has no value when the gateway starts: set the variable, or make the file; the gateway's user must be able to read it", placeholder.FindString(configured))
	}
	key, err := badger.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("pseudonym_key: %w", err)
	}
	return key, nil
}

// checkPseudonymKey refuses a key that stands in the configuration itself, which Caddy
// shows and saves.
func checkPseudonymKey(configured string) error {
	switch {
	case configured == "":
		return errors.New("pseudonym_key is missing: everybody is known in the database by a name that this key makes, and it must not lie there. Make one with openssl rand -hex 32, for all gateways of the database, and write pseudonym_key {file.<path>} or {env.<name>}")
	case !placeholder.MatchString(configured):
		return errors.New("pseudonym_key stands in the configuration, which Caddy shows to whoever may ask and writes to disk: put it into a file or a variable, and write pseudonym_key {file.<path>} or {env.<name>}")
	}
	return nil
}

const mostPooled = 1000

func checkPoolSize(n int) error {
	if n < 0 || n == 1 || n > mostPooled { // whoever reads much may ask in between
		return fmt.Errorf("pool_size is %d; it must be a number from 2 to %d", n, mostPooled)
	}
	return nil
}

// Patience is how long a send waits for the database.
func (p *PostgresStore) Patience() time.Duration {
	if p.Timeout == nil {
		return postgres.DefaultTimeout
	}
	return time.Duration(*p.Timeout)
}

// leastTimeout is what a round trip with a commit may take where all is well, and more.
const leastTimeout = 100 * time.Millisecond

func checkTimeout(d *caddy.Duration) error {
	if d == nil || time.Duration(*d) >= leastTimeout && time.Duration(*d) <= time.Minute {
		return nil
	}
	return fmt.Errorf("timeout is %s; it must be a duration from %s to %s, such as 2s", time.Duration(*d), leastTimeout, time.Minute)
}

// Acquire opens the database, or shares it with the configuration that has it open.
func (p *PostgresStore) Acquire(ctx context.Context, now func() time.Time) (store.Store, error) {
	s, err := p.acquire(ctx, now)
	switch {
	case err == nil:
		refusedStore.Store(nil)
		return s, nil
	case postgres.IsAway(err):
		return nil, &databaseAway{err, p.address}
	}
	return nil, noteRefused(located(err, p.CaddyfileLine))
}

func (p *PostgresStore) acquire(ctx context.Context, now func() time.Time) (store.Store, error) {
	before := new(postgres.State)
	if !p.isOpen() {
		var err error
		if before, err = postgres.Look(ctx, p.dsn, p.options); err != nil {
			return nil, fmt.Errorf("%s: %w", p.address, err)
		}
		if err := p.moved(before); err != nil {
			return nil, err
		}
	}
	patience := openPatience
	if before.Schema < before.Newest {
		patience = migratePatience
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	value, shared, err := stores.LoadOrNew(p.name, func() (caddy.Destructor, error) {
		o := p.options
		o.Logger, o.Now = p.logger, now
		o.Book.Former, o.Book.Named = identity.Former, identity.Named
		o.Book.Recategorised, o.Book.CategoryChanged = templatesRecategorised.Inc, categoryChanged
		s, err := postgres.Open(ctx, p.dsn, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.address, err)
		}
		return pooledStore{openedStore: s, place: "the database " + p.address.String(), at: p.address.String()}, nil
	})
	if err != nil {
		return nil, err
	}
	if !shared {
		p.tellNew(before)
	}
	return value.(pooledStore).openedStore, nil
}

const (
	// openPatience is how long a gateway waits for what it reads before it serves.
	openPatience = 45 * time.Second
	// migratePatience is how long it waits until the tables are up to date.
	migratePatience = 10 * time.Minute
)

// databaseAway is the error of a database that may be there later.
type databaseAway struct {
	error
	address postgres.Address
}

// Away names the database.
func (d *databaseAway) Away() string { return "the database " + d.address.String() }

// Unwrap is what the database's error was.
func (d *databaseAway) Unwrap() error { return d.error }

// isOpen: a configuration that is alike in all of the store has it open.
func (p *PostgresStore) isOpen() (open bool) {
	stores.Range(func(name, _ any) bool {
		open = name == p.name
		return !open
	})
	return open
}

// moved refuses a reload that would begin with nothing, or with other people, while the
// gateway has another store open.
func (p *PostgresStore) moved(found *postgres.State) (err error) {
	mine := store.Installation(p.options.Key)
	stores.Range(func(_, value any) bool {
		switch other := value.(pooledStore); {
		case other.Installation() != mine && other.at == p.address.String():
			err = leavesBehind(badger.KindOther, "pseudonym_key is not the one that the gateway has the database %s open with: it gives the installation %s, and the database belongs to %s. With another key nobody in it would be known, opt-outs included; put back the key of before", p.address, mine, other.Installation())
		case other.Installation() != mine:
			err = leavesBehind(badger.KindOther, "the store in %s is another installation's (%s) than the gateway has open in %s (%s), and knows other people: restart the gateway if that is meant; `waguard store copy` takes a store along, with its key", p.address, mine, other.place, other.Installation())
		case other.at != p.address.String() && found.Vacant:
			err = leavesBehind(badger.KindEmpty, "the database %s knows nobody yet, and the gateway has a store open in %s, which a reload would leave behind: copy it first, with `waguard store copy`, or restart the gateway to begin with nothing", p.address, other.place)
		}
		return err == nil
	})
	return err
}

func leavesBehind(kind, text string, args ...any) error {
	return &leftBehind{kind, fmt.Errorf(text, args...)}
}

// tellNew says that the gateway begins with nothing, which is right once.
func (p *PostgresStore) tellNew(found *postgres.State) {
	if !found.Vacant {
		return
	}
	const message = "new, empty store: it knows of no window, no opt-in and no opt-out"
	usual := defaultStorePath()
	if vacant, err := badger.Vacant(usual); err == nil && !vacant {
		p.logger.Warn(message+". There is a store in the usual directory; `waguard store copy` takes along what it knows", zap.Stringer("database", p.address), zap.String("other", usual))
		return
	}
	p.logger.Info(message, zap.Stringer("database", p.address))
}

// Release gives up the reference Acquire took.
func (p *PostgresStore) Release() error {
	_, err := stores.Delete(p.name)
	return err
}

// UnmarshalCaddyfile reads the store from a Caddyfile. Syntax:
//
//	store postgres <dsn> {
//		pseudonym_key       <key>
//		auto_migrate        on|off
//		pool_size           <number>
//		timeout             <duration>
//		statements          prepared|unprepared
//		ledger_retention    <duration>
//		violation_retention <duration>
//		audit_origin        <name>
//	}
func (p *PostgresStore) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the store's name
	at := *d
	if d.NextArg() {
		p.DSN = d.Val()
	}
	if d.NextArg() {
		return at.Err("write store postgres <address>, the address as one word or in quotes: a placeholder such as {env.WAGUARD_POSTGRES}, or postgres://<user>@<host>/<database>")
	}
	if !strings.Contains(p.DSN, "{") { // Provision knows what those stand for
		if _, _, err := databaseAddress(p.DSN); err != nil {
			return at.Err(err.Error())
		}
	}
	p.CaddyfileLine = fmt.Sprintf("%s:%d", at.File(), at.Line())
	err := parseBlock(d, map[string]parser{
		"pseudonym_key": func(d *caddyfile.Dispenser) error {
			if err := stringInto(&p.PseudonymKey)(d); err != nil {
				return err
			}
			if err := checkPseudonymKey(p.PseudonymKey); err != nil {
				return d.Err(err.Error())
			}
			return nil
		},
		"auto_migrate": chooseAutoMigrate.into(&p.AutoMigrate),
		"pool_size":    numberInto(&p.PoolSize, 2, mostPooled, ", such as 8"),
		"timeout": func(d *caddyfile.Dispenser) error {
			if err := positiveInto(&p.Timeout)(d); err != nil {
				return err
			}
			if err := checkTimeout(p.Timeout); err != nil {
				return d.Err(err.Error())
			}
			return nil
		},
		"statements":          chooseStatements.into(&p.Statements),
		"ledger_retention":    retentionInto(&p.LedgerRetention),
		"violation_retention": retentionInto(&p.ViolationRetention),
		"audit_origin":        originInto(&p.AuditOrigin),
	})
	if err != nil {
		return err
	}
	if err := checkPseudonymKey(p.PseudonymKey); err != nil {
		return at.Err(err.Error())
	}
	return nil
}

// Interface guards
var (
	_ StoreProvider         = (*PostgresStore)(nil)
	_ caddy.Provisioner     = (*PostgresStore)(nil)
	_ caddyfile.Unmarshaler = (*PostgresStore)(nil)
)
