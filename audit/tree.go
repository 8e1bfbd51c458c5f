package audit

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles are runs of 256 hashes of a level. The tile n of level l has, for each of 256
// runs of 256^l leaves, the hash over it.
const (
	TileHeight = 8
	TileWidth  = 1 << TileHeight
)

// Hash is one of the tree.
type Hash = tlog.Hash

// HashLeaf is the hash of a leaf.
func HashLeaf(leaf []byte) Hash { return tlog.RecordHash(leaf) }

// Edge is what must be known of a tree to add to it: its size, and the hashes of the
// largest whole subtrees it consists of, from the first leaf on.
type Edge struct {
	Size   uint64
	Hashes []Hash
}

// Whole is a subtree that adding a leaf has completed: run n of 256^level leaves.
type Whole struct {
	Level int
	N     uint64
	Hash  Hash
}

// Add adds the hash of a leaf. It gives the runs that are whole now, level 1 first.
func (e *Edge) Add(h Hash) (whole []Whole) {
	height := 0
	for i := e.Size; i&1 == 1; i >>= 1 {
		h = tlog.NodeHash(e.Hashes[len(e.Hashes)-1], h)
		e.Hashes = e.Hashes[:len(e.Hashes)-1]
		if height++; height%TileHeight == 0 {
			whole = append(whole, Whole{height / TileHeight, e.Size >> height, h})
		}
	}
	e.Hashes = append(e.Hashes, h)
	e.Size++
	return whole
}

// Root is the hash of the tree. A tree without leaves has none.
func (e *Edge) Root() Hash {
	if len(e.Hashes) == 0 {
		return Hash{}
	}
	h := e.Hashes[len(e.Hashes)-1]
	for i := len(e.Hashes) - 2; i >= 0; i-- {
		h = tlog.NodeHash(e.Hashes[i], h)
	}
	return h
}

// Bytes are the hashes one after the other.
func (e *Edge) Bytes() []byte { return Join(e.Hashes) }

// EdgeOf is the edge of a tree of that size with these hashes.
func EdgeOf(size uint64, hashes []byte) (Edge, error) {
	split, err := Split(hashes)
	if err != nil {
		return Edge{}, err
	}
	n := 0
	for i := size; i != 0; i &= i - 1 {
		n++
	}
	if n != len(split) {
		return Edge{}, fmt.Errorf("a tree of %d leaves has %d hashes at its edge, not %d", size, n, len(split))
	}
	return Edge{size, split}, nil
}

// Join puts hashes one after the other, as a tile has them.
func Join(hashes []Hash) []byte {
	out := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		out = append(out, h[:]...)
	}
	return out
}

// Split takes them apart.
func Split(joined []byte) ([]Hash, error) {
	if len(joined)%tlog.HashSize != 0 {
		return nil, errors.New("it is no row of hashes")
	}
	hashes := make([]Hash, len(joined)/tlog.HashSize)
	for i := range hashes {
		hashes[i] = Hash(joined[i*tlog.HashSize:])
	}
	return hashes, nil
}

// TileReader gives the hashes of a tile, as many as there are.
type TileReader func(level int, n uint64) ([]byte, error)

// ReadHashes reads hashes of the tree out of tiles, as package tlog numbers them.
func (read TileReader) ReadHashes(indexes []int64) ([]Hash, error) {
	type name struct {
		level int
		n     int64
	}
	tiles := make(map[name][]byte)
	out := make([]Hash, len(indexes))
	for i, index := range indexes {
		tile := tlog.TileForIndex(TileHeight, index)
		data, ok := tiles[name{tile.L, tile.N}]
		if !ok {
			var err error
			if data, err = read(tile.L, uint64(tile.N)); err != nil {
				return nil, err
			}
			tiles[name{tile.L, tile.N}] = data
		}
		if len(data) < tile.W*tlog.HashSize {
			return nil, fmt.Errorf("tile %d of level %d has %d hashes, and %d are needed", tile.N, tile.L, len(data)/tlog.HashSize, tile.W)
		}
		h, err := tlog.HashFromTile(tile, data[:tile.W*tlog.HashSize], index)
		if err != nil {
			return nil, err
		}
		out[i] = h
	}
	return out, nil
}

// RootAt is the hash the tree had when it was of that size.
func RootAt(size uint64, tiles TileReader) (Hash, error) {
	return tlog.TreeHash(int64(size), tiles)
}
