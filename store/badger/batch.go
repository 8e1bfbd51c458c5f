package badger

import (
	"bytes"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/store"
)

// maxValue bounds a record. It keeps all values below the threshold from which
// Badger moves them to the value log, whose sync errors it doesn't report.
const maxValue = 512 << 10

// batch collects the writes of several changes before they go to disk together. It
// belongs to the writer goroutine.
type batch struct {
	e *Engine
	// recents are looked through before Badger, of which txn is a snapshot that is
	// taken when the first record is needed that isn't in them.
	recents recents
	txn     *badger.Txn
	// writes are what the changes so far leave behind, by key.
	writes map[string]write
	// lines are those this batch enters into journals, in the order they came, and
	// entered the same by id.
	lines   []entered
	entered map[lineName]*line
	// after are to be called when the batch is committed.
	after []func()
	// size estimates what the transaction will hold, as Badger counts it.
	size int64

	// undo is what the current change has overwritten in writes, and unsettle what
	// it has in lines, oldest first.
	undo     []overwritten
	unsettle []resettled
	// before is what rollBack goes back to.
	before struct {
		size         int64
		lines, after int
	}
}

type write struct {
	value   []byte
	expires uint64 // see [keptUntil]; zero: never
	deleted bool
}

type overwritten struct {
	key     string
	old     write
	existed bool
}

type resettled struct {
	line *line
	old  []byte
}

type lineName struct {
	journal store.Journal
	id      store.ID
}

type entered struct {
	journal store.Journal
	*line
}

// newBatch is a batch of so many changes, which have so many events of webhooks in
// them. Each of those changes a record or two.
func newBatch(e *Engine, changes, events int) *batch {
	return &batch{
		e: e, recents: e.latest(), writes: make(map[string]write, events), entered: make(map[lineName]*line, changes),
		undo: make([]overwritten, 0, events),
	}
}

// discard lets go of the snapshot.
func (b *batch) discard() {
	if b.txn != nil {
		b.txn.Discard()
	}
}

// inBadger is what Badger holds.
func (b *batch) inBadger() *badger.Txn {
	if b.txn == nil { // after recents were taken, so that nothing is in neither
		b.txn = b.e.db.NewTransaction(false)
	}
	return b.txn
}

// empty reports that no change has left anything behind yet.
func (b *batch) empty() bool { return len(b.writes) == 0 && len(b.lines) == 0 }

// Get is the values of keys as the changes so far leave them.
func (b *batch) Get(keys ...[]byte) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		var err error
		if values[i], err = b.get(key); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (b *batch) get(key []byte) ([]byte, error) {
	if w, ok := b.writes[string(key)]; ok {
		return w.value, nil
	}
	if value, ok := b.recents.get(key); ok {
		return value, nil
	}
	return get(b.inBadger(), key)
}

// Pending is what the changes so far have left under key.
func (b *batch) Pending(key []byte) (value []byte, pending bool) {
	w, ok := b.writes[string(key)]
	return w.value, ok
}

// Put writes a record that is to be kept for a time, or for ever if that is zero.
func (b *batch) Put(key, value []byte, keep time.Duration) error {
	w := write{value: value}
	if keep > 0 {
		w.expires = keptUntil(b.e.options.Now(), keep)
	}
	return b.set(key, w)
}

// Delete deletes a record.
func (b *batch) Delete(key []byte) error { return b.set(key, write{deleted: true}) }

func (b *batch) set(key []byte, w write) error {
	if len(w.value) > maxValue {
		return fmt.Errorf("record %c has %d bytes: %w", key[0], len(w.value), store.ErrTooBig)
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

// fits reports a batch that has become too large for a transaction of Badger's.
func (b *batch) fits() error {
	if !b.e.roomFor(b.size, len(b.writes)+len(b.lines)) {
		return store.ErrTooBig
	}
	return nil
}

// roomFor reports that a transaction of Badger's takes so much. A tenth stays free,
// since Badger counts a little differently.
func (e *Engine) roomFor(size int64, records int) bool {
	return size <= e.db.MaxBatchSize()*9/10 && int64(records+1) <= e.db.MaxBatchCount()*9/10
}

// cost is what a write takes of a transaction: key, value, and what Badger adds
// to them.
func cost(key string, w write) int64 { return int64(len(key) + len(w.value) + 16) }

// Append enters a line into a journal.
func (b *batch) Append(j store.Journal, l *store.Line) error {
	if len(l.Data) > maxValue {
		return fmt.Errorf("the entry has %d bytes: %w", len(l.Data), store.ErrTooBig)
	}
	n := &line{ID: l.ID, Data: l.Data, Settled: l.Settled}
	b.size += int64(n.size())
	b.entered[lineName{j, l.ID}] = n
	b.lines = append(b.lines, entered{j, n})
	return b.fits()
}

// Find is a line as the changes so far leave it.
func (b *batch) Find(j store.Journal, id store.ID) (*store.Line, error) {
	if l, ok := b.entered[lineName{j, id}]; ok {
		return l.shown(b.e), nil
	}
	if l := b.recents.find(journalOf(j), id); l != nil {
		if w, ok := b.writes[string(idKey(journalOf(j).settlements, id))]; ok {
			l.Settled = w.value
		}
		return l.shown(b.e), nil
	}
	return journalOf(j).find(b.e, b.inBadger(), b, id)
}

// Settle writes what became of a line into it, if the batch enters it, or else beside
// it.
func (b *batch) Settle(j store.Journal, id store.ID, settled []byte, _ string) error {
	l, ok := b.entered[lineName{j, id}]
	if !ok {
		return b.Put(idKey(journalOf(j).settlements, id), settled, 0)
	}
	b.unsettle = append(b.unsettle, resettled{l, l.Settled})
	b.size += int64(len(settled))
	l.Settled = settled
	return b.fits()
}

// Committed has f called when the batch is committed.
func (b *batch) Committed(f func()) { b.after = append(b.after, f) }

// begin begins a change.
func (b *batch) begin() {
	b.undo, b.unsettle = b.undo[:0], b.unsettle[:0]
	b.before.size, b.before.lines, b.before.after = b.size, len(b.lines), len(b.after)
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
	for i := len(b.unsettle) - 1; i >= 0; i-- {
		b.unsettle[i].line.Settled = b.unsettle[i].old
	}
	for _, l := range b.lines[b.before.lines:] {
		delete(b.entered, lineName{l.journal, l.ID})
	}
	b.lines, b.after = b.lines[:b.before.lines], b.after[:b.before.after]
	b.size = b.before.size
}

// follow is how far the store will have got with the batch, after h.
func (b *batch) follow(h head) head {
	h.Frame++
	for _, l := range b.lines {
		if l.journal == store.Ledger && compareIDs(l.ID, h.Entry) > 0 {
			h.Entry = l.ID
		}
	}
	return h
}

// publish calls what waits for the commit, before anyone hears of it.
func (b *batch) publish() {
	for _, f := range b.after {
		f()
	}
}

func compareIDs(a, b store.ID) int { return bytes.Compare(a[:], b[:]) }
