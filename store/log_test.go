package store_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"pgregory.net/rapid"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/memory"
)

const logStart policy.Moment = 1_790_000_000_000

// logEvent is what a person with a number says, the nth thing at all.
func logEvent(n int, digits string, more ...policy.Identity) policy.ConsentChanged {
	state := policy.OptedIn
	if n%3 == 0 {
		state = policy.OptedOut
	}
	return policy.ConsentChanged{
		PhoneNumberID: "1", Who: append([]policy.Identity{{Kind: policy.Phone, Value: digits}}, more...), At: logStart + policy.Moment(n)*1000,
		State: state, Scopes: policy.AllScopes, Source: policy.SourceKeyword, Ref: fmt.Sprintf("wamid.%d", n),
	}
}

// logged is a book over memory, and its engine.
type logged struct {
	*store.Book
	engine *memory.Alone
	space  *memory.Space
}

func openLogged(t testing.TB, space *memory.Space) *logged {
	t.Helper()
	now := func() time.Time { return (logStart + 1e9).Time() }
	e := space.OpenAlone(now)
	b, err := store.Open(t.Context(), e, store.Options{Now: now}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &logged{b, e, space}
}

// newLogged has n records of 20 people, every fifth under two names.
func newLogged(t testing.TB, n int) *logged {
	t.Helper()
	l := openLogged(t, memory.NewSpace())
	l.add(t, 0, n)
	return l
}

func (l *logged) add(t testing.TB, from, to int) {
	t.Helper()
	var events []policy.Event
	for i := from; i < to; i++ {
		e := logEvent(i, fmt.Sprintf("155501%05d", i%20))
		if i%5 == 0 {
			e.Who = append(e.Who, policy.Identity{Kind: policy.BSUID, Value: fmt.Sprintf("US.%d", i%20)})
		}
		events = append(events, e)
	}
	if err := l.Apply(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}

func (l *logged) verify(t testing.TB, kept []byte) *audit.Report {
	t.Helper()
	r, err := l.VerifyLog(t.Context(), kept)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (l *logged) sign(t testing.TB) *audit.Signed {
	t.Helper()
	s, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sound(t testing.TB, r *audit.Report) {
	t.Helper()
	if !r.Sound() {
		t.Fatalf("found %v", r.Findings)
	}
}

// keyed is a record as it is kept.
type keyed struct{ key, value []byte }

// records are those of the history and the log.
func (l *logged) records(t testing.TB) (all []keyed) {
	t.Helper()
	err := l.engine.View(t.Context(), func(r store.Records) error {
		for _, prefix := range "hb" {
			if err := r.Scan([]byte{byte(prefix)}, func(key, value []byte) (bool, error) {
				all = append(all, keyed{bytes.Clone(key), bytes.Clone(value)})
				return false, nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// set writes records as somebody does who has the store in their hands; nil deletes.
func (l *logged) set(t testing.TB, records ...keyed) {
	t.Helper()
	err := l.engine.Update(t.Context(), func(tx store.Tx) error {
		for _, r := range records {
			if r.value == nil {
				if err := tx.Delete(r.key); err != nil {
					return err
				}
			} else if err := tx.Put(r.key, r.value, 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A record has one leaf, however often and under however many names it is told.
func TestLogHasEachRecordOnce(t *testing.T) {
	l := newLogged(t, 0)
	defer l.Close()
	first := l.verify(t, nil)
	sound(t, first)
	if first.Leaves != 0 {
		t.Fatalf("a store without consent records has a log of %d leaves", first.Leaves)
	}
	e := logEvent(1, "15550100001", policy.Identity{Kind: policy.BSUID, Value: "US.1"})
	for range 3 {
		if err := l.Apply(t.Context(), []policy.Event{e, e}); err != nil {
			t.Fatal(err)
		}
	}
	r := l.verify(t, nil)
	sound(t, r)
	if r.Leaves != 2 || r.Records != 1 {
		t.Errorf("%d leaves, %d records, want 2 and 1", r.Leaves, r.Records)
	}
	l.add(t, 10, 1000)
	if r = l.verify(t, nil); !r.Sound() || r.Leaves != 992 {
		t.Errorf("%d leaves, want 992; found %v", r.Leaves, r.Findings)
	}
}

// No leaf leads to a person: the number isn't in it, nor the pseudonym under which the
// store knows it.
func TestLeavesNameNobody(t *testing.T) {
	l := newLogged(t, 0)
	defer l.Close()
	e := logEvent(1, "15550100001")
	e.Source, e.Actor = "other:told Ana at the desk", "ana"
	if err := l.Apply(t.Context(), []policy.Event{e}); err != nil {
		t.Fatal(err)
	}
	alias := l.Pseudonym(e.Who[0])
	seen := 0
	for _, r := range l.records(t) {
		if r.key[0] != 'b' || r.key[1] != 'l' {
			continue
		}
		seen++
		for _, secret := range []string{"15550100001", alias.String(), string(alias[:]), "Ana", "ana", "wamid"} {
			if bytes.Contains(r.value, []byte(secret)) {
				t.Errorf("the leaf %s names %q", r.value, secret)
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d leaves, want 2", seen)
	}
}

// Whatever is changed in the history or its log is found, byte by byte.
func TestEveryChangeIsFound(t *testing.T) {
	l := newLogged(t, 600)
	defer l.Close()
	l.sign(t)
	l.add(t, 600, 700)
	everyChangeIsFound(t, l, l.sign(t))
}

func everyChangeIsFound(t *testing.T, l *logged, kept *audit.Signed) {
	// A book that has nothing to sign: one that had would take a head that was changed for
	// one of another log, a second later, and begin a new one.
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = openLogged(t, l.space)
	defer l.Close()
	all := l.records(t)
	sound(t, l.verify(t, []byte(kept.Checkpoint)))
	rapid.Check(t, func(rt *rapid.T) {
		r := all[rapid.IntRange(0, len(all)-1).Draw(rt, "record")]
		var changed, restored []keyed
		what := rapid.SampledFrom([]string{"flip", "drop", "swap", "replay", "move"}).Draw(rt, "what")
		switch what {
		case "flip":
			value := bytes.Clone(r.value)
			value[rapid.IntRange(0, len(value)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
			changed, restored = []keyed{{r.key, value}}, []keyed{r}
		case "drop":
			changed, restored = []keyed{{r.key, nil}}, []keyed{r}
		case "swap":
			like := slices.DeleteFunc(slices.Clone(all), func(o keyed) bool {
				return len(o.key) != len(r.key) || o.key[0] != r.key[0] || o.key[0] == 'b' && o.key[1] != r.key[1] || bytes.Equal(o.value, r.value)
			})
			if len(like) == 0 {
				return
			}
			o := like[rapid.IntRange(0, len(like)-1).Draw(rt, "other")]
			changed, restored = []keyed{{r.key, o.value}, {o.key, r.value}}, []keyed{r, o}
		default: // the same under another key, beside the first or in its place
			key := bytes.Clone(r.key)
			key[rapid.IntRange(1, len(key)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
			if slices.ContainsFunc(all, func(o keyed) bool { return bytes.Equal(o.key, key) }) {
				return
			}
			changed, restored = []keyed{{key, r.value}}, []keyed{{key, nil}, r}
			if what == "move" {
				changed = append(changed, keyed{r.key, nil})
			}
		}
		l.set(t, changed...)
		found, err := l.VerifyLog(t.Context(), nil)
		l.set(t, restored...)
		if err != nil {
			rt.Fatalf("%s %x: %v", what, r.key, err)
		}
		if found.Sound() {
			rt.Fatalf("%s of %x = %x was not found", what, r.key, r.value)
		}
		for _, f := range found.Findings {
			if strings.Contains(f.String(), "1555010") { // shorter digits are in hashes
				rt.Fatalf("a finding names a person: %s", f)
			}
		}
	})
	sound(t, l.verify(t, []byte(kept.Checkpoint)))
}

// A record that was changed or dropped is named by its index, id and time.
func TestChangedRecordIsNamed(t *testing.T) {
	l := newLogged(t, 300)
	defer l.Close()
	l.sign(t)
	for _, r := range l.records(t) {
		if r.key[0] != 'h' {
			continue
		}
		id := store.RecordID(r.key[25:])
		for what, value := range map[string][]byte{"changed": append(bytes.Clone(r.value[:len(r.value)-1]), r.value[len(r.value)-1]^1), "dropped": nil} {
			l.set(t, keyed{r.key, value})
			report := l.verify(t, nil)
			l.set(t, r)
			if !slices.ContainsFunc(report.Findings, func(f audit.Finding) bool {
				return f.Record == id.String() && f.Index != nil && f.Time != nil
			}) {
				t.Fatalf("the record %s was %s, and found is %v", id, what, report.Findings)
			}
		}
		if id[0] > 32 { // some of them
			break
		}
	}
	sound(t, l.verify(t, nil))
}

// What was signed is continued for ever, and proves each record to a stranger's code.
func TestCheckpointsAndProofs(t *testing.T) {
	l := newLogged(t, 0)
	defer l.Close()
	var kept []*audit.Signed
	for n := 0; n < 1200; n += 70 {
		l.add(t, n, n+70)
		kept = append(kept, l.sign(t))
	}
	for _, k := range kept {
		r := l.verify(t, []byte(k.Checkpoint+"\n"+k.Verifier+"\n"))
		sound(t, r)
		if r.Kept == "" {
			t.Errorf("nothing said of the kept checkpoint %q", k.Checkpoint)
		}
	}
	proven := 0
	for _, r := range l.records(t) {
		if r.key[0] != 'h' || r.key[32]%16 != 0 {
			continue
		}
		p, err := l.ProveRecord(t.Context(), store.RecordID(r.key[25:]))
		if err != nil {
			t.Fatal(err)
		}
		index, c, err := audit.CheckProof([]byte(p.Proof), []byte(p.Leaf), p.Verifier)
		if err != nil || index != p.Index {
			t.Fatalf("leaf %d: %v", index, err)
		}
		var hashes [][]byte
		for _, h := range proofHashes(t, p.Proof) {
			hashes = append(hashes, h[:])
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, c.Size, rfc6962.DefaultHasher.HashLeaf([]byte(p.Leaf)), hashes, c.Root[:]); err != nil {
			t.Fatalf("leaf %d: another verifier says %v", index, err)
		}
		if _, _, err := audit.CheckProof([]byte(p.Proof), []byte(p.Leaf+" "), p.Verifier); err == nil {
			t.Fatal("the proof of another leaf is taken")
		}
		proven++
	}
	if proven == 0 {
		t.Fatal("no record was proven")
	}
}

func proofHashes(t testing.TB, file string) (hashes []audit.Hash) {
	t.Helper()
	head, _, _ := strings.Cut(file, "\n\n")
	for _, line := range strings.Split(head, "\n")[2:] {
		var h audit.Hash
		if err := h.UnmarshalJSON([]byte(`"` + line + `"`)); err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, h)
	}
	return hashes
}

// A tree that was signed is not signed again where it is another one.
func TestOtherTreeIsNotSigned(t *testing.T) {
	l := newLogged(t, 300)
	defer l.Close()
	signed := l.sign(t)
	before := l.records(t)
	l.add(t, 300, 310)
	newest := l.sign(t)
	var back []keyed // somebody takes the store back to where it was
	for _, r := range l.records(t) {
		back = append(back, keyed{r.key, nil})
	}
	l.set(t, back...)
	l.set(t, before...)
	sound(t, l.verify(t, []byte(signed.Checkpoint)))
	if r := l.verify(t, []byte(newest.Checkpoint)); r.Sound() || !strings.Contains(r.Findings[0].What, "had 311 leaves") {
		t.Errorf("of a store that was taken back is found %v", r.Findings)
	}
	for _, r := range before { // and changes what was signed
		if bytes.HasPrefix(r.key, []byte("bh\x00\x00\x00\x01\x01")) {
			value := bytes.Clone(r.value)
			value[len(value)-1] ^= 1
			l.set(t, keyed{r.key, value})
		}
	}
	l.add(t, 300, 310)
	if s, err := l.Checkpoint(t.Context()); err == nil {
		t.Errorf("another tree was signed: %s", s.Checkpoint)
	}
}

// Another history, such as that of a restored backup, begins a tree of its own, which
// names the one before.
func TestEpochs(t *testing.T) {
	space := memory.NewSpace()
	l := openLogged(t, space)
	l.add(t, 0, 40)
	first := l.sign(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	e := space.OpenAlone(time.Now)
	b, err := store.Open(t.Context(), e, store.Options{AuditOrigin: "example.com/consent"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l = &logged{b, e, space}
	defer l.Close()
	l.add(t, 40, 50)
	second := l.sign(t)
	if got := audit.OriginIn([]byte(second.Checkpoint)); got != "example.com/consent/2" {
		t.Errorf("the second log is %q", got)
	}
	for _, k := range []*audit.Signed{first, second} {
		r := l.verify(t, []byte(k.Checkpoint))
		sound(t, r)
		if r.Epochs != 2 || r.Records != 50 {
			t.Errorf("%d epochs, %d records", r.Epochs, r.Records)
		}
	}
	for _, r := range l.records(t) { // a leaf of the first one
		if bytes.HasPrefix(r.key, []byte("bl\x00\x00\x00\x01")) && r.key[13] == 40 {
			l.set(t, keyed{r.key, nil})
		}
	}
	if r := l.verify(t, nil); r.Sound() {
		t.Error("the last leaf of the first log is gone, and nothing was found")
	}
}

// Records that are older than the log are entered when the store is opened, each by
// itself and always in the same order.
func TestOlderRecordsAreEntered(t *testing.T) {
	l := newLogged(t, 300)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var orders [][]string
	for range 2 {
		before := &logged{nil, l.space.OpenAlone(time.Now), l.space} // as a version before left it
		for _, r := range before.records(t) {
			if r.key[0] == 'b' {
				before.set(t, keyed{r.key, nil})
			}
		}
		now := openLogged(t, l.space)
		r := now.verify(t, nil)
		sound(t, r)
		if r.Records != 300 || r.Leaves != 301 {
			t.Errorf("%d records and %d leaves, want 300 and 301", r.Records, r.Leaves)
		}
		var order []string
		for _, r := range now.records(t) {
			if r.key[0] == 'b' && r.key[1] == 'o' {
				order = append(order, string(r.value[len(r.value)-8:])) // the record's id
			}
		}
		orders = append(orders, order[1:])
		now.add(t, 300, 310)
		sound(t, now.verify(t, nil))
		for _, r := range now.records(t) { // what came since isn't older
			if r.key[0] == 'h' && binary.BigEndian.Uint64(r.key[17:]) >= uint64(logStart+300_000) {
				now.set(t, keyed{r.key, nil})
			}
		}
		if err := now.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(orders[0], orders[1]) {
		t.Error("the order is another one the second time")
	}
}

// Where there are many records that are older than the log, the store is open before they
// are entered, takes others meanwhile, and all have a leaf in the end, once; also where it
// is closed in between.
func TestManyOlderRecordsAreEnteredMeanwhile(t *testing.T) {
	defer store.EnterAtOpen(10)()
	l := newLogged(t, 1500)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	before := &logged{nil, l.space.OpenAlone(time.Now), l.space} // as a version before left it
	for _, r := range before.records(t) {
		if r.key[0] == 'b' {
			before.set(t, keyed{r.key, nil})
		}
	}
	now := openLogged(t, l.space)
	now.add(t, 1500, 1510)
	if err := now.Close(); err != nil { // in the middle of it, or not
		t.Fatal(err)
	}
	now = openLogged(t, l.space)
	r := now.verify(t, nil)
	for range 10_000 {
		// The log is signed meanwhile, and what this engine shows is not of one moment.
		if r.Leaves >= 1511 && r.Sound() {
			break
		}
		runtime.Gosched()
		r = now.verify(t, nil)
	}
	sound(t, r)
	if r.Records != 1510 || r.Leaves != 1511 {
		t.Errorf("%d records and %d leaves, want 1510 and 1511", r.Records, r.Leaves)
	}
	if err := now.Close(); err != nil {
		t.Fatal(err)
	}
}
