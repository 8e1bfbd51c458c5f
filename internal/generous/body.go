package generous

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf16"
)

const (
	maxLayers = 3  // compressions around one body
	maxBodies = 12 // texts one body could hold
)

// body is one text the bytes of a body could hold.
type body struct{ text, how string }

// readBody lists the texts: the bytes as they are, decompressed, and decoded from UTF-16 or UTF-32.
func readBody(h http.Header, raw []byte) []body {
	if len(raw) == 0 {
		return nil
	}
	encodings := fold(strings.Join(headerValues(h, "Content-Encoding"), ","))
	charsets := fold(strings.Join(headerValues(h, "Content-Type"), ","))
	type layer struct {
		data []byte
		how  string
	}
	var out []body
	current := []layer{{data: raw}}
	for range maxLayers + 1 {
		var inner []layer
		for _, l := range current {
			out = append(out, body{string(l.data), l.how})
			for _, wide := range widened(l.data, strings.Contains(charsets, "utf-")) {
				out = append(out, body{wide, joinHow(l.how, "wide characters")})
			}
			for _, d := range decompressed(l.data, encodings) {
				inner = append(inner, layer{d, joinHow(l.how, "decompressed")})
			}
		}
		current = bounded(inner, 4)
	}
	return bounded(out, maxBodies)
}

// decompressed tries each compression that the header or the first bytes suggest, and keeps what can be read.
func decompressed(data []byte, encodings string) [][]byte {
	var out [][]byte
	try := func(r io.Reader, err error) {
		if err != nil {
			return
		}
		if d, _ := io.ReadAll(io.LimitReader(r, MaxBody)); len(d) > 0 {
			out = append(out, d)
		}
	}
	if bytes.HasPrefix(data, []byte{0x1F, 0x8B}) {
		try(gzip.NewReader(bytes.NewReader(data)))
	}
	if len(data) > 2 && data[0]&0x0F == 8 && binary.BigEndian.Uint16(data)%31 == 0 {
		try(zlib.NewReader(bytes.NewReader(data)))
	}
	if strings.Contains(encodings, "deflate") {
		try(flate.NewReader(bytes.NewReader(data)), nil)
	}
	return out
}

// widened decodes UTF-16 and UTF-32 of either byte order if a zero byte near the start, a byte order mark or the
// content type suggests it.
func widened(data []byte, named bool) []string {
	head := data[:min(len(data), 8)]
	marked := bytes.HasPrefix(head, []byte{0xFE, 0xFF}) || bytes.HasPrefix(head, []byte{0xFF, 0xFE})
	if !marked && !bytes.Contains(head, []byte{0}) && !(named && len(data)%2 == 0 && bytes.Contains(data, []byte{0})) {
		return nil
	}
	var out []string
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		units := make([]uint16, 0, len(data)/2)
		for pair := range slices.Chunk(data, 2) {
			if len(pair) == 2 {
				// In UTF-32 every other unit is zero, and nothing is lost by dropping it.
				if u := order.Uint16(pair); u != 0 {
					units = append(units, u)
				}
			}
		}
		out = append(out, string(utf16.Decode(units)))
	}
	return out
}
