package consent

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of sources into the documentation")

const reference = "../docs/reference/evidence.md"

// TestReference: the documentation's table has every source and what it needs, and its
// text every field.
func TestReference(t *testing.T) {
	content, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "<!-- sources -->\n"
	before, after, found := strings.Cut(string(content), mark)
	if !found {
		t.Fatalf("%s has no %s", reference, mark)
	}
	_, after, _ = strings.Cut(after, "\n\nWhat is none of these")
	var table strings.Builder
	table.WriteString("\n| Source | What it is | Needs |\n|---|---|---|\n")
	for _, s := range Sources() {
		fmt.Fprintf(&table, "| `%s` | %s | `%s` |\n", s, s.Doc(), strings.Join(strings.Split(list(s.Needs()), ", "), "`, `"))
	}
	want := before + mark + strings.TrimSuffix(table.String(), "\n") + "\n\nWhat is none of these" + after
	if *update {
		if err := os.WriteFile(reference, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if want != string(content) {
		t.Error("the table of sources is not the code's; go test ./consent -update writes it")
	}
	for f := range reflect.TypeFor[Evidence]().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); !strings.Contains(want, "`"+name+"`") {
			t.Errorf("%s says nothing of `%s`", reference, name)
		}
	}
}
