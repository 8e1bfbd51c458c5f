package pgtest

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/waguard/waguard/internal/testproc"
)

// shared is the server of the test binary.
var shared struct {
	sync.Mutex
	options *Options
	server  *Server
	err     error
}

// Main runs the tests of a package that needs PostgreSQL, and exits. The server is
// started when the first test asks for it, and removed at the end.
//
// Where PostgreSQL isn't installed, none of the package's tests is run, and a line says
// so, and how to run them: see [testproc.Ready]. So tests that need none of it are better
// off in another package.
func Main(m *testing.M, options Options) {
	caller, _, _, _ := runtime.Caller(1)
	code, ready := testproc.Ready(testproc.PackageOf(runtime.FuncForPC(caller).Name()), append([]string{"postgresql"}, options.Packages...)...)
	if ready {
		code = run(m, options)
	}
	os.Exit(code)
}

func run(m *testing.M, options Options) (code int) {
	shared.Lock()
	shared.options = &options
	shared.Unlock()
	if options.Run == nil {
		options.Run = (*testing.M).Run
	}
	code = options.Run(m)
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		if err := shared.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = max(code, 1)
		}
	}
	return code
}

// Shared is the server of the test binary, which Main has promised.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	switch {
	case shared.options == nil:
		t.Fatal("PostgreSQL is for packages whose TestMain calls pgtest.Main")
	case shared.server == nil && shared.err == nil:
		shared.server, shared.err = Open(*shared.options)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// Database makes a migrated database for a test on the shared server; see
// [Server.Database].
func Database(t testing.TB) string {
	t.Helper()
	return Shared(t).Database(t)
}

// Empty makes a database for a test on the shared server with nothing in it.
func Empty(t testing.TB) string {
	t.Helper()
	return Shared(t).Empty(t)
}
