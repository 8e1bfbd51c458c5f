package store

import (
	"bytes"
	"time"

	"github.com/waguard/waguard/policy"
)

// What a store keeps may be moved into another engine, which must know of some records
// what they are about.

// KeySize is how many bytes the key of the pseudonyms has.
const KeySize = keySize

// OfOneEngine reports a record that says something of the engine it lies in, and means
// nothing in another one: sums of the ledger, which are made anew from it; and that bytes of
// what was erased are still in files.
func OfOneEngine(key []byte) bool {
	return len(key) > 0 && key[0] == SumsPrefix || bytes.Equal(key, purgeKey)
}

// PurgeNote is the record of an engine in whose files are bytes of what was erased, since
// a time.
func PurgeNote(since time.Time) (key, value []byte, err error) {
	value, err = encode(purgeRecord{policy.MomentOf(since)})
	return bytes.Clone(purgeKey), value, err
}

// Laid reports that a tombstone is among records, or a newer one in its place. get is the
// value of a record.
func (t Tombstone) Laid(get func(key []byte) ([]byte, error)) (bool, error) {
	e, err := readRecord[policy.Erasure](getter(get), tombstoneKey(t.Name))
	return e.At >= t.At, err
}
