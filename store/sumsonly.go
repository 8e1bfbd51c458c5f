package store

import "github.com/waguard/waguard/policy"

// only says of which messages sums are counted, see [Detail.Only].
type only struct {
	of    func(*Alike) func(policy.Moment) bool
	kinds []*delivered
}

// delivered says of one kind of messages when those were delivered that are counted.
type delivered struct {
	in    func(policy.Moment) bool
	known map[int64]bool // by the quarter of an hour
}

// has reports that what is of a kind is counted where it was delivered in a quarter.
func (o *only) has(t *tally, kind uint32, q int64) bool {
	for int(kind) >= len(o.kinds) {
		a := t.alike(countKey{kind: uint32(len(o.kinds))})
		var d *delivered
		if in := o.of(&a); in != nil {
			d = &delivered{in, make(map[int64]bool)}
		}
		o.kinds = append(o.kinds, d)
	}
	d := o.kinds[kind]
	if d == nil {
		return false
	}
	in, ok := d.known[q]
	if !ok {
		in = d.in(beginOf(q))
		d.known[q] = in
	}
	return in
}
