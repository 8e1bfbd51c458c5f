package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"

	"github.com/waguard/waguard/internal/pgtest"
)

// ownDatabase is the address that has the benchmark start a PostgreSQL of its own.
const ownDatabase = "start"

// openDatabase starts the database, if that is asked for, and makes a key.
func (b *bench) openDatabase(o *options) (err error) {
	if o.Postgres == ownDatabase {
		// Beside the stores on disk, and as durable as they are.
		b.database, err = pgtest.Open(pgtest.Options{Durable: true, Dir: o.dir, Settings: map[string]string{"synchronous_commit": "on", "max_wal_size": "4GB"}})
		if err != nil {
			return err
		}
		o.Postgres = b.database.DSN("postgres")
	}
	key := make([]byte, 32)
	rand.Read(key) // which never fails
	o.KeyFile = filepath.Join(b.world.dir, "pseudonym.key")
	return os.WriteFile(o.KeyFile, []byte(hex.EncodeToString(key)), 0o600)
}

// onDisk is the gateway that one on a database is compared with.
func (b *bench) onDisk(ctx context.Context, o options, environment ...string) (*proxy, error) {
	s := o.setup
	s.Postgres = ""
	p, err := b.world.gatewayNamed(ctx, "badger", s, environment...)
	if err != nil {
		return nil, err
	}
	return p, seed(ctx, p, o.people)
}

// sideNames are what both sides are called.
func (r *result) sideNames() (base, measured string) {
	if r.Postgres {
		return "gateway on Badger", "gateway on PostgreSQL"
	}
	return "plain Caddy", "gateway"
}
