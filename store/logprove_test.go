package store_test

import (
	"archive/zip"
	"bytes"
	"slices"
	"testing"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/internal/evidence"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// What opens a leaf is the record itself; where that or its salt is gone, the place in
// the log is proven still, and a pack says so and verifies.
func TestProofWithoutOpening(t *testing.T) {
	l := newLogged(t, 40)
	defer l.Close()
	who := policy.Identity{Kind: policy.Phone, Value: "15550100005"}
	var records []*store.ConsentRecord
	for r, err := range l.History(t.Context(), who) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	if len(records) < 2 {
		t.Fatalf("%d records", len(records))
	}
	proofs, _, err := l.ProveRecords(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range proofs {
		_, parts, err := p.Opening.Open()
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, part := range parts {
			opened, err := store.OpenedRecord(part)
			if err != nil || opened.At != records[i].At || opened.State != records[i].State {
				t.Errorf("record %d opens to %v, %v", i, opened, err)
			}
			ids = append(ids, opened.ID.String())
			part.Key = slices.Clone(part.Key)
			part.Key[3] ^= 1
			if _, err := store.OpenedRecord(part); err == nil {
				t.Error("a record is taken under another's key")
			}
		}
		if !slices.Contains(ids, records[i].ID.String()) {
			t.Errorf("record %s opens to %v", records[i].ID, ids)
		}
	}

	// An erasure takes the records that open two of them.
	for _, p := range proofs[:2] {
		_, parts, err := p.Opening.Open()
		if err != nil {
			t.Fatal(err)
		}
		if err := l.engine.Update(t.Context(), func(tx store.Tx) error { return tx.Delete(parts[0].Key) }); err != nil {
			t.Fatal(err)
		}
	}
	proofs, signed, err := l.ProveRecords(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range proofs {
		if _, _, err := audit.CheckProof([]byte(p.Proof), []byte(p.Leaf), p.Verifier); err != nil || i < 2 && p.Opening != nil {
			t.Errorf("record %d: opening %v, %v", i, p.Opening, err)
		}
	}
	proofs = append(proofs, nil) // one that has no leaf yet
	person := &evidence.Person{
		Principal: evidence.Principal{Contact: "+15550100005", Business: func(id string) string { return id }},
		Records:   append(records, records[0]), Proofs: proofs, Checkpoint: signed, Pseudonym: l.Pseudonym(who).String(),
		Decisions: l.Ledger(t.Context(), store.Filter{Contact: who}),
		Sign:      func(sums []byte) (*audit.Sums, error) { return l.SignSums(t.Context(), sums) },
	}
	var b bytes.Buffer
	if err := person.WritePack(&b); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	report := evidence.VerifyPack(z, signed.Verifier)
	if !report.Sound() || report.Records != len(records)+1 || report.Proven != len(records) || report.Opened != len(records)-2 {
		t.Errorf("the pack: %+v", report)
	}
}
