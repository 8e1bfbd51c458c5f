package badger

import (
	"bytes"
	"fmt"

	"github.com/dgraph-io/badger/v4/y"

	"github.com/waguard/waguard/store"
)

// Look reads the records of a store that no gateway uses, and changes nothing. It
// doesn't read a store that [Check] has something against: outside is where its witness
// is, if it isn't beside the directory.
func Look(dir, outside string, read func(store.LogRecords) error) error {
	return Place{Dir: dir, Witness: outside}.Look(read)
}

// Look is [Look], of a store that may be encrypted.
func (p Place) Look(read func(store.LogRecords) error) error {
	return p.read(func(r *raw) error {
		at := r.iterator()
		defer at.Close()
		return read(&looked{r, at})
	})
}

func (p Place) read(read func(*raw) error) error {
	dir := p.Dir
	h, known, err := p.visit()
	if err != nil {
		return err
	}
	defer h.close()
	f, err := known.look(h)
	if err != nil {
		return explain(dir, err)
	}
	if f.empty {
		return fmt.Errorf("there is no store in %s", dir)
	}
	if len(f.damaged) > 0 {
		return fmt.Errorf("the store in %s is damaged; run waguard store check --path %s", dir, dir)
	}
	if loss := f.judge(h); loss != nil {
		return fmt.Errorf("the store in %s knows less than it did; run waguard store check --path %s: %w", dir, dir, loss)
	}
	r, err := openRaw(h.at, f.survey)
	if err != nil {
		return explain(dir, err)
	}
	defer r.close()
	return read(r)
}

// looked are the records of a store, with an iterator that finds single ones.
type looked struct {
	*raw
	at y.Iterator
}

// Get is the values of keys.
func (l *looked) Get(keys ...[]byte) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		l.at.Seek(y.KeyWithTs(key, ^uint64(0)))
		if !l.at.Valid() || !bytes.Equal(y.ParseKey(l.at.Key()), key) {
			continue
		}
		if v := l.at.Value(); !gone(v.Meta, v.ExpiresAt) {
			values[i] = bytes.Clone(v.Value)
		}
	}
	return values, nil
}

// Scan visits the records whose keys begin with prefix.
func (l *looked) Scan(prefix []byte, visit func(key, value []byte) (enough bool, err error)) error {
	it := l.iterator()
	defer it.Close()
	var last []byte
	for it.Seek(y.KeyWithTs(prefix, ^uint64(0))); it.Valid(); it.Next() {
		key := y.ParseKey(it.Key())
		if bytes.Equal(key, last) {
			continue // an older version
		}
		if !bytes.HasPrefix(key, prefix) {
			return nil
		}
		last = append(last[:0], key...)
		v := it.Value()
		if gone(v.Meta, v.ExpiresAt) {
			continue
		}
		if enough, err := visit(last, v.Value); enough || err != nil {
			return err
		}
	}
	return nil
}
