package policy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every code that is declared is in one of the lists, once, and none is declared
// anywhere but in rule.go.
func TestRulesAreListed(t *testing.T) {
	listed := slices.Concat(AllowRules, RefuseRules, UnjudgedRules, []Rule{RuleSentToAnother})
	for i, rule := range listed {
		if slices.Contains(listed[:i], rule) {
			t.Errorf("%s is listed twice", rule)
		}
		if string(rule) != strings.ToUpper(string(rule)) {
			t.Errorf("%s is not written in capitals", rule)
		}
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Rule" || len(spec.Values) != 1 {
				return true
			}
			code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared++
			if f.Name() != "rule.go" {
				t.Errorf("%s is declared in %s, not in rule.go", code, f.Name())
			}
			if !slices.Contains(listed, Rule(code)) {
				t.Errorf("%s is in no list", code)
			}
			return true
		})
	}
	if declared != len(listed) {
		t.Errorf("%d rules are declared, %d are listed", declared, len(listed))
	}
}
