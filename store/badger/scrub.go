package badger

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
)

// Tables are verified when the store is opened. One that is damaged while it is
// in use says nothing: Badger finds less in it than there was. So they are read
// again, all of them each day, and before a backup.

const (
	scrubEvery = 24 * time.Hour
	// scrubPause is between two tables, so that nobody else waits for the disk.
	scrubPause = 100 * time.Millisecond
)

// scrubbing verifies the tables until the store is closed.
func (e *Engine) scrubbing(ctx context.Context) {
	tick := time.NewTicker(scrubEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := e.verifyTables(ctx, scrubPause); err != nil && ctx.Err() == nil {
				e.log.Error("verifying the store", zap.String("path", e.dir), zap.Error(err))
			}
		case <-ctx.Done():
			return
		}
	}
}

// verifyTables reads all tables. If one is damaged nothing more is written: what
// is moved out of it would be lost, and what is judged by it may be wrong.
func (e *Engine) verifyTables(ctx context.Context, pause time.Duration) error {
	manifest, err := e.listed()
	if err != nil {
		return err
	}
	keys, err := openKeys(e.home.at, e.options.EncryptionKey) // there may be new ones
	if err != nil {
		return err
	}
	defer keys.close()
	for _, id := range slices.Sorted(maps.Keys(manifest.Tables)) {
		name := fmt.Sprintf("%06d.sst", id)
		_, damage := readTable(filepath.Join(e.home.at, name), name, manifest.Tables[id], keys)
		if damage != nil {
			now, err := e.listed()
			if err != nil {
				return err
			}
			if _, still := now.Tables[id]; !still {
				continue // it was moved into others
			}
			return e.damage(name, damage)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (e *Engine) listed() (*manifestFile, error) {
	return readManifest(filepath.Join(e.home.at, badger.ManifestFilename))
}

// damage notes that a table is damaged.
func (e *Engine) damage(name string, err error) error {
	err = fmt.Errorf("the table %s of the store in %s was damaged while the gateway ran (%w): nothing is written until the gateway is restarted with a backup", name, e.dir, err)
	if e.damaged.CompareAndSwap(nil, &err) {
		e.log.Error("a table of the store is damaged; it takes no writes any more", zap.String("path", e.dir), zap.Error(err))
	}
	return err
}

// writable says why nothing can be written now, if so.
func (e *Engine) writable() error {
	if e.failed.Load() {
		return store.ErrFailed
	}
	if damaged := e.damaged.Load(); damaged != nil {
		return *damaged
	}
	return e.home.check()
}

// Notices are what an operator must know about the store.
func (e *Engine) Notices() []string {
	if damaged := e.damaged.Load(); damaged != nil {
		return append(slices.Clone(e.notices), (*damaged).Error())
	}
	return e.notices
}
