// Package archive is the format of backups: what a file says of itself, how its parts
// lie in it, and how one file follows another. It knows nothing of what is in them.
//
//	backup  = "waguard backup 2\n" frame* sum
//	frame   = kind(1) length(4) bytes(length)
//	sum     = 'e' SHA-256(32, of everything before it, without that 'e')
//
// All integers are big-endian. The first frame is the header, the last one the
// manifest, both in JSON. Between them are the records that were written since the
// backup before, or all of them, in Badger's stream format; and the keys there are,
// wherever these aren't those of the backup before and what was written since: whatever
// isn't among them was deleted.
//
// Files of version 1 are a line, Badger's stream and the SHA-256 of both.
package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"
)

const (
	magic1 = "waguard backup 1\n"
	magic2 = "waguard backup 2\n"

	headerFrame   = 'h'
	recordsFrame  = 'r'
	keysFrame     = 'k'
	manifestFrame = 'm'
	endFrame      = 'e'

	// frameSize is how much of a part goes into a frame, and largestFrame how much a
	// frame may have: a manifest has one of its own.
	frameSize    = 64 << 10
	largestFrame = 64 << 20
)

// Header is what is known of a backup before its records are read.
type Header struct {
	// At is when the store was as the backup has it.
	At time.Time `json:"at"`
	// Previous is the backup this one continues; nil where it holds everything.
	Previous *Previous `json:"previous,omitempty"`
	// Whole says why it holds everything, where an increment was asked for.
	Whole string `json:"whole,omitempty"`
	// Forgot: the backup was written anew without the people who were erased until then;
	// nil where it never was.
	Forgot *time.Time `json:"forgot,omitempty"`
}

// Previous names the backup that one continues.
type Previous struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// Manifest is what a backup says of itself.
type Manifest struct {
	Header
	// Store tells the stores of one installation from those of all others.
	Store string `json:"store"`
	Point
	// Counts are the records of the store as it was, by kind, and Contents is the
	// SHA-256 over all of them: what a restored store must have.
	Counts   map[string]int `json:"counts"`
	Contents string         `json:"contents"`
	// Records is how many of them are in this file.
	Records int `json:"records"`
	// Parts are what the file is made of.
	Parts []Part `json:"parts"`
	// Log is where the log of consent records had got to.
	Log
}

// Part is a part of a file.
type Part struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Log is where the log of consent records had got to.
type Log struct {
	// Checkpoint is signed; Verifier is the key to verify it with.
	Checkpoint string `json:"checkpoint,omitempty"`
	Verifier   string `json:"verifier,omitempty"`
	// Continues proves that the log continues the checkpoint of the backup before.
	Continues []string `json:"continues,omitempty"`
}

// Point is how far a store had got, as far as the next increment needs it.
type Point struct {
	Lineage string `json:"lineage"`
	// Start counts the times the store had been opened, Version is Badger's number of
	// its newest transaction.
	Start   uint64 `json:"start"`
	Version uint64 `json:"version"`
	// Regions sum up which keys there were; see [Regions].
	Regions Regions `json:"regions"`
}

// Base is what an increment continues.
type Base struct {
	Previous
	Point
	// Checkpoint is that of the log of consent records.
	Checkpoint string `json:"checkpoint,omitempty"`
}

// Writer writes a backup.
type Writer struct {
	w        io.Writer
	sum      hash.Hash
	manifest Manifest
	parts    [2]part
	err      error
}

// part is a part that is being written, or read.
type part struct {
	kind   byte
	name   string
	size   int64
	sum    hash.Hash
	buffer []byte
}

func newParts() [2]part {
	return [2]part{{kind: recordsFrame, name: "records", sum: sha256.New()}, {kind: keysFrame, name: "keys", sum: sha256.New()}}
}

// NewWriter begins a backup.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	a := &Writer{w: w, sum: sha256.New(), manifest: Manifest{Header: h}, parts: newParts()}
	content, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	a.write([]byte(magic2))
	a.frame(headerFrame, content)
	return a, a.err
}

func (a *Writer) write(b []byte) {
	if a.err != nil {
		return
	}
	a.sum.Write(b)
	_, a.err = a.w.Write(b)
}

func (a *Writer) frame(kind byte, content []byte) {
	a.write(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(content))))
	a.write(content)
}

// Records is where records go, in Badger's stream format.
func (a *Writer) Records() io.Writer { return partWriter{a, &a.parts[0]} }

// Keys is where the keys of a region go; see [AppendKeys].
func (a *Writer) Keys() io.Writer { return partWriter{a, &a.parts[1]} }

type partWriter struct {
	a *Writer
	*part
}

func (p partWriter) Write(b []byte) (int, error) {
	p.size += int64(len(b))
	p.sum.Write(b)
	for rest := b; len(rest) > 0; {
		n := min(frameSize-len(p.buffer), len(rest))
		p.buffer = append(p.buffer, rest[:n]...)
		rest = rest[n:]
		if len(p.buffer) == frameSize {
			p.flush()
		}
	}
	return len(b), p.a.err
}

func (p partWriter) flush() {
	if len(p.buffer) > 0 {
		p.a.frame(p.kind, p.buffer)
		p.buffer = p.buffer[:0]
	}
}

// Close ends the backup with what it says of itself, but for its header and parts.
func (a *Writer) Close(m Manifest) error {
	m.Header = a.manifest.Header
	for i := range a.parts {
		p := partWriter{a, &a.parts[i]}
		p.flush()
		m.Parts = append(m.Parts, Part{p.name, p.size, hex.EncodeToString(p.sum.Sum(nil))})
	}
	content, err := json.Marshal(m)
	if err != nil {
		return err
	}
	a.frame(manifestFrame, content)
	sum := a.sum.Sum(nil)
	a.write(append([]byte{endFrame}, sum...))
	return a.err
}

