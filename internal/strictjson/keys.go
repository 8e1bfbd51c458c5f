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
	v := Value{doc: &p.doc, at: object}
	if n <= fewKeys && !escaped {
		for key := range v.Members() {
			for earlier := range v.Members() {
				if earlier == key {
					break
				}
				if bytes.Equal(earlier.raw(), key.raw()) {
					return p.fail("a key appears twice in the object that ends")
				}
			}
		}
		return nil
	}
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
