package transfer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/store"
)

// shelves are a store in memory, as both ends of a copy.
type shelves struct {
	mu     sync.Mutex
	rows   map[Shelf]map[string]*Row
	served bool // from outside, when it was finished
	shared bool
	// calls counts what was asked of a target, and fails is the call that fails; zero for
	// none. changes is called with each reading.
	calls, fails int
	reading      func()
}

func newShelves() *shelves {
	s := &shelves{rows: make(map[Shelf]map[string]*Row)}
	for _, shelf := range Shelves {
		s.rows[shelf] = make(map[string]*Row)
	}
	return s
}

func (s *shelves) Description() store.Description {
	return store.Description{Key: make([]byte, store.KeySize)}
}
func (s *shelves) Shared() bool { return s.shared }
func (s *shelves) Workers() int { return 2 }

func (s *shelves) sorted(span Span) (rows []*Row) {
	for key, r := range s.rows[span.Shelf] {
		if span.Holds([]byte(key)) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b *Row) int { return bytes.Compare(a.Key, b.Key) })
	return rows
}

var errFails = errors.New("it breaks off")

// called counts a call. The caller holds mu.
func (s *shelves) called() error {
	if s.calls++; s.calls == s.fails {
		return errFails
	}
	return nil
}

// source is the end that is read.
type source struct{ *shelves }

func (s source) Rows(ctx context.Context, shelf Shelf, visit func(*Row) error) error {
	for _, r := range s.sorted(Span{Shelf: shelf}) {
		if Stays(r.Key) && shelf == Records {
			continue
		}
		if err := cmp.Or(ctx.Err(), visit(r)); err != nil {
			return err
		}
	}
	if s.reading != nil {
		s.reading()
	}
	return nil
}

func (s *shelves) Begin(context.Context, []byte) error {
	s.served = false
	return nil
}

func (s *shelves) Sums(_ context.Context, spans []Span) ([]Summed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.called(); err != nil {
		return nil, err
	}
	all := make([]Summed, len(spans))
	for i, span := range spans {
		h, rows := NewHash(), s.sorted(span)
		for _, r := range rows {
			h.Add(r)
		}
		all[i] = Summed{len(rows), h.Sum()}
	}
	return all, nil
}

func (s *shelves) Rows(_ context.Context, span Span, visit func(*Row) error) error {
	s.mu.Lock()
	rows := s.sorted(span)
	err := s.called()
	s.mu.Unlock()
	for _, r := range rows {
		err = cmp.Or(err, visit(r))
	}
	return err
}

// Write does half of it where it fails.
func (s *shelves) Write(_ context.Context, span Span, empty bool, put []*Row, gone [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if empty != (len(s.sorted(span)) == 0) {
		return errors.New("it was told something else about what there is")
	}
	err := s.called()
	if err != nil {
		put, gone = put[:len(put)/2], gone[:len(gone)/2]
	}
	for _, r := range put {
		s.rows[span.Shelf][string(r.Key)] = r
	}
	for _, key := range gone {
		delete(s.rows[span.Shelf], string(key))
	}
	return err
}

func (s *shelves) Finish(context.Context, store.Description) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.called(); err != nil {
		return err
	}
	s.served = true
	return nil
}

// digest is what of a store is copied.
func (s *shelves) digest() (all [][]Sum) {
	for _, shelf := range Shelves {
		var sums []Sum
		for _, r := range s.sorted(Span{Shelf: shelf}) {
			if shelf != Records || !Stays(r.Key) {
				sums = append(sums, r.Sum())
			}
		}
		all = append(all, sums)
	}
	return all
}

// draw draws what lies on shelves. Keys are few, so that two stores have some in common.
func draw(t *rapid.T) *shelves {
	s := newShelves()
	for _, shelf := range Shelves {
		for _, n := range rapid.SliceOfDistinct(rapid.IntRange(0, 60), rapid.ID).Draw(t, "keys") {
			key := bytes.Repeat([]byte{byte(n)}, 16)
			if shelf == Records {
				key = append([]byte{"chsg"[n%4]}, key...)
			}
			r := &Row{Key: key, Value: []byte{byte(rapid.IntRange(0, 2).Draw(t, "value"))}}
			if shelf == Records {
				r.Until = rapid.SampledFrom([]time.Time{{}, time.Unix(5, 0), time.Unix(5, 1)}).Draw(t, "until")
			} else {
				r.Settled = rapid.SampledFrom([][]byte{nil, {}, {1}}).Draw(t, "settled")
			}
			s.rows[shelf][string(key)] = r
		}
	}
	return s
}

