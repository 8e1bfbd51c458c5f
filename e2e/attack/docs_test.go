package attack

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/reference/attacks.md")

const docs = "../../docs/reference/attacks.md"

// The tables are documentation too.
func TestDocs(t *testing.T) {
	want := document()
	if *update {
		if err := os.WriteFile(docs, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("docs/reference/attacks.md differs from the tables; run go test ./e2e/attack -run TestDocs -update")
	}
}

// chapters are the tables of attacks with a heading each.
var chapters = []struct {
	heading string
	table   []row
}{
	{"Paths", pathAttacks},
	{"Methods", methodAttacks},
	{"Encodings", encodingAttacks},
	{"Batches", batchAttacks},
	{"Hidden batches", hiddenAttacks},
	{"Names", nameAttacks},
	{"JSON", jsonAttacks},
	{"Header fields and framing", headerAttacks},
	{"Numbers and persons", numberAttacks},
	{"Bounds", boundAttacks},
}

func document() []byte {
	var b bytes.Buffer
	n := 0
	for _, c := range chapters {
		n += len(c.table)
	}
	fmt.Fprintf(&b, `# Attacks, and what becomes of them

<!-- Written by go test ./e2e/attack -run TestDocs -update. Don't edit. -->

These are %d ways to get a message past the gateway that its rules refuse, or another message than the one they judged,
and %d honest requests that must arrive unchanged. Each row is a test in [e2e/attack](../../e2e/attack): its bytes are
written to a socket of a real gateway, and a recording upstream reads what arrives as generously as any server could (query
and body merged, the first and the last of duplicates, any case, form, brackets, batches), and as HHVM does, the server software
that Meta published. What is refused must not arrive;
what passes must hold the sends that were judged, and no other, under any of these readings.

The people: "allowed" wrote an hour ago and opted in, "replier" wrote and never opted in. Nobody else may be sent anything:
most never wrote, and some opted out. The business is a German number.

A refusal is an error in the shape of the Graph API with the HTTP status below; the rule is in the header field X-Waguard-Rule and in the
error's waguard object, which also says what to do instead.

`, n, len(honestRequests)+len(honestUploads))
	for _, c := range chapters {
		fmt.Fprintf(&b, "## %s\n\n| Attack | What it tries | What happens | Why |\n| --- | --- | --- | --- |\n", c.heading)
		for _, r := range c.table {
			tries := r.tries
			if r.at != cloud {
				tries += " (" + siteNames[r.at] + ")"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(r.name), cell(tries), cell(r.outcome()), cell(r.why))
		}
		b.WriteByte('\n')
	}
	b.WriteString("## Honest requests\n\nThese arrive byte for byte: method, target, body and every header field. They may differ in this alone:\n\n")
	for _, d := range differences {
		fmt.Fprintf(&b, "- %s\n", d)
	}
	b.WriteString("\n| Request | What it is | What it sends |\n| --- | --- | --- |\n")
	for _, h := range slices.Concat(honestRequests, honestUploads) {
		about := h.about
		if h.at == overTLS {
			about += " (" + siteNames[h.at] + ")"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(h.name), cell(about), cell(strings.Join(h.sends, ", ")))
	}
	return b.Bytes()
}

// outcome says in words what must happen.
func (r row) outcome() string {
	if len(r.want) == 0 {
		return "the connection ends"
	}
	var said []string
	for _, o := range r.want {
		switch {
		case len(o.sends) > 0:
			said = append(said, "passes as judged: "+strings.Join(o.sends, ", "))
		case o.arrives:
			said = append(said, "passes, there is no send in it")
		case o.status == 0:
			said = append(said, "the proxy gives up")
		case o.rule == "":
			said = append(said, fmt.Sprintf("%d of the HTTP server", o.status))
		case o.first != "":
			said = append(said, fmt.Sprintf("%d %s for %s", o.status, o.rule, o.first))
		default:
			said = append(said, fmt.Sprintf("%d %s", o.status, o.rule))
		}
	}
	return strings.Join(said, "; then ")
}

// cell writes a text so that a table of Markdown shows it as it is.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, `\`, `\\`, "*", `\*`, "_", `\_`, "<", "&lt;", "[", `\[`, "]", `\]`, "`", "\\`").Replace(s)
}
