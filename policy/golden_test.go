package policy

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var rewrite = flag.Bool("update", false, "rewrite the decisions in testdata/decisions")

// goldenCase is one documented decision: what was asked, what was known, and the
// answer. The files are linked to from the documentation.
type goldenCase struct {
	// About says in a sentence which rule the case shows.
	About    string    `json:"about"`
	Send     Send      `json:"send"`
	Facts    Facts     `json:"facts"`
	Policy   Policy    `json:"policy"`
	Now      time.Time `json:"now"`
	Decision Decision  `json:"decision"`
}

func TestGoldenDecisions(t *testing.T) {
	files, err := filepath.Glob("testdata/decisions/*.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no cases in testdata/decisions")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c goldenCase
			in := json.NewDecoder(bytes.NewReader(want))
			in.DisallowUnknownFields()
			if err := in.Decode(&c); err != nil {
				t.Fatal(err)
			}
			if c.About == "" {
				t.Error("the case doesn't say what it is about")
			}
			c.Decision = Decide(&c.Send, &c.Facts, &c.Policy, c.Now)
			got := c.render(t)
			if *rewrite {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(got, want) {
				t.Errorf("decided\n%s\nwant\n%s\n(-update rewrites it)", got, want)
			}
		})
	}
}

func (c *goldenCase) render(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
