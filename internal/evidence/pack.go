package evidence

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	_ "embed" // for what every pack has
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

// PackSchema is the layout of an evidence pack.
const PackSchema = "waguard.pack/1"

// The files of a pack. Those of a record are in a directory of their own below records,
// numbered from the oldest.
const (
	readmeFile     = "README.txt"
	scriptFile     = "verify.sh"
	manifestFile   = "pack.json"
	verifierFile   = "verifier.txt"
	keyFile        = "key.der"
	checkpointFile = "checkpoint.txt"
	historyFile    = "history.json"
	decisionsFile  = "decisions.jsonl"
	sumsFile       = "SHA256SUMS"
	signatureFile  = "SHA256SUMS.sig"
	noteFile       = "SHA256SUMS.note"

	leafFile      = "leaf.json"
	proofFile     = "record.proof"
	openingFile   = "opening.json"
	committedFile = "opening.bin"
	receiptFile   = "receipt.json"
)

//go:embed pack_readme.txt
var readme []byte

// Script verifies a pack with stock tools.
//
//go:embed pack_verify.sh
var Script []byte

// Person is what there is of somebody.
type Person struct {
	Principal
	Made time.Time
	// PhoneNumberID is the business phone number everything is about; "" for all.
	PhoneNumberID string
	// Pseudonym is the name under which the store knows the contact.
	Pseudonym string
	// Records are the newest first, Proofs those of each in the same order: nil where
	// there is none.
	Records    []*store.ConsentRecord
	Proofs     []*audit.Proof
	Checkpoint *audit.Signed
	// Decisions are on sends to the person.
	Decisions iter.Seq2[*store.Entry, error]
	// Sign signs sums with the log's key.
	Sign func(sums []byte) (*audit.Sums, error)
	// Known is what holds now, by business phone number.
	Known []Known
}

// Known is what holds for a person in relation to a business phone number.
type Known struct {
	PhoneNumberID string            `json:"phone_number_id"`
	Business      string            `json:"business,omitempty"`
	Now           *adminapi.Consent `json:"now"`
}

// Manifest says what a pack is of.
type Manifest struct {
	Schema  string    `json:"schema"`
	Made    time.Time `json:"made"`
	Contact string    `json:"contact"`
	// Pseudonyms are the names under which the store knows the person.
	Pseudonyms    []string `json:"pseudonyms"`
	PhoneNumberID string   `json:"phone_number_id,omitempty"`
	Origin        string   `json:"origin"`
	Records       []Entry  `json:"records"`
	Decisions     int      `json:"decisions"`
}

// Entry is a record of a pack.
type Entry struct {
	Directory string `json:"directory,omitempty"`
	ID        string `json:"id"`
	// Proven: it has a leaf in the log. Opened: what opens the leaf is there.
	Proven bool `json:"proven"`
	Opened bool `json:"opened"`
}

// Decision is one on a send, with the policy it rests on.
type Decision struct {
	adminapi.Line
	// Policy is the SHA-256 of its text, which is the file policies/<digest>.json.
	Policy string `json:"policy_sha256,omitempty"`
}

// packTime is that of every file in a pack: the same facts make the same pack.
var packTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// packWriter writes the files, and keeps their sums.
type packWriter struct {
	zip  *zip.Writer
	sums []string
	sum  hash.Hash
	name string
}

func (w *packWriter) create(name string) (io.Writer, error) {
	w.close()
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: packTime}
	h.SetMode(0o644)
	f, err := w.zip.CreateHeader(h)
	if err != nil {
		return nil, err
	}
	w.name, w.sum = name, sha256.New()
	return io.MultiWriter(f, w.sum), nil
}

// close notes the sum of the file that is being written.
func (w *packWriter) close() {
	if w.name != "" {
		w.sums = append(w.sums, hex.EncodeToString(w.sum.Sum(nil))+"  "+w.name+"\n")
	}
	w.name = ""
}

func (w *packWriter) put(name string, content []byte) error {
	f, err := w.create(name)
	if err == nil {
		_, err = f.Write(content)
	}
	return err
}

func (w *packWriter) putJSON(name string, v any) error {
	text, err := indentedJSON(v)
	if err != nil {
		return err
	}
	return w.put(name, text)
}

func indentedJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}

