package wal

import (
	"hash/crc32"
	"testing"

	"pgregory.net/rapid"
)

// The checksum of any part is what it is when that is summed up.
func TestSums(t *testing.T) {
	content := make([]byte, 100_003)
	for i := range content {
		content[i] = byte(i * i >> 3)
	}
	s := &sums{content: content}
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Int64Range(0, int64(len(content))).Draw(t, "from")
		to := rapid.Int64Range(from, int64(len(content))).Draw(t, "to")
		if got, want := s.of(from, to), crc32.Checksum(content[from:to], castagnoli); got != want {
			t.Fatalf("%d to %d: %x, want %x", from, to, got, want)
		}
	})
}
