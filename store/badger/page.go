package badger

import (
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/klauspost/compress/s2"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Entries that are committed together are written as one record, a page. A key
// of its own for each would cost several times as much CPU, most of it in
// Badger's compactions, and nothing ever needs one entry's record alone in a
// hurry.
//
// Commits follow each other closely, and an entry may be decided before another
// one and committed after it, so neighbouring pages overlap. But all entries of
// a page were decided within pageSpan: one decided at t is in a page whose first
// entry was decided at t-pageSpan or later, and not after t. That is what finds
// an entry, and puts entries into their order.

const (
	// pageSpan is how far apart the times of a page's entries are at most.
	pageSpan policy.Moment = 25 // ms
	// maxPage is about how many bytes a page has at most. All of a page is read
	// to read one entry.
	maxPage = 64 << 10
)

// pageRecord holds entries that were written together.
type pageRecord struct {
	// Start is in which start of the gateway they were written.
	Start   uint64         `cbor:"1,keyasint"`
	Entries []*ledgerEntry `cbor:"2,keyasint"` // sorted by id
}

// ledgerEntry is a send as it was reserved or refused. It is written once. What
// becomes of it stands beside its page, in a settlement; or inside, if that was
// known before the page was written.
type ledgerEntry struct {
	ID    store.ID `cbor:"1,keyasint"`
	Entry []byte   `cbor:"2,keyasint"` // store.Entry, encoded
	// Claims are what the send used up.
	Claims  []policy.Taken `cbor:"3,keyasint,omitempty"`
	Settled *settlement    `cbor:"4,keyasint,omitempty"`
	// Attempt is the pseudonym of the request's idempotency key, if it had one.
	Attempt *policy.Alias `cbor:"5,keyasint,omitempty"`

	start uint64 // of its page
	head  *entryHead
}

// readHead reads what settling and scanning need.
func (e *ledgerEntry) readHead() error {
	if e.head != nil {
		return nil
	}
	e.head = &entryHead{claims: e.Claims, attempt: e.Attempt}
	return decode(e.Entry, e.head)
}

func compareEntries(a, b *ledgerEntry) int { return compareIDs(a.ID, b.ID) }

func compareIDs(a, b store.ID) int { return slices.Compare(a[:], b[:]) }

// putPages puts entries into the transaction.
func (b *batch) putPages(j journal, entries []*ledgerEntry) error {
	slices.SortFunc(entries, compareEntries)
	for len(entries) > 0 {
		first := entries[0].ID
		n, size := 0, 0
		for n < len(entries) && entries[n].ID.Moment() <= first.Moment()+pageSpan && (n == 0 || size+entries[n].size() <= maxPage) {
			size += entries[n].size()
			n++
		}
		page := badger.NewEntry(idKey(j.pages, first), encodePage(pageRecord{Start: b.s.start, Entries: entries[:n]}))
		if err := b.txn.SetEntry(page); err != nil {
			return err
		}
		entries = entries[n:]
	}
	return nil
}

// size is about what the entry takes of a page, with its settlement.
func (e *ledgerEntry) size() int { return len(e.Entry) + 64*len(e.Claims) + 128 }

// readPage reads the page an iterator stands at.
func readPage(it *badger.Iterator) (p pageRecord, err error) {
	err = it.Item().Value(func(value []byte) error {
		p, err = decodePage(value)
		return err
	})
	if err != nil {
		return p, fmt.Errorf("reading a page of the ledger: %w", err)
	}
	for _, e := range p.Entries {
		e.start = p.Start
	}
	return p, nil
}

func decodePage(value []byte) (p pageRecord, err error) {
	if value, err = s2.Decode(nil, value); err != nil {
		return p, err
	}
	return p, decode(value, &p)
}

// backwards is an iterator from new to old over the keys of a prefix.
func backwards(txn *badger.Txn, prefix byte) *badger.Iterator {
	return txn.NewIterator(badger.IteratorOptions{Reverse: true, Prefix: []byte{prefix}})
}

// find is an entry as it was written, nil if there is no such entry.
func (j journal) find(txn *badger.Txn, id store.ID) (*ledgerEntry, error) {
	it := backwards(txn, j.pages)
	defer it.Close()
	for it.Seek(idKey(j.pages, id)); it.Valid() && idOf(it.Item().Key()).Moment()+pageSpan >= id.Moment(); it.Next() {
		p, err := readPage(it)
		if err != nil {
			return nil, err
		}
		i, ok := slices.BinarySearchFunc(p.Entries, id, func(e *ledgerEntry, id store.ID) int { return compareIDs(e.ID, id) })
		if ok {
			return p.Entries[i], nil
		}
	}
	return nil, nil
}

// settled is what became of an entry, nil while nobody knows.
func (j journal) settled(src source, e *ledgerEntry) (*settlement, error) {
	value, err := src.get(idKey(j.settlements, e.ID))
	if err != nil || value == nil {
		return e.Settled, err
	}
	s := new(settlement)
	return s, decode(value, s)
}

// pass goes through a journal from new to old.
type pass struct {
	journal            journal
	pages, settlements *badger.Iterator
	before             store.ID
	// read are the entries of the pages read so far that were not handed over
	// yet, sorted by id.
	read []*ledgerEntry
}

// newPass is a pass over the entries before one. It must be closed.
func newPass(txn *badger.Txn, j journal, before store.ID) *pass {
	p := &pass{journal: j, pages: backwards(txn, j.pages), settlements: backwards(txn, j.settlements), before: before}
	p.pages.Seek(idKey(j.pages, before))
	p.settlements.Seek(idKey(j.settlements, before))
	return p
}

func (p *pass) close() {
	p.pages.Close()
	p.settlements.Close()
}

// next is the next entry, with its settlement; nil after the last one.
func (p *pass) next() (*ledgerEntry, error) {
	for p.pages.Valid() && !p.complete(idOf(p.pages.Item().Key())) {
		page, err := readPage(p.pages)
		if err != nil {
			return nil, err
		}
		p.read = append(p.read, slices.DeleteFunc(page.Entries, func(e *ledgerEntry) bool { return compareIDs(e.ID, p.before) >= 0 })...)
		slices.SortFunc(p.read, compareEntries)
		p.pages.Next()
	}
	if len(p.read) == 0 {
		return nil, nil
	}
	e := p.read[len(p.read)-1]
	p.read = p.read[:len(p.read)-1]
	return e, p.settle(e)
}

// complete reports that no entry of a page that begins with first, or of those
// behind it, comes before the next one in read.
func (p *pass) complete(first store.ID) bool {
	return len(p.read) > 0 && p.read[len(p.read)-1].ID.Moment() > first.Moment()+pageSpan
}

// settle puts the settlement beside an entry's page in place of the one inside.
// Both lie in the same order, so that reading them takes one pass of each.
func (p *pass) settle(e *ledgerEntry) error {
	for p.settlements.Valid() && compareIDs(idOf(p.settlements.Item().Key()), e.ID) > 0 {
		p.settlements.Next()
	}
	if !p.settlements.Valid() || idOf(p.settlements.Item().Key()) != e.ID {
		return nil
	}
	e.Settled = new(settlement)
	return p.settlements.Item().Value(func(value []byte) error { return decode(value, e.Settled) })
}
