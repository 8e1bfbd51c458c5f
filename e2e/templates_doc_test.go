package e2e

import (
	"os"
	"regexp"
	"testing"

	"github.com/waguard/waguard/policy"
)

// TestTemplateStatusTable: the table of docs/reference/templates.md says what the rules do.
func TestTemplateStatusTable(t *testing.T) {
	doc, err := os.ReadFile("../docs/reference/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| (yes|no) \\|").FindAllStringSubmatch(string(doc), -1)
	if len(rows) < 17 {
		t.Errorf("the table has %d rows", len(rows))
	}
	for _, row := range rows {
		if got := policy.TemplateStatus(row[1]).MayBeSent(); got != (row[2] == "yes") {
			t.Errorf("%s: the table says %s, the rules %v", row[1], row[2], got)
		}
	}
}
