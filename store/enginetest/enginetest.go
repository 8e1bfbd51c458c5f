// Package enginetest holds what every implementation of [store.Engine] must do, as
// a suite of tests: that it is atomic, durable and ordered, keeps what it is to keep
// for as long as it is to keep it, and loses nothing where many write at once.
package enginetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/waguard/waguard/store"
)

// Subject is an implementation.
type Subject struct {
	// Open opens the engine that belongs to dir, which may hold one from before. The
	// suite closes it.
	Open func(t testing.TB, dir string, o Options) store.Engine
	// Shared: several engines may be open over one directory at a time.
	Shared bool
	// Sweep deletes what is no longer kept by now. Nil: that can't be tried.
	Sweep func(t testing.TB, e store.Engine)
}

// Options are those of an engine.
type Options struct {
	Now func() time.Time
	// LedgerRetention and ViolationRetention are how long journals are kept; zero is
	// for ever.
	LedgerRetention, ViolationRetention time.Duration
}

// Run tests a subject.
func Run(t *testing.T, s Subject) {
	for name, test := range map[string]func(*testing.T, Subject){
		"records":   testRecords,
		"scan":      testScan,
		"atomic":    testAtomic,
		"committed": testCommitted,
		"too-big":   testTooBig,
		"closed":    testClosed,
		"durable":   testDurable,
		"expiring":  testExpiring,
		"journals":  testJournals,
		"walk":      testWalk,
		"settle":    testSettle,
		"conflicts": testConflicts,
		"skew":      testSkew,
		"settlers":  testSettlers,
		"shared":    testShared,
		"deferring": testDeferring,
		"bulky":     testBulky,
		"pending":   testPending,
		"model":     testModel,
	} {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
}

// start is when the tests happen: some day.
var start = time.UnixMilli(1_790_000_000_000)

// fixture is an open engine with helpers that fail the test.
type fixture struct {
	store.Engine
	t   testing.TB
	s   Subject
	dir string
	now atomic.Int64 // in milliseconds
	o   Options
}

func newFixture(t testing.TB, s Subject) *fixture { return newKept(t, s, 0, 0) }

func newKept(t testing.TB, s Subject, ledger, violations time.Duration) *fixture {
	t.Helper()
	f := &fixture{t: t, s: s, dir: t.TempDir()}
	f.now.Store(start.UnixMilli())
	f.o = Options{Now: func() time.Time { return time.UnixMilli(f.now.Load()) }, LedgerRetention: ledger, ViolationRetention: violations}
	f.Engine = s.Open(t, f.dir, f.o)
	t.Cleanup(func() { f.close() })
	return f
}

func (f *fixture) close() {
	f.t.Helper()
	if err := f.Close(); err != nil {
		f.t.Errorf("closing: %v", err)
	}
}

func (f *fixture) reopen() {
	f.t.Helper()
	f.close()
	f.Engine = f.s.Open(f.t, f.dir, f.o)
}

func (f *fixture) update(change func(store.Tx) error) {
	f.t.Helper()
	if err := f.Update(f.t.Context(), change); err != nil {
		f.t.Fatalf("updating: %v", err)
	}
}

func (f *fixture) view(read func(store.Records) error) {
	f.t.Helper()
	if err := f.View(f.t.Context(), read); err != nil {
		f.t.Fatalf("viewing: %v", err)
	}
}

// put writes a text under a key, for ever.
func put(tx store.Tx, key, text string) error { return tx.Put([]byte(key), value(text), 0) }

// value is a text as it may be written.
func value(text string) []byte {
	v, err := cbor.Marshal(text)
	if err != nil {
		panic(err) // texts can be encoded
	}
	return v
}

// text is what value wrote; "" where there is nothing.
func text(v []byte) string {
	var s string
	if v == nil {
		return ""
	}
	if err := cbor.Unmarshal(v, &s); err != nil {
		return fmt.Sprintf("garbage %x", v)
	}
	return s
}

// getter is what single records are read from.
type getter interface {
	Get(keys ...[]byte) ([][]byte, error)
}

// get is the text under a key.
func get(g getter, key string) (string, error) {
	values, err := g.Get([]byte(key))
	if err != nil {
		return "", err
	}
	return text(values[0]), nil
}

// want checks what is committed under keys.
func (f *fixture) want(what string, texts map[string]string) {
	f.t.Helper()
	f.view(func(r store.Records) error {
		for key, want := range texts {
			if got, err := get(r, key); err != nil || got != want {
				f.t.Errorf("%s: %q holds %q, %v, want %q", what, key, got, err, want)
			}
		}
		return nil
	})
}

// errBad is the error of a change that is to fail.
var errBad = errors.New("bad")

// id is that of a line so many milliseconds after start.
func id(ms int) store.ID {
	id := store.FirstID(store.NewID(0).Moment())
	copy(id[:], bytesOf(start.UnixMilli()+int64(ms)))
	id[15] = 1
	return id
}

func bytesOf(ms int64) []byte {
	return []byte{byte(ms >> 40), byte(ms >> 32), byte(ms >> 24), byte(ms >> 16), byte(ms >> 8), byte(ms)}
}

func line(ms int, what string) *store.Line {
	return &store.Line{ID: id(ms), Data: value(what), Columns: &store.Columns{}}
}

func cancelled(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
