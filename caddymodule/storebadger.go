package caddymodule

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
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

	logger  *zap.Logger
	path    string
	options badgerOptions
}

// badgerOptions are what two configurations that share a store must agree on.
type badgerOptions struct{ ledger, violations time.Duration }

// defaultRetention keeps a little more than a year: the bill of the same month
// last year can still be explained.
const defaultRetention = 400 * 24 * time.Hour

// stores holds the open stores of the process by absolute path. They outlive the
// configurations that use them, so that a reload hands them over.
var stores = caddy.NewUsagePool()

type pooledStore struct {
	*badger.Store
	options badgerOptions
}

// Destruct closes the store when the last configuration has released it.
func (p pooledStore) Destruct() error { return p.Store.Close() }

// CaddyModule returns the Caddy module information.
func (BadgerStore) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "whatsapp.stores.badger", New: func() caddy.Module { return new(BadgerStore) }}
}

// Provision finds out where the database lies. It doesn't touch it.
func (b *BadgerStore) Provision(ctx caddy.Context) error {
	b.logger = ctx.Logger()
	path, err := caddy.NewReplacer().ReplaceOrErr(b.Path, true, true)
	if err != nil {
		return fmt.Errorf("store path: %w", err)
	}
	if path == "" {
		path = filepath.Join(caddy.AppDataDir(), "waguard")
	}
	if b.path, err = filepath.Abs(path); err != nil {
		return fmt.Errorf("store path: %w", err)
	}
	b.options = badgerOptions{ledger: defaultRetention, violations: defaultRetention}
	for _, setting := range []struct {
		name  string
		value *caddy.Duration
		to    *time.Duration
	}{{"ledger_retention", b.LedgerRetention, &b.options.ledger}, {"violation_retention", b.ViolationRetention, &b.options.violations}} {
		if setting.value == nil {
			continue
		}
		if *setting.to = time.Duration(*setting.value); *setting.to < 0 {
			return fmt.Errorf("%s is %s; it must not be negative", setting.name, *setting.to)
		}
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

// sameOptions refuses to share a store that was opened with other options.
func (b *BadgerStore) sameOptions(open pooledStore) error {
	if open.options == b.options {
		return nil
	}
	return fmt.Errorf("the retention settings of the store in %s have changed, and a reload can't change them: restart the gateway", b.path)
}

// Acquire opens the database, or shares it with the configuration that has it
// open.
func (b *BadgerStore) Acquire(now func() time.Time) (store.Store, error) {
	value, shared, err := stores.LoadOrNew(b.path, func() (caddy.Destructor, error) {
		s, err := badger.Open(b.path, badger.Options{
			Logger:             b.logger,
			Now:                now,
			Former:             cloudapi.Former,
			LedgerRetention:    b.options.ledger,
			ViolationRetention: b.options.violations,
			Recategorised:      templatesRecategorised.Inc,
		})
		return pooledStore{s, b.options}, err
	})
	if err != nil {
		return nil, err
	}
	pooled := value.(pooledStore)
	if err := b.sameOptions(pooled); shared && err != nil {
		_, release := stores.Delete(b.path)
		return nil, errors.Join(err, release)
	}
	return pooled.Store, nil
}

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
		"ledger_retention":    durationInto(&b.LedgerRetention),
		"violation_retention": durationInto(&b.ViolationRetention),
	})
}

// Interface guards
var (
	_ StoreProvider         = (*BadgerStore)(nil)
	_ caddy.Provisioner     = (*BadgerStore)(nil)
	_ caddyfile.Unmarshaler = (*BadgerStore)(nil)
)
