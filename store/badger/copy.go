package badger

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/durable"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/transfer"
)

const (
	// copyingName marks a directory into which a store is being copied. What is there is
	// no store before the copy is finished.
	copyingName = "COPYING"
	// copiedName marks one that was copied, until somebody opens it.
	copiedName = "COPIED"
)

// copyMark is what these files hold.
type copyMark struct {
	Installation string `json:"installation"`
	// Changed: what was copied before was changed, so that what it was may be in files.
	Changed bool `json:"changed,omitempty"`
}

// errHalfCopied is why a directory is no store.
func errHalfCopied(dir string) error {
	return fmt.Errorf("the store in %s is half copied: waguard store copy was interrupted. Run the same command again, which goes on where it was, or remove the directory", dir)
}

// halfCopied is that error, if it is so.
func (h *home) halfCopied() error {
	_, err := h.stat(copyingName)
	switch {
	case err == nil:
		return errHalfCopied(h.dir)
	case errors.Is(err, os.ErrNotExist):
		return nil
	}
	return err
}

// Copy is a directory into which a store is copied. It must be closed.
type Copy struct {
	home *home
	db   *badger.DB
	key  []byte
	mark copyMark
}

// OpenCopy opens the directory dir, or makes it, for a copy, encrypted with a key if there is
// one. Nothing is changed in it before the copy begins.
func OpenCopy(dir string, encryptionKey []byte) (c *Copy, err error) {
	defer umask()()
	h, err := openHome(dir, nil)
	if err != nil {
		return nil, explain(dir, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	c = &Copy{home: h}
	if err := c.readMark(); err != nil {
		return nil, err
	}
	if err := h.unlock(encryptionKey); err != nil {
		return nil, explain(dir, err)
	}
	if c.db, err = openDB(h, Options{Logger: zap.NewNop(), EncryptionKey: encryptionKey, memtable: memtableSize}); err != nil {
		return nil, explain(dir, err)
	}
	return c, nil
}

// readMark finds out whether the directory may be copied into.
func (c *Copy) readMark() error {
	for _, name := range []string{copyingName, copiedName} {
		text, err := os.ReadFile(filepath.Join(c.home.at, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = json.Unmarshal(text, &c.mark)
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", filepath.Join(c.home.dir, name), err)
		}
		return nil
	}
	entries, err := os.ReadDir(c.home.at)
	if err != nil {
		return explain(c.home.dir, err)
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.Name() == "lost+found" })
	if len(entries) > 0 {
		return fmt.Errorf("the directory %s is not empty, and nothing that waguard store copy has begun and no gateway has served from: copy into a new one", c.home.dir)
	}
	return nil
}

// writeMark marks the directory, durably.
func (c *Copy) writeMark(name string) error {
	text, err := json.Marshal(c.mark)
	if err != nil {
		return err
	}
	path := filepath.Join(c.home.at, name)
	part, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = part.Write(append(text, '\n'))
	if err := errors.Join(err, part.Sync(), part.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return durable.Names(c.home.at)
}

// unmark takes a mark away, durably.
func (h *home) unmark(name string) error {
	if _, err := h.stat(name); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := ignoreMissing(os.Remove(filepath.Join(h.at, name))); err != nil {
		return err
	}
	return durable.Names(h.at)
}

// Close closes the directory.
func (c *Copy) Close() error { return errors.Join(c.db.Close(), c.home.close()) }

// Begin is described at [transfer.Target].
func (c *Copy) Begin(_ context.Context, key []byte) error {
	if len(key) != store.KeySize {
		return fmt.Errorf("the key of the pseudonyms has %d bytes, not %d", len(key), store.KeySize)
	}
	installation := store.Installation(key)
	if c.mark.Installation != "" && c.mark.Installation != installation {
		return fmt.Errorf("into %s the store of another installation was being copied (%s, and this one is %s): copy into a new directory", c.home.dir, c.mark.Installation, installation)
	}
	c.key, c.mark.Installation = key, installation
	if err := c.writeMark(copyingName); err != nil {
		return err
	}
	if err := c.home.unmark(copiedName); err != nil {
		return err
	}
	// What describes it is written anew.
	return c.db.Update(func(txn *badger.Txn) error { return txn.Delete(metaKey) })
}

// Workers is described at [transfer.Target]: neighbouring spans share pages.
func (c *Copy) Workers() int { return 1 }

// Sums is described at [transfer.Target].
func (c *Copy) Sums(ctx context.Context, spans []transfer.Span) ([]transfer.Summed, error) {
	return transfer.SumRows(ctx, c, spans)
}

// Rows is described at [transfer.Target].
func (c *Copy) Rows(ctx context.Context, span transfer.Span, visit func(*transfer.Row) error) error {
	return c.db.View(func(txn *badger.Txn) error {
		if span.Shelf != transfer.Records {
			lines, _, err := linesIn(txn, span)
			for _, l := range lines {
				if err != nil || !span.Holds(l.ID[:]) {
					continue
				}
				err = visit(&transfer.Row{Key: l.ID[:], Value: l.Data, Settled: l.Settled})
			}
			return cmp.Or(err, ctx.Err())
		}
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Seek(span.From); it.Valid() && span.Holds(it.Item().Key()); {
			item := it.Item()
			if key := item.Key(); ofEngine(key) {
				it.Seek([]byte{key[0] + 1})
				continue
			}
			if !transfer.Stays(item.Key()) {
				value, err := item.ValueCopy(nil)
				if err != nil {
					return err
				}
				if err := visit(&transfer.Row{Key: item.KeyCopy(nil), Value: value, Until: keptTime(item.ExpiresAt())}); err != nil {
					return err
				}
			}
			it.Next()
		}
		return ctx.Err()
	})
}

// linesIn are the lines of all pages that may have some of a span, in their order, and the
// keys of those pages. What became of those in the span that stands beside the pages is in
// them.
func linesIn(txn *badger.Txn, span transfer.Span) (lines []*line, pages [][]byte, err error) {
	j := journalOf(span.Shelf.Journal())
	var from, before store.ID
	if copy(from[:], span.From); copy(before[:], span.Before) == 0 {
		before = maxID
	}
	first := store.FirstID(max(0, from.Moment()-pageSpan))
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{j.pages}, PrefetchValues: true, PrefetchSize: 16})
	defer it.Close()
	for it.Seek(idKey(j.pages, first)); it.Valid() && compareIDs(idOf(it.Item().Key()), before) < 0; it.Next() {
		p, err := readPage(it)
		if err != nil {
			return nil, nil, err
		}
		if !slices.ContainsFunc(p.Lines, func(l *line) bool { return span.Holds(l.ID[:]) }) {
			continue
		}
		lines, pages = append(lines, p.Lines...), append(pages, it.Item().KeyCopy(nil))
	}
	slices.SortFunc(lines, compareLines)
	beside := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{j.settlements}, PrefetchValues: true, PrefetchSize: 16})
	defer beside.Close()
	for beside.Seek(idKey(j.settlements, from)); beside.Valid() && compareIDs(idOf(beside.Item().Key()), before) < 0; beside.Next() {
		i, found := slices.BinarySearchFunc(lines, idOf(beside.Item().Key()), func(l *line, id store.ID) int { return compareIDs(l.ID, id) })
		if !found {
			continue
		}
		if lines[i].Settled, err = beside.Item().ValueCopy(nil); err != nil {
			return nil, nil, err
		}
	}
	return lines, pages, nil
}