// WritePack writes an evidence pack. Nothing but the records and the policies is in
// memory at once: there may be many decisions.
func (p *Person) WritePack(out io.Writer) error {
	w := &packWriter{zip: zip.NewWriter(out)}
	der, err := audit.PublicKeyDER(p.Checkpoint.Verifier)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name    string
		content []byte
	}{
		{readmeFile, readme},
		{scriptFile, Script},
		{verifierFile, []byte(p.Checkpoint.Verifier + "\n")},
		{keyFile, der},
		{checkpointFile, []byte(p.Checkpoint.Checkpoint)},
	} {
		if err := w.put(f.name, f.content); err != nil {
			return err
		}
	}
	history := make([]adminapi.ConsentRecord, len(p.Records))
	for i, rec := range p.Records {
		history[i] = adminapi.ConsentRecordOf(rec)
	}
	if err := w.putJSON(historyFile, adminapi.History{History: history}); err != nil {
		return err
	}
	m := &Manifest{Schema: PackSchema, Made: p.Made.UTC(), Contact: p.Contact, Pseudonyms: p.pseudonyms(), PhoneNumberID: p.PhoneNumberID, Origin: audit.OriginIn([]byte(p.Checkpoint.Checkpoint)), Records: []Entry{}}
	for i := len(p.Records) - 1; i >= 0; i-- {
		e, err := w.putRecord(len(m.Records)+1, p, p.Records[i], p.Proofs[i])
		if err != nil {
			return err
		}
		m.Records = append(m.Records, e)
	}
	if m.Decisions, err = w.putDecisions(p.Decisions); err != nil {
		return err
	}
	if err := w.putJSON(manifestFile, m); err != nil {
		return err
	}
	return w.sign(p.Sign)
}

// pseudonyms are the names under which the store knows the person.
func (p *Person) pseudonyms() []string {
	names := []string{p.Pseudonym}
	for _, rec := range p.Records {
		names = append(names, rec.Alias.String())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// putRecord writes what there is of a record.
func (w *packWriter) putRecord(n int, p *Person, rec *store.ConsentRecord, proof *audit.Proof) (Entry, error) {
	e := Entry{ID: rec.ID.String(), Directory: fmt.Sprintf("records/%04d", n)}
	if err := w.putJSON(e.Directory+"/"+receiptFile, p.ReceiptOf(rec, proof)); err != nil || proof == nil {
		return e, err
	}
	e.Proven = true
	if err := w.put(e.Directory+"/"+leafFile, []byte(proof.Leaf)); err != nil {
		return e, err
	}
	if err := w.put(e.Directory+"/"+proofFile, []byte(proof.Proof)); err != nil || proof.Opening == nil {
		return e, err
	}
	e.Opened = true
	committed, err := proof.Opening.Committed()
	if err != nil {
		return e, err
	}
	if err := w.put(e.Directory+"/"+committedFile, committed); err != nil {
		return e, err
	}
	return e, w.putJSON(e.Directory+"/"+openingFile, proof.Opening)
}

// putDecisions writes a line for each decision, and the policies they rest on.
func (w *packWriter) putDecisions(decisions iter.Seq2[*store.Entry, error]) (n int, err error) {
	f, err := w.create(decisionsFile)
	if err != nil {
		return 0, err
	}
	enc := json.NewEncoder(f)
	enc.SetEscapeHTML(false)
	policies := make(map[string][]byte)
	for e, err := range decisions {
		if err != nil {
			return n, err
		}
		d := Decision{Line: *adminapi.LineOf(e)}
		if !e.Unread {
			text, err := indentedJSON(e.Policy)
			if err != nil {
				return n, err
			}
			sum := sha256.Sum256(text)
			d.Policy = hex.EncodeToString(sum[:])
			policies[d.Policy] = text
		}
		if err := enc.Encode(d); err != nil {
			return n, err
		}
		n++
	}
	for _, digest := range slices.Sorted(maps.Keys(policies)) {
		if err := w.put("policies/"+digest+".json", policies[digest]); err != nil {
			return n, err
		}
	}
	return n, nil
}

// sign writes the sums of all files and who signed them, and ends the pack.
func (w *packWriter) sign(sign func([]byte) (*audit.Sums, error)) error {
	w.close()
	slices.SortFunc(w.sums, func(a, b string) int { return strings.Compare(a[66:], b[66:]) })
	text := []byte(strings.Join(w.sums, ""))
	signed, err := sign(text)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name    string
		content []byte
	}{{sumsFile, text}, {signatureFile, signed.Signature}, {noteFile, signed.Note}} {
		if err := w.put(f.name, f.content); err != nil {
			return err
		}
	}
	return w.zip.Close()
}
