package badger

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/store"
)

// records are the records of a store at one moment.
type records interface {
	source
	// all yields the records whose key begins with prefix, in order. Key and value
	// are only good until the next one.
	all(prefix byte) iter.Seq2[[]byte, []byte]
}

func (s snapshot) all(prefix byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		it := s.txn.NewIterator(badger.IteratorOptions{Prefix: []byte{prefix}})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			value, err := it.Item().ValueCopy(nil)
			if err != nil {
				value = nil // it can't be decoded either
			}
			if !yield(it.Item().Key(), value) {
				return
			}
		}
	}
}

// Examine verifies the tables of the open store and reads all of its records.
func (e *Engine) Examine(ctx context.Context) (*store.CheckReport, error) {
	if err := e.beginBackup(); err != nil { // it is kept open as for a backup
		return nil, err
	}
	defer e.backups.Done()
	if err := e.flush(); err != nil {
		return nil, fmt.Errorf("checking the store: %w", err)
	}
	r := &store.CheckReport{Counts: make(map[string]int)}
	if err := e.verifyTables(ctx, 0); err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		r.Problem("%v", err)
	}
	l, err := list(e.home.at)
	if err != nil {
		return nil, fmt.Errorf("checking the store: %w", err)
	}
	r.Tables, r.Logs, r.Bytes = len(l.tables), len(l.logs), e.home.size(append(l.tables, l.logs...))
	err = e.db.View(func(txn *badger.Txn) error {
		c := checker{ctx: ctx, records: snapshot{e: e, txn: txn}, CheckReport: r}
		return c.run()
	})
	return r, err
}

// checker reads all records and what joins them.
type checker struct {
	ctx context.Context
	records
	*store.CheckReport
}

func (c *checker) run() error {
	c.checkMeta()
	for _, kind := range store.Kinds {
		c.each(kind.Name, kind.Prefix, func(key, value []byte) error { return kind.Check(c.get, key, value) })
	}
	c.checkJournal("ledger entries", ledger)
	c.checkJournal("violations", violations)
	return c.ctx.Err()
}

func (c *checker) get(key []byte) ([]byte, error) {
	values, err := c.Get(key)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

func (c *checker) checkMeta() {
	value, err := c.get(metaKey)
	var meta metaRecord
	if err == nil && value != nil {
		err = decode(value, &meta)
	}
	switch {
	case err != nil:
		c.Problem("the store's own description can't be read: %v", err)
	case value == nil:
		c.Problem("the store's own description is missing")
	case meta.Schema < oldestSchema || meta.Schema > schemaVersion || len(meta.Key) != 32:
		c.Problem("the store's own description has schema %d and a key of %d bytes; schema %d and 32 are expected", meta.Schema, len(meta.Key), schemaVersion)
	}
	if value, err = c.get(commitKey); err != nil {
		c.Problem("the number of the newest transaction can't be read: %v", err)
	}
	if h, ok := decodeCommit(value); ok {
		c.Transaction = h.Seq
		if !h.Entry.IsZero() {
			newest := h.Entry.Moment().Time().UTC()
			c.Newest = &newest
		}
	}
}

// each checks the records of a kind.
func (c *checker) each(kind string, prefix byte, check func(key, value []byte) error) {
	n := 0
	for key, value := range c.all(prefix) {
		if n++; n%1024 == 0 && c.ctx.Err() != nil {
			return
		}
		if err := check(key, value); err != nil {
			c.Problem("%s: record %x: %v", kind, key, err)
		}
	}
	c.Counts[kind] = n
}

// checkJournal checks that pages are sorted and whole, and that every settlement
// has its entry.
func (c *checker) checkJournal(kind string, j journal) {
	settled, stop := iter.Pull2(c.all(j.settlements))
	defer stop()
	key, value, more := settled()
	next := func() { key, value, more = settled() }
	entries := 0
	var open []store.ID // of pages that may have the entry of the next settlement
	var oldest store.ID
	// settle checks the settlements before a page that begins with first.
	settle := func(first store.ID) {
		for more && idOf(key).Moment() < first.Moment() {
			id := idOf(key)
			if err := store.CheckSettled(value); err != nil {
				c.Problem("%s: what became of %s: %v", kind, id, err)
			}
			if !slices.Contains(open, id) && compareIDs(id, oldest) >= 0 && !oldest.IsZero() {
				c.Problem("%s: what became of %s is there, and the entry is not", kind, id)
			}
			c.Counts["settlements"]++
			next()
		}
		open = slices.DeleteFunc(open, func(id store.ID) bool { return id.Moment() < first.Moment()-2*pageSpan })
	}
	checkEntry := store.EntryChecks(c.get)
	n := 0
	for key, value := range c.all(j.pages) {
		if n++; n%1024 == 0 && c.ctx.Err() != nil {
			return
		}
		p, err := decodePage(value)
		if err != nil {
			c.Problem("%s: page %s: %v", kind, idOf(key), err)
			continue
		}
		first := idOf(key)
		if oldest.IsZero() {
			oldest = first
		}
		settle(first)
		for i, l := range p.Lines {
			open = append(open, l.ID)
			switch {
			case i == 0 && l.ID != first, i > 0 && compareLines(p.Lines[i-1], l) >= 0, l.ID.Moment() > first.Moment()+pageSpan:
				c.Problem("%s: page %s: entry %s is out of order", kind, first, l.ID)
			}
			if err := checkEntry(l.Data); err != nil {
				c.Problem("%s: entry %s: %v", kind, l.ID, err)
			}
		}
		entries += len(p.Lines)
	}
	settle(maxID)
	c.Counts[kind] = entries
}
