package waguard_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/waguard/waguard/"

// root is the package at the module's root.
const root = "."

// outside are things beyond the module that some rooms must not touch, by the
// imports that bring them.
var outside = map[string][]string{
	"caddy":   {"github.com/caddyserver/"},
	"badger":  {"github.com/dgraph-io/"},
	"network": {"net", "net/http", "net/http/httputil", "crypto/tls", "google.golang.org/grpc"},
	"disk":    {"os", "os/exec", "io/ioutil", "database/sql", "syscall", "golang.org/x/sys/unix"},
	"logger":  {"log", "log/slog", "go.uber.org/zap"},
}

// rooms are the packages of the module, lowest first: which others each may import,
// and what it must not touch. An arrow that isn't here must not exist: where one is
// wanted, a type is in the wrong room.
var rooms = []struct{ name, mayImport, never string }{
	// What moves nothing and knows nothing of the others.
	{"consent", "", "caddy badger network disk logger"},
	{"policy/rulelang", "", "caddy badger network disk logger"},
	{"internal/decimal", "", "caddy badger network disk logger"},
	{"policy", "consent internal/decimal policy/rulelang", "caddy badger network disk logger"},
	{"audit", "", "caddy badger network disk logger"},
	{"phone", "", "caddy badger network disk logger"},
	{"internal/strictjson", "", "caddy badger network disk logger"},
	{"billing", "internal/decimal internal/strictjson", "caddy badger network disk logger"},
	{"lab", "billing policy", "caddy badger network disk logger"},
	{"internal/loosejson", "", "caddy badger network disk logger"},
	{"internal/qr", "", "caddy badger network disk logger"},
	{"internal/version", "", "caddy badger network disk logger"},
	{"internal/lookalike", "", "caddy badger network disk logger"},
	{"internal/ntp", "", "caddy badger network logger"},

	// HTTP to one server: nothing of what is sent.
	{"forward", "", "caddy badger logger"},
	{"notify", "", "caddy badger logger"},

	// The wire: no store, no Caddy. Senders and webhooks don't know each other.
	{"cloudapi/identity", "phone policy", "caddy badger network disk logger"},
	{"cloudapi/webhook", "cloudapi/identity internal/loosejson phone policy", "caddy badger network disk logger"},
	{"cloudapi", "cloudapi/identity internal/lookalike internal/loosejson internal/strictjson phone policy", "caddy badger disk logger"},

	// What is remembered: no wire, no Caddy. Engines keep bytes, and know nothing of
	// what they mean.
	{"store/archive", "audit", "caddy badger network disk logger"},
	{"store", "audit billing consent policy store/archive", "caddy badger network disk"},
	{"store/transfer", "store", "caddy badger network disk logger"},
	{"internal/durable", "", "caddy badger network logger"},
	{"store/wal", "internal/durable", "caddy badger network logger"},
	{"store/badger", "internal/durable store store/archive store/transfer store/wal", "caddy network"},
	{"store/memory", "store", "caddy badger network disk logger"},
	{"store/postgres", "store store/transfer", "caddy badger"},
	{"store/enginetest", "store", "caddy badger network disk"},
	{"store/storetest", "billing consent policy store", "caddy badger network"},

	// What the gateway does: no Caddy, and no engine.
	{"gateway", "billing consent cloudapi cloudapi/identity cloudapi/webhook lab notify phone policy store", "caddy badger disk"},

	// Doors.
	{"internal/billpage", "billing", "caddy badger disk logger"},
	{"internal/export", "billing internal/billpage", "caddy badger network disk logger"},
	{"internal/adminapi", "audit billing consent internal/export internal/qr internal/strictjson internal/version lab phone policy store store/archive", "caddy badger disk logger"},
	{"internal/evidence", "audit consent internal/adminapi policy store", "caddy badger disk logger"},
	{"decisionlog", "billing policy store", "caddy badger network disk logger"},
	{"internal/console", "billing consent internal/adminapi internal/billpage internal/version lab policy store", "caddy badger disk"},
	{
		"caddymodule",
		"audit billing consent cloudapi cloudapi/identity cloudapi/webhook decisionlog forward gateway internal/adminapi internal/billpage internal/console internal/evidence internal/export internal/ntp internal/qr internal/version lab notify phone policy policy/rulelang store store/badger store/postgres", "",
	},

	{"internal/partition", "internal/durable internal/export", "caddy badger network logger"},
	{"internal/backups", "internal/durable", "caddy badger network logger"},
	{"internal/sealing", "", "caddy badger network logger"},
	{"command", "audit billing cloudapi/identity consent internal/adminapi internal/backups internal/billpage internal/durable internal/evidence internal/export internal/ntp internal/partition internal/qr internal/sealing internal/strictjson internal/version lab policy store store/archive store/badger store/postgres store/transfer", ""},

	// What a build of Caddy imports.
	{root, "caddymodule command", "badger network disk logger"},

	// The simulated Graph API, and the reader that finds every send somebody could
	// read, are written from the documentation alone: what they shared with the
	// gateway, they would get wrong alike.
	{"graphsim", "", "caddy badger disk"},
	{"internal/generous", "", "caddy badger disk logger"},

	// Around it.
	{"internal/recordgen", "", "caddy badger network"},
	{"internal/plangen", "", "caddy badger network"},
	{"internal/zonegen", "", "caddy badger network"},
	{"internal/freeport", "", "caddy badger"},
	{"internal/manualclock", "", "badger network disk"},
	{"internal/testproc", "", "caddy badger logger"},
	{"internal/pgtest", "internal/testproc", "caddy badger logger"},
	{"deploy/cluster", "", "caddy badger network disk logger"},
	{"internal/testnet", "", "caddy badger logger"},
	{"internal/clustertest", "deploy/cluster internal/testproc", "caddy badger logger"},
	{"internal/gatewaytest", "caddymodule graphsim internal/freeport internal/manualclock", ""},
	{"demo", "consent billing caddymodule cloudapi graphsim internal/adminapi internal/freeport internal/manualclock policy store", "badger"},
	{"bench", "billing caddymodule cloudapi/identity graphsim internal/adminapi internal/freeport internal/pgtest policy store store/badger", "badger"},
	{"cmd/waguard", ". command demo", ""},
}

