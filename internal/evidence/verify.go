package evidence

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

// PackReport is what verifying a pack has found.
type PackReport struct {
	Contact string `json:"contact,omitempty"`
	// Verifier is the key it was verified with; OwnKey, that this is the one in the pack.
	Verifier  string `json:"verifier,omitempty"`
	OwnKey    bool   `json:"own_key"`
	Files     int    `json:"files"`
	Records   int    `json:"records"`
	Proven    int    `json:"proven"`
	Opened    int    `json:"opened"`
	Decisions int    `json:"decisions"`
	// Findings are what is not as it must be.
	Findings []string `json:"findings,omitempty"`
}

// Sound reports that the pack is as it was signed.
func (r *PackReport) Sound() bool { return len(r.Findings) == 0 }

// largestPart is how much of a file that is read whole is in memory.
const largestPart = 64 << 20

// packReader verifies a pack.
type packReader struct {
	PackReport
	files map[string]*zip.File
}

func (v *packReader) found(format string, args ...any) {
	if len(v.Findings) < 50 {
		v.Findings = append(v.Findings, fmt.Sprintf(format, args...))
	}
}

// read is a file of the pack; nil, with a finding, where it can't be read.
func (v *packReader) read(name string) []byte {
	f := v.files[name]
	if f == nil {
		v.found("%s is missing", name)
		return nil
	}
	r, err := f.Open()
	if err != nil {
		v.found("%s can't be read: %v", name, err)
		return nil
	}
	defer r.Close()
	content, err := io.ReadAll(io.LimitReader(r, largestPart+1))
	switch {
	case err != nil:
		v.found("%s can't be read: %v", name, err)
		return nil
	case len(content) > largestPart:
		v.found("%s is larger than %d MiB", name, largestPart>>20)
		return nil
	}
	return content
}

// readJSON reads a file of the pack into a value.
func (v *packReader) readJSON(name string, into any) bool {
	content := v.read(name)
	if content == nil {
		return false
	}
	if err := json.Unmarshal(content, into); err != nil {
		v.found("%s is not what it must be: %v", name, err)
		return false
	}
	return true
}

// VerifyPack verifies a pack against a key that is known from elsewhere; with none, the
// one in the pack, it shows only that the pack is in one piece.
func VerifyPack(z *zip.Reader, key string) *PackReport {
	v := &packReader{files: make(map[string]*zip.File)}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if v.files[f.Name] != nil {
			v.found("%s is there twice", f.Name)
		}
		v.files[f.Name] = f
	}
	v.Files = len(v.files)
	own := strings.TrimSpace(string(v.read(verifierFile)))
	if v.Verifier, v.OwnKey = strings.TrimSpace(key), key == ""; v.OwnKey {
		v.Verifier = own
	}
	if _, err := audit.PublicKeyDER(v.Verifier); err != nil {
		v.found("%v", err)
		return &v.PackReport
	}
	v.verifySums(own)
	v.verifyRecords()
	v.verifyDecisions()
	return &v.PackReport
}

// verifierFor is the key under the name of a tree of the same log.
func (v *packReader) verifierFor(signed []byte) string {
	named, err := audit.VerifierFor(v.Verifier, audit.OriginIn(signed))
	if err != nil || !sameLog(audit.OriginIn(signed), v.Verifier) {
		return v.Verifier
	}
	return named
}

// sameLog reports that a name is that of a tree of the key's log.
func sameLog(origin, verifier string) bool {
	named, _, _ := strings.Cut(verifier, "+")
	return baseOf(origin) == baseOf(named)
}

// baseOf is the name of a log without the number of its tree.
func baseOf(origin string) string {
	if i := strings.LastIndexByte(origin, '/'); i > 0 && strings.Trim(origin[i+1:], "0123456789") == "" {
		return origin[:i]
	}
	return origin
}

// verifySums verifies the signature, and every file by its sum.
func (v *packReader) verifySums(own string) {
	sums, signed := v.read(sumsFile), v.read(noteFile)
	named := v.Verifier
	if log, _, _ := strings.Cut(own, "+"); sameLog(log, v.Verifier) {
		if same, err := audit.VerifierFor(v.Verifier, log); err == nil {
			named = same
		}
	}
	text, err := audit.OpenSums(signed, named)
	switch {
	case err != nil:
		v.found("%s: %v", noteFile, err)
	case !bytes.Equal(text, sums):
		v.found("%s is over other sums than %s has", noteFile, sumsFile)
	}
	if err := audit.CheckSignature(sums, v.read(signatureFile), v.Verifier); err != nil {
		v.found("%s: %v", signatureFile, err)
	}
	if own != named {
		v.found("%s has another key than the one to verify with", verifierFile)
	}
	if der, err := audit.PublicKeyDER(v.Verifier); err != nil || !bytes.Equal(der, v.read(keyFile)) {
		v.found("%s has another key than the one to verify with", keyFile)
	}
	listed := map[string]bool{sumsFile: true, signatureFile: true, noteFile: true}
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if listed[name] {
			v.found("%s is listed twice", name)
		}
		listed[name] = true
		if got, err := v.sumOf(name); err != nil {
			v.found("%s: %v", name, err)
		} else if got != sum {
			v.found("%s is not the file that was signed", name)
		}
	}
	for name := range v.files {
		if !listed[name] {
			v.found("%s was put into the pack after it was signed", name)
		}
	}
	slices.Sort(v.Findings)
}

