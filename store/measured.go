package store

// Measured is what a store can tell in addition about what it takes up.
type Measured interface {
	Measure() Measure
}

// Measure is what a store takes up at a moment.
type Measure struct {
	// Bytes is what its files take on disk.
	Bytes uint64
	// Free is how much may still be written to its disk, Needed how much of that
	// must be left for a send to be taken. Both are zero where nobody knows.
	Free, Needed uint64
	// Waiting is how many changes are on their way to disk.
	Waiting int
}

// Full reports that the disk has no room for sends.
func (m *Measure) Full() bool { return m.Free < m.Needed }
