package clustertest

import (
	"context"
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/waguard/waguard/internal/testproc"
)

// Balanced is what a [Balancer] stands in front of. What is left out is down.
type Balanced struct {
	// Gateways are those of the file: at most two.
	Gateways []Gateway
	// Nodes are those of PostgreSQL: at most three.
	Nodes []Node
}

// Gateway is where a gateway listens, as host:port.
type Gateway struct{ Senders, Webhook, Health string }

// Node is where a node of PostgreSQL listens, as host:port, and its Patroni.
type Node struct{ Postgres, Patroni string }

// Balancer is an HAProxy as deploy/cluster/haproxy.cfg has it.
type Balancer struct {
	// Senders, Webhook and Postgres are where it listens, as host:port.
	Senders, Webhook, Postgres string

	dir     *testproc.Dir
	process *testproc.Process
}

// StartBalancer starts one, which ends with the test. It listens when this returns; it
// may not have looked after what is behind it.
func StartBalancer(t testing.TB, b Balanced) *Balancer {
	t.Helper()
	balancer, err := openBalancer(t.Context(), b, loopback)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := balancer.close(); err != nil {
			t.Error(err)
		}
	})
	return balancer
}

func openBalancer(ctx context.Context, b Balanced, host string) (_ *Balancer, err error) {
	dir, err := testproc.MakeDir("")
	if err != nil {
		return nil, err
	}
	balancer := &Balancer{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, balancer.close())
		}
	}()
	for _, a := range []*string{&balancer.Senders, &balancer.Webhook, &balancer.Postgres} {
		if *a, err = address(host); err != nil {
			return nil, err
		}
	}
	text, err := balancer.configuration(b)
	if err != nil {
		return nil, err
	}
	config, err := dir.Write("haproxy.cfg", text)
	if err != nil {
		return nil, err
	}
	program, err := testproc.Program("haproxy")
	if err != nil {
		return nil, err
	}
	balancer.process, err = testproc.Start(testproc.Command{
		Program: program, Args: []string{"-db", "-f", config},
		Log: filepath.Join(dir.Path, "haproxy.log"), Death: syscall.SIGKILL,
	})
	if err != nil {
		return nil, err
	}
	for _, a := range []string{balancer.Senders, balancer.Webhook, balancer.Postgres} {
		if err := listens(ctx, balancer.process, a); err != nil {
			return nil, err
		}
	}
	return balancer, nil
}

// configuration is the file with the addresses of the test.
func (b *Balancer) configuration(what Balanced) (string, error) {
	replace := []string{"bind :8080", "bind " + b.Senders, "bind :8081", "bind " + b.Webhook, "bind :5432", "bind " + b.Postgres}
	for i, name := range []string{"gateway1", "gateway2"} {
		g := Gateway{nowhere, nowhere, nowhere}
		if i < len(what.Gateways) {
			g = what.Gateways[i]
		}
		replace = append(replace,
			name+":8080 check port 8082", g.Senders+" check port "+port(g.Health),
			name+":8081 check port 8082", g.Webhook+" check port "+port(g.Health))
	}
	for i, name := range names {
		n := Node{nowhere, nowhere}
		if i < len(what.Nodes) {
			n = what.Nodes[i]
		}
		replace = append(replace, name+":5432 check port 8008", n.Postgres+" check port "+port(n.Patroni))
	}
	return file("haproxy.cfg", replace...)
}

// Kill ends it at once.
func (b *Balancer) Kill() error { return b.process.Kill() }

func (b *Balancer) close() (err error) {
	if b.process != nil {
		err = b.process.Kill()
	}
	return errors.Join(err, b.dir.Remove())
}
