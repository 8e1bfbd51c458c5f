package store_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"pgregory.net/rapid"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/memory"
)

// Every kind of record says what the erasure of a person does with it.
func TestErasingKnowsEveryKind(t *testing.T) {
	kinds := make(map[byte]bool)
	for _, k := range store.Kinds {
		kinds[k.Prefix] = true
		if _, ok := store.ErasingOf(k.Prefix); !ok {
			t.Errorf("nothing says what an erasure does with %s (%c)", k.Name, k.Prefix)
		}
	}
	for prefix := range 256 {
		if _, ok := store.ErasingOf(byte(prefix)); ok && !kinds[byte(prefix)] {
			t.Errorf("an erasure does something with records %c, and there are none", prefix)
		}
	}
}

func (l *logged) erase(t testing.TB, digits string) *store.ErasedData {
	t.Helper()
	d, err := l.Erase(t.Context(), &store.ErasureRequest{Who: []policy.Identity{{Kind: policy.Phone, Value: digits}}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Whatever is changed by hand is found after erasures too: an erased leaf covers its
// records and no others.
func TestEveryChangeIsFoundAfterErasures(t *testing.T) {
	l := newLogged(t, 600)
	defer l.Close()
	before := l.sign(t)
	for _, who := range []int{0, 7, 13} {
		l.erase(t, fmt.Sprintf("155501%05d", who))
	}
	sound(t, l.verify(t, []byte(before.Checkpoint+"\n"+before.Verifier+"\n")))
	everyChangeIsFound(t, l, l.sign(t))
}

// Who is erased leaves nothing in the history or its log that leads to them, and proofs of
// everybody else's records still verify, by a stranger's code.
func TestErasedAreInNoLeaf(t *testing.T) {
	l := newLogged(t, 500)
	defer l.Close()
	if d := l.erase(t, "15550100005"); d.Counts.Consents != 25 || d.Counts.Leaves != 25 || d.Counts.Names != 2 {
		t.Errorf("erased %+v", d)
	}
	l.sign(t)
	erased, proven := 0, 0
	for _, r := range l.records(t) {
		for _, who := range []policy.Identity{{Kind: policy.Phone, Value: "15550100005"}, {Kind: policy.BSUID, Value: "US.5"}} {
			alias := l.Pseudonym(who)
			for _, secret := range []string{who.Value, alias.String(), string(alias[:])} {
				if bytes.Contains(r.key, []byte(secret)) || r.key[0] != 'b' && bytes.Contains(r.value, []byte(secret)) {
					t.Errorf("%x = %x leads to the person", r.key, r.value)
				}
			}
		}
		if r.key[0] == 'b' && bytes.Contains(r.value, []byte(audit.ErasedSchema)) {
			erased++
		}
		if r.key[0] != 'h' || r.key[32]%8 != 0 {
			continue
		}
		p, err := l.ProveRecord(t.Context(), store.RecordID(r.key[25:]))
		if err != nil {
			t.Fatal(err)
		}
		index, c, err := audit.CheckProof([]byte(p.Proof), []byte(p.Leaf), p.Verifier)
		if err != nil {
			t.Fatal(err)
		}
		var hashes [][]byte
		for _, h := range proofHashes(t, p.Proof) {
			hashes = append(hashes, h[:])
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, c.Size, rfc6962.DefaultHasher.HashLeaf([]byte(p.Leaf)), hashes, c.Root[:]); err != nil {
			t.Fatalf("leaf %d: another verifier says %v", index, err)
		}
		proven++
	}
	if erased != 1 || proven == 0 {
		t.Errorf("%d leaves say that records were erased, %d were proven", erased, proven)
	}
}

// Erasures and everything else may come in any order: the log stays sound, the erased stay
// opted out, and nobody else loses a record.
func TestErasures(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := openLogged(t, memory.NewSpace())
		defer l.Close()
		erased := make(map[int]bool)
		want := make(map[int]int)
		n := 0
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			who := rapid.IntRange(0, 4).Draw(rt, "who")
			switch digits := fmt.Sprintf("155501%05d", who); rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0:
				l.erase(t, digits)
				erased[who], want[who] = true, 0
			case 1:
				l.sign(t)
			default: // all of it is of before any erasure
				n++
				if err := l.Apply(t.Context(), []policy.Event{logEvent(n, digits)}); err != nil {
					t.Fatal(err)
				}
				if !erased[who] {
					want[who]++
				}
			}
		}
		if r := l.verify(t, nil); !r.Sound() {
			rt.Fatalf("found %v", r.Findings)
		}
		for who := range 5 {
			id := policy.Identity{Kind: policy.Phone, Value: fmt.Sprintf("155501%05d", who)}
			got := 0
			for _, err := range l.History(t.Context(), id) {
				if err != nil {
					t.Fatal(err)
				}
				got++
			}
			if got != want[who] {
				rt.Fatalf("%d has %d records, want %d", who, got, want[who])
			}
			if erased[who] && marketing(t, l.Book, id) != policy.OptedOut {
				rt.Fatalf("%d was erased and isn't opted out", who)
			}
		}
	})
}

// A record that is taken away by hand is found, whoever else was erased: also where it is
// taken away as an erasure does it, but no leaf says so.
func TestTakenAwayByHandIsFound(t *testing.T) {
	l := newLogged(t, 100)
	defer l.Close()
	l.erase(t, "15550100003")
	whole := l.records(t)
	l.erase(t, "15550100004")
	sound(t, l.verify(t, nil))
	after := l.records(t)
	// Everything that the second erasure took, without its leaf and the head with that.
	for _, r := range after {
		if !slices.ContainsFunc(whole, func(o keyed) bool { return bytes.Equal(o.key, r.key) }) {
			l.set(t, keyed{r.key, nil})
		}
	}
	for _, r := range whole {
		if string(r.key) == "bt" {
			l.set(t, r)
		}
	}
	r := l.verify(t, nil)
	if r.Sound() || !strings.Contains(fmt.Sprint(r.Findings), "no leaf says that it was erased") {
		t.Errorf("found %v", r.Findings)
	}
}
