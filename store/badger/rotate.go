package badger

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/internal/durable"
	"github.com/waguard/waguard/store/wal"
)

// RotateKey gives an encrypted store another key. What is in the log of changes alone is
// moved out of it first.
func (p Place) RotateKey(to []byte) error {
	if vacant, err := Vacant(p.Dir); err != nil || vacant {
		return errors.Join(fmt.Errorf("there is no store in %s", p.Dir), err)
	}
	e, err := OpenEngine(p.Dir, Options{Witness: p.Witness, EncryptionKey: p.EncryptionKey})
	if err != nil {
		return err
	}
	if err := e.Close(); err != nil {
		return err
	}
	h, err := visitHome(p.Dir)
	if err != nil {
		return explain(p.Dir, err)
	}
	if err := rotateKey(h.at, p.EncryptionKey, to); err != nil {
		return errors.Join(fmt.Errorf("giving the store in %s another key: %w", p.Dir, err), h.close())
	}
	return h.close()
}

func rotateKey(at string, from, to []byte) error {
	// Everything in it was applied, and it is encrypted by the old key.
	if err := wal.Remove(at); err != nil {
		return err
	}
	o := badger.KeyRegistryOptions{Dir: at, ReadOnly: true, EncryptionKey: from}
	registry, err := badger.OpenKeyRegistry(o)
	if err != nil {
		return err
	}
	o.EncryptionKey = to
	if err := badger.WriteKeyRegistry(registry, o); err != nil { // in its place, at once
		return err
	}
	return durable.Names(filepath.Clean(at))
}