// Every import of a package of the module, tests apart, is one its room may have,
// and every package has a row. Files are read whatever systems and tags they are
// for.
func TestImports(t *testing.T) {
	found := importsByRoom(t)
	for _, room := range rooms {
		imports, ok := found[room.name]
		if !ok {
			t.Errorf("there is no package %s", room.name)
		}
		for _, file := range slices.Sorted(maps.Keys(imports)) {
			for _, problem := range forbidden(room.mayImport, room.never, imports[file]) {
				t.Errorf("%s %s, which %s must not", file, problem, room.name)
			}
		}
		delete(found, room.name)
	}
	for name := range found {
		t.Errorf("the package %s has no row: say what it may import", name)
	}
}

// No room may import one that comes after it, so there is no circle of intents.
func TestRoomsStandInOrder(t *testing.T) {
	var below []string
	for _, room := range rooms {
		for name := range strings.FieldsSeq(room.mayImport) {
			if !slices.Contains(below, name) {
				t.Errorf("%s may import %s, which doesn't stand before it", room.name, name)
			}
		}
		below = append(below, room.name)
	}
}

// forbidden says what is wrong with the imports of a file.
func forbidden(mayImport, never string, imports []string) (problems []string) {
	for _, imported := range imports {
		if ours, ok := ourRoom(imported); ok {
			if !slices.Contains(strings.Fields(mayImport), ours) {
				problems = append(problems, "imports "+ours)
			}
			continue
		}
		for thing := range strings.FieldsSeq(never) {
			for _, p := range outside[thing] {
				if imported == p || strings.HasPrefix(imported, strings.TrimSuffix(p, "/")+"/") && strings.Contains(p, ".") {
					problems = append(problems, "imports "+imported+" ("+thing+")")
				}
			}
		}
	}
	return problems
}

// ourRoom is the room behind an import of this module.
func ourRoom(imported string) (string, bool) {
	if imported+"/" == module {
		return root, true
	}
	return strings.CutPrefix(imported, module)
}

// The check itself finds what it is for.
func TestForbiddenImportsAreFound(t *testing.T) {
	for imported, want := range map[string]bool{
		module + "store":                   true,
		module + "policy":                  false,
		strings.TrimSuffix(module, "/"):    true,
		"github.com/caddyserver/caddy/v2":  true,
		"github.com/dgraph-io/badger/v4":   true,
		"net/http":                         true,
		"net/url":                          false,
		"os":                               true,
		"go.uber.org/zap/zapcore":          true,
		"golang.org/x/text/unicode/norm":   false,
		"github.com/nyaruka/phonenumbers":  false,
		"github.com/fxamacker/cbor/v2":     false,
		"golang.org/x/sys/unix":            true,
		"github.com/dgraph-io/ristretto/z": true,
	} {
		got := forbidden("policy phone", "caddy badger network disk logger", []string{imported})
		if (len(got) > 0) != want {
			t.Errorf("%s: found %v, want %v", imported, got, want)
		}
	}
}

// isModule says whether a directory is a module of its own, which may import what it
// likes: nothing of this one depends on it.
func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// importsByRoom are the imports of every file that is no test, by package.
func importsByRoom(t *testing.T) map[string]map[string][]string {
	t.Helper()
	found := make(map[string]map[string][]string)
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != "." && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() && file != "." && isModule(file):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		file = filepath.ToSlash(file)
		room := path.Dir(file)
		if found[room] == nil {
			found[room] = make(map[string][]string)
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[room][file] = append(found[room][file], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
