package badger

import (
	_ "embed" // the dictionary
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/s2"

	"github.com/waguard/waguard/store"
)

// Entries that go into Badger together are written as one record, a page. A key
// of its own for each would cost several times as much CPU, most of it in
// Badger's compactions, and nothing ever needs one entry's record alone in a
// hurry.
//
// An entry may be decided before another one and committed after it, so neighbouring
// pages overlap. But all entries of
// a page were decided within pageSpan: one decided at t is in a page whose first
// entry was decided at t-pageSpan or later, and not after t. That is what finds
// an entry, and puts entries into their order.

const (
	// pageSpan is how far apart the times of a page's entries are at most.
	pageSpan = 1000 // ms
	// maxPage is about how many bytes a page has at most. All of a page is read
	// to read one entry.
	maxPage = 64 << 10
)

// pageRecord holds lines that were written together.
type pageRecord struct {
	// Start is in which start of the gateway they were written.
	Start uint64  `cbor:"1,keyasint"`
	Lines []*line `cbor:"2,keyasint"` // sorted by id
}

// line is written once. What becomes of it stands beside its page; or inside, if
// that was known before the page was written.
type line struct {
	ID      store.ID        `cbor:"1,keyasint"`
	Data    []byte          `cbor:"2,keyasint"`
	Settled cbor.RawMessage `cbor:"4,keyasint,omitempty"`

	// Claims and Attempt were parts of a line beside its data; now they are in it.
	Claims  cbor.RawMessage `cbor:"3,keyasint,omitempty"`
	Attempt cbor.RawMessage `cbor:"5,keyasint,omitempty"`

	start uint64 // of its page; zero before it is written
}

// shown is the line as others see it.
func (l *line) shown(e *Engine) *store.Line {
	return &store.Line{ID: l.ID, Data: l.Data, Settled: l.Settled, Left: l.start != 0 && l.start != e.meta.Start}
}

func compareLines(a, b *line) int { return compareIDs(a.ID, b.ID) }

// pages are the lines of a journal as records, committed in a start.
func (r *recent) pages(j journal, start uint64) (pages []kept, err error) {
	lines := r.sort(j.Journal)
	for len(lines) > 0 {
		first := lines[0].ID
		n, size := 0, 0
		for n < len(lines) && lines[n].ID.Moment() <= first.Moment()+pageSpan && (n == 0 || size+lines[n].size() <= maxPage) {
			size += lines[n].size()
			n++
		}
		page, err := encodePage(pageRecord{Start: start, Lines: lines[:n]})
		if err != nil {
			return nil, err
		}
		pages = append(pages, kept{string(idKey(j.pages, first)), write{value: page}})
		lines = lines[n:]
	}
	return pages, nil
}

// A page is compressed: entries are much alike, and what isn't written needn't be
// synced, sorted and written again by Badger. Where few sends are made most pages have
// one entry, so that it is compressed by what entries are like: a dictionary. In front
// stand a zero and the dictionary's number; pages without are those of versions that
// had none, and begin with their length.

//go:embed page-1.dict
var dictionary1 []byte

// dictionaries are by number. None of them may ever change: pages were written with it.
var dictionaries = map[byte]*s2.Dict{1: s2.MakeDict(dictionary1, nil)}

const dictionary = 1

func encodePage(p pageRecord) ([]byte, error) {
	value, err := encode(p)
	if err != nil {
		return nil, err
	}
	return append([]byte{0, dictionary}, dictionaries[dictionary].Encode(nil, value)...), nil
}

func decompress(page []byte) (value []byte, err error) {
	if len(page) < 2 || page[0] != 0 {
		return s2.Decode(nil, page)
	}
	d := dictionaries[page[1]]
	if d == nil {
		return nil, fmt.Errorf("a newer waguard has compressed it, with dictionary %d", page[1])
	}
	return d.Decode(nil, page[2:])
}

// size is about what the line takes of a page, with what becomes of it.
func (l *line) size() int { return len(l.Data) + 128 }

// readPage reads the page an iterator stands at.
func readPage(it *badger.Iterator) (p pageRecord, err error) {
	err = it.Item().Value(func(value []byte) error {
		p, err = decodePage(value)
		return err
	})
	if err != nil {
		return p, fmt.Errorf("reading a page of the ledger: %w", err)
	}
	return p, nil
}

func decodePage(value []byte) (p pageRecord, err error) {
	if value, err = decompress(value); err != nil {
		return p, fmt.Errorf("%w: %w", store.ErrUnreadable, err)
	}
	if err := decode(value, &p); err != nil {
		return p, err
	}
	for _, l := range p.Lines {
		l.start = p.Start
		if err := l.gather(); err != nil {
			return p, err
		}
	}
	return p, nil
}

// backwards is an iterator from new to old over the keys of a prefix.
func backwards(txn *badger.Txn, prefix byte) *badger.Iterator {
	return txn.NewIterator(badger.IteratorOptions{Reverse: true, Prefix: []byte{prefix}})
}

