package cloudapi

import (
	"bytes"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// BenchmarkStreamGuard is what searching an upload costs, and how much of it is
// held.
func BenchmarkStreamGuard(b *testing.B) {
	file := make([]byte, 16<<20)
	random := rand.NewChaCha8([32]byte{1})
	if _, err := io.ReadFull(random, file); err != nil {
		b.Fatal(err)
	}
	const boundary = "----------------------d74496d66958873e"
	start, end, _ := strings.Cut(strings.ReplaceAll(part(`name="file"; filename="a"`, "\x00")+lastBoundary, "--b", "--"+boundary), "\x00")
	parts := slices.Concat([]byte(start), file, []byte(end))
	for _, bb := range []struct {
		name, contentType string
		body              []byte
	}{
		{"file", "image/png", file},
		{"multipart", "multipart/form-data; boundary=" + boundary, parts},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(bb.body)))
			b.ReportAllocs()
			for b.Loop() {
				g := NewStreamGuard(bytes.NewReader(bb.body), bb.contentType)
				if _, err := io.Copy(io.Discard, g); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
