package badger

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// damageStore makes files fill up and tables move down after a few hundred
// records.
var damageStore = Options{Now: testNow, memtable: 128 << 10, applyEvery: time.Hour}

// flush moves what was committed out of the log of changes.
func flush(t testing.TB, s *Store) {
	t.Helper()
	if err := s.engine.flush(); err != nil {
		t.Fatal(err)
	}
}

// estate is a store as a power cut would leave it, with what it has
// acknowledged.
type estate struct {
	dir     string // its parent: the store is in "store", its witness beside it
	people  int    // who said STOP, after having said START
	entries []store.ID
	cache   map[string]cachedFile // of its files, if they don't change any more
}

func (e estate) store() string { return filepath.Join(e.dir, "store") }

// grow lets n more people opt in, and all who did so before opt out.
func (e *estate) grow(t testing.TB, s *Store, n int) {
	t.Helper()
	word := func(i int, state policy.ConsentState, at policy.Moment) policy.Event {
		return policy.ConsentChanged{
			PhoneNumberID: testNumber, Who: []policy.Identity{damagePerson(i)}, At: at, State: state,
			Scopes: policy.AllScopes, Source: policy.SourceKeyword,
		}
	}
	for i := range n {
		if i%20 == 10 { // so that something is left in the log of changes in the end
			flush(t, s)
		}
		apply(t, s, word(e.people, policy.OptedIn, 1000))
		apply(t, s, word(e.people, policy.OptedOut, 2000))
		e.people++
		entry := newEntry(testTime, s.Pseudonym(damagePerson(e.people)))
		if err := errors.Join(s.Reserve(t.Context(), entry).Wait(), s.Settle(t.Context(), entry.ID, store.Outcome{State: store.Accepted, Wamid: fmt.Sprint("wamid.", e.people)}).Wait()); err != nil {
			t.Fatal(err)
		}
		e.entries = append(e.entries, entry.ID)
	}
}

func damagePerson(i int) policy.Identity { return phone(fmt.Sprintf("1555%07d", i)) }

// check says what an opened store has lost of what it acknowledged.
func (e estate) check(t testing.TB, s *Store) error {
	t.Helper()
	for i := range e.people {
		p, err := s.Person(t.Context(), damagePerson(i), testNumber, nil)
		if err != nil {
			return err
		}
		if got := p.Consent[policy.Marketing].State; got != policy.OptedOut {
			return fmt.Errorf("person %d of %d is %s, not opted_out", i, e.people, got)
		}
	}
	for i, id := range e.entries {
		if entry, err := s.Entry(t.Context(), id); err != nil {
			return fmt.Errorf("entry %d of %d: %w", i, len(e.entries), err)
		} else if entry.Outcome.State != store.Accepted {
			return fmt.Errorf("entry %d of %d is %s, not accepted", i, len(e.entries), entry.Outcome.State)
		}
	}
	return nil
}

// fastDir is a temporary directory, in memory where there is enough of it: these
// tests open a store a thousand times.
func fastDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "waguard-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	h, err := openHome(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	if free, err := h.space(); err != nil || free < 1<<30 {
		return t.TempDir()
	}
	return dir
}

// copy is the estate in a directory of its own.
func (e estate) copy(t testing.TB, to string) estate {
	t.Helper()
	err := filepath.WalkDir(e.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(e.dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		content, size, err := e.read(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a log, flushed in the meantime
		}
		if err != nil {
			return err
		}
		return errors.Join(os.WriteFile(filepath.Join(to, rel), content, 0o600), os.Truncate(filepath.Join(to, rel), size))
	})
	if err != nil {
		t.Fatal(err)
	}
	e.dir, e.entries, e.cache = to, slices.Clone(e.entries), nil
	return e
}

// read is a file without the zeros it ends with, and its size.
func (e estate) read(path string) ([]byte, int64, error) {
	if f, ok := e.cache[path]; ok {
		return f.content, f.size, nil
	}
	content, err := os.ReadFile(path)
	size := int64(len(content))
	content = bytes.TrimRight(content, "\x00") // the rest as a hole
	if e.cache != nil && err == nil {
		e.cache[path] = cachedFile{content, size}
	}
	return content, size, err
}

type cachedFile struct {
	content []byte
	size    int64
}

// settle waits until Badger moves nothing any more.
func settleDown(t testing.TB, dir string) {
	t.Helper()
	for same, last := 0, ""; same < 4; {
		time.Sleep(60 * time.Millisecond)
		l, err := list(dir)
		if err != nil {
			t.Fatal(err)
		}
		now := fmt.Sprint(l)
		if now == last && len(l.logs) == 1 {
			same++
		} else {
			same = 0
		}
		last = now
	}
}

