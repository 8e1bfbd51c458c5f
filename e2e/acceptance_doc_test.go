package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// declaredTests are the tests there are, by name.
func declaredTests(t *testing.T) map[string]bool {
	t.Helper()
	tests := make(map[string]bool)
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example|Benchmark)\w+)\(`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		for _, match := range declared.FindAllSubmatch(source, -1) {
			tests[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}

// TestDamageTablesNameTests: docs/reference/damage.md names tests there are.
func TestDamageTablesNameTests(t *testing.T) {
	text, err := os.ReadFile("../docs/reference/damage.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := declaredTests(t)
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1)
	for _, match := range named {
		if !tests[match[1]] {
			t.Errorf("there is no test called %s", match[1])
		}
	}
	if len(named) == 0 {
		t.Error("it names none")
	}
}

// TestArchitectureNamesTests: each of the invariants A1 to A9 in
// docs/explanation/architecture.md names tests there are.
func TestArchitectureNamesTests(t *testing.T) {
	text, err := os.ReadFile("../docs/explanation/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := declaredTests(t)
	name := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	for _, match := range name.FindAllStringSubmatch(string(text), -1) {
		if !tests[match[1]] {
			t.Errorf("there is no test called %s", match[1])
		}
	}
	for n := 1; n <= 9; n++ {
		row := regexp.MustCompile(fmt.Sprintf(`(?m)^\| A%d \|.*$`, n)).FindAllString(string(text), -1)
		if len(row) != 1 || !name.MatchString(row[0]) {
			t.Errorf("A%d has not one row that names a test: %q", n, row)
		}
	}
}

// TestAcceptanceTableNamesTests: every row of docs/reference/acceptance.md, and of the
// tables in SECURITY.md, names a test there is.
func TestAcceptanceTableNamesTests(t *testing.T) {
	tests := declaredTests(t)
	headings := []string{"| Situation |", "| Caller |", "| What |"}
	name := regexp.MustCompile("`((?:Test|Fuzz|Example|Benchmark)\\w+)")
	for _, file := range []string{"../docs/reference/acceptance.md", "../SECURITY.md"} {
		table, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for line := range strings.Lines(string(table)) {
			if !strings.HasPrefix(line, "| ") || slices.ContainsFunc(headings, func(h string) bool { return strings.HasPrefix(line, h) }) {
				continue
			}
			rows++
			cells := strings.Split(strings.Trim(strings.ReplaceAll(strings.TrimSpace(line), `\|`, ""), "|"), "|")
			named := name.FindAllStringSubmatch(cells[len(cells)-1], -1)
			if len(named) == 0 {
				t.Errorf("a row names no test: %s", line)
			}
			for _, match := range named {
				if !tests[match[1]] {
					t.Errorf("there is no test called %s", match[1])
				}
			}
		}
		if rows == 0 {
			t.Errorf("the table of %s is empty", file)
		}
	}
}
