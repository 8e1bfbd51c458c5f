package store

import (
	"maps"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// TestColumns: every field of Alike has a column, so that no two entries that differ
// there are one sum.
func TestColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Make[Alike]().Draw(t, "alike")
		a.DeliveredAfter = min(max(a.DeliveredAfter, 0), 1<<20)
		if columns[templateColumn].text(&a) != a.Template || columns[tagsColumn].text(&a) != string(a.Tags) {
			t.Fatal("columns have moved")
		}
		sums := newTally()
		k := sums.add(7, &a, 1)
		if got := sums.alike(k); !reflect.DeepEqual(got, a) {
			t.Fatalf("got %+v, want %+v", got, a)
		}
	})
}

// TestPacked: what is packed comes out again, in a tally that has counted others.
func TestPacked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SampledFrom([]string{"", "a", "b", "offer"})
		alike := rapid.Custom(func(t *rapid.T) Alike {
			a := Alike{Template: words.Draw(t, "template"), Market: words.Draw(t, "market"), Business: words.Draw(t, "business")}
			a.DeliveredAfter = rapid.IntRange(0, 3000).Draw(t, "after")
			a.Price.Known, a.Charged = rapid.Bool().Draw(t, "known"), rapid.Bool().Draw(t, "charged")
			a.Price.Unit = -5
			a.Price.List = 1 << 40
			return a
		})
		of := func(list []Alike) *tally {
			sums := newTally()
			for i := range list {
				sums.add(7, &list[i], i+1)
			}
			return sums
		}
		first, second := of(rapid.SliceOf(alike).Draw(t, "first")), of(rapid.SliceOf(alike).Draw(t, "second"))
		want, got := make(map[Alike]int), make(map[Alike]int)
		into := newTally()
		for _, sums := range []*tally{first, second} {
			for k, n := range sums.counts {
				want[sums.alike(k)] += n
			}
			if err := into.addPacked(7, sums.pack()); err != nil {
				t.Fatal(err)
			}
		}
		for k, n := range into.counts {
			got[into.alike(k)] += n
		}
		if !maps.Equal(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

// FuzzPacked: a damaged record is an error, or other sums, and nothing worse.
func FuzzPacked(f *testing.F) {
	a := Alike{Template: "offer", DeliveredAfter: 3}
	sums := newTally()
	sums.add(0, &a, 2)
	f.Add(sums.pack())
	f.Add([]byte{1, 200, 1, 'a'})
	f.Add([]byte{0, 2, 1, 1})
	f.Fuzz(func(_ *testing.T, packed []byte) { _ = newTally().addPacked(0, packed) })
}