func (v *packReader) sumOf(name string) (string, error) {
	f := v.files[name]
	if f == nil {
		return "", fmt.Errorf("it is missing")
	}
	r, err := f.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil { // #nosec G110 -- nothing of it is kept
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// verifyRecords verifies the checkpoint and the proofs, and that the history says what
// the leaves commit to.
func (v *packReader) verifyRecords() {
	checkpoint := v.read(checkpointFile)
	if _, err := audit.Open(checkpoint, v.verifierFor(checkpoint)); err != nil {
		v.found("%s: %v", checkpointFile, err)
	}
	var m Manifest
	if !v.readJSON(manifestFile, &m) {
		return
	}
	if m.Schema != PackSchema {
		v.found("%s is of the layout %q, not %s: it is of another version", manifestFile, m.Schema, PackSchema)
		return
	}
	v.Contact, v.Decisions, v.Records = m.Contact, m.Decisions, len(m.Records)
	var history adminapi.History
	if !v.readJSON(historyFile, &history) {
		return
	}
	if len(history.History) != len(m.Records) {
		v.found("%s has %d records, and %s %d", historyFile, len(history.History), manifestFile, len(m.Records))
		return
	}
	for i, e := range m.Records {
		v.verifyRecord(e, &history.History[len(m.Records)-1-i])
	}
}

func (v *packReader) verifyRecord(e Entry, told *adminapi.ConsentRecord) {
	var receipt Receipt
	v.readJSON(e.Directory+"/"+receiptFile, &receipt)
	if e.ID != told.ID || receipt.RecordID != told.ID || !receipt.Event.Time.Equal(told.Time) {
		v.found("%s is not the record that %s has in its place", e.Directory, historyFile)
	}
	if !e.Proven {
		return
	}
	leaf, proof := v.read(e.Directory+"/"+leafFile), v.read(e.Directory+"/"+proofFile)
	_, signed := splitProof(string(proof))
	index, _, err := audit.CheckProof(proof, leaf, v.verifierFor([]byte(signed)))
	if err != nil {
		v.found("%s: %v", e.Directory, err)
		return
	}
	v.Proven++
	if p := receipt.Proof; p == nil || p.Index != index || p.Leaf != string(leaf) || p.TlogProof != string(proof) {
		v.found("%s: the proof in the receipt is another one", e.Directory)
	}
	if !e.Opened {
		return
	}
	opening, err := audit.ParseOpening(v.read(e.Directory + "/" + openingFile))
	if err == nil {
		err = audit.CheckOpening(leaf, opening)
	}
	if err != nil {
		v.found("%s: %v", e.Directory, err)
		return
	}
	if committed, err := opening.Committed(); err != nil || !bytes.Equal(committed, v.read(e.Directory+"/"+committedFile)) {
		v.found("%s: %s and %s are not the same", e.Directory, committedFile, openingFile)
	}
	if !tells(opening, told) {
		v.found("%s says otherwise of record %s than its leaf commits to", historyFile, e.ID)
		return
	}
	v.Opened++
}

// tells reports that a record of the history is one of those that an opening has.
func tells(opening *audit.Opening, told *adminapi.ConsentRecord) bool {
	_, parts, err := opening.Open()
	if err != nil {
		return false
	}
	for _, p := range parts {
		rec, err := store.OpenedRecord(p)
		if err != nil {
			return false
		}
		rec.Former = told.Former // whose the number is now is not in the record
		opened, err := json.Marshal(adminapi.ConsentRecordOf(rec))
		if err != nil {
			return false
		}
		if want, err := json.Marshal(told); err == nil && bytes.Equal(opened, want) {
			return true
		}
	}
	return false
}

// verifyDecisions verifies that the policies are there that decisions rest on.
func (v *packReader) verifyDecisions() {
	f := v.files[decisionsFile]
	if f == nil {
		v.found("%s is missing", decisionsFile)
		return
	}
	r, err := f.Open()
	if err != nil {
		v.found("%s can't be read: %v", decisionsFile, err)
		return
	}
	defer r.Close()
	n, dec := 0, json.NewDecoder(r)
	looked := make(map[string]bool)
	for ; ; n++ {
		var d struct {
			Policy string `json:"policy_sha256"`
		}
		if err := dec.Decode(&d); err == io.EOF {
			break
		} else if err != nil {
			v.found("%s is not what it must be: %v", decisionsFile, err)
			return
		}
		name := "policies/" + d.Policy + ".json"
		if d.Policy == "" || looked[name] {
			continue
		}
		looked[name] = true // there are many decisions, and few policies
		if sum, err := v.sumOf(name); err != nil || sum != d.Policy {
			v.found("%s is missing or another policy", name)
		}
	}
	if n != v.Decisions {
		v.found("%s has %d decisions, and %s says %d", decisionsFile, n, manifestFile, v.Decisions)
	}
}

// splitProof takes a proof apart from the checkpoint it ends with.
func splitProof(proof string) (head, signed string) {
	head, signed, _ = strings.Cut(proof, "\n\n")
	return head, signed
}
