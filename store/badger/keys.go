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
//	l id(16)                        pageRecord: ledger entries written together, under the smallest of their ids
//	k id(16)                        settlement of a ledger entry, unless its page has it
//	v id(16), u id(16)              the same of violations: copies, kept for a time of their own
//	s wamid(16)                     statusRecord: what became of a message
//	o wamid(16)                     stopsRecord: opt-outs of a person only the message's ledger entry names
//	q opaque(16)                    echoRecord: sends and statuses that may belong together
//	a key(16)                       attemptRecord: the request under an idempotency key
//	t digest(16)                    templateRecord: one template of a WABA
//	w digest(16)                    listingRecord: a WABA whose templates are all known
//	n digest(16)                    numberRecord: a business phone number
//	y                               daysRecord: the days by which old records are deleted
//	z                               head: the number of the transaction, and the newest ledger entry
//	e time(8) hash(8)               policy.AccountEvent: what happened to an account, by what it says
//	d digits(16)                    shownRecord: whom digits without a plus sign were shown to mean
//
// alias, wamid, opaque, digits and key are keyed pseudonyms; wamid, opaque and digits cover the
// phone number id as well. An id begins with its time. Digests are SHA-256 of
// names that are no secret.
const (
	metaPrefix     = 'm'
	contactPrefix  = 'c'
	historyPrefix  = 'h'
	statusPrefix   = 's'
	stopsPrefix    = 'o'
	echoPrefix     = 'q'
	attemptPrefix  = 'a'
	templatePrefix = 't'
	listingPrefix  = 'w'
	numberPrefix   = 'n'
	commitPrefix   = 'z'
	daysPrefix     = 'y'
	eventPrefix    = 'e'
	shownPrefix    = 'd'
)

// journal names the keys of entries that are kept alike.
type journal struct {
	pages, settlements byte
}

var (
	ledger     = journal{pages: 'l', settlements: 'k'}
	violations = journal{pages: 'v', settlements: 'u'}
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

func idKey(prefix byte, id store.ID) []byte {
	return append([]byte{prefix}, id[:]...)
}

// idOf is the id in a key that idKey made.
func idOf(key []byte) store.ID { return store.ID(key[1:]) }

// lastID is larger than every id.
var lastID = store.ID(bytes.Repeat([]byte{0xff}, 16))

// digestKey names a record after what it is about.
func digestKey(prefix byte, names ...string) []byte {
	h := sha256.New()
	for _, name := range names {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(name))))
		h.Write([]byte(name))
	}
	return append([]byte{prefix}, h.Sum(nil)[:16]...)
}
