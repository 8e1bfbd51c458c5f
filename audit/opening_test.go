package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
)

func openedLeaf(t testing.TB) (leaf []byte, o *Opening) {
	t.Helper()
	salt := []byte(strings.Repeat("s", SaltSize))
	parts := []Part{{[]byte("key"), []byte("value")}, {[]byte("key 2"), nil}}
	leaf, err := Encode(&Leaf{Schema: ConsentSchema, Subjects: []string{"00"}, Commitment: Commit(salt, parts)})
	if err != nil {
		t.Fatal(err)
	}
	return leaf, NewOpening(salt, parts)
}

// An opening is that of one leaf; sha256sum of the bytes is the commitment.
func TestOpening(t *testing.T) {
	leaf, o := openedLeaf(t)
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	read, err := ParseOpening(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckOpening(leaf, read); err != nil {
		t.Error(err)
	}
	b, err := read.Committed()
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(b); !strings.Contains(string(leaf), hex.EncodeToString(sum[:])) {
		t.Error("the leaf has not the sum of the bytes")
	}
	for name, change := range map[string]func(*Opening){
		"another salt":          func(o *Opening) { o.Salt = strings.Repeat("00", SaltSize) },
		"a value moved":         func(o *Opening) { o.Parts[0].Key, o.Parts[0].Value = o.Parts[0].Key+"76", o.Parts[0].Value[2:] },
		"a part less":           func(o *Opening) { o.Parts = o.Parts[:1] },
		"parts in other places": func(o *Opening) { o.Parts[0], o.Parts[1] = o.Parts[1], o.Parts[0] },
	} {
		_, other := openedLeaf(t)
		change(other)
		if CheckOpening(leaf, other) == nil {
			t.Errorf("%s opens the leaf", name)
		}
	}
	for name, text := range map[string]string{
		"a short salt": strings.Replace(string(text), o.Salt, "00", 1), "no part": `{"schema":"` + OpeningSchema + `","salt":"` + o.Salt + `","parts":[]}`,
		"another schema": strings.Replace(string(text), OpeningSchema, "waguard.opening/2", 1), "a field more": `{"colour":"red",` + string(text[1:]), "two": string(text) + string(text), "nothing": "",
	} {
		if _, err := ParseOpening([]byte(text)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if CheckOpening([]byte(`{"schema":"waguard.log/1"}`), o) == nil {
		t.Error("a leaf of no record is opened")
	}
}

// Sums can't be taken for a checkpoint, nor a checkpoint be signed as sums.
func TestSums(t *testing.T) {
	key, err := NewKey([]byte(strings.Repeat("k", SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("0a", sha256.Size) + "  history.json\n")
	sums, err := key.SignSums("waguard/test", text)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenSums(sums.Note, sums.Verifier); err != nil || string(got) != string(text) {
		t.Errorf("%q %v", got, err)
	}
	if err := CheckSignature(text, sums.Signature, sums.Verifier); err != nil {
		t.Error(err)
	}
	if CheckSignature(append(text, ' '), sums.Signature, sums.Verifier) == nil {
		t.Error("the signature is taken over another text")
	}
	if _, err := Open(sums.Note, sums.Verifier); err == nil {
		t.Error("sums are taken for a checkpoint")
	}
	c := Checkpoint{Origin: "waguard/test", Size: 1}
	for _, refused := range []string{c.text(), "", "\n", strings.TrimSuffix(string(text), "\n"), string(text) + "\n", strings.ToUpper(string(text))} {
		if _, err := key.SignSums("waguard/test", []byte(refused)); err == nil {
			t.Errorf("%q is signed", refused)
		}
	}
	other, err := VerifierFor(sums.Verifier, "waguard/test/2")
	if want, _ := key.Verifier("waguard/test/2"); err != nil || other != want {
		t.Errorf("the same key under another name: %s %v", other, err)
	}
}

func FuzzOpen(f *testing.F) {
	key, err := NewKey([]byte(strings.Repeat("k", SeedSize)))
	if err != nil {
		f.Fatal(err)
	}
	verifier, err := key.Verifier("waguard/test")
	if err != nil {
		f.Fatal(err)
	}
	signed, err := key.Sign(Checkpoint{Origin: "waguard/test", Size: 3})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add([]byte("waguard/test\n3\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parse(string(text))
		if err == nil && !strings.HasPrefix(string(text), c.text()) {
			t.Errorf("%q is read as %q", text, c.text())
		}
		// Nobody but the key's holder makes a checkpoint.
		if c, err := Open(text, verifier); err == nil && *c != (Checkpoint{Origin: "waguard/test", Size: 3}) {
			t.Errorf("%q is taken as signed", text)
		}
	})
}

func FuzzCheckProof(f *testing.F) {
	key, err := NewKey([]byte(strings.Repeat("k", SeedSize)))
	if err != nil {
		f.Fatal(err)
	}
	verifier, err := key.Verifier("waguard/test")
	if err != nil {
		f.Fatal(err)
	}
	leaf := []byte("leaf")
	signed, err := key.Sign(Checkpoint{Origin: "waguard/test", Size: 1, Root: HashLeaf(leaf)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(proofHeader+"\nindex 0\n\n"+string(signed)), leaf)
	f.Add([]byte(proofHeader+"\nextra AA==\nindex 0\n\n"+string(signed)), leaf)
	f.Add([]byte(proofHeader+"\nindex 1\nAAAA\n\n"), leaf)
	f.Fuzz(func(t *testing.T, proof, given []byte) {
		if index, _, err := CheckProof(proof, given, verifier); err == nil && (index != 0 || string(given) != string(leaf)) {
			t.Errorf("leaf %q is proven by %q", given, proof)
		}
	})
}

func FuzzParseOpening(f *testing.F) {
	leaf, o := openedLeaf(f)
	text, err := json.Marshal(o)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"schema":"waguard.opening/1","salt":"","parts":[{"key":"0","value":""}]}`))
	want, err := o.Committed()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := ParseOpening(text)
		if err != nil || CheckOpening(leaf, read) != nil {
			return
		}
		if got, err := read.Committed(); err != nil || string(got) != string(want) {
			t.Errorf("%q opens the leaf", text)
		}
	})
}
