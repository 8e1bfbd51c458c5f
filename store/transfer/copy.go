package transfer

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/waguard/waguard/store"
)

const (
	// spanRows is how many rows are compared by one digest. Where that differs, all of them
	// are read.
	spanRows = 128
	// chunkSpans is how many spans are asked for and written at a time, and chunkBytes bounds
	// them, and so what is in memory.
	chunkSpans = 16
	chunkBytes = 2 << 20
)

// Options say how a copy is made.
type Options struct {
	// Progress is called with the bytes that were read since it was called before. It may
	// be called by several goroutines.
	Progress func(bytes int64)
	// SpanRows is how many rows are compared by one digest, at most. Default: 128.
	SpanRows int
}

// Copied is what a copy has of one kind.
type Copied struct {
	// Kind is in the plural.
	Kind string `json:"kind"`
	// Rows are how many there are in both stores, and Bytes what keys and values have.
	Rows  int   `json:"rows"`
	Bytes int64 `json:"bytes"`
	// Written and Deleted are how many of them the target had otherwise, or not, and how
	// many it had too many.
	Written int `json:"written"`
	Deleted int `json:"deleted"`
	// Digest is that of all of them, in the order of their keys: see [Hash].
	Digest string `json:"digest"`
}

// Copy makes the target equal to the source, and compares all of it.
func Copy(ctx context.Context, from Source, to Target, o Options) ([]Copied, error) {
	d := from.Description()
	if err := to.Begin(ctx, d.Key); err != nil {
		return nil, err
	}
	if o.SpanRows == 0 {
		o.SpanRows = spanRows
	}
	c := &copying{to: to, o: o, kinds: make(map[string]*kind)}
	for _, shelf := range Shelves {
		if err := c.shelf(ctx, from, shelf); err != nil {
			return nil, err
		}
	}
	if from.Shared() {
		if err := c.again(ctx, from); err != nil {
			return nil, err
		}
	}
	if err := to.Finish(ctx, d); err != nil {
		return nil, err
	}
	return c.report(), nil
}

// copying is a copy that is being made.
type copying struct {
	to Target
	o  Options
	// mu guards kinds, but for what reading adds to them, which is done by one. order is
	// that in which they were read.
	mu    sync.Mutex
	kinds map[string]*kind
	order []*kind
	// last is the kind of the record that was read last; nil for none.
	last *kind
}

type kind struct {
	Copied
	hash             Hash
	first            byte // of the keys of records
	written, deleted atomic.Int64
}

// copied is what there is of the kind.
func (k *kind) copied() Copied {
	k.Digest = fmt.Sprintf("%x", k.hash.Sum())
	k.Written, k.Deleted = int(k.written.Load()), int(k.deleted.Load())
	return k.Copied
}

// read counts a row of the source, of which summed is summed up. Rows of a kind come one
// after the other.
func (c *copying) read(shelf Shelf, r *Row, summed []byte) {
	k := c.last
	if shelf != Records || k == nil || k.first != r.Key[0] {
		k = c.kindOf(shelf, r.Key)
		if k.first, c.last = r.Key[0], k; shelf != Records {
			c.last = nil
		}
	}
	if k.Rows++; k.Rows == 1 {
		c.order = append(c.order, k)
	}
	k.Bytes += int64(r.size())
	k.hash.Write(summed)
	if c.o.Progress != nil {
		c.o.Progress(int64(r.size()))
	}
}

// kindOf is the kind of a row.
func (c *copying) kindOf(shelf Shelf, key []byte) *kind {
	name := NameOf(shelf, key)
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.kinds[name]
	if k == nil {
		k = &kind{Copied: Copied{Kind: name}, hash: NewHash()}
		c.kinds[name] = k
	}
	return k
}

// NameOf is the kind of a row, in the plural.
func NameOf(shelf Shelf, key []byte) string {
	switch shelf {
	case Ledger:
		return "ledger entries"
	case Violations:
		return "violations"
	}
	for _, k := range store.Kinds {
		if len(key) > 0 && k.Prefix == key[0] {
			return k.Name
		}
	}
	return fmt.Sprintf("records %q", key[:min(1, len(key))])
}

// report is of those kinds that there are, and then of those that there are no more.
func (c *copying) report() (all []Copied) {
	for _, k := range c.order {
		all = append(all, k.copied())
	}
	for _, name := range slices.Sorted(maps.Keys(c.kinds)) {
		if k := c.kinds[name]; k.Rows == 0 {
			all = append(all, k.copied())
		}
	}
	return all
}

// part is a span of the source with what is in it.
type part struct {
	Span
	rows []*Row
	hash Hash
}

// chunk are parts that lie next to each other.
type chunk struct {
	parts []*part
	size  int
}

// last is the part that is being read. Its span begins where the one before ends.
func (c *chunk) last() *part { return c.parts[len(c.parts)-1] }

