package badger

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/s2"
	"pgregory.net/rapid"

	"github.com/waguard/waguard/store"
)

var updateGolden = flag.Bool("update", false, "rewrite the tables in docs")

// golden are the records in a file of testdata.
func golden(t *testing.T, name string) (values [][]byte) {
	t.Helper()
	file, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(strings.TrimSpace(string(file)), "\n\n") {
		value, err := hex.DecodeString(strings.Split(block, "\n")[1])
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	return values
}

// TestGoldenRecords guards the format on disk: what was written once must be
// read for ever, unless schemaVersion changes. The pages are those of versions
// that kept claims beside the entry.
func TestGoldenRecords(t *testing.T) {
	for _, name := range []string{"records.golden", "records-1.golden"} {
		values := golden(t, name)
		for i, want := range map[int]metaRecord{
			0: {Schema: 2, Key: []byte{1, 2, 3}, Start: 4},
			2: {Schema: 2, Key: []byte{1, 2, 3}, Start: 4, Identities: 1, IdentitiesAt: 5},
		} {
			var got metaRecord
			if err := decode(values[i], &got); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
			}
		}
		for _, i := range []int{1, 3} {
			p, err := decodePage(s2.Encode(nil, values[i]))
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range p.Lines {
				if err := store.EntryChecks(nil)(l.Data); err != nil {
					t.Errorf("%s: entry %s: %v", name, l.ID, err)
				}
				if l.Settled != nil {
					if err := store.CheckSettled(l.Settled); err != nil {
						t.Errorf("%s: what became of %s: %v", name, l.ID, err)
					}
				}
			}
		}
	}
}

// TestOlderPage checks that what stood beside an entry is now in it, where it is
// looked for.
func TestOlderPage(t *testing.T) {
	type entry struct {
		Business string `cbor:"3,keyasint,omitempty"`
		Claims   []struct {
			Key    [16]byte `cbor:"1,keyasint"`
			At     int64    `cbor:"2,keyasint"`
			Before int64    `cbor:"3,keyasint,omitempty"`
		} `cbor:"30,keyasint,omitempty"`
		Attempt *[16]byte `cbor:"31,keyasint,omitempty"`
	}
	value, err := encode(struct {
		Start   uint64 `cbor:"1,keyasint"`
		Entries []any  `cbor:"2,keyasint"`
	}{3, []any{map[int]any{
		1: store.ID{1}, 2: []byte{0xa1, 3, 0x61, 'x'},
		3: []any{map[int]any{1: [16]byte{7}, 2: 8, 3: 9}},
		4: map[int]any{1: map[int]any{1: "accepted"}},
		5: [16]byte{10},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := decodePage(s2.Encode(nil, value))
	if err != nil || len(p.Lines) != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	var got entry
	if err := decode(p.Lines[0].Data, &got); err != nil {
		t.Fatal(err)
	}
	if got.Business != "x" || len(got.Claims) != 1 || got.Claims[0].Key != [16]byte{7} || got.Claims[0].At != 8 || got.Claims[0].Before != 9 || *got.Attempt != [16]byte{10} {
		t.Errorf("read %+v", got)
	}
	if err := store.CheckSettled(p.Lines[0].Settled); err != nil {
		t.Error(err)
	}
}

// TestEncodePage checks that pages read as they were written.
func TestEncodePage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := pageRecord{Start: rapid.Uint64().Draw(t, "start")}
		for range rapid.IntRange(0, 5).Draw(t, "lines") {
			l := &line{ID: store.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")), Data: rapid.SliceOf(rapid.Byte()).Draw(t, "data"), start: p.Start}
			if rapid.Bool().Draw(t, "settled") {
				settled, err := cbor.Marshal(rapid.String().Draw(t, "what became of it"))
				if err != nil {
					t.Fatal(err)
				}
				l.Settled = settled
			}
			p.Lines = append(p.Lines, l)
		}
		value, err := encodePage(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodePage(value)
		if err != nil || len(got.Lines) != len(p.Lines) || got.Start != p.Start {
			t.Fatalf("got %+v, %v, want %+v", got, err, p)
		}
		for i, l := range got.Lines {
			want := p.Lines[i]
			if l.ID != want.ID || !bytes.Equal(l.Data, want.Data) || !bytes.Equal(l.Settled, want.Settled) || l.start != p.Start {
				t.Fatalf("got %+v, want %+v", l, want)
			}
		}
	})
}

func TestKeys(t *testing.T) {
	id := store.NewID(1000)
	if key := idKey(ledger.pages, id); idOf(key) != id || compareIDs(id, maxID) >= 0 {
		t.Errorf("%x is not the key of %s", key, id)
	}
}
