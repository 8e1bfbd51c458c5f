package testnet

import (
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/internal/testproc"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Options{Packages: []string{"iproute2"}}) }

// What runs inside reaches a server until the line is cut, gets no answer meanwhile, and
// reaches it again after; the other line holds.
func TestCut(t *testing.T) {
	n := New(t)
	server := pgtest.Run(t, pgtest.Options{Address: n.Server})
	psql, err := testproc.Program("psql")
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (string, error) {
		cmd := n.Command(psql, "-AtXc", "select 6 * 7", server.DSN("postgres")+"&connect_timeout=2")
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	if answer, err := ask(); err != nil || answer != "42" {
		t.Fatalf("before: %q, %v", answer, err)
	}
	if err := n.Cut(); err != nil {
		t.Fatal(err)
	}
	if answer, err := ask(); err == nil || strings.Contains(answer, "refused") {
		t.Errorf("by a line that is cut: %q, %v", answer, err)
	}
	// The test is on the server's side.
	if _, err := pgx.Connect(t.Context(), server.DSN("postgres")); err != nil {
		t.Errorf("on the server's side: %v", err)
	}
	outside, err := net.Listen("tcp", net.JoinHostPort(n.Outside, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	_, port, err := net.SplitHostPort(outside.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if out, err := n.Command("bash", "-c", ": < /dev/tcp/"+n.Outside+"/"+port).CombinedOutput(); err != nil {
		t.Errorf("by the other line: %v: %s", err, out)
	}
	if err := n.Mend(); err != nil {
		t.Fatal(err)
	}
	if answer, err := ask(); err != nil || answer != "42" {
		t.Errorf("after: %q, %v", answer, err)
	}
}
