package wal

import "hash/crc32"

// sums tells the checksum of any part of a file at once. Where frames are looked for in
// what is damaged or old, much looks like the head of one: to sum up megabytes behind
// each would take seconds.
type sums struct {
	content []byte
	// prefix are the checksums of what is before every eighth byte; made when it is asked
	// for first.
	prefix []uint32
}

// of is the checksum of the bytes from one place to another.
func (s *sums) of(from, to int64) uint32 {
	if to-from < 1<<10 {
		return crc32.Checksum(s.content[from:to], castagnoli)
	}
	if s.prefix == nil {
		s.prefix = make([]uint32, len(s.content)/8+1)
		for i := range len(s.content) / 8 {
			s.prefix[i+1] = crc32.Update(s.prefix[i], castagnoli, s.content[8*i:8*i+8])
		}
	}
	// The checksum of a whole is that of its second part, and that of its first one
	// shifted by the second's length: zlib's crc32_combine.
	return s.before(to) ^ times(shift(to-from), s.before(from))
}

func (s *sums) before(at int64) uint32 {
	return crc32.Update(s.prefix[at/8], castagnoli, s.content[at&^7:at])
}

// powers are x^(8*2^k) modulo the polynomial.
var powers = func() (p [32]uint32) {
	p[0] = 1 << (31 - 8)
	for k := 1; k < len(p); k++ {
		p[k] = times(p[k-1], p[k-1])
	}
	return p
}()

// shift is the factor by which a checksum is shifted over so many bytes.
func shift(bytes int64) uint32 {
	factor := uint32(1 << 31)
	for k := 0; bytes > 0; k, bytes = k+1, bytes>>1 {
		if bytes&1 != 0 {
			factor = times(powers[k], factor)
		}
	}
	return factor
}

// times multiplies two polynomials over GF(2), whose highest bit is the one of x^0.
func times(a, b uint32) (product uint32) {
	for ; a != 0; a <<= 1 {
		if a&(1<<31) != 0 {
			product ^= b
		}
		odd := b & 1
		b >>= 1
		if odd != 0 {
			b ^= crc32.Castagnoli
		}
	}
	return product
}
