package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

func init() { caddy.RegisterModule(BadgerStore{}) }

// BadgerStore keeps everything in an embedded Badger database in one directory.
// One process at a time can use a directory, and it must not lie on a network
// mount.
type BadgerStore struct {
	// The directory of the database.
	// Default: `waguard` in Caddy's data directory.
	Path string `json:"path,omitempty"`

	// How long ledger entries are kept; 0 keeps them for ever.
	// Default: 9600h (400 days).
	LedgerRetention *caddy.Duration `json:"ledger_retention,omitempty"`

	// How long violations are kept; 0 keeps them for ever.
	// Default: 9600h (400 days).
	ViolationRetention *caddy.Duration `json:"violation_retention,omitempty"`

	// A file outside of the directory that says how far the store had got: by it a
	// directory is noticed that is an older copy, another one or empty. On another
	// disk it also notices that the directory's was not mounted.
	// Default: beside the directory, under its name with `.witness`.
	Witness string `json:"witness,omitempty"`

	// The code that accepts a loss. A store that knows less than it did is not
	// opened, and the error has the code to open it all the same; it is for that
	// loss and no other.
	AcceptLoss string `json:"accept_loss,omitempty"`

	// The name of the log that proves consent records, as its checkpoints bear it. A
	// change begins a log that continues the one before.
	// Default: `waguard/` and a name of the installation.
	AuditOrigin string `json:"audit_origin,omitempty"`

	// The key that everything in the directory is encrypted with: 32 bytes, as 64
	// hexadecimal digits or base64, by a placeholder such as `{file./etc/waguard/store.key}`.
	// A store that is there must have been made with it.
	EncryptionKey string `json:"encryption_key,omitempty"`

	logger  *zap.Logger
	path    string
	options badgerOptions
}

// badgerOptions are what two configurations that share a store must agree on.
type badgerOptions struct {
	ledger, violations time.Duration
	witness            string
	origin             string
	key                string // its bytes; empty for none
}

// stores holds the open stores of the process, those in directories by their absolute
// path. They outlive the configurations that use them, so that a reload hands them over.
var stores = caddy.NewUsagePool()

type pooledStore struct {
	openedStore
	// place is where the store lies, for people; at is the same place where a database is.
	place, at string
	// options are those of a store in a directory.
	options badgerOptions
}

// storesOpen: there is a store that a configuration uses.
func storesOpen() (open bool) {
	stores.Range(func(_, _ any) bool {
		open = true
		return false
	})
	return open
}

// openedStore is a store that its provider closes.
type openedStore interface {
	store.Store
	io.Closer
}

// Destruct closes the store when the last configuration has released it.
func (p pooledStore) Destruct() error { return p.Close() }

// CaddyModule returns the Caddy module information.
func (BadgerStore) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "whatsapp.stores.badger", New: func() caddy.Module { return new(BadgerStore) }}
}

// Provision finds out where the database lies. It doesn't touch it.
func (b *BadgerStore) Provision(ctx caddy.Context) (err error) {
	b.logger = ctx.Logger()
	if b.path, err = storePath(b.Path, defaultStorePath()); err != nil {
		return fmt.Errorf("store path: %w", err)
	}
	b.options = badgerOptions{}
	if b.options.witness, err = storePath(b.Witness, ""); err != nil {
		return fmt.Errorf("store witness: %w", err)
	}
	if err := checkWitness(b.options.witness, b.path); err != nil {
		return err
	}
	if b.options.ledger, err = retention("ledger_retention", b.LedgerRetention); err != nil {
		return err
	}
	if b.options.violations, err = retention("violation_retention", b.ViolationRetention); err != nil {
		return err
	}
	if b.options.origin = b.AuditOrigin; b.AuditOrigin != "" {
		if err := checkOrigin(b.AuditOrigin); err != nil {
			return err
		}
	}
	if b.options.key, err = storeKey(b.EncryptionKey); err != nil {
		return err
	}
	if b.AcceptLoss != "" && !lossCode.MatchString(b.AcceptLoss) {
		return fmt.Errorf("accept_loss is %q; it must be the code of eight digits and letters from the error it accepts", b.AcceptLoss)
	}
	// Acquire says so too; here it keeps the new configuration from serving until
	// it fails.
	stores.Range(func(path, value any) bool {
		if path == b.path {
			err = b.sameOptions(value.(pooledStore))
		}
		return err == nil
	})
	return err
}