func (c *chunk) next(shelf Shelf, from []byte) {
	c.parts = append(c.parts, &part{Span: Span{Shelf: shelf, From: from}, hash: NewHash()})
}

// shelf copies what lies on a shelf.
func (c *copying) shelf(ctx context.Context, from Source, shelf Shelf) error {
	workers, ctx := errgroup.WithContext(ctx)
	chunks := make(chan *chunk)
	for range max(1, c.to.Workers()) {
		workers.Go(func() error {
			for {
				select {
				case next, more := <-chunks:
					if !more {
						return nil
					}
					if err := c.settle(ctx, next); err != nil {
						return err
					}
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		})
	}
	workers.Go(func() error {
		defer close(chunks)
		hand := func(next *chunk) error {
			select {
			case chunks <- next:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		now := new(chunk)
		now.next(shelf, nil)
		var summed []byte
		err := from.Rows(ctx, shelf, func(r *Row) error {
			if full := now.size >= chunkBytes; full || len(now.last().rows) >= c.o.SpanRows {
				now.last().Before = r.Key
				if full || len(now.parts) == chunkSpans {
					if err := hand(now); err != nil {
						return err
					}
					now = new(chunk)
				}
				now.next(shelf, r.Key)
			}
			summed = r.summed(summed[:0])
			c.read(shelf, r, summed)
			p := now.last()
			p.hash.Write(summed)
			p.rows, now.size = append(p.rows, r), now.size+r.size()
			return nil
		})
		if err != nil {
			return err
		}
		return hand(now) // behind the last row, too, there must be nothing
	})
	return workers.Wait()
}

// settle makes a chunk of the target equal to the source.
func (c *copying) settle(ctx context.Context, want *chunk) error {
	different, empty, err := c.compare(ctx, want.parts)
	if err != nil || len(different) == 0 {
		return err
	}
	var put []*Row
	var gone [][]byte
	for _, p := range different {
		if empty {
			put = append(put, p.rows...)
			continue
		}
		if put, gone, err = c.differences(ctx, p, put, gone); err != nil {
			return err
		}
	}
	all := Span{Shelf: want.parts[0].Shelf, From: want.parts[0].From, Before: want.last().Before}
	if err := c.to.Write(ctx, all, empty, put, gone); err != nil {
		return err
	}
	if different, _, err = c.compare(ctx, different); err != nil {
		return err
	}
	if len(different) > 0 {
		return ErrDiffers
	}
	for _, r := range put {
		c.kindOf(all.Shelf, r.Key).written.Add(1)
	}
	for _, key := range gone {
		c.kindOf(all.Shelf, key).deleted.Add(1)
	}
	return nil
}

// compare finds the parts in which the target differs, and reports whether it has nothing in
// any of them.
func (c *copying) compare(ctx context.Context, parts []*part) (different []*part, empty bool, err error) {
	spans := make([]Span, len(parts))
	for i, p := range parts {
		spans[i] = p.Span
	}
	sums, err := c.to.Sums(ctx, spans)
	if err != nil {
		return nil, false, err
	}
	empty = true
	for i, p := range parts {
		empty = empty && sums[i].Rows == 0
		if sums[i].Rows != len(p.rows) || sums[i].Rows > 0 && sums[i].Sum != p.hash.Sum() {
			different = append(different, p)
		}
	}
	return different, empty, nil
}

// differences appends what is to be put into a span, and taken out.
func (c *copying) differences(ctx context.Context, want *part, put []*Row, gone [][]byte) ([]*Row, [][]byte, error) {
	i := 0 // the next row of the source
	err := c.to.Rows(ctx, want.Span, func(has *Row) error {
		for ; i < len(want.rows) && bytes.Compare(want.rows[i].Key, has.Key) < 0; i++ {
			put = append(put, want.rows[i])
		}
		if i == len(want.rows) || !bytes.Equal(want.rows[i].Key, has.Key) {
			gone = append(gone, has.Key)
			return nil
		}
		if has.Sum() != want.rows[i].Sum() {
			put = append(put, want.rows[i])
		}
		i++
		return nil
	})
	return append(put, want.rows[i:]...), gone, err
}

// again reads a source once more that others may have changed.
func (c *copying) again(ctx context.Context, from Source) error {
	now := &copying{o: c.o, kinds: make(map[string]*kind)}
	var summed []byte
	for _, shelf := range Shelves {
		err := from.Rows(ctx, shelf, func(r *Row) error {
			summed = r.summed(summed[:0])
			now.read(shelf, r, summed)
			return nil
		})
		if err != nil {
			return err
		}
	}
	same := slices.EqualFunc(c.order, now.order, func(a, b *kind) bool {
		return a.Kind == b.Kind && a.copied().Digest == b.copied().Digest
	})
	if !same {
		return ErrChanged
	}
	return nil
}
