package store

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/waguard/waguard/audit"
)

// A leaf may lead to no record where a later one says that its record was erased.

// erasedLeaf reads which leaves' records were erased: leaves before this one, which lead
// to no record.
func (v *logVerifier) erasedLeaf(t *tree, leaf []byte) {
	var erased audit.Erased
	if json.Unmarshal(leaf, &erased) != nil {
		v.at(t, t.edge.Size, nil, "the leaf can't be read: it has been changed")
		return
	}
	for _, in := range erased.Leaves {
		for _, index := range in.Indexes {
			name := leafName{in.Epoch, index}
			if !v.gone[name] {
				v.at(t, t.edge.Size, nil, "the leaf says that a record was erased which is still there, or never was")
				continue
			}
			v.erased[name] = true
		}
	}
}

// compareErased finds leaves that lead to no record though none says that it was erased.
func (v *logVerifier) compareErased() {
	order := func(a, b leafName) int { return cmp.Or(cmp.Compare(a.epoch, b.epoch), cmp.Compare(a.index, b.index)) }
	for _, name := range slices.SortedFunc(maps.Keys(v.gone), order) {
		if !v.erased[name] {
			index := name.index
			v.Add(audit.Finding{Epoch: name.epoch, Index: &index, What: "the leaf leads to no record, and no leaf says that it was erased: what it is about has been taken away"})
		}
	}
}
