package badger

import (
	"bytes"

	"github.com/waguard/waguard/store"
)

// Beside the records it is handed, whose keys begin with other letters, the engine
// keeps:
//
//	m            metaRecord: schema, key of pseudonyms, starts
//	l id(16)     pageRecord: lines of the ledger written together, under the smallest of their ids
//	k id(16)     what became of a line, unless its page has it
//	v id(16)     the same of violations
//	u id(16)
//	y            daysRecord: the days by which old records are deleted
//	yp           nothing: see [Engine.Purge]
//	z            head: the number of the transaction, and the newest line
//
// An id begins with its time.
var (
	metaKey = []byte{'m'}
	daysKey = []byte{'y'}
)

const commitPrefix = 'z'

// journal names the keys of the lines of a journal.
type journal struct {
	store.Journal
	pages, settlements byte
}

var (
	ledger     = journal{store.Ledger, 'l', 'k'}
	violations = journal{store.Violations, 'v', 'u'}
)

func journalOf(j store.Journal) journal {
	if j == store.Violations {
		return violations
	}
	return ledger
}

func idKey(prefix byte, id store.ID) []byte {
	return append([]byte{prefix}, id[:]...)
}

// idOf is the id in a key that idKey made.
func idOf(key []byte) store.ID { return store.ID(key[1:]) }

// maxID is larger than every id.
var maxID = store.ID(bytes.Repeat([]byte{0xff}, 16))
