// Package clustertest starts for tests what stands around PostgreSQL in production, by
// the files of deploy/cluster, with addresses of the loopback interface in place of
// theirs: PgBouncer, HAProxy, and a cluster of three nodes under Patroni, whose primary
// can be killed. A package whose tests use it names [Packages] in its TestMain:
//
//	func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Options{Packages: clustertest.Packages}) }
package clustertest

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	cluster "github.com/waguard/waguard/deploy/cluster"
	"github.com/waguard/waguard/internal/testproc"
)

// Packages are Debian's packages that hold what is started here, besides postgresql.
var Packages = []string{"pgbouncer", "haproxy", "patroni", "etcd-server"}

// loopback is where everything listens, if nothing else is asked for.
const loopback = "127.0.0.1"

// nowhere is the address of a server that a file names and a test hasn't: nobody listens
// there.
const nowhere = loopback + ":1"

// file is a file of deploy/cluster with other addresses. Each of the old ones must be
// there, so that the file that is tested is the one that is deployed.
func file(name string, oldnew ...string) (string, error) {
	read, err := cluster.Files.ReadFile(name)
	if err != nil {
		return "", err
	}
	text := string(read)
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			return "", fmt.Errorf("deploy/cluster/%s has no %q", name, oldnew[i])
		}
	}
	return strings.NewReplacer(oldnew...).Replace(text), nil
}

// address is one at a free port of a host.
func address(host string) (string, error) {
	port, err := testproc.FreePort(host)
	return net.JoinHostPort(host, strconv.Itoa(port)), err
}

// port is that of an address.
func port(address string) string {
	_, p, _ := net.SplitHostPort(address)
	return p
}

// listens waits until a process takes connections.
func listens(ctx context.Context, p *testproc.Process, address string) error {
	err := testproc.Eventually(ctx, patience, p.Ended(), func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		return p.Failed(err)
	}
	return nil
}
