package wal

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	// MaxChanges is the size of the changes that fit into a frame.
	MaxChanges = 8 << 20

	magic       = "waguard changes\n"
	stampSize   = 16
	headerSize  = 64
	frameHeader = 16
	frameSummed = 8 // where begins what the checksum of a frame covers
	alignment   = 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Stamp says whose a log is.
type Stamp [stampSize]byte

// appendHeader appends a file's header.
func appendHeader(b []byte, s Stamp) []byte {
	begin := len(b)
	b = append(append(b, magic...), s[:]...)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[begin:], castagnoli))
	return append(b, make([]byte, headerSize-(len(b)-begin))...)
}

// readHeader is the stamp of a file.
func readHeader(b []byte) (s Stamp, ok bool) {
	const sum = len(magic) + stampSize
	if len(b) < headerSize || string(b[:len(magic)]) != magic || binary.LittleEndian.Uint32(b[sum:]) != crc32.Checksum(b[:sum], castagnoli) {
		return s, false
	}
	return Stamp(b[len(magic):sum]), true
}

// frameSize is what changes take in a file.
func frameSize(changes int) int64 {
	return int64(frameHeader+changes+alignment-1) &^ (alignment - 1)
}

// appendFrame appends a frame.
func appendFrame(b []byte, number uint64, changes []byte) []byte {
	begin := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(changes)))
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, number)
	b = append(b, changes...)
	binary.LittleEndian.PutUint32(b[begin+4:], crc32.Checksum(b[begin+8:], castagnoli))
	return append(b, make([]byte, int(frameSize(len(changes)))-(len(b)-begin))...)
}

// frameHead is the number of the frame b begins with, and the length of its changes; not
// ok where it can't be one.
func frameHead(b []byte) (number uint64, length int64, ok bool) {
	if len(b) < frameHeader {
		return 0, 0, false
	}
	length = int64(binary.LittleEndian.Uint32(b))
	number = binary.LittleEndian.Uint64(b[8:])
	return number, length, length <= MaxChanges && int64(len(b)) >= frameHeader+length && number != 0
}

// frameSum is the checksum in a frame's head, which covers what is behind it.
func frameSum(b []byte) uint32 { return binary.LittleEndian.Uint32(b[4:frameSummed]) }

// readFrame reads the frame b begins with.
func readFrame(b []byte) (number uint64, changes []byte, ok bool) {
	number, length, ok := frameHead(b)
	if !ok || frameSum(b) != crc32.Checksum(b[frameSummed:frameHeader+length], castagnoli) {
		return 0, nil, false
	}
	return number, b[frameHeader : frameHeader+length], true
}
