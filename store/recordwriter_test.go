package store

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// TestEncodeEntry checks that entries are written as the general encoder writes
// them.
func TestEncodeEntry(t *testing.T) {
	entries := rapid.Make[Entry]()
	rapid.Check(t, func(t *rapid.T) {
		e := entries.Draw(t, "entry")
		if rapid.Bool().Draw(t, "new") {
			e.Delivery = Delivery{}
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
		if got := encodeEntry(&e); !bytes.Equal(got, want) {
			t.Fatalf("got %x\nwant %x", got, want)
		}
	})
}

// TestEncodeSettlement checks the same of what became of them.
func TestEncodeSettlement(t *testing.T) {
	settlements := rapid.Make[settlement]()
	rapid.Check(t, func(t *rapid.T) {
		s := settlements.Draw(t, "settlement")
		want, err := encode(&s)
		if err != nil {
			t.Fatal(err)
		}
		if got := encodeSettlement(&s); !bytes.Equal(got, want) {
			t.Fatalf("got %x\nwant %x", got, want)
		}
	})
}

func BenchmarkEncodeEntry(b *testing.B) {
	e := newEntry(testTime, [16]byte{1})
	b.ReportAllocs()
	for b.Loop() {
		encodeEntry(e)
	}
}
