// Package testnet cuts the network between programs and the servers they use, as a
// broken cable does: nothing is refused and nothing is closed, answers just don't come.
// Programs under test run in a network namespace of their own, with two lines to the rest
// of the machine: one that can be cut, and one by which the test reaches them all the
// same. It needs Linux, root, and Debian's package iproute2; a package whose tests use it
// names that in its TestMain:
//
//	func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Options{Packages: []string{"iproute2"}}) }
package testnet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Network is a network namespace and its two lines.
type Network struct {
	// Server is the address of this machine that servers listen on which are to be cut
	// off.
	Server string
	// Outside is the address of this machine that programs in the namespace always
	// reach, and Inside is theirs, where the test always reaches them.
	Outside, Inside string

	name   string // of the namespace
	lines  [2]string
	inside string // the address at the other end of the line to Server
}

// New makes one, which is removed after the test. Programs in it must have ended by
// then.
func New(t testing.TB) *Network {
	t.Helper()
	// Addresses for tests of networks (RFC 2544), which nobody else uses.
	id := rand.IntN(1 << 13) // #nosec G404 -- no secret
	addr := func(line, host int) string { return fmt.Sprintf("198.18.%d.%d", id>>6+line<<7, id&63<<2+host) }
	n := &Network{
		Server: addr(0, 1), Outside: addr(1, 1), Inside: addr(1, 2),
		name: fmt.Sprintf("waguard%d", id), inside: addr(0, 2),
	}
	t.Cleanup(func() {
		if err := n.remove(); err != nil {
			t.Error(err)
		}
	})
	if err := ip(t.Context(), "netns", "add", n.name); err != nil {
		t.Fatal(err)
	}
	steps := [][]string{{"-n", n.name, "link", "set", "lo", "up"}}
	for i := range n.lines {
		line, far := fmt.Sprintf("wg%d-%d", id, i), fmt.Sprintf("line%d", i)
		n.lines[i] = line
		steps = append(steps,
			[]string{"link", "add", line, "type", "veth", "peer", "name", far, "netns", n.name},
			[]string{"addr", "add", addr(i, 1) + "/30", "dev", line},
			[]string{"link", "set", line, "up"},
			[]string{"-n", n.name, "addr", "add", addr(i, 2) + "/30", "dev", far},
			[]string{"-n", n.name, "link", "set", far, "up"})
	}
	for _, step := range steps {
		if err := ip(t.Context(), step...); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// Command is a command that runs in the namespace.
func (n *Network) Command(name string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", n.name, name}, args...)...) // #nosec G204 -- the test's own
}

// Cut cuts the line to Server.
func (n *Network) Cut() error { return ip(context.Background(), "link", "set", n.lines[0], "down") }

// Mend mends it, and returns when something has gone both ways by it: those inside may
// have used up their questions for Server's link address, and would be told for a moment
// longer that there is no route; hearing ours, they know it.
func (n *Network) Mend() error {
	if err := ip(context.Background(), "link", "set", n.lines[0], "up"); err != nil {
		return err
	}
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		var conn net.Conn
		conn, err = net.DialTimeout("tcp", net.JoinHostPort(n.inside, "1"), time.Second)
		if err == nil {
			return conn.Close()
		}
		if errors.Is(err, syscall.ECONNREFUSED) { // by those inside: nobody listens there
			return nil
		}
	}
	return fmt.Errorf("a line that was mended carries nothing: %w", err)
}

// remove removes what there is of it. Lines go with either of their ends.
func (n *Network) remove() (err error) {
	for _, line := range n.lines {
		if line != "" {
			err = errors.Join(err, ip(context.Background(), "link", "del", line))
		}
	}
	return errors.Join(err, ip(context.Background(), "netns", "del", n.name))
}

func ip(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput() // #nosec G204 -- the test's own
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}
