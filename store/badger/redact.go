package badger

import (
	"context"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/store"
)

// Redact lets redact change lines, between two transactions. Their pages are written
// anew; what they said before stays in the files until those are purged.
func (e *Engine) Redact(ctx context.Context, j store.Journal, ids []store.ID, redact func(*store.Line) error) error {
	return e.between(ctx, func() error {
		if err := e.flush(); err != nil { // so that all there is lies in pages
			return err
		}
		if err := e.writable(); err != nil {
			return err
		}
		e.flushing.Lock()
		defer e.flushing.Unlock()
		for _, id := range ids {
			if err := e.redactLine(journalOf(j), id, redact); err != nil {
				return err
			}
		}
		return nil
	})
}

// redactLine does so for one line, in a transaction of its own: a page may be large.
func (e *Engine) redactLine(j journal, id store.ID, redact func(*store.Line) error) error {
	var changing error
	err := e.db.Update(func(txn *badger.Txn) error {
		var key []byte
		var found pageRecord
		key, found, changing = j.pageWith(txn, id)
		if key == nil || changing != nil {
			return changing
		}
		for _, l := range found.Lines {
			if l.ID != id {
				continue
			}
			changing = e.redactIn(txn, j, l, redact)
			break
		}
		if changing != nil {
			return changing
		}
		var page []byte
		if page, changing = encodePage(found); changing != nil {
			return changing
		}
		return txn.Set(key, page)
	})
	switch {
	case err == nil:
		return nil
	case changing != nil:
		return fmt.Errorf("changing an entry: %w", changing)
	}
	e.fail(err)
	return fmt.Errorf("changing an entry: %w: %w", store.ErrFailed, err)
}

// redactIn changes a line of a page, and what stands beside the page of what became of it.
func (e *Engine) redactIn(txn *badger.Txn, j journal, l *line, redact func(*store.Line) error) error {
	settledKey := idKey(j.settlements, l.ID)
	beside, err := get(txn, settledKey)
	if err != nil {
		return err
	}
	shown := l.shown(e)
	if beside != nil {
		shown.Settled = beside
	}
	if err := redact(shown); err != nil {
		return err
	}
	l.Data = shown.Data
	if l.Settled = shown.Settled; beside == nil {
		return nil
	}
	l.Settled = nil
	return txn.Set(settledKey, shown.Settled)
}

// pageWith finds the page of a line; no key where there is none.
func (j journal) pageWith(txn *badger.Txn, id store.ID) (key []byte, p pageRecord, err error) {
	it := backwards(txn, j.pages)
	defer it.Close()
	for it.Seek(idKey(j.pages, id)); it.Valid() && idOf(it.Item().Key()).Moment()+pageSpan >= id.Moment(); it.Next() {
		if p, err = readPage(it); err != nil {
			return nil, p, err
		}
		for _, l := range p.Lines {
			if l.ID == id {
				return it.Item().KeyCopy(nil), p, nil
			}
		}
	}
	return nil, pageRecord{}, nil
}

var errStale = errors.New("older versions are still needed, by a backup that is being written for instance")
