package badger

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/klauspost/compress/s2"
	"pgregory.net/rapid"

	"github.com/waguard/waguard/store"
)

// TestEncodeEntry checks that entries are written as the general encoder writes
// them.
func TestEncodeEntry(t *testing.T) {
	entries := rapid.Make[store.Entry]()
	rapid.Check(t, func(t *rapid.T) {
		e := entries.Draw(t, "entry")
		if rapid.Bool().Draw(t, "new") {
			e.Delivery = store.Delivery{}
		}
		// Most fields of an entry are zero.
		fields := reflect.ValueOf(&e).Elem()
		for i := range fields.NumField() {
			if rapid.Bool().Draw(t, "zero") {
				fields.Field(i).SetZero()
			}
		}
		want, err := encode(&e)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := encodeEntry(&e); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("got %x, %v\nwant %x", got, err, want)
		}
	})
}

// TestEncodePage does the same for pages, and reads them again.
func TestEncodePage(t *testing.T) {
	pages := rapid.Make[pageRecord]()
	rapid.Check(t, func(t *rapid.T) {
		page := pages.Draw(t, "page")
		page.Entries = slices.DeleteFunc(page.Entries, func(e *ledgerEntry) bool { return e == nil })
		for _, e := range page.Entries {
			if e.Entry == nil {
				e.Entry = []byte{}
			}
		}
		want, err := encode(page)
		if err != nil {
			t.Fatal(err)
		}
		value := encodePage(page)
		if got, err := s2.Decode(nil, value); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("got %x, %v\nwant %x", got, err, want)
		}
		again, err := decodePage(value)
		if err != nil || !bytes.Equal(encodePage(again), value) {
			t.Fatalf("got %+v, %v\nwant %+v", again, err, page)
		}
	})
}

func BenchmarkEncodeEntry(b *testing.B) {
	e := newEntry(testTime, [16]byte{1})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encodeEntry(e); err != nil {
			b.Fatal(err)
		}
	}
}
