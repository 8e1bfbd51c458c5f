package audit

import (
	"slices"
	"time"
)

// ErasedSchema is the layout of the leaf that an erasure enters.
const ErasedSchema = "waguard.erased/1"

// Erased says which leaves' records were erased: those leaves stay, as numbers that
// nobody can open. It says nothing of whom they were about.
type Erased struct {
	// Schema is [ErasedSchema].
	Schema string `json:"schema"`
	// Day is when, in UTC.
	Day string `json:"day"`
	// Leaves are those of each tree.
	Leaves []ErasedLeaves `json:"leaves"`
}

// ErasedLeaves are leaves of a tree.
type ErasedLeaves struct {
	Epoch   uint32   `json:"epoch"`
	Indexes []uint64 `json:"indexes"`
}

// NewErased is the leaf for leaves by epoch.
func NewErased(leaves map[uint32][]uint64, at time.Time) *Erased {
	e := &Erased{Schema: ErasedSchema, Day: at.UTC().Format(time.DateOnly)}
	for epoch, indexes := range leaves {
		slices.Sort(indexes)
		e.Leaves = append(e.Leaves, ErasedLeaves{epoch, indexes})
	}
	slices.SortFunc(e.Leaves, func(a, b ErasedLeaves) int { return int(a.Epoch) - int(b.Epoch) })
	return e
}
