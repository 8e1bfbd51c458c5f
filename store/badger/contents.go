package badger

import (
	"bytes"
	"encoding/hex"

	"github.com/dgraph-io/badger/v4/y"

	"github.com/waguard/waguard/store/archive"
)

// Contents counts and sums up the records of a store that no gateway uses, as the
// manifest of a backup has them.
func (p Place) Contents() (counts map[string]int, sum string, err error) {
	contents := archive.NewContents()
	counts = make(map[string]int)
	err = p.read(func(r *raw) error {
		it := r.iterator()
		defer it.Close()
		var last []byte
		for it.Rewind(); it.Valid(); it.Next() {
			key, v := y.ParseKey(it.Key()), it.Value()
			if bytes.Equal(key, last) {
				continue // an older version
			}
			last = append(last[:0], key...)
			if gone(v.Meta, v.ExpiresAt) || !lasting(key, v.ExpiresAt) {
				continue
			}
			counts[kindOf(key)]++
			contents.Add(key, v.Value, v.ExpiresAt)
		}
		return nil
	})
	return counts, hex.EncodeToString(contents.Sum()), err
}
