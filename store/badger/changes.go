package badger

import (
	"encoding/binary"
	"fmt"

	"github.com/waguard/waguard/store"
)

// What a batch leaves behind is a frame of the log of changes: first in which start of
// the gateway it was committed, and the newest entry of the ledger by then; then
// records and lines, each after a letter. Lengths are varints.
//
//	start(varint) entry(16) change*
//	change = 'p' expires(varint) key value      a record that was written
//	       | 'd' key                            one that was deleted
//	       | 'l' journal(1) id(16) data settled a line that was entered
const (
	changePut    = 'p'
	changeDelete = 'd'
	changeLine   = 'l'
)

// appendChanges appends what the batch leaves behind.
func (b *batch) appendChanges(out []byte, start uint64, at head) []byte {
	out = binary.AppendUvarint(out, start)
	out = append(out, at.Entry[:]...)
	for key, w := range b.writes {
		if w.deleted {
			out = appendBytes(append(out, changeDelete), key)
			continue
		}
		out = binary.AppendUvarint(append(out, changePut), w.expires)
		out = appendBytes(appendBytes(out, key), w.value)
	}
	for _, l := range b.lines {
		out = append(append(out, changeLine, byte(l.journal)), l.ID[:]...)
		out = appendBytes(appendBytes(out, l.Data), l.Settled)
	}
	return out
}

func appendBytes[T ~string | ~[]byte](out []byte, b T) []byte {
	return append(binary.AppendUvarint(out, uint64(len(b))), b...)
}

// changeReader reads a frame. What it gives lies in the frame.
type changeReader struct {
	rest []byte
	bad  bool
}

func (c *changeReader) uvarint() uint64 {
	v, n := binary.Uvarint(c.rest)
	if n <= 0 {
		c.rest, c.bad = nil, true
		return 0
	}
	c.rest = c.rest[n:]
	return v
}

func (c *changeReader) take(n uint64) []byte {
	if n > uint64(len(c.rest)) {
		c.rest, c.bad = nil, true
		return nil
	}
	taken := c.rest[:n:n]
	c.rest = c.rest[n:]
	return taken
}

func (c *changeReader) bytes() []byte { return c.take(c.uvarint()) }

func (c *changeReader) id() (id store.ID) {
	copy(id[:], c.take(uint64(len(id))))
	return id
}

// replay adds the changes of a frame, and gives the start they were committed in.
func (r *recent) replay(number uint64, changes []byte) (start uint64, err error) {
	c := changeReader{rest: changes}
	start = c.uvarint()
	at := head{Frame: number, Entry: c.id()}
	for len(c.rest) > 0 {
		switch kind := c.take(1)[0]; kind {
		case changePut:
			w := write{expires: c.uvarint()}
			key := c.bytes()
			if w.value = c.bytes(); len(key) > 0 {
				r.put(string(key), w)
			}
		case changeDelete:
			if key := c.bytes(); len(key) > 0 {
				r.put(string(key), write{deleted: true})
			}
		case changeLine:
			j := store.Journal(c.byte())
			l := &line{ID: c.id(), Data: c.bytes(), Settled: c.bytes()}
			if len(l.Settled) == 0 {
				l.Settled = nil
			}
			if j != store.Ledger && j != store.Violations {
				c.bad, c.rest = true, nil
				break
			}
			r.enter(j, l)
		default:
			c.bad, c.rest = true, nil
		}
	}
	if c.bad {
		return 0, fmt.Errorf("change %d can't be read: %w", number, store.ErrUnreadable)
	}
	r.at = at
	return start, nil
}

func (c *changeReader) byte() byte {
	if b := c.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}
