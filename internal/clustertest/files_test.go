package clustertest

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/testproc"
)

// The files are what the programs take, with the addresses they have.

func TestHAProxyFile(t *testing.T) {
	program, err := testproc.Program("haproxy")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, "-c", "-f", deployed("haproxy.cfg")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		// No machine is called so here.
		if strings.Contains(line, "[WARNING]") && !strings.Contains(line, "could not resolve address") {
			t.Error(line)
		}
	}
}

// Patroni's own check looks at more than the file: at addresses, which are those of a test
// here, and at etcd, which doesn't run.
func TestPatroniFile(t *testing.T) {
	c := new(Cluster)
	c.host = loopback
	var err error
	if c.dir, err = testproc.MakeDir(""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	for range members {
		client, err := address(loopback)
		if err != nil {
			t.Fatal(err)
		}
		c.clients = append(c.clients, client)
	}
	if err := c.makeNodes(); err != nil {
		t.Fatal(err)
	}
	command := c.nodes[0].command
	cmd := exec.Command(command.Program, append([]string{"--validate-config"}, command.Args...)...)
	cmd.Env = append(cmd.Environ(), command.Env...)
	out, _ := cmd.CombinedOutput() // it ends with 1 for any of these
	expected := []string{
		"must not contain \"127.0.0.1\"",
		"is not reachable",
		"bootstrap.pg_hba  is not defined.",                 // postgresql.pg_hba is
		"postgresql.authentication.rewind  is not defined.", // the superuser rewinds
		// None is right: see deploy/cluster/README.md. The check wants one, the program doesn't.
		"postgresql.parameters.unix_socket_directories  didn't pass validation: Wrong value",
	}
	for line := range strings.Lines(string(out)) {
		if strings.TrimSpace(line) != "" && !slices.ContainsFunc(expected, func(e string) bool { return strings.Contains(line, e) }) {
			t.Error(line)
		}
	}
	if !strings.Contains(string(out), expected[1]) {
		t.Errorf("it has not looked at etcd's addresses:\n%s", out)
	}
}

// deployed is the path of a file.
func deployed(name string) string { return filepath.Join("..", "..", "deploy", "cluster", name) }

// What a test replaces in a file must be there, so that nobody tests another one.
func TestFileWithoutTheAddress(t *testing.T) {
	if _, err := file("haproxy.cfg", "db9:5432", nowhere); err == nil || !strings.Contains(err.Error(), "db9:5432") {
		t.Errorf("an address that the file hasn't: %v", err)
	}
	text, err := file("haproxy.cfg")
	if err != nil || !strings.Contains(text, "db1:5432") {
		t.Errorf("the file as it is: %v", err)
	}
}
