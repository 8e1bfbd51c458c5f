package store

import (
	"encoding/binary"
	"iter"
	"math/bits"
	"slices"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// tally counts entries. It keeps each text once, however many sums have it, and takes
// sums from records without making an [Alike] of each: only what it comes to is spelled
// out.
type tally struct {
	texts  map[string]uint32
	words  []string
	number map[uint64]uint32
	values []uint64
	// small are the places of small numbers in values, zero for those that have none yet.
	small  [256]uint32
	kinds  kindTable
	counts map[countKey]int
	// days are nil where quarters are counted. The columns dropped, by bits, are not told
	// apart.
	days    *days
	dropped uint32
	// since is the quarter before which nothing is counted that was delivered, or not.
	since int64
	// only says what is counted; nil for all.
	only *only
	// local are the texts of the record that is read.
	local []uint32
}

// kindKey is what entries are, without times: for each column the place of its text in
// words, or of its number in values.
type kindKey [sumColumns]uint32

// countKey is what is counted together: what was decided in a quarter, or on a day that
// begins with one, and delivered so many quarters later.
type countKey struct {
	at    int32
	after int32
	kind  uint32
}

func newTally() *tally {
	return &tally{
		texts: map[string]uint32{"": 0}, words: []string{""}, number: map[uint64]uint32{0: 0}, values: []uint64{0},
		counts: make(map[countKey]int),
	}
}

// in has the tally count in less detail, from a time on.
func (t *tally) in(d *Detail, from policy.Moment) {
	if d.Days != nil {
		t.days = newDays(d, numberOf(from))
	}
	t.since = numberOf(d.DeliveredFrom)
	if d.Only != nil {
		t.only = &only{of: d.Only}
	}
	if d.NoTemplates {
		t.dropped |= 1 << templateColumn
	}
	if d.NoTags {
		t.dropped |= 1 << tagsColumn
	}
}

// add counts n more that are alike in a quarter.
func (t *tally) add(q int64, a *Alike, n int) (k countKey) {
	if q+int64(a.DeliveredAfter) < t.since {
		return k
	}
	var key kindKey
	var hash uint64
	for i := range columns {
		c := &columns[i]
		switch {
		case i == deliveredColumn || t.dropped>>i&1 == 1:
		case c.number != nil:
			key[i] = t.value(c.number(a))
		default:
			key[i] = t.text(c.text(a))
		}
		hash += mixed(i, key[i])
	}
	kind := t.kinds.of(&key, hash)
	if t.only != nil && !t.only.has(t, kind, q+int64(a.DeliveredAfter)) {
		return k
	}
	k = t.key(q, int64(a.DeliveredAfter), kind)
	t.count(k, n)
	return k
}

// addEntry counts an entry n times in a quarter, with its copies.
func (t *tally) addEntry(q int64, c *counted, n int) (own countKey, copies []countKey) {
	own = t.add(q, &c.Alike, n)
	for i := range c.copies {
		copies = append(copies, t.add(q, &c.copies[i], n))
	}
	return own, copies
}

// entries is how many entries are counted, without copies.
func (t *tally) entries(counts map[countKey]int) (n int) {
	for k, count := range counts {
		if t.words[t.kinds.keys[k.kind][partColumn]] != string(billing.Copy) {
			n += count
		}
	}
	return n
}

func (t *tally) count(k countKey, n int) {
	if n += t.counts[k]; n != 0 {
		t.counts[k] = n
	} else {
		delete(t.counts, k)
	}
}

func (t *tally) text(s string) uint32 {
	id, ok := t.texts[s]
	if !ok {
		id = uint32(len(t.words))
		t.texts[s], t.words = id, append(t.words, s)
	}
	return id
}

func (t *tally) value(n uint64) uint32 {
	if n < uint64(len(t.small)) && t.small[n] != 0 {
		return t.small[n]
	}
	id, ok := t.number[n]
	if !ok {
		id = uint32(len(t.values))
		t.number[n], t.values = id, append(t.values, n)
	}
	if n < uint64(len(t.small)) {
		t.small[n] = id
	}
	return id
}

// kindTable numbers kinds in the order in which they come. It is a hash table of which whoever
// reads a record of sums carries the hash along: from one sum to the next few columns change.
type kindTable struct {
	keys   []kindKey
	hashes []uint64
	slots  []uint32 // one more than the number of the kind; zero for none
}

// mixed is what a column adds to the hash of a kind: nothing where it is empty or zero.
func mixed(column int, value uint32) uint64 {
	if value == 0 {
		return 0
	}
	h := (uint64(column)<<32 | uint64(value)) * 0x9e3779b97f4a7c15
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	return h ^ h>>32
}

func (k *kindTable) of(key *kindKey, hash uint64) uint32 {
	if 2*len(k.keys) >= len(k.slots) {
		k.grow()
	}
	mask := uint64(len(k.slots) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		switch slot := k.slots[at]; {
		case slot == 0:
			k.keys, k.hashes = append(k.keys, *key), append(k.hashes, hash)
			k.slots[at] = uint32(len(k.keys))
			return uint32(len(k.keys) - 1)
		case k.hashes[slot-1] == hash && k.keys[slot-1] == *key:
			return slot - 1
		}
	}
}

func (k *kindTable) grow() {
	k.slots = make([]uint32, max(64, 2*len(k.slots)))
	mask := uint64(len(k.slots) - 1)
	for kind, hash := range k.hashes {
		at := hash & mask
		for k.slots[at] != 0 {
			at = (at + 1) & mask
		}
		k.slots[at] = uint32(kind + 1)
	}
}

func (t *tally) key(q, after int64, kind uint32) countKey {
	if t.days != nil {
		q, after = t.days.of(t, q, after, kind)
	}
	return countKey{int32(q), int32(after), kind}
}

// alike spells out what is counted together.
func (t *tally) alike(k countKey) (a Alike) {
	key := &t.kinds.keys[k.kind]
	for i := range columns {
		switch c := &columns[i]; {
		case i == deliveredColumn:
		case c.number != nil:
			c.setNumber(&a, t.values[key[i]])
		default:
			c.setText(&a, t.words[key[i]])
		}
	}
	a.DeliveredAfter = int(k.after)
	return a
}

// negative reports that fewer than none are counted of something.
func (t *tally) negative() bool {
	for _, n := range t.counts {
		if n < 0 {
			return true
		}
	}
	return false
}

// pack is the tally of one quarter as a record keeps it. All is in unsigned numbers of
// variable length: how many texts there are, and each with its length; then each sum:
// which columns differ from the sum before, as bits, what they are, and how many entries.
// A text is its number among them, from one, zero for none.
func (t *tally) pack() []byte {
	type row struct {
		key   *kindKey
		after int32
		n     int
	}
	rows := make([]row, 0, len(t.counts))
	for k, n := range t.counts {
		rows = append(rows, row{&t.kinds.keys[k.kind], k.after, n})
	}
	slices.SortFunc(rows, func(a, b row) int {
		for i := sumColumns - 1; i >= 0; i-- {
			if d := int(a.key[i]) - int(b.key[i]); d != 0 {
				return d
			}
		}
		return int(a.after) - int(b.after)
	})
	local := make(map[uint32]uint64)
	var head, body []byte
	texts := 0
	var before [sumColumns]uint64
	for _, r := range rows {
		now := [sumColumns]uint64{deliveredColumn: zigzag(int64(r.after))}
		var differ uint64
		for i := range columns {
			switch {
			case i == deliveredColumn:
			case columns[i].number != nil:
				now[i] = t.values[r.key[i]]
			case r.key[i] != 0:
				id, known := local[r.key[i]]
				if !known {
					texts++
					id = uint64(texts)
					local[r.key[i]] = id
					word := t.words[r.key[i]]
					head = append(binary.AppendUvarint(head, uint64(len(word))), word...)
				}
				now[i] = id
			}
			if now[i] != before[i] {
				differ |= 1 << i
			}
		}
		body = binary.AppendUvarint(body, differ)
		for i := range columns {
			if now[i] != before[i] {
				body = binary.AppendUvarint(body, now[i])
			}
		}
		body = binary.AppendUvarint(body, uint64(r.n))
		before = now
	}
	packed := binary.AppendUvarint(make([]byte, 0, 8+len(head)+len(body)), uint64(texts))
	return append(append(packed, head...), body...)
}

// addPacked adds what pack has packed of a quarter.
func (t *tally) addPacked(q int64, packed []byte) error {
	p := unpacker{packed, false}
	t.local = append(t.local[:0], 0)
	for n := p.next(); n > 0 && !p.broken; n-- {
		word := p.bytes()
		id, ok := t.texts[string(word)]
		if !ok {
			id = t.text(string(word))
		}
		t.local = append(t.local, id)
	}
	var key kindKey
	var hash uint64
	var after int64
	var kind uint32
	known := false
	// What is counted together comes together, mostly.
	var run countKey
	sum := 0
	for len(p.rest) > 0 && !p.broken {
		differ := p.next()
		if differ>>sumColumns != 0 {
			return errUnevenSums
		}
		for ; differ != 0; differ &= differ - 1 {
			i := bits.TrailingZeros64(differ)
			n := p.next()
			var value uint32
			switch {
			case i == deliveredColumn:
				after = unzigzag(n)
				continue
			case numbers[i]:
				value = t.value(n)
			case n >= uint64(len(t.local)):
				return errUnevenSums
			default:
				value = t.local[n]
			}
			if t.dropped>>i&1 == 0 {
				hash += mixed(i, value) - mixed(i, key[i])
				key[i], known = value, false
			}
		}
		n := p.next()
		if p.broken {
			break
		}
		if q+after < t.since {
			continue
		}
		if !known {
			kind, known = t.kinds.of(&key, hash), true
		}
		if t.only != nil && !t.only.has(t, kind, q+after) {
			continue
		}
		if k := t.key(q, after, kind); k != run {
			if sum != 0 {
				t.counts[run] += sum
			}
			run, sum = k, 0
		}
		sum += int(n)
	}
	if sum != 0 {
		t.counts[run] += sum
	}
	if p.broken {
		return errUnevenSums
	}
	return nil
}

// unpacker reads what is packed.
type unpacker struct {
	rest   []byte
	broken bool
}

func (p *unpacker) next() uint64 {
	if len(p.rest) > 0 && p.rest[0] < 0x80 {
		n := p.rest[0]
		p.rest = p.rest[1:]
		return uint64(n)
	}
	n, size := binary.Uvarint(p.rest)
	if size <= 0 {
		p.rest, p.broken = nil, true
		return 0
	}
	p.rest = p.rest[size:]
	return n
}

func (p *unpacker) bytes() []byte {
	n := p.next()
	if n > uint64(len(p.rest)) {
		p.rest, p.broken = nil, true
		return nil
	}
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

// sums are what is counted, not before a time. Each is good until the next one.
func (t *tally) sums(f *Filter, from policy.Moment) iter.Seq[*Sum] {
	return func(yield func(*Sum) bool) {
		var s Sum
		for k, n := range t.counts {
			s = Sum{At: beginOf(int64(k.at)), Alike: t.alike(k), N: n}
			if !f.selects(&s.Alike) {
				continue
			}
			if int64(k.at) == numberOf(from) {
				s.At = max(s.At, from)
			}
			if !yield(&s) {
				return
			}
		}
	}
}