// Write is described at [transfer.Target].
func (c *Copy) Write(_ context.Context, span transfer.Span, empty bool, put []*transfer.Row, gone [][]byte) error {
	if err := c.home.room("copying", reservedSpace); err != nil { // Badger maps its files
		return err
	}
	if !empty && !c.mark.Changed { // what is replaced stays in files
		c.mark.Changed = true
		if err := c.writeMark(copyingName); err != nil {
			return err
		}
	}
	b := c.db.NewWriteBatch()
	defer b.Cancel()
	var err error
	if span.Shelf == transfer.Records {
		err = writeRecords(b, put, gone)
	} else {
		err = c.writeLines(b, span, empty, put, gone)
	}
	if err != nil {
		return err
	}
	return b.Flush()
}

func writeRecords(b *badger.WriteBatch, put []*transfer.Row, gone [][]byte) error {
	for _, r := range put {
		e := badger.NewEntry(r.Key, r.Value)
		if until := r.RecordUntil(); until != 0 {
			e.ExpiresAt = uint64(farFuture + until) // #nosec G115 -- times are after 1970
		}
		if len(r.Value) > maxValue {
			return fmt.Errorf("record %c has %d bytes: %w", r.Key[0], len(r.Value), store.ErrTooBig)
		}
		if err := b.SetEntry(e); err != nil {
			return err
		}
	}
	for _, key := range gone {
		if err := b.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// firstStart is that of a store that was copied: whoever opens it is in a later one, and
// the lines that are copied were left.
const firstStart = 1

// writeLines writes the pages anew that have lines of a span.
func (c *Copy) writeLines(b *badger.WriteBatch, span transfer.Span, empty bool, put []*transfer.Row, gone [][]byte) error {
	j := journalOf(span.Shelf.Journal())
	all := make(map[store.ID]*line, len(put))
	if !empty {
		err := c.db.View(func(txn *badger.Txn) error {
			lines, pages, err := linesIn(txn, span)
			for _, l := range lines {
				all[l.ID] = l
			}
			for _, key := range pages {
				err = cmp.Or(err, b.Delete(key))
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, key := range gone {
			delete(all, store.ID(key))
		}
		for id := range all { // it is in the page from now on
			if span.Holds(id[:]) {
				if err := b.Delete(idKey(j.settlements, id)); err != nil {
					return err
				}
			}
		}
		for _, key := range gone {
			if err := b.Delete(idKey(j.settlements, store.ID(key))); err != nil {
				return err
			}
		}
	}
	for _, r := range put {
		all[store.ID(r.Key)] = &line{ID: store.ID(r.Key), Data: r.Value, Settled: r.Settled}
	}
	paging := newRecent()
	for _, l := range all {
		paging.enter(j.Journal, l)
	}
	pages, err := paging.pages(j, firstStart)
	if err != nil {
		return err
	}
	for i := range pages {
		if err := b.Set([]byte(pages[i].key), pages[i].value); err != nil {
			return err
		}
	}
	return nil
}

// Finish is described at [transfer.Target].
func (c *Copy) Finish(_ context.Context, d store.Description) error {
	meta := metaRecord{
		Schema: schemaVersion, Key: c.key, Start: firstStart, Identities: store.IdentitiesVersion,
		// It is another directory, which may be where one was before.
		Lineage: rand.Text(), History: d.Lineage,
	}
	if !d.IdentitiesChanged.IsZero() {
		meta.IdentitiesAt = d.IdentitiesChanged.UnixMilli()
	}
	if !d.Restored.IsZero() {
		meta.Restored = d.Restored.UnixMilli()
	}
	var at head
	err := c.db.Update(func(txn *badger.Txn) error {
		value, err := encode(&meta)
		if err != nil {
			return err
		}
		commit, err := get(txn, commitKey)
		if err != nil {
			return err
		}
		at, _ = decodeCommit(commit)
		at.Seq++
		at.Entry = newestLine(txn)
		if err := errors.Join(txn.Set(metaKey, value), txn.Set(commitKey, at.commit())); err != nil || !c.mark.Changed {
			return err
		}
		key, note, err := store.PurgeNote(time.Now())
		return errors.Join(err, txn.Set(key, note))
	})
	if err != nil {
		return err
	}
	w := &witness{
		Installation: c.mark.Installation, Lineage: meta.Lineage, Copied: time.Now().UTC().Format(time.RFC3339),
		Schema: meta.Schema, Start: meta.Start,
	}
	if err := c.db.Close(); err != nil { // so that what it has in memory is in tables
		return err
	}
	if err := writeWitness(filepath.Join(c.home.at, witnessName), w, at); err != nil {
		return err
	}
	if err := c.writeMark(copiedName); err != nil {
		return err
	}
	return c.home.unmark(copyingName)
}

// newestLine is that of the ledger; zero for none.
func newestLine(txn *badger.Txn) (newest store.ID) {
	it := backwards(txn, ledger.pages)
	defer it.Close()
	first := true
	for it.Seek(idKey(ledger.pages, maxID)); it.Valid(); it.Next() {
		page := idOf(it.Item().Key())
		if !first && page.Moment()+pageSpan < newest.Moment() {
			return newest
		}
		if p, err := readPage(it); err == nil && len(p.Lines) > 0 {
			if last := p.Lines[len(p.Lines)-1].ID; compareIDs(last, newest) > 0 {
				newest = last
			}
		}
		first = false
	}
	return newest
}

var _ transfer.Target = (*Copy)(nil)