// killed is a copy of a running store, as it would be if its process were killed now.
func (e estate) killed(t testing.TB, s *Store, to string) estate {
	t.Helper()
	reached := func() head {
		k := s.engine.keeper
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.head
	}
	for {
		settleDown(t, e.store())
		if err := s.engine.keeper.beat(); err != nil {
			t.Fatal(err)
		}
		before := reached()
		taken := e.copy(t, to)
		if reached() == before {
			return taken
		}
		// The store has written something by itself, sums it keeps: the files are those
		// of two times, and no power cut leaves that behind.
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
	}
}

// estates are one store at three times: its first tables, later and with more,
// and a moment later, in the same logs.
func estates(t testing.TB) (early, middle, late estate) {
	t.Helper()
	base := fastDir(t)
	e := estate{dir: filepath.Join(base, "live")}
	s := openStore(t, e.store(), damageStore)
	defer closeStore(t, s)
	take := func(name string) estate { return e.killed(t, s, filepath.Join(base, name)) }
	e.grow(t, s, 100)
	early = take("early")
	e.grow(t, s, 500)
	middle = take("middle")
	e.grow(t, s, 3)
	flush(t, s)
	e.grow(t, s, 3)
	return early, middle, take("late")
}

// damage is something that happens to a file.
type damage struct {
	name string
	do   func(path string, older string) error // older is the file at an earlier time, "" where there was none
}

func edit(change func(content []byte) []byte) func(string, string) error {
	return func(path, _ string) error {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, change(content), 0o600)
	}
}

func flip(at int64) func(string, string) error {
	return edit(func(content []byte) []byte {
		if len(content) > 0 && at >= 0 {
			content[at%int64(len(content))] ^= 1 << (at % 8)
		}
		return content
	})
}

// used is the part of a file in front of the zeros it ends with.
func used(content []byte) int { return max(1, len(bytes.TrimRight(content, "\x00"))) }

// flips are damages of single bits at n places, most of them where there is
// something.
func flips(t testing.TB, path string, n int) []damage {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	var list []damage
	for i := range n {
		within := used(content)
		if i%10 == 9 {
			within = max(1, len(content))
		}
		list = append(list, damage{"a bit flipped", flip(random.Int64N(int64(within)))})
	}
	list = append(list, damage{"a bit flipped", flip(int64(len(content) - 1))})
	// The last bytes that are used are the newest transaction's.
	for i := range min(8, used(content)) {
		list = append(list, damage{"a bit flipped", flip(int64(used(content) - 1 - i))})
	}
	return list
}

var damages = []damage{
	{"deleted", func(path, _ string) error { return os.Remove(path) }},
	{"emptied", func(path, _ string) error { return os.Truncate(path, 0) }},
	{"cut in the middle", edit(func(c []byte) []byte { return c[:used(c)/2] })},
	{"cut by a few bytes", edit(func(c []byte) []byte { return c[:max(0, used(c)-3)] })},
	{"zeroed", edit(func(c []byte) []byte { return make([]byte, len(c)) })},
	{"zeroed from the middle", edit(func(c []byte) []byte { clear(c[used(c)/2:]); return c })},
	{"another of its kind, or older", func(path, older string) error {
		content, err := os.ReadFile(older)
		if err != nil {
			return err
		}
		return os.WriteFile(path, content, 0o600)
	}},
}

// outcome of damage.
const (
	refused = "refused"
	whole   = "opens, and nothing is lost"
	silent  = "opens, and LOST SOMETHING"
)

// after opens a damaged estate.
func (e estate) after(t testing.TB) (outcome string, said error) {
	t.Helper()
	before := e.state(t)
	s, err := Open(e.store(), damageStore)
	if err != nil {
		if _, loss := errors.AsType[*Loss](err); loss && before != e.state(t) {
			t.Errorf("refused, but the directory was changed: %v", err)
		}
		if text := err.Error(); strings.Contains(text, "goroutine") || strings.Contains(text, ".go:") || !strings.Contains(text, e.store()) {
			t.Errorf("the refusal is no sentence for an operator: %v", err)
		}
		return refused, err
	}
	defer closeStore(t, s)
	if err := e.check(t, s); err != nil {
		return silent, err
	}
	return whole, nil
}

// state is what every file looks like from outside, and when it was changed.
func (e estate) state(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(e.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintln(&b, path, info.Size(), info.ModTime().UnixNano())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
