package cloudapi

import (
	"bytes"
	cmdline "flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/waguard/waguard/policy"
)

var update = cmdline.Bool("update", false, "write the golden files of this package")

// TestRefusalSentences shows every reason and remedy that the reader and the
// handlers can give, as prose, so that a change is read as what a stranger gets
// to read: is it true in each way it can come about, does it name the cause, is
// the remedy one? With -update it writes the file.
func TestRefusalSentences(t *testing.T) {
	codes := ruleCodes(t)
	var sentences []string
	for _, dir := range []string{".", "../gateway", "../caddymodule"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if s := sentence(n); s != "" {
					name, text, _ := strings.Cut(s, ":")
					if codes[name] == "" {
						t.Errorf("no rule is called %s: %s", name, text)
					}
					sentences = append(sentences, codes[name]+":"+text)
				}
				return true
			})
		}
	}
	slices.Sort(sentences)
	sentences = slices.Compact(sentences)
	got := []byte(strings.Join(sentences, ""))
	const golden = "testdata/refusals.txt"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the sentences of refusals are not those of %s; run go test ./cloudapi -run TestRefusalSentences -update and read what changed", golden)
	}
	for _, rule := range policy.UnjudgedRules {
		if rule == policy.RuleSetup {
			continue // can't be reached through a configuration that loads
		}
		if !slices.ContainsFunc(sentences, func(s string) bool { return strings.HasPrefix(s, string(rule)+": ") }) {
			t.Errorf("no sentence refuses by %s", rule)
		}
	}
	for _, s := range sentences {
		reason, remedy, _ := strings.Cut(s, "\n")
		for _, text := range []string{reason, remedy} {
			text = strings.TrimSpace(text)
			if strings.HasSuffix(text, ".") || strings.Contains(text, "  ") {
				t.Errorf("a sentence that is put into another has a full stop or two spaces: %q", s)
			}
		}
	}
}

// ruleCodes are the codes of all rules by the names of their constants.
func ruleCodes(t *testing.T) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "../policy/rule.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	codes := make(map[string]string)
	ast.Inspect(parsed, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if text, ok := spec.Values[0].(*ast.BasicLit); ok {
				codes[spec.Names[0].Name] = say(text)
			}
		}
		return true
	})
	return codes
}

// Every rule that refuses has an answer in Graph's shape, and there is none for
// rules there aren't.
func TestRefusalsHaveAnswers(t *testing.T) {
	for _, rule := range policy.Refusals() {
		if _, ok := graphErrors[rule]; !ok {
			t.Errorf("%s has no status and code", rule)
		}
	}
	for rule := range graphErrors {
		if !slices.Contains(policy.Refusals(), rule) {
			t.Errorf("there is an answer for %s, which no request is refused by", rule)
		}
	}
}

// sentence is what a call of refusef or missing, or a Refusal or Fault written out, says;
// "" for other nodes.
func sentence(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CallExpr:
		name, _ := n.Fun.(*ast.Ident)
		switch {
		case name == nil:
		case name.Name == "refusef" && len(n.Args) >= 3:
			return inProse(n.Args[0], n.Args[2], n.Args[1])
		case name.Name == "missing" && len(n.Args) == 2:
			return fmt.Sprintf("RuleMissingParam: %s is missing\n    add %s\n", say(n.Args[0]), say(n.Args[1]))
		}
	case *ast.CompositeLit:
		parts := map[string]ast.Expr{}
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if key, ok := kv.Key.(*ast.Ident); ok {
					parts[key.Name] = kv.Value
				}
			}
		}
		if parts["Rule"] != nil && parts["Reason"] != nil && parts["Remedy"] != nil {
			return inProse(parts["Rule"], parts["Reason"], parts["Remedy"])
		}
		if fault, ok := n.Type.(*ast.SelectorExpr); ok && fault.Sel.Name == "Fault" {
			return inProse(ast.NewIdent("RuleMisconfigured"), parts["Reason"], parts["Remedy"])
		}
	}
	return ""
}

func inProse(rule, reason, remedy ast.Expr) string {
	name := say(rule)
	if name == "<rule>" || name == "Rule" || name == "<...>" {
		return "" // passed on from elsewhere
	}
	return fmt.Sprintf("%s: %s\n    %s\n", name[strings.LastIndex(name, ".")+1:], say(reason), say(remedy))
}

// say is a text as it is written in the source; what is put in when the program
// runs stands in angle brackets.
func say(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
		return e.Value
	case *ast.BinaryExpr:
		return say(e.X) + say(e.Y)
	case *ast.Ident:
		if strings.HasPrefix(e.Name, "Rule") {
			return e.Name
		}
		return "<" + e.Name + ">"
	case *ast.SelectorExpr:
		if strings.HasPrefix(e.Sel.Name, "Rule") {
			return e.Sel.Name
		}
		return "<" + e.Sel.Name + ">"
	case *ast.IndexExpr:
		return say(e.X)
	case *ast.CallExpr:
		if fun, ok := e.Fun.(*ast.SelectorExpr); ok && fun.Sel.Name == "Sprintf" && len(e.Args) > 0 {
			return say(e.Args[0])
		}
		return "<...>"
	}
	return "<...>"
}
