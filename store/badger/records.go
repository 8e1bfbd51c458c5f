package badger

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/fxamacker/cbor/v2"

	"github.com/waguard/waguard/store"
)

// snapshot is what is committed: what recents hold, and what was in Badger after they
// were taken.
type snapshot struct {
	e       *Engine
	recents recents
	txn     *badger.Txn
}

// Get is the values of keys.
func (s snapshot) Get(keys ...[]byte) ([][]byte, error) {
	values := make([][]byte, len(keys))
	var rest []int
	unlock := s.recents.lock() // all are of one moment
	for i, key := range keys {
		value, ok := s.recents.getLocked(key)
		if values[i] = value; !ok {
			rest = append(rest, i)
		}
	}
	unlock()
	for _, i := range rest {
		var err error
		if values[i], err = get(s.txn, keys[i]); err != nil {
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
	recent := scannedRecords(s.recents.under(o.Prefix), from, o.Reverse)
	before := func(a, b []byte) bool {
		if o.Reverse {
			a, b = b, a
		}
		return bytes.Compare(a, b) < 0
	}
	// visitRecent visits those that come before key, or all of them; what was deleted
	// is passed over. It reports whether the record under key is among them.
	visitRecent := func(key []byte) (shadowed, enough bool, err error) {
		for len(recent) > 0 && (key == nil || !before(key, []byte(recent[0].key))) {
			k := recent[0]
			recent = recent[1:]
			shadowed = key != nil && k.key == string(key)
			if k.deleted {
				continue
			}
			if enough, err = visit([]byte(k.key), k.value); enough || err != nil {
				return shadowed, enough, err
			}
		}
		return shadowed, false, nil
	}
	it := s.txn.NewIterator(o)
	defer it.Close()
	for it.Seek(from); it.Valid(); it.Next() {
		shadowed, enough, err := visitRecent(it.Item().Key())
		if enough || err != nil {
			return err
		}
		if shadowed {
			continue
		}
		err = it.Item().Value(func(value []byte) (err error) {
			enough, err = visit(it.Item().Key(), value)
			return err
		})
		if enough || err != nil {
			return err
		}
	}
	_, _, err := visitRecent(nil)
	return err
}

// scannedRecords are those of records, which are sorted, that a scan visits, in the
// order in which it does.
func scannedRecords(records []kept, from []byte, reverse bool) []kept {
	i, exact := slices.BinarySearchFunc(records, from, func(k kept, from []byte) int { return bytes.Compare([]byte(k.key), from) })
	if !reverse {
		return records[i:]
	}
	if exact {
		i++
	}
	records = records[:i]
	slices.Reverse(records)
	return records
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
