package store

import (
	"encoding/binary"
	"slices"

	"github.com/waguard/waguard/policy"
)

//go:generate go run ../internal/recordgen

// encodeEntry writes a ledger entry byte for byte as encode does, which takes
// several times as long for it: every send is one.
func encodeEntry(e *Entry) []byte {
	w := recordWriter{make([]byte, 0, 384)}
	w.writeEntry(e)
	return w.out
}

// encodeSettlement does the same for what became of it.
func encodeSettlement(s *settlement) []byte {
	w := recordWriter{make([]byte, 0, 64)}
	w.writeSettlement(s)
	return w.out
}

// appendContact does the same for the contactRecord of a contact, behind what is
// in to: each message that comes in changes one.
func appendContact(to []byte, c *policy.Contact) []byte {
	w := recordWriter{to}
	o := w.object()
	w.key(o, 1)
	w.writeContact(c)
	return w.out
}

// appendStatus does the same for what became of a message.
func appendStatus(to []byte, r *statusRecord) []byte {
	w := recordWriter{to}
	w.writeStatusRecord(r)
	return w.out
}

// appendMeter does the same for how far a meter is.
func appendMeter(to []byte, r *meterRecord) []byte {
	w := recordWriter{to}
	w.writeMeterRecord(r)
	return w.out
}

// The major types of CBOR (RFC 8949, section 3.1) that occur, and three simple values.
const (
	cborUint     = 0
	cborNegative = 1
	cborBytes    = 2
	cborText     = 3
	cborArray    = 4
	cborMap      = 5
	cborTag      = 6
	cborFalse    = 0xf4
	cborTrue     = 0xf5
	cborNull     = 0xf6
)

// recordWriter writes CBOR (RFC 8949). The methods that write structs are
// generated from their tags.
type recordWriter struct{ out []byte }

// object begins a map and returns where its head is.
func (w *recordWriter) object() int {
	w.out = append(w.out, cborMap<<5)
	return len(w.out) - 1
}

// key begins a member of the object. It must be followed by one value.
func (w *recordWriter) key(object int, key byte) {
	switch w.out[object] {
	case cborMap<<5 | 24: // the number of members is in the next byte
		w.out[object+1]++
	case cborMap<<5 | 23:
		w.out[object]++
		w.out = slices.Insert(w.out, object+1, 24)
	default:
		w.out[object]++
	}
	w.head(cborUint, uint64(key))
}

func (w *recordWriter) bool(v bool) {
	if v {
		w.out = append(w.out, cborTrue)
	} else {
		w.out = append(w.out, cborFalse)
	}
}

func (w *recordWriter) null() { w.out = append(w.out, cborNull) }

func (w *recordWriter) string(s string) {
	w.head(cborText, uint64(len(s)))
	w.out = append(w.out, s...)
}

func (w *recordWriter) bytes(b []byte) {
	w.head(cborBytes, uint64(len(b)))
	w.out = append(w.out, b...)
}

func (w *recordWriter) int(n int64) {
	if n < 0 {
		w.head(cborNegative, uint64(^n))
		return
	}
	w.head(cborUint, uint64(n))
}

func (w *recordWriter) head(major byte, n uint64) {
	major <<= 5
	switch {
	case n < 24:
		w.out = append(w.out, major|byte(n))
	case n < 1<<8:
		w.out = append(w.out, major|24, byte(n))
	case n < 1<<16:
		w.out = binary.BigEndian.AppendUint16(append(w.out, major|25), uint16(n))
	case n < 1<<32:
		w.out = binary.BigEndian.AppendUint32(append(w.out, major|26), uint32(n))
	default:
		w.out = binary.BigEndian.AppendUint64(append(w.out, major|27), n)
	}
}