// retention is how long something is kept.
func retention(name string, configured *caddy.Duration) (time.Duration, error) {
	if configured == nil {
		return store.DefaultRetention, nil
	}
	keep := time.Duration(*configured)
	if keep < 0 {
		return 0, fmt.Errorf("%s is %s; it must not be negative", name, keep)
	}
	return keep, nil
}

// checkWitness refuses a witness inside of the store's directory, which would be
// replaced and lost together with what it is to be compared with.
func checkWitness(witness, dir string) error {
	if witness == "" {
		return nil
	}
	within, err := filepath.Rel(resolved(dir), resolved(witness))
	if err != nil || within == ".." || strings.HasPrefix(within, ".."+string(filepath.Separator)) {
		return nil
	}
	return fmt.Errorf("witness is %s, inside of the store's directory, and would be lost or replaced with it: write a file outside of the directory", witness)
}

// checkOrigin refuses what can't be the name of a log.
func checkOrigin(origin string) error {
	err := audit.CheckOrigin(origin)
	if err == nil && strings.ContainsAny(origin, "{}") {
		err = errors.New("it takes no placeholder")
	}
	if err != nil {
		return fmt.Errorf("audit_origin is %q: %w; write a name such as example.com/consent", origin, err)
	}
	return nil
}

// storeKey reads the key of a store, as its bytes; empty for none.
func storeKey(configured string) (string, error) {
	if configured == "" {
		return "", nil
	}
	text, err := atStart(configured, "the key")
	if err != nil {
		return "", fmt.Errorf("encryption_key: %w; a file must be there, and the gateway's user must be able to read it", err)
	}
	key, err := badger.ParseKey(text)
	if err != nil {
		return "", fmt.Errorf("encryption_key: %w", err)
	}
	return string(key), nil
}

// resolved is a path without symbolic links, as far as it exists.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if parent := filepath.Dir(path); parent != path {
		return filepath.Join(resolved(parent), filepath.Base(path))
	}
	return path
}

// lossCode is what accepts a badger.Loss.
var lossCode = regexp.MustCompile("^[0-9a-f]{8}$")

// storePath is a path as it was configured, made absolute.
func storePath(configured, otherwise string) (string, error) {
	path, err := atStart(configured, "the path")
	if err != nil {
		return "", err
	}
	if path == "" {
		path = otherwise
	}
	if path == "" {
		return "", nil
	}
	return filepath.Abs(path)
}

// sameOptions refuses to share a store that was opened with other options.
func (b *BadgerStore) sameOptions(open pooledStore) error {
	if open.options == b.options {
		return nil
	}
	return fmt.Errorf("the settings of the store in %s have changed, its retention, its witness, its audit_origin or its encryption_key, and a reload can't change them: restart the gateway", b.path)
}

// Acquire opens the database, or shares it with the configuration that has it
// open.
func (b *BadgerStore) Acquire(_ context.Context, now func() time.Time) (store.Store, error) {
	s, err := b.acquire(now)
	if err != nil {
		return nil, noteRefused(err)
	}
	refusedStore.Store(nil)
	return s, nil
}

func (b *BadgerStore) acquire(now func() time.Time) (store.Store, error) {
	begun, err := b.moved()
	if err != nil {
		return nil, err
	}
	vacant, err := badger.Vacant(b.path)
	if err != nil {
		vacant = false // opening it says what is wrong
	}
	value, shared, err := stores.LoadOrNew(b.path, func() (caddy.Destructor, error) {
		s, err := badger.Open(b.path, badger.Options{
			Logger:             b.logger,
			Now:                now,
			Former:             identity.Former,
			Named:              identity.Named,
			LedgerRetention:    b.options.ledger,
			ViolationRetention: b.options.violations,
			Recategorised:      templatesRecategorised.Inc,
			CategoryChanged:    categoryChanged,
			Witness:            b.options.witness,
			AuditOrigin:        b.options.origin,
			AcceptLoss:         b.AcceptLoss,
			EncryptionKey:      []byte(b.options.key),
		})
		if err != nil {
			return nil, err
		}
		return pooledStore{openedStore: s, place: b.path, options: b.options}, nil
	})
	if err != nil {
		return nil, err
	}
	pooled := value.(pooledStore)
	switch {
	case shared:
		err = b.sameOptions(pooled)
	case !begun:
		err = b.another(pooled.openedStore)
	}
	if err != nil {
		_, release := stores.Delete(b.path)
		return nil, errors.Join(err, release)
	}
	if vacant && !shared {
		b.tellNew()
	}
	return pooled.openedStore, nil
}

