package badger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// The first byte of a key says what the record is. What follows has a fixed
// width, so that the order of keys is the order of subject, then time:
//
//	m                               metaRecord: schema, key of pseudonyms, starts
//	c alias(16)                     contactRecord: a contact under its smallest alias, or a pointer to it
//	h alias(16) time(8) hash(8)     store.Word: a word on consent, once under each name it came with
//	l id(16) part(1)                ledger: ledgerRecord (part 0) and, unless that holds it, settlement (part 1)
//	v id(16) part(1)                violations: copies of both, kept for a time of their own
//	s wamid(16)                     statusRecord: what became of a message
//	q opaque(16)                    echoRecord: sends and statuses that may belong together
//	t digest(16)                    templateRecord: one template of a WABA
//	w digest(16)                    listingRecord: a WABA whose templates are all known
//	n digest(16)                    numberRecord: a business phone number
//
// alias, wamid and opaque are keyed pseudonyms; wamid and opaque cover the
// phone number id as well. An id begins with its time. Digests are SHA-256 of
// names that are no secret.
const (
	metaPrefix      = 'm'
	contactPrefix   = 'c'
	historyPrefix   = 'h'
	ledgerPrefix    = 'l'
	violationPrefix = 'v'
	statusPrefix    = 's'
	echoPrefix      = 'q'
	templatePrefix  = 't'
	listingPrefix   = 'w'
	numberPrefix    = 'n'
)

// The parts of a ledger entry. They are neighbours, so that one pass reads both.
const (
	entryPart      = 0
	settlementPart = 1
)

var metaKey = []byte{metaPrefix}

func aliasKey(prefix byte, a policy.Alias) []byte {
	return append([]byte{prefix}, a[:]...)
}

func historyKey(a policy.Alias, at policy.Moment, hash [8]byte) []byte {
	key := append(make([]byte, 0, 33), historyPrefix)
	key = append(key, a[:]...)
	key = binary.BigEndian.AppendUint64(key, uint64(max(at, 0)))
	return append(key, hash[:]...)
}

func ledgerKey(prefix byte, id store.ID, part byte) []byte {
	key := append(make([]byte, 0, 18), prefix)
	key = append(key, id[:]...)
	return append(key, part)
}

// ledgerEnd is behind all entries.
func ledgerEnd(prefix byte) []byte {
	return append([]byte{prefix}, bytes.Repeat([]byte{0xff}, 18)...)
}

// ledgerBefore is where a scan from new to old starts that is to find only
// entries older than id.
func ledgerBefore(prefix byte, id store.ID) []byte {
	return append([]byte{prefix}, id[:]...)
}

// ledgerUntil is where a scan from new to old starts that is to find only
// entries decided before the time.
func ledgerUntil(prefix byte, at policy.Moment) []byte {
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(at, 0)))
	return append([]byte{prefix}, ms[2:]...)
}

func splitLedgerKey(key []byte) (id store.ID, part byte) {
	copy(id[:], key[1:17])
	return id, key[17]
}

// digestKey names a record after what it is about.
func digestKey(prefix byte, names ...string) []byte {
	h := sha256.New()
	for _, name := range names {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(name))))
		h.Write([]byte(name))
	}
	return append([]byte{prefix}, h.Sum(nil)[:16]...)
}
