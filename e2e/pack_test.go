package e2e

import (
	ziparchive "archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/evidence"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// unpacked are the files of a zip, and a directory with them.
func unpacked(t *testing.T, raw []byte) (files map[string][]byte, dir string) {
	t.Helper()
	z, err := ziparchive.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	files, dir = make(map[string][]byte), t.TempDir()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = content
		put(t, dir, f.Name, content)
	}
	return files, dir
}

func put(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// repacked is a zip of files.
func repacked(t *testing.T, files map[string][]byte) *ziparchive.Reader {
	t.Helper()
	var b bytes.Buffer
	w := ziparchive.NewWriter(&b)
	for name, content := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := ziparchive.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// in runs a program of the machine in a directory. They belong to a Debian: no skipping.
func in(dir string, args ...string) (string, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// A person opts in through the consent API, stops on WhatsApp, and a send to them is
// refused. Whoever gets the evidence pack checks it without waguard, and finds every
// change.
func TestEvidencePack(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\nbusiness *", Site: consentSite}})
	list(t, w)
	c := newConsentClient(t, w)
	all := c.key(t, "crm", "", "read", "record").Key
	who := `"phone_number_id":"` + shop + `","contact":"` + ana.Phone + `"`
	optIn := `{"records":[{` + who + `,"state":"opted_in","scope":"marketing","source":"website","page_url":"https://shop.example/","text":"Yes, send me <offers> on WhatsApp","language":"en","names_channel":true,"business_name":"Shop","categories":["offers"],"legal_basis":"consent","jurisdiction":"DE"}]}`
	if status, answer, _ := c.post(t, all, "/records", optIn); status != http.StatusOK {
		t.Fatalf("an opt-in: %d %s", status, answer)
	}
	if status, answer, _ := c.post(t, all, "/records", strings.ReplaceAll(optIn, ana.Phone, ben.Phone)); status != http.StatusOK {
		t.Fatalf("somebody else's: %d %s", status, answer)
	}
	template(ana, "sale", "allow CONSENT marketing by business")(t, w)
	after(time.Minute)(t, w)
	ana.writes("STOP")(t, w)
	template(ana, "sale", stoppedOffers+"user")(t, w)

	var signed audit.Signed // as an auditor would have it from elsewhere
	w.admin(t, adminapi.RouteAuditCheckpoint.Path, `{}`, &signed)
	status, raw, header := c.post(t, all, "/export", `{`+who+`,"format":"pack"}`)
	if status != http.StatusOK || header.Get("Content-Type") != "application/zip" {
		t.Fatalf("the pack: %d %s", status, raw)
	}
	if _, again, _ := c.post(t, all, "/export", `{`+who+`,"format":"pack"}`); !bytes.Equal(raw, again) {
		t.Error("the same facts make another pack")
	}
	files, dir := unpacked(t, raw)

	// What it says.
	var history adminapi.History
	if err := json.Unmarshal(files["history.json"], &history); err != nil || len(history.History) != 2 || history.History[0].State != "opted_out" || history.History[1].Evidence.Text == "" {
		t.Errorf("the history: %v %s", err, files["history.json"])
	}
	for _, want := range []string{`"decision":"allow","rule":"CONSENT"`, `"decision":"refuse","rule":"OPTED_OUT_MARKETING"`, `"policy_sha256":`} {
		if !strings.Contains(string(files["decisions.jsonl"]), want) {
			t.Errorf("no decision has %s: %s", want, files["decisions.jsonl"])
		}
	}
	schema, err := jsonschema.NewCompiler().Compile("../docs/reference/consent-receipt.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"records/0001/receipt.json", "records/0002/receipt.json"} {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(files[name]))
		if err == nil {
			err = schema.Validate(value)
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, files[name])
		}
	}

	// Stock tools.
	if out, err := in(dir, "sha256sum", "--strict", "-c", "SHA256SUMS"); err != nil {
		t.Errorf("sha256sum: %v %s", err, out)
	}
	if out, err := in(dir, "openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der", "-rawin", "-in", "SHA256SUMS", "-sigfile", "SHA256SUMS.sig"); err != nil {
		t.Errorf("openssl: %v %s", err, out)
	}
	if out, err := in(dir, "sh", "verify.sh", signed.Verifier); err != nil || !strings.Contains(out, "2 records are in the log, and 2 of them are opened") {
		t.Errorf("verify.sh: %v %s", err, out)
	}
	v, err := note.NewVerifier(signed.Verifier)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"SHA256SUMS.note": string(files["SHA256SUMS"]), "checkpoint.txt": signed.Checkpoint[:strings.Index(signed.Checkpoint, "\n\n")+1]} {
		if n, err := note.Open(files[name], note.VerifierList(v)); err != nil || n.Text != text {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, dir := range []string{"records/0001/", "records/0002/"} {
		index, checkpoint, err := audit.CheckProof(files[dir+"record.proof"], files[dir+"leaf.json"], signed.Verifier)
		if err != nil {
			t.Fatal(err)
		}
		var hashes [][]byte
		head, _, _ := strings.Cut(string(files[dir+"record.proof"]), "\n\n")
		for _, line := range strings.Split(head, "\n")[2:] {
			h, err := base64.StdEncoding.DecodeString(line)
			if err != nil {
				t.Fatal(err)
			}
			hashes = append(hashes, h)
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, checkpoint.Size, rfc6962.DefaultHasher.HashLeaf(files[dir+"leaf.json"]), hashes, checkpoint.Root[:]); err != nil {
			t.Errorf("%s: another verifier says %v", dir, err)
		}
	}
	if report := evidence.VerifyPack(repacked(t, files), signed.Verifier); !report.Sound() || report.Opened != 2 || report.Decisions != 2 || report.OwnKey {
		t.Errorf("the pack: %+v", report)
	}

	// Any change of any kind of file is found, by both.
	for name, content := range files {
		changed := bytes.Clone(content)
		changed[len(changed)/3] ^= 1
		files[name] = changed
		if report := evidence.VerifyPack(repacked(t, files), signed.Verifier); report.Sound() {
			t.Errorf("a changed byte of %s is not found", name)
		}
		if name != "verify.sh" {
			put(t, dir, name, changed)
			if out, err := in(dir, "sh", "verify.sh", signed.Verifier); err == nil {
				t.Errorf("verify.sh doesn't find a changed byte of %s: %s", name, out)
			}
			put(t, dir, name, content)
		}
		delete(files, name)
		if report := evidence.VerifyPack(repacked(t, files), signed.Verifier); report.Sound() {
			t.Errorf("that %s is missing is not found", name)
		}
		files[name] = content
	}
	files["more.txt"] = []byte("more")
	if report := evidence.VerifyPack(repacked(t, files), signed.Verifier); report.Sound() {
		t.Error("a file that was added is not found")
	}
	put(t, dir, "more.txt", []byte("more"))
	if out, err := in(dir, "sh", "verify.sh", signed.Verifier); err == nil {
		t.Errorf("verify.sh doesn't find a file that was added: %s", out)
	}
	delete(files, "more.txt")

	// A pack that somebody else has signed, with a key of their own.
	forger, err := audit.NewKey(bytes.Repeat([]byte{7}, audit.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	sums, err := forger.SignSums(v.Name(), files["SHA256SUMS"])
	if err != nil {
		t.Fatal(err)
	}
	files["SHA256SUMS.sig"], files["SHA256SUMS.note"] = sums.Signature, sums.Note
	for _, key := range []string{"", signed.Verifier, sums.Verifier} {
		if report := evidence.VerifyPack(repacked(t, files), key); report.Sound() {
			t.Errorf("a forged signature is taken with the key %q", key)
		}
	}
}

// What a person is told who asks, and receipts; a key is for its own numbers alone.
func TestSubjectAccess(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\nbusiness *", Site: consentSite}})
	list(t, w)
	c := newConsentClient(t, w)
	all := c.key(t, "crm", "", "read", "record").Key
	who := `"phone_number_id":"` + shop + `","contact":"` + ana.Phone + `"`
	optIn := `{"records":[{` + who + `,"state":"opted_in","scope":"marketing","source":"website","page_url":"https://shop.example/","text":"<script>alert(1)</script> & offers"}]}`
	c.post(t, all, "/records", optIn)
	c.post(t, all, "/records", strings.ReplaceAll(optIn, shop, support))
	template(ana, "sale", "allow CONSENT marketing by business")(t, w)

	status, answer, _ := c.post(t, all, "/export", `{`+who+`,"format":"json"}`)
	if status != http.StatusOK || strings.Count(string(answer), `"record_id"`) != 1 || strings.Count(string(answer), `"rule":"CONSENT"`) != 1 {
		t.Errorf("of one number: %d %s", status, answer)
	}
	if _, answer, _ = c.post(t, all, "/export", `{"contact":"`+ana.Phone+`","format":"json"}`); strings.Count(string(answer), `"record_id"`) != 2 {
		t.Errorf("of all: %s", answer)
	}
	status, answer, _ = c.post(t, all, "/export", `{`+who+`,"format":"html"}`)
	page := string(answer)
	if status != http.StatusOK || !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; offers") || strings.Contains(page, "<script") || !strings.Contains(page, "<td>CONSENT</td>") || !strings.Contains(page, ana.Phone[1:]) {
		t.Errorf("the page: %d %s", status, page)
	}
	// Of whom there is nothing, that is said.
	status, answer, _ = c.post(t, all, "/export", `{"contact":"+4915119876548","format":"html"}`)
	if status != http.StatusOK || !strings.Contains(string(answer), "None.") {
		t.Errorf("of a stranger: %d %s", status, answer)
	}

	var receipts struct{ Receipts []evidence.Receipt }
	status, answer, _ = c.post(t, all, "/receipt", `{`+who+`}`)
	if err := json.Unmarshal(answer, &receipts); err != nil || status != http.StatusOK || len(receipts.Receipts) != 1 {
		t.Fatalf("receipts: %d %s", status, answer)
	}
	r := receipts.Receipts[0]
	if r.PrincipalID != ana.Phone || r.Event.State != "given" || r.PrivacyNotice.SHA256 == "" || r.Purposes[0].LawfulBasis != "not recorded" || r.Proof == nil {
		t.Errorf("the receipt: %s", answer)
	}
	if _, _, err := audit.CheckProof([]byte(r.Proof.TlogProof), []byte(r.Proof.Leaf), r.Proof.Verifier); err != nil {
		t.Error(err)
	}
	if status, answer, _ = c.post(t, all, "/receipt", `{`+who+`,"record":"`+r.RecordID+`"}`); status != http.StatusOK {
		t.Errorf("one receipt: %d %s", status, answer)
	}

	elsewhere, writer := c.key(t, "elsewhere", `"`+support+`"`, "read").Key, c.key(t, "writer", "", "record").Key
	for name, want := range map[string]struct {
		key, path, body string
		status          int
	}{
		"another number":      {elsewhere, "/export", `{` + who + `,"format":"pack"}`, 403},
		"all numbers":         {elsewhere, "/export", `{"contact":"` + ana.Phone + `","format":"pack"}`, 400},
		"all receipts":        {elsewhere, "/receipt", `{"contact":"` + ana.Phone + `"}`, 400},
		"no right":            {writer, "/export", `{` + who + `,"format":"pack"}`, 403},
		"no format":           {all, "/export", `{` + who + `}`, 400},
		"a format that is no": {all, "/export", `{` + who + `,"format":"pdf"}`, 400},
		"a record of nobody":  {all, "/receipt", `{` + who + `,"record":"0123456789abcdef"}`, 404},
		"no record":           {all, "/receipt", `{` + who + `,"record":"12"}`, 400},
	} {
		if status, answer, _ := c.post(t, want.key, want.path, want.body); status != want.status {
			t.Errorf("%s: %d %s, want %d", name, status, answer, want.status)
		}
	}
}