// tellNew says that the gateway begins with nothing, which is right once.
func (b *BadgerStore) tellNew() {
	const message = "new, empty store: it knows of no window, no opt-in and no opt-out"
	usual := defaultStorePath()
	if other, err := badger.Vacant(usual); err == nil && !other && usual != b.path {
		b.logger.Warn(message+". There is another store at the usual place; if that is the one that is meant, leave the path out of `store badger`", zap.String("path", b.path), zap.String("other", usual))
		return
	}
	b.logger.Info(message, zap.String("path", b.path))
}

// defaultStorePath is where the store lies that has no path in the configuration.
func defaultStorePath() string { return filepath.Join(caddy.AppDataDir(), "waguard") }

// Release gives up the reference Acquire took.
func (b *BadgerStore) Release() error {
	_, err := stores.Delete(b.path)
	return err
}

// UnmarshalCaddyfile reads the store from a Caddyfile. Syntax:
//
//	store badger [<path>] {
//		ledger_retention    <duration>
//		violation_retention <duration>
//		witness             <file>
//		accept_loss         <code>
//		audit_origin        <name>
//		encryption_key      <key>
//	}
func (b *BadgerStore) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the store's name
	if d.NextArg() {
		b.Path = d.Val()
	}
	if d.NextArg() {
		return d.ArgErr()
	}
	return parseBlock(d, map[string]parser{
		"ledger_retention":    retentionInto(&b.LedgerRetention),
		"violation_retention": retentionInto(&b.ViolationRetention),
		"witness": func(d *caddyfile.Dispenser) error {
			if err := stringInto(&b.Witness)(d); err != nil {
				return err
			}
			if strings.Contains(b.Path+b.Witness, "{") {
				return nil // placeholders; Provision knows what they stand for
			}
			dir, err := storePath(b.Path, defaultStorePath())
			if err != nil {
				return d.Err(err.Error())
			}
			witness, err := storePath(b.Witness, "")
			if err != nil {
				return d.Err(err.Error())
			}
			if err := checkWitness(witness, dir); err != nil {
				return d.Err(err.Error())
			}
			return nil
		},
		"accept_loss": func(d *caddyfile.Dispenser) error {
			if err := stringInto(&b.AcceptLoss)(d); err != nil {
				return err
			}
			if !lossCode.MatchString(b.AcceptLoss) {
				return d.Errf("accept_loss is %q; it must be the code of eight digits and letters from the error it accepts", b.AcceptLoss)
			}
			return nil
		},
		"encryption_key": func(d *caddyfile.Dispenser) error {
			if err := stringInto(&b.EncryptionKey)(d); err != nil {
				return err
			}
			if strings.Contains(b.EncryptionKey, "{") {
				return nil // Provision knows what it stands for
			}
			if _, err := badger.ParseKey(b.EncryptionKey); err != nil {
				return d.Errf("encryption_key: %v; or name a file with it, {file.<path>}", err)
			}
			return nil
		},
		"audit_origin": originInto(&b.AuditOrigin),
	})
}

// originInto reads the name of a log.
func originInto(to *string) parser {
	return func(d *caddyfile.Dispenser) error {
		if err := stringInto(to)(d); err != nil {
			return err
		}
		if err := checkOrigin(*to); err != nil {
			return d.Err(err.Error())
		}
		return nil
	}
}

// retentionInto reads for how long something is kept.
func retentionInto(to **caddy.Duration) parser {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		if err := durationInto(to)(d); err != nil {
			return err
		}
		if **to < 0 {
			return d.Errf("%s is %s; it must not be negative, and 0 keeps for ever", name, time.Duration(**to))
		}
		return nil
	}
}

// Interface guards
var (
	_ StoreProvider         = (*BadgerStore)(nil)
	_ caddy.Provisioner     = (*BadgerStore)(nil)
	_ caddyfile.Unmarshaler = (*BadgerStore)(nil)
)
