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
func (s *Store) scrubbing(ctx context.Context) {
	tick := time.NewTicker(scrubEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := s.verifyTables(ctx, scrubPause); err != nil && ctx.Err() == nil {
				s.log.Error("verifying the store", zap.String("path", s.dir), zap.Error(err))
			}
		case <-ctx.Done():
			return
		}
	}
}

// verifyTables reads all tables. If one is damaged nothing more is written: what
// is moved out of it would be lost, and what is judged by it may be wrong.
func (s *Store) verifyTables(ctx context.Context, pause time.Duration) error {
	manifest, err := s.listed()
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(manifest.Tables)) {
		name := fmt.Sprintf("%06d.sst", id)
		_, damage := readTable(filepath.Join(s.home.at, name), name, manifest.Tables[id].Compression)
		if damage != nil {
			now, err := s.listed()
			if err != nil {
				return err
			}
			if _, still := now.Tables[id]; !still {
				continue // it was moved into others
			}
			return s.damage(name, damage)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (s *Store) listed() (badger.Manifest, error) {
	manifest, _, err := readManifest(filepath.Join(s.home.at, badger.ManifestFilename))
	return manifest, err
}

// damage notes that a table is damaged.
func (s *Store) damage(name string, err error) error {
	err = fmt.Errorf("the table %s of the store in %s was damaged while the gateway ran (%w): nothing is written until the gateway is restarted with a backup", name, s.dir, err)
	if s.damaged.CompareAndSwap(nil, &err) {
		s.log.Error("a table of the store is damaged; it takes no writes any more", zap.String("path", s.dir), zap.Error(err))
	}
	return err
}

// writable says why nothing can be written now, if so.
func (s *Store) writable() error {
	if s.failed.Load() {
		return store.ErrFailed
	}
	if damaged := s.damaged.Load(); damaged != nil {
		return *damaged
	}
	return s.home.check()
}

// condition adds to notices what has come up since.
func (s *Store) condition() []string {
	if damaged := s.damaged.Load(); damaged != nil {
		return append(slices.Clone(s.notices), (*damaged).Error())
	}
	return s.notices
}
