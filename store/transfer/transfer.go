// Package transfer moves what a store keeps into another one, of the same engine or of
// another: records with how long they are kept, both journals with what became of each
// line, and what a [store.Book] must know about itself. It knows nothing of what records
// mean.
//
// A copy and a comparison are the same thing. The rows of the source are read in their
// order, some thousand at a time, and each such span is compared with the target by a
// digest; where it differs, it is made equal, and compared again. So a copy that broke off
// is resumed by being made again, and one that was made an hour before is brought up to
// date for little more than reading both. Whatever is copied was compared.
package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"time"

	"github.com/waguard/waguard/store"
)

// Shelf is a place where rows lie in the order of their keys.
type Shelf byte

// Shelves.
const (
	// Records holds those of the book.
	Records Shelf = iota
	// Ledger and Violations hold the lines of the journals.
	Ledger
	Violations
)

// Shelves are all of them, in the order in which they are copied.
var Shelves = []Shelf{Records, Ledger, Violations}

// Journal is that of a shelf of lines; zero for records.
func (s Shelf) Journal() store.Journal {
	switch s {
	case Ledger:
		return store.Ledger
	case Violations:
		return store.Violations
	}
	return 0
}

// Row is a record, or a line.
type Row struct {
	// Key is that of the record, or the line's id.
	Key []byte
	// Value is the record's, or what was entered.
	Value []byte
	// Settled is what became of a line; nil while nobody has said.
	Settled []byte
	// Until is how long a record is kept at least; the zero time is for ever.
	Until time.Time
}

// RecordUntil is the second in which a row may go, rounded up, in Unix time: engines
// differ in what is smaller. Zero is never.
func (r *Row) RecordUntil() int64 {
	if r.Until.IsZero() {
		return 0
	}
	seconds := r.Until.Unix()
	if r.Until.Nanosecond() > 0 {
		seconds++
	}
	return seconds
}

// Line is a row of a journal as a line.
func (r *Row) Line() *store.Line {
	return &store.Line{ID: store.ID(r.Key), Data: r.Value, Settled: r.Settled, Left: true}
}

func (r *Row) size() int { return len(r.Key) + len(r.Value) + len(r.Settled) }

// Sum is a digest.
type Sum [sha256.Size]byte

// Hash sums up rows, in their order: the SHA-256 of the length of a key, the key, until when
// the row is kept, the length of its value, the value, and the length of what became of it,
// which is all ones where nobody has said, and that. Numbers are big-endian, of 32 bits, that
// of the time of 64.
type Hash struct{ hash.Hash }

// NewHash is one of no rows.
func NewHash() Hash { return Hash{sha256.New()} }

// Add adds a row.
func (h Hash) Add(r *Row) { h.Write(r.summed(nil)) }

// Sum is that of the rows that were added.
func (h Hash) Sum() (s Sum) {
	h.Hash.Sum(s[:0])
	return s
}

// summed appends what of a row is summed up.
func (r *Row) summed(b []byte) []byte {
	b = append(length(b, len(r.Key)), r.Key...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.RecordUntil())) // #nosec G115 -- times are after 1970
	b = append(length(b, len(r.Value)), r.Value...)
	if r.Settled == nil {
		return length(b, -1)
	}
	return append(length(b, len(r.Settled)), r.Settled...)
}

func length(b []byte, n int) []byte { return binary.BigEndian.AppendUint32(b, uint32(n)) } // #nosec G115 -- half a megabyte at most

// Sum is that of the row alone.
func (r *Row) Sum() Sum { return sha256.Sum256(r.summed(nil)) }

// Span is what lies on a shelf from one key on, and before another one.
type Span struct {
	Shelf Shelf
	// From is empty for the first key there can be, and Before where there is no end.
	From, Before []byte
}

// Holds reports that a key lies in the span.
func (s Span) Holds(key []byte) bool {
	return bytes.Compare(key, s.From) >= 0 && (len(s.Before) == 0 || bytes.Compare(key, s.Before) < 0)
}

// Summed is how many rows there are in a span, and their sum.
type Summed struct {
	Rows int
	Sum  Sum
}

// SumRows sums up the rows of a target in spans by reading them.
func SumRows(ctx context.Context, t Target, spans []Span) ([]Summed, error) {
	all := make([]Summed, len(spans))
	for i, span := range spans {
		h := NewHash()
		err := t.Rows(ctx, span, func(r *Row) error {
			all[i].Rows++
			h.Add(r)
			return nil
		})
		if err != nil {
			return nil, err
		}
		all[i].Sum = h.Sum()
	}
	return all, nil
}

// Source is a store that is copied. Its errors are sentences for an operator.
type Source interface {
	// Description is what a book must know about it. The key is there where the store
	// keeps it, or where whoever opened it has named it.
	Description() store.Description

	// Rows visits what lies on a shelf, in the order of the keys, but for what [Stays].
	// Rows may be kept.
	Rows(ctx context.Context, shelf Shelf, visit func(*Row) error) error

	// Shared reports that others may change what is kept while it is read.
	Shared() bool
}

// Target is a store that is being made. Its errors are sentences for an operator.
type Target interface {
	// Begin takes the target for a copy of the store of an installation, by its key: one
	// that is empty, one whose copy broke off, or one that was copied before and that
	// nobody has served from since. Until Finish nobody can.
	Begin(ctx context.Context, key []byte) error

	// Sums counts the rows in each of some spans of a shelf, and sums them up as [Hash] does.
	Sums(ctx context.Context, spans []Span) ([]Summed, error)

	// Rows visits them. They are few.
	Rows(ctx context.Context, span Span, visit func(*Row) error) error

	// Write puts rows into a span and takes others out. Those there are with the same
	// keys are replaced. empty says that there is nothing in the span. Where it fails,
	// some of that may have been done.
	Write(ctx context.Context, span Span, empty bool, put []*Row, gone [][]byte) error

	// Workers is how many spans may be worked on at a time.
	Workers() int

	// Finish makes the target a store like the one that is described, that can be served
	// from.
	Finish(ctx context.Context, d store.Description) error
}

// Stays reports a record that isn't copied, since it says something of the engine it is
// in: sums are made anew, and in what is copied nothing that was deleted is left to purge.
func Stays(key []byte) bool { return store.OfOneEngine(key) }

var (
	// ErrChanged: the source isn't what it was when it was copied.
	ErrChanged = errors.New("the store that is copied has changed meanwhile: stop every gateway that uses it, and run the same command again, which copies what is new")
	// ErrDiffers: what was written isn't what is there.
	ErrDiffers = errors.New("what was written is not what is there: somebody else writes to the store that is being made. Nobody can serve from it; see to it that nobody else uses it, and run the same command again")
)