// Whatever a target holds, half of a copy too, it is like the source after a copy: broken
// off anywhere, and made again.
func TestCopy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := draw(t), draw(t)
		for _, r := range to.sorted(Span{Shelf: Records}) {
			if Stays(r.Key) { // a target never has one
				delete(to.rows[Records], string(r.Key))
			}
		}
		o := Options{SpanRows: rapid.IntRange(1, 7).Draw(t, "rows in a span")}
		to.fails = rapid.IntRange(0, 60).Draw(t, "call that fails")
		_, err := Copy(t.Context(), source{from}, to, o)
		to.fails = 0
		if err != nil {
			if !errors.Is(err, errFails) || to.served {
				t.Fatalf("broke off with %v; served: %v", err, to.served)
			}
			if _, err = Copy(t.Context(), source{from}, to, o); err != nil {
				t.Fatal(err)
			}
		}
		if !to.served || !slices.EqualFunc(from.digest(), to.digest(), slices.Equal) {
			t.Fatalf("the copy differs, or can't be served from (%v)", to.served)
		}
		// Another one finds nothing to do, and the same digests.
		first, err := Copy(t.Context(), source{from}, to, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range first {
			if k.Written != 0 || k.Deleted != 0 {
				t.Fatalf("of %s %d are written again, and %d deleted", k.Kind, k.Written, k.Deleted)
			}
		}
		back := newShelves()
		second, err := Copy(t.Context(), source{to}, back, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range second {
			second[i].Written = 0
		}
		if !slices.Equal(first, second) {
			t.Fatalf("copied on, it is %v, and was %v", second, first)
		}
	})
}

// What was kept for another time, settled otherwise or lies under another key is another
// row.
func TestRowSums(t *testing.T) {
	rows := []Row{
		{Key: []byte("ab"), Value: []byte("c")},
		{Key: []byte("a"), Value: []byte("bc")},
		{Key: []byte("ab"), Value: []byte("c"), Until: time.Unix(1, 0)},
		{Key: []byte("ab"), Value: []byte("c"), Until: time.Unix(2, 0)},
		{Key: []byte("ab"), Value: []byte("c"), Settled: []byte{}},
		{Key: []byte("ab"), Value: []byte("c"), Settled: []byte{0}},
		{Key: []byte("ab"), Value: []byte{}, Settled: []byte("c")},
	}
	seen := make(map[Sum]int)
	for i := range rows {
		sum := rows[i].Sum()
		if at, again := seen[sum]; again {
			t.Errorf("rows %d and %d have one sum", at, i)
		}
		seen[sum] = i
	}
	within := Row{Key: []byte("ab"), Value: []byte("c"), Until: time.Unix(1, 1)}
	if within.Sum() != rows[3].Sum() {
		t.Error("a row that is kept for a part of a second more isn't one kept for all of it")
	}
}

// A source that others change is found out, whatever they do.
func TestChanges(t *testing.T) {
	for name, change := range map[string]func(*shelves){
		"added":     func(s *shelves) { s.rows[Ledger]["b"] = &Row{Key: []byte("b"), Value: []byte("1")} },
		"a kind":    func(s *shelves) { s.rows[Records]["n1"] = &Row{Key: []byte("n1"), Value: []byte("1")} },
		"changed":   func(s *shelves) { s.rows[Records]["c1"] = &Row{Key: []byte("c1"), Value: []byte("2")} },
		"deleted":   func(s *shelves) { delete(s.rows[Records], "c1") },
		"nothing":   func(*shelves) {},
		"sums made": func(s *shelves) { s.rows[Records]["g"] = &Row{Key: []byte("g"), Value: []byte("2")} },
	} {
		from, to := newShelves(), newShelves()
		from.rows[Records]["c1"] = &Row{Key: []byte("c1"), Value: []byte("1")}
		from.shared = true
		once := sync.OnceFunc(func() { change(from) })
		read := 0
		from.reading = func() {
			if read++; read == len(Shelves) {
				once()
			}
		}
		_, err := Copy(t.Context(), source{from}, to, Options{})
		harmless := name == "nothing" || name == "sums made"
		if errors.Is(err, ErrChanged) == harmless || to.served != harmless {
			t.Errorf("%s: %v, served from it: %v", name, err, to.served)
		}
	}
}

// Somebody else who writes to the target is found out.
func TestDisturbed(t *testing.T) {
	from, to := newShelves(), newShelves()
	from.rows[Records]["c1"] = &Row{Key: []byte("c1"), Value: []byte("1")}
	_, err := Copy(t.Context(), source{from}, disturbed{to}, Options{})
	if !errors.Is(err, ErrDiffers) || to.served {
		t.Errorf("%v, served from it: %v", err, to.served)
	}
}

type disturbed struct{ *shelves }

func (d disturbed) Write(ctx context.Context, span Span, empty bool, put []*Row, gone [][]byte) error {
	err := d.shelves.Write(ctx, span, empty, put, gone)
	d.rows[Records]["c0"] = &Row{Key: []byte("c0")}
	return err
}
