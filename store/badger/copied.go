package badger

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4/y"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/transfer"
)

// Copy lets use copy a store that no gateway uses, which is kept from them meanwhile, and
// changes nothing in it.
func (p Place) Copy(use func(transfer.Source) error) error {
	return p.read(func(r *raw) error {
		var meta metaRecord
		value := r.get(metaKey)
		if value == nil {
			return fmt.Errorf("the store in %s has no description of itself: run waguard store check --path %s", p.Dir, p.Dir)
		}
		if err := decode(value, &meta); err != nil {
			return err
		}
		if err := meta.check(); err != nil {
			return fmt.Errorf("the store in %s: %w", p.Dir, err)
		}
		if err := p.checkErased(r, &meta); err != nil {
			return err
		}
		return use(&copied{r, &meta})
	})
}

// checkErased sees to it that nobody is copied whom a restored backup has brought back: who
// opened the store would erase them.
func (p Place) checkErased(r *raw, meta *metaRecord) error {
	for _, path := range []string{filepath.Clean(p.Dir) + erasedSuffix, filepath.Join(p.Dir, erasedName)} {
		data, err := os.ReadFile(path)
		if ignoreMissing(err) != nil {
			return fmt.Errorf("reading the tombstones beside the store: %w", err)
		}
		all, err := parseTombstones(data, store.Installation(meta.Key))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, t := range all {
			laid, err := t.Laid(func(key []byte) ([]byte, error) { return r.get(key), nil })
			if err != nil {
				return err
			}
			if !laid {
				return fmt.Errorf("by %s somebody was erased whom the store in %s may still know, since it comes from a backup: start a gateway with it once, which erases them again, and stop it", path, p.Dir)
			}
		}
	}
	return nil
}

// copied is a store that is copied.
type copied struct {
	*raw
	meta *metaRecord
}

// Shared: nobody else can open the directory.
func (c *copied) Shared() bool { return false }

// Description is what the store says of itself once this waguard has opened it.
func (c *copied) Description() store.Description {
	meta := *c.meta
	meta.know(time.Now())
	return meta.description()
}

func (c *copied) Rows(ctx context.Context, shelf transfer.Shelf, visit func(*transfer.Row) error) error {
	if shelf == transfer.Records {
		return c.records(ctx, visit)
	}
	return c.lines(ctx, journalOf(shelf.Journal()), visit)
}

// records visits those of the book.
func (c *copied) records(ctx context.Context, visit func(*transfer.Row) error) error {
	it := c.iterator()
	defer it.Close()
	var last []byte
	for it.Rewind(); it.Valid(); it.Next() {
		key := y.ParseKey(it.Key())
		for it.Valid() && ofEngine(key) { // over all of them, which may be many
			it.Seek(y.KeyWithTs([]byte{key[0] + 1}, ^uint64(0)))
			if it.Valid() {
				key = y.ParseKey(it.Key())
			}
		}
		if !it.Valid() {
			return nil
		}
		if bytes.Equal(key, last) {
			continue // an older version
		}
		last = append(last[:0], key...)
		v := it.Value()
		if gone(v.Meta, v.ExpiresAt) || transfer.Stays(key) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := visit(&transfer.Row{Key: bytes.Clone(key), Value: bytes.Clone(v.Value), Until: keptTime(v.ExpiresAt)}); err != nil {
			return err
		}
	}
	return nil
}

// ofEngine reports a record of the engine's own.
func ofEngine(key []byte) bool {
	switch key[0] {
	case ledger.pages, ledger.settlements, violations.pages, violations.settlements, metaKey[0], daysKey[0], commitPrefix:
		return true
	}
	return false
}

// keptTime is until when a record is kept that carries a number of seconds. Older versions
// had Badger itself delete it.
func keptTime(expires uint64) time.Time {
	switch {
	case expires == 0:
		return time.Time{}
	case expires > farFuture:
		return time.Unix(int64(expires-farFuture), 0) // #nosec G115 -- it was a time
	}
	return time.Unix(int64(expires), 0) // #nosec G115 -- as above
}

// lines visits those of a journal, oldest first. Lines of neighbouring pages may overlap by
// the time that a page spans.
func (c *copied) lines(ctx context.Context, j journal, visit func(*transfer.Row) error) error {
	settled := c.settlements(j)
	defer settled.close()
	var read []*line // of pages so far, sorted
	hand := func(before store.ID) error {
		n, _ := slices.BinarySearchFunc(read, before, func(l *line, id store.ID) int { return compareIDs(l.ID, id) })
		for _, l := range read[:n] {
			r := &transfer.Row{Key: l.ID[:], Value: l.Data, Settled: l.Settled}
			if beside := settled.of(l.ID); beside != nil {
				r.Settled = beside
			}
			if err := visit(r); err != nil {
				return err
			}
		}
		read = slices.Delete(read, 0, n)
		return nil
	}
	for key, value := range c.all(j.pages) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := hand(idOf(key)); err != nil {
			return err
		}
		p, err := decodePage(value)
		if err != nil {
			return fmt.Errorf("reading a page of the ledger: %w", err)
		}
		read = append(read, p.Lines...)
		slices.SortFunc(read, compareLines)
	}
	return hand(maxID)
}

// settlements are those of a journal that stand beside its pages, in the order of their
// lines.
func (c *copied) settlements(j journal) *beside {
	b := &beside{it: c.iterator(), prefix: j.settlements}
	b.it.Seek(y.KeyWithTs([]byte{j.settlements}, ^uint64(0)))
	return b
}

type beside struct {
	it     y.Iterator
	prefix byte
}

func (b *beside) close() { b.it.Close() }

// of is what became of a line, nil where nothing stands beside its page. Lines come in
// their order.
func (b *beside) of(id store.ID) []byte {
	for ; b.it.Valid() && b.it.Key()[0] == b.prefix; b.it.Next() {
		key := y.ParseKey(b.it.Key())
		switch order := compareIDs(idOf(key), id); {
		case order > 0:
			return nil
		case order == 0: // the newest version comes first
			if v := b.it.Value(); !gone(v.Meta, v.ExpiresAt) {
				return bytes.Clone(v.Value)
			}
			return nil
		}
	}
	return nil
}

var _ transfer.Source = (*copied)(nil)
