package strictjson

import (
	"bytes"
	"slices"
)

// fewKeys is up to how many keys comparing each with each is quicker than
// sorting them.
const fewKeys = 12

// duplicates looks for a key that an object has twice, also in different
// spellings.
func (p *parser) duplicates(object, n int, escaped bool) *Error {
	if n < 2 {
		return nil
	}
	if n <= fewKeys && !escaped {
		if p.sameKeys(object) {
			return p.fail("a key appears twice in the object that ends")
		}
		return nil
	}
	v := Value{doc: &p.doc, at: object}
	p.keys = p.keys[:0]
	for key := range v.Members() {
		raw := key.raw()
		if key.escaped() {
			raw = []byte(key.String())
		}
		p.keys = append(p.keys, raw)
	}
	slices.SortFunc(p.keys, bytes.Compare)
	for i := range p.keys[1:] {
		if bytes.Equal(p.keys[i], p.keys[i+1]) {
			return p.fail("a key appears twice in the object that ends")
		}
	}
	return nil
}

// sameKeys compares each key of an object, written without escapes, with those before
// it.
func (p *parser) sameKeys(object int) bool {
	src, nodes := p.doc.src, p.doc.nodes
	first, end := object+1, int(nodes[object].next)
	for i := first; i < end; i = int(nodes[i+1].next) {
		key := src[nodes[i].start:nodes[i].end]
		for j := first; j < i; j = int(nodes[j+1].next) {
			if bytes.Equal(key, src[nodes[j].start:nodes[j].end]) {
				return true
			}
		}
	}
	return false
}
