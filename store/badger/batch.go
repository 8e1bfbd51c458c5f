package badger

import (
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// errTooBig: a change needs more room than a transaction has, or has left.
var errTooBig = errors.New("the change is too large for one transaction")

// maxValue bounds a record. It keeps all values below the threshold from which
// Badger moves them to the value log, whose sync errors it doesn't report.
const maxValue = 512 << 10

// batch collects the writes of several changes before they go into a
// transaction. It belongs to the writer goroutine.
type batch struct {
	s   *Store
	txn *badger.Txn
	// writes are what the changes so far leave behind, by key.
	writes map[string]write
	// undo is what the current change has overwritten in writes, oldest first.
	undo []overwritten
	// entries are those this batch enters into the ledger, in the order they came,
	// and entered the same by id.
	entries []*ledgerEntry
	entered map[store.ID]*ledgerEntry
	// settled are the entries of earlier batches that were settled in this one.
	settled map[store.ID]bool
	// strayed are entries of earlier batches that turn out to be violations: their
	// messages went to somebody else.
	strayed []*ledgerEntry
	// size estimates what the transaction will hold, as Badger counts it.
	size int64
	// before is what rollBack goes back to.
	before struct {
		size             int64
		entries, strayed int
	}
}

type write struct {
	value   []byte
	ttl     time.Duration // zero: for ever
	deleted bool
	// contact is the decoded value of a contact's record, shared with readers.
	contact *policy.Contact
}

type overwritten struct {
	key     string
	old     write
	existed bool
}

func newBatch(s *Store, txn *badger.Txn, changes int) *batch {
	return &batch{
		s: s, txn: txn, writes: make(map[string]write),
		entered: make(map[store.ID]*ledgerEntry, changes), settled: make(map[store.ID]bool),
	}
}

// empty reports that no change has left anything behind yet.
func (b *batch) empty() bool {
	return len(b.writes) == 0 && len(b.entries) == 0 && len(b.strayed) == 0
}

// get is the value of key as the changes so far leave it.
func (b *batch) get(key []byte) ([]byte, error) {
	if w, ok := b.writes[string(key)]; ok {
		return w.value, nil
	}
	return get(b.txn, key)
}

// put writes a record that is to be kept for ttl, or for ever if that is zero.
func (b *batch) put(key, value []byte, ttl time.Duration) error {
	return b.set(key, write{value: value, ttl: ttl})
}

// putRecord encodes and writes a record.
func (b *batch) putRecord(key []byte, record any, ttl time.Duration) error {
	value, err := encode(record)
	if err != nil {
		return err
	}
	return b.put(key, value, ttl)
}

func (b *batch) delete(key []byte) error { return b.set(key, write{deleted: true}) }

func (b *batch) set(key []byte, w write) error {
	if len(w.value) > maxValue {
		return fmt.Errorf("record %c has %d bytes: %w", key[0], len(w.value), errTooBig)
	}
	old, existed := b.writes[string(key)]
	k := string(key)
	b.undo = append(b.undo, overwritten{k, old, existed})
	b.writes[k] = w
	b.size += cost(k, w)
	if existed {
		b.size -= cost(k, old)
	}
	return b.fits()
}

// fits reports a batch that has become too large for a transaction. A tenth
// stays free, since Badger counts a little differently.
func (b *batch) fits() error {
	if b.size > b.s.db.MaxBatchSize()*9/10 || int64(len(b.writes)+2*len(b.entries)+len(b.strayed)) > b.s.db.MaxBatchCount()*9/10 {
		return errTooBig
	}
	return nil
}

// enter puts an entry into the ledger, and among the violations if it is one.
func (b *batch) enter(e *ledgerEntry) error {
	b.size += int64(e.size() * len(e.head.journals()))
	b.entered[e.ID] = e
	b.entries = append(b.entries, e)
	return b.fits()
}

// cost is what a write takes of a transaction: key, value, and what Badger adds
// to them.
func cost(key string, w write) int64 { return int64(len(key) + len(w.value) + 16) }

// begin begins a change.
func (b *batch) begin() {
	b.undo = b.undo[:0]
	b.before.size, b.before.entries, b.before.strayed = b.size, len(b.entries), len(b.strayed)
}

// rollBack takes out the writes of the current change.
func (b *batch) rollBack() {
	for i := len(b.undo) - 1; i >= 0; i-- {
		u := b.undo[i]
		if u.existed {
			b.writes[u.key] = u.old
		} else {
			delete(b.writes, u.key)
		}
	}
	for _, e := range b.entries[b.before.entries:] {
		delete(b.entered, e.ID)
	}
	b.entries, b.strayed = b.entries[:b.before.entries], b.strayed[:b.before.strayed]
	b.size = b.before.size
}

// follow is how far the store will have got with the batch, after h.
func (b *batch) follow(h head) head {
	h.Seq++
	for id := range b.entered {
		if compareIDs(id, h.Entry) > 0 {
			h.Entry = id
		}
	}
	return h
}

// flush puts all writes into the transaction, and how far the store has got.
func (b *batch) flush(at head) error {
	if err := b.txn.Set(commitKey, at.commit()); err != nil {
		return err
	}
	if err := b.flushJournals(); err != nil {
		return err
	}
	for key, w := range b.writes {
		var err error
		switch {
		case w.deleted:
			err = b.txn.Delete([]byte(key))
		case w.ttl > 0:
			e := badger.NewEntry([]byte(key), w.value)
			e.ExpiresAt = keptUntil(b.s.options.Now(), w.ttl)
			err = b.txn.SetEntry(e)
		default:
			err = b.txn.Set([]byte(key), w.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) flushJournals() error {
	violating := b.strayed
	for _, e := range b.entries {
		if e.head.violation() || e.Settled.strayed() {
			violating = append(violating, e)
		}
	}
	if err := b.putPages(violations, violating); err != nil {
		return err
	}
	return b.putPages(ledger, b.entries)
}

// publish makes the memory follow what has been committed, before anyone hears
// of it.
func (b *batch) publish() {
	for id := range b.settled {
		delete(b.s.inFlight, id)
	}
	for id, e := range b.entered {
		if e.Settled == nil && e.head.reserved && len(b.s.inFlight) < maxInFlight {
			b.s.inFlight[id] = e.head
		}
	}
	for key, w := range b.writes {
		switch key[0] {
		case contactPrefix:
			if w.contact == nil {
				continue // a pointer: its contact's record was written as well
			}
			for i := range w.contact.Members {
				b.s.cache.replace(w.contact.Members[i].Alias, w.value)
			}
		case templatePrefix, listingPrefix, numberPrefix, shownPrefix:
			if err := b.s.known.learn(key, w.value); err != nil {
				b.s.fail(err) // the record is our own, of a moment ago
			}
		}
	}
}
