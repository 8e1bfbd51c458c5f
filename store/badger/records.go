package badger

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
	"github.com/fxamacker/cbor/v2"

	"github.com/waguard/waguard/store"
)

// snapshot is the state after some transaction.
type snapshot struct {
	e   *Engine
	txn *badger.Txn
}

// Get is the values of keys.
func (s snapshot) Get(keys ...[]byte) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		var err error
		if values[i], err = get(s.txn, key); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// get is the value of key, nil where there is none.
func get(txn *badger.Txn, key []byte) ([]byte, error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil
	}
	var value []byte
	if err == nil {
		value, err = item.ValueCopy(nil)
	}
	if err != nil {
		return nil, fmt.Errorf("reading record %c: %w: %w", key[0], store.ErrUnreadable, err)
	}
	return value, nil
}

// Scan visits the records whose keys begin with prefix.
func (s snapshot) Scan(prefix []byte, visit func(key, value []byte) (enough bool, err error)) error {
	return s.scan(badger.IteratorOptions{Prefix: prefix}, prefix, visit)
}

// ScanBack visits them from the largest key that is not larger than from.
func (s snapshot) ScanBack(prefix, from []byte, visit func(key, value []byte) (enough bool, err error)) error {
	return s.scan(badger.IteratorOptions{Prefix: prefix, Reverse: true}, from, visit)
}

func (s snapshot) scan(o badger.IteratorOptions, from []byte, visit func(key, value []byte) (enough bool, err error)) error {
	it := s.txn.NewIterator(o)
	defer it.Close()
	for it.Seek(from); it.Valid(); it.Next() {
		var enough bool
		err := it.Item().Value(func(value []byte) (err error) {
			enough, err = visit(it.Item().Key(), value)
			return err
		})
		if enough || err != nil {
			return err
		}
	}
	return nil
}

// encode writes a record of the engine's own.
func encode(record any) ([]byte, error) {
	value, err := cbor.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("encoding %T: %w", record, err)
	}
	return value, nil
}

// decode reads one. Fields it doesn't know are skipped.
func decode(value []byte, record any) error {
	if err := cbor.Unmarshal(value, record); err != nil {
		return fmt.Errorf("decoding %T: %w: %w", record, store.ErrUnreadable, err)
	}
	return nil
}