// Find is the line with that id.
func (s snapshot) Find(j store.Journal, id store.ID) (*store.Line, error) {
	if l := s.recents.find(journalOf(j), id); l != nil {
		return l.shown(s.e), nil
	}
	return journalOf(j).find(s.e, s.txn, s, id)
}

// source is where settlements are read from.
type source interface {
	Get(keys ...[]byte) ([][]byte, error)
}

// find is a line with what became of it, nil where there is none.
func (j journal) find(e *Engine, txn *badger.Txn, src source, id store.ID) (*store.Line, error) {
	l, err := j.page(txn, id)
	if l == nil || err != nil {
		return nil, err
	}
	settled, err := src.Get(idKey(j.settlements, id))
	if err != nil {
		return nil, err
	}
	if settled[0] != nil {
		l.Settled = settled[0]
	}
	return l.shown(e), nil
}

// page finds a line in its page.
func (j journal) page(txn *badger.Txn, id store.ID) (*line, error) {
	it := backwards(txn, j.pages)
	defer it.Close()
	for it.Seek(idKey(j.pages, id)); it.Valid() && idOf(it.Item().Key()).Moment()+pageSpan >= id.Moment(); it.Next() {
		p, err := readPage(it)
		if err != nil {
			return nil, err
		}
		i, ok := slices.BinarySearchFunc(p.Lines, id, func(l *line, id store.ID) int { return compareIDs(l.ID, id) })
		if ok {
			return p.Lines[i], nil
		}
	}
	return nil, nil
}

// Walk visits lines, newest first.
func (s snapshot) Walk(w store.Walk, visit func(*store.Line) (enough bool, err error)) error {
	j := journalOf(w.Journal)
	newer := s.recents.lines(j, w.From, w.Before)
	settles := s.recents.settles(j)
	p := newPass(s.txn, j, w.Before)
	defer p.close()
	older, err := p.next()
	for {
		if err != nil {
			return err
		}
		if older != nil && compareIDs(older.ID, w.From) < 0 {
			older = nil
		}
		var l *line
		switch n := len(newer) - 1; {
		case n >= 0 && (older == nil || compareIDs(newer[n].ID, older.ID) >= 0):
			l, newer = &newer[n], newer[:n]
			if older != nil && older.ID == l.ID { // it has come there meanwhile
				older, err = p.next()
			}
		case older != nil:
			l = older
			if settles {
				if settled, ok := s.recents.get(idKey(j.settlements, l.ID)); ok {
					l.Settled = settled
				}
			}
			older, err = p.next()
		default:
			return nil
		}
		if enough, err := visit(l.shown(s.e)); enough || err != nil {
			return err
		}
	}
}

// pass goes through a journal from new to old.
type pass struct {
	journal            journal
	pages, settlements *badger.Iterator
	before             store.ID
	// read are the lines of the pages read so far that were not handed over yet,
	// sorted by id.
	read []*line
}

// newPass is a pass over the lines before an id. It must be closed.
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

// next is the next line, with its settlement; nil after the last one.
func (p *pass) next() (*line, error) {
	for p.pages.Valid() && !p.complete(idOf(p.pages.Item().Key())) {
		page, err := readPage(p.pages)
		if err != nil {
			return nil, err
		}
		p.read = append(p.read, slices.DeleteFunc(page.Lines, func(l *line) bool { return compareIDs(l.ID, p.before) >= 0 })...)
		slices.SortFunc(p.read, compareLines)
		p.pages.Next()
	}
	if len(p.read) == 0 {
		return nil, nil
	}
	l := p.read[len(p.read)-1]
	p.read = p.read[:len(p.read)-1]
	return l, p.settle(l)
}

// complete reports that no line of a page that begins with first, or of those
// behind it, comes before the next one in read.
func (p *pass) complete(first store.ID) bool {
	return len(p.read) > 0 && p.read[len(p.read)-1].ID.Moment() > first.Moment()+pageSpan
}

// settle puts the settlement beside a line's page in place of the one inside.
// Both lie in the same order, so that reading them takes one pass of each.
func (p *pass) settle(l *line) error {
	for p.settlements.Valid() && compareIDs(idOf(p.settlements.Item().Key()), l.ID) > 0 {
		p.settlements.Next()
	}
	if !p.settlements.Valid() || idOf(p.settlements.Item().Key()) != l.ID {
		return nil
	}
	value, err := p.settlements.Item().ValueCopy(nil)
	if err != nil {
		return fmt.Errorf("reading what became of an entry: %w: %w", store.ErrUnreadable, err)
	}
	l.Settled = value
	return nil
}

// gather puts into the data what stood beside it in pages of earlier versions,
// under the keys where it stands now.
func (l *line) gather() error {
	for _, part := range []struct {
		key byte
		raw cbor.RawMessage
	}{{store.KeyClaims, l.Claims}, {store.KeyAttempt, l.Attempt}} {
		if len(part.raw) == 0 {
			continue
		}
		var err error
		if l.Data, err = store.AddMember(l.Data, part.key, part.raw); err != nil {
			return fmt.Errorf("reading a page of the ledger: %w", err)
		}
	}
	l.Claims, l.Attempt = nil, nil
	return nil
}
