// Package pgtest starts PostgreSQL for tests, from the programs that Debian's package
// postgresql installs: a cluster of its own for each test binary, which is gone when
// the binary ends, and a database of its own for each test.
//
// A package whose tests need PostgreSQL says so in its TestMain:
//
//	func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Options{Migrate: postgres.Migrate}) }
//
// and each test asks [Database] for the address of a migrated database that nobody else
// uses. Where PostgreSQL is not installed, Main says in one line what was not run, and
// how to run it; see there.
//
// Package clustertest starts what stands in front of PostgreSQL and around it.
package pgtest

import (
	"context"
	"slices"
	"testing"
)

// Options say how a server is started. The zero value is what tests of logic want.
type Options struct {
	// Migrate prepares the database that those of tests are copies of; nil leaves it
	// empty. It must close its connections: a database that is in use can't be copied.
	Migrate func(ctx context.Context, dsn string) error
	// TCP has the server listen on a free port of the loopback interface, too, and DSNs
	// lead there. Else it is reached by a Unix socket alone.
	TCP bool
	// Address is where it listens with TCP, for everybody who reaches it; "" for the
	// loopback interface alone. Another one implies TCP.
	Address string
	// Durable has it write as in production: fsync and full_page_writes are on, and its
	// directory should be on a real disk. For tests of durability, and for figures.
	// Processes that are killed don't test fsync: what they wrote is the system's.
	Durable bool
	// Statements loads pg_stat_statements, and creates it in every database.
	Statements bool
	// Settings are further ones, as in postgresql.conf.
	Settings map[string]string
	// Packages are Debian's packages that the tests need besides postgresql; for [Main].
	Packages []string
	// Run runs the tests where another package has something to do around them, as
	// gatewaytest has; nil for m.Run. For [Main].
	Run func(m *testing.M) int
	// Dir is where the server's directory is made; "" for the system's temporary
	// directory. Its path must be short, since that of a socket is.
	Dir string
}

// settings are what the server is started with, in a fixed order.
func (o *Options) settings() []string {
	set := map[string]string{
		"max_connections":            "200",
		"shared_buffers":             "64MB",
		"dynamic_shared_memory_type": "mmap", // nothing stays behind where it is killed
		"timezone":                   "UTC",
		"log_timezone":               "UTC",
		"lc_messages":                "C",
		"log_line_prefix":            "%m [%p] %a ",
		"listen_addresses":           "",
	}
	if o.TCP {
		set["listen_addresses"] = o.Address
	}
	if !o.Durable {
		set["fsync"] = "off"
		set["full_page_writes"] = "off"
	}
	if o.Statements {
		set["shared_preload_libraries"] = "pg_stat_statements"
		set["pg_stat_statements.track"] = "top"
	}
	for name, value := range o.Settings {
		set[name] = value
	}
	var args []string
	for name, value := range set {
		args = append(args, "--"+name+"="+value)
	}
	slices.Sort(args)
	return args
}