// Visitor is told what is in a backup while it is read. Each of its functions may be
// nil.
type Visitor struct {
	Header func(Header) error
	// Records and Keys are called with what was written there, in pieces.
	Records, Keys func([]byte) error
}

var (
	// ErrNone: a file is no backup.
	ErrNone = errors.New("the file is no backup of waguard, or one of a version this waguard doesn't know")
	// ErrShort: a file is too short.
	ErrShort = errors.New("the file is too short to be a backup")
	// ErrDamaged: a backup isn't what was written.
	ErrDamaged = errors.New("the backup is damaged or was cut short: its checksum does not match")
)

// Read reads a backup to its end. Only when it returns without an error is what the
// visitor was told of that of a whole backup. Those of version 1 have no manifest.
func Read(r io.Reader, v Visitor) (*Manifest, error) {
	in := bufio.NewReaderSize(r, frameSize)
	magic := make([]byte, len(magic2))
	switch _, err := io.ReadFull(in, magic); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ErrShort
	case err != nil:
		return nil, fmt.Errorf("reading the backup: %w", err)
	case string(magic) == magic1:
		return nil, readFirst(in, v)
	case string(magic) != magic2:
		return nil, ErrNone
	}
	d := &reader{in: in, sum: sha256.New(), parts: newParts()}
	d.sum.Write(magic)
	return d.read(v)
}

type reader struct {
	in    *bufio.Reader
	sum   hash.Hash
	parts [2]part
	frame []byte
}

func (d *reader) read(v Visitor) (*Manifest, error) {
	var header *Header
	var m *Manifest
	for {
		before := d.sum.Sum(nil)
		kind, content, err := d.next()
		if err != nil {
			return nil, err
		}
		switch {
		case kind == endFrame:
			if m == nil || !bytes.Equal(before, content) {
				return nil, ErrDamaged
			}
			if _, err := d.in.ReadByte(); !errors.Is(err, io.EOF) {
				return nil, cut(err) // also for what age or zstd find only here
			}
			return m, nil
		case m != nil, (kind == headerFrame) != (header == nil):
			return nil, ErrDamaged
		case kind == headerFrame:
			header = new(Header)
			if json.Unmarshal(content, header) != nil {
				return nil, ErrDamaged
			}
			if v.Header != nil {
				err = v.Header(*header)
			}
		case kind == manifestFrame:
			m = new(Manifest)
			if json.Unmarshal(content, m) != nil || !d.fits(m.Parts) {
				return nil, ErrDamaged
			}
		case kind == recordsFrame:
			d.parts[0].add(content)
			if v.Records != nil {
				err = v.Records(content)
			}
		case kind == keysFrame:
			d.parts[1].add(content)
			if v.Keys != nil {
				err = v.Keys(content)
			}
		default:
			return nil, ErrDamaged
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *part) add(content []byte) {
	p.size += int64(len(content))
	p.sum.Write(content)
}

// fits reports that the parts are what the manifest says.
func (d *reader) fits(parts []Part) bool {
	for i, p := range d.parts {
		if i >= len(parts) || parts[i] != (Part{p.name, p.size, hex.EncodeToString(p.sum.Sum(nil))}) {
			return false
		}
	}
	return len(parts) == len(d.parts)
}

// next is the next frame, which is good until the one after.
func (d *reader) next() (kind byte, content []byte, err error) {
	if kind, err = d.in.ReadByte(); err != nil {
		return 0, nil, cut(err)
	}
	head := make([]byte, 4)
	length := sha256.Size
	if kind != endFrame {
		if _, err := io.ReadFull(d.in, head); err != nil {
			return 0, nil, cut(err)
		}
		if length = int(binary.BigEndian.Uint32(head)); length > largestFrame {
			return 0, nil, ErrDamaged
		}
	}
	// It grows with what is there, not with what a damaged length says.
	buffer := bytes.NewBuffer(d.frame[:0])
	if n, err := io.CopyN(buffer, d.in, int64(length)); err != nil || n < int64(length) {
		return 0, nil, cut(err)
	}
	d.frame = buffer.Bytes()
	if kind != endFrame {
		d.sum.Write([]byte{kind})
		d.sum.Write(head)
		d.sum.Write(d.frame)
	}
	return kind, d.frame, nil
}

// cut is the error of a file that ends before its end.
func cut(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrDamaged
	}
	return fmt.Errorf("reading the backup: %w", err)
}

// readFirst reads the rest of a backup of version 1.
func readFirst(in *bufio.Reader, v Visitor) error {
	sum := sha256.New()
	sum.Write([]byte(magic1))
	if v.Header != nil {
		if err := v.Header(Header{}); err != nil {
			return err
		}
	}
	kept := make([]byte, 0, frameSize+sha256.Size) // the end of it is the checksum, wherever that is
	for {
		n, err := in.Read(kept[len(kept):cap(kept)])
		kept = kept[:len(kept)+n]
		if more := len(kept) - sha256.Size; more > 0 {
			sum.Write(kept[:more])
			if v.Records != nil {
				if err := v.Records(kept[:more]); err != nil {
					return err
				}
			}
			kept = kept[:copy(kept, kept[more:])]
		}
		switch {
		case errors.Is(err, io.EOF) && len(kept) < sha256.Size:
			return ErrShort
		case errors.Is(err, io.EOF) && !bytes.Equal(sum.Sum(nil), kept):
			return ErrDamaged
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return cut(err)
		}
	}
}
