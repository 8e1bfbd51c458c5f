package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io"
)

// Keys are told apart by regions: those with the same first bytes, a few hundred of
// them or, of the lines of the ledger, those of some hours. Of each region a backup keeps
// a sum of its keys. So the next one knows where keys have come or gone, and lists those
// there are: whatever way a record was deleted in, it is missed.

// Regions are the sums of all regions that have keys, in the order of their keys: length
// and bytes of the prefix, and the sum.
type Regions []byte

// regionSum is the size of a sum.
const regionSum = 8

// Region is one of them.
type Region struct {
	Prefix string
	Sum    [regionSum]byte
}

// All are the regions.
func (r Regions) All() (all []Region, err error) {
	for len(r) > 0 {
		n := int(r[0])
		if n == 0 || len(r) < 1+n+regionSum {
			return nil, errors.New("the list of regions is cut short")
		}
		all = append(all, Region{string(r[1 : 1+n]), [regionSum]byte(r[1+n:])})
		r = r[1+n+regionSum:]
	}
	return all, nil
}

// Add adds one that comes after those there are.
func (r *Regions) Add(x Region) {
	*r = append(append(append(*r, byte(len(x.Prefix))), x.Prefix...), x.Sum[:]...)
}

// Keys collects the keys of a region.
type Keys struct {
	Prefix string
	Count  int
	list   []byte
	sum    hash.Hash
}

// NewKeys begins a region.
func NewKeys(prefix string) *Keys { return &Keys{Prefix: prefix, sum: sha256.New()} }

// Add adds the next key.
func (k *Keys) Add(key []byte) {
	begin := len(k.list)
	k.list = append(binary.AppendUvarint(k.list, uint64(len(key))), key...)
	k.sum.Write(k.list[begin:])
	k.Count++
}

// Region sums the keys up.
func (k *Keys) Region() Region { return Region{k.Prefix, [regionSum]byte(k.sum.Sum(nil))} }

// WriteTo writes the keys.
func (k *Keys) WriteTo(w io.Writer) (int64, error) {
	b := append(binary.AppendUvarint(nil, uint64(len(k.Prefix))), k.Prefix...)
	b = binary.AppendUvarint(b, uint64(k.Count))
	n, err := w.Write(append(b, k.list...))
	return int64(n), err
}

// longestKey is more than any key has.
const longestKey = 1 << 16

// ReadKeys reads what [Keys.WriteTo] wrote, region by region. The keys of each are in
// order, and good until the next.
func ReadKeys(r io.Reader, visit func(prefix []byte, keys [][]byte) error) error {
	in := bufio.NewReader(r)
	for {
		prefix, err := readKey(in)
		if errors.Is(err, io.EOF) && prefix == nil {
			return nil
		}
		if err != nil {
			return err
		}
		count, err := binary.ReadUvarint(in)
		if err != nil {
			return err
		}
		var keys [][]byte
		for range count {
			key, err := readKey(in)
			if err != nil {
				return err
			}
			if !bytes.HasPrefix(key, prefix) {
				return errors.New("a key is in another region")
			}
			keys = append(keys, key)
		}
		if err := visit(prefix, keys); err != nil {
			return err
		}
	}
}

func readKey(in *bufio.Reader) ([]byte, error) {
	n, err := binary.ReadUvarint(in)
	if err != nil {
		return nil, err
	}
	if n > longestKey {
		return nil, errors.New("a key is too long")
	}
	key := make([]byte, n)
	if _, err := io.ReadFull(in, key); err != nil {
		return key, io.ErrUnexpectedEOF
	}
	return key, nil
}

// Contents sums up the records of a store, in the order of their keys.
type Contents struct {
	sum    hash.Hash
	buffer []byte
}

// NewContents begins a sum.
func NewContents() *Contents { return &Contents{sum: sha256.New()} }

// Add adds a record.
func (c *Contents) Add(key, value []byte, expires uint64) {
	b := binary.AppendUvarint(c.buffer[:0], uint64(len(key)))
	b = append(b, key...)
	b = binary.AppendUvarint(b, expires)
	b = binary.AppendUvarint(b, uint64(len(value)))
	c.sum.Write(b)
	c.sum.Write(value)
	c.buffer = b
}

// Sum is the sum.
func (c *Contents) Sum() []byte { return c.sum.Sum(nil) }
