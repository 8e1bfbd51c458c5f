package policy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pure is everything the rules may import. What is not here moves: a clock, a
// disk, a network, a logger, a goroutine's mailbox.
// What is embedded is part of the program.
var pure = []string{"bytes", "cmp", "embed", "encoding/hex", "errors", "fmt", "iter", "maps", "reflect", "slices", "strconv", "strings", "time", "unicode", "unicode/utf8", "golang.org/x/text/unicode/norm", "github.com/waguard/waguard/consent", "github.com/waguard/waguard/internal/decimal", "github.com/waguard/waguard/policy/rulelang"}

// moving says why some imports are refused; the others just aren't on the list.
var moving = []string{
	"net", "os", "io/fs", "log", "math/rand", "crypto/rand", "sync", "context",
	"github.com/caddyserver/", "go.uber.org/zap", "github.com/dgraph-io/", "github.com/waguard/",
}

// clocks are the functions of package time that look at or wait for one.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Local", "LoadLocation"}

// Policy imports nothing that moves and never asks what time it is.
func TestPurity(t *testing.T) {
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		checked++
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range impurities(t, name, source) {
			t.Error(found)
		}
	}
	if checked == 0 {
		t.Fatal("no files to check")
	}
}

// impurities lists what in one file could make a decision depend on anything but
// its arguments.
func impurities(t *testing.T, name string, source []byte) []string {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	clock := ""
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		at := set.Position(spec.Pos()).String()
		switch {
		case slices.Contains(pure, path):
		case slices.ContainsFunc(moving, func(m string) bool { return path == m || strings.HasPrefix(path, strings.TrimSuffix(m, "/")+"/") }):
			found = append(found, at+": imports "+path+", which moves")
		default:
			found = append(found, at+": imports "+path+"; if it is pure, add it to the list here")
		}
		if path == "time" {
			clock = "time"
			if spec.Name != nil {
				clock = spec.Name.Name
			}
		}
	}
	if clock == "." {
		found = append(found, name+": imports time without its name")
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = append(found, set.Position(n.Pos()).String()+": starts a goroutine")
		case *ast.SelectorExpr:
			if pkg, ok := n.X.(*ast.Ident); ok && clock != "" && pkg.Name == clock && slices.Contains(clocks, n.Sel.Name) {
				found = append(found, set.Position(n.Pos()).String()+": uses time."+n.Sel.Name)
			}
		}
		return true
	})
	return found
}

// The check itself finds what it is for.
func TestPurityFindsImpurity(t *testing.T) {
	for name, source := range map[string]string{
		"net/http":       `import "net/http"; var _ = http.MethodGet`,
		"os":             `import "os"; var _ = os.Args`,
		"caddy":          `import "github.com/caddyserver/caddy/v2"; var _ caddy.Module`,
		"zap":            `import "go.uber.org/zap"; var _ zap.Field`,
		"zapcore":        `import "go.uber.org/zap/zapcore"; var _ zapcore.Field`,
		"badger":         `import "github.com/dgraph-io/badger/v4"; var _ badger.DB`,
		"ours":           `import "github.com/waguard/waguard/store"; var _ store.ID`,
		"unlisted":       `import "sort"; var _ = sort.Strings`,
		"time.Now":       `import "time"; var _ = time.Now()`,
		"time.Now/alias": `import clock "time"; var _ = clock.Now`,
		"time.Now/dot":   `import . "time"; var _ = Now()`,
		"goroutine":      `func f() { go f() }`,
	} {
		t.Run(name, func(t *testing.T) {
			if got := impurities(t, "x.go", []byte("package x; "+source)); len(got) == 0 {
				t.Errorf("nothing found in %s", source)
			}
		})
	}
	if got := impurities(t, "x.go", []byte(`package x; import "time"; var _ = time.Duration(0)`)); len(got) != 0 {
		t.Errorf("found %v in a duration", got)
	}
}
