package clustertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/internal/testproc"
)

// names are those of the nodes in the files.
var names = []string{"db1", "db2", "db3"}

// members are those of etcd in the files.
var members = []string{"etcd1", "etcd2", "etcd3"}

// Roles of a cluster. Each one's password is its name.
const (
	superuser  = "postgres"
	replicator = "replicator"
	gateway    = "waguard"
)

// patience is how long the cluster may take to become what it should be, on a machine
// that does much else.
const patience = 4 * time.Minute

// Options say how a cluster is started.
type Options struct {
	// Address is where everything listens; "" for the loopback interface. With another
	// one, clients in a network of their own can be cut off.
	Address string
	// Dir is where the databases are; "" for the system's temporary directory.
	Dir string
}

// Cluster is a PostgreSQL of three nodes under Patroni, with one synchronous standby in
// strict mode, three members of etcd, and an HAProxy in front. It has a database waguard
// that belongs to the role waguard. Its methods may be called concurrently, those that
// kill and restart nodes not.
type Cluster struct {
	host     string
	dir      *testproc.Dir // of the databases
	memory   *testproc.Dir // of etcd
	etcd     []*testproc.Process
	clients  []string // where etcd's members take clients
	nodes    []*node
	balancer *Balancer
}

// node is a machine of the cluster: a Patroni, and the PostgreSQL it has started.
type node struct {
	Node
	name, data string
	command    testproc.Command

	mu      sync.Mutex
	patroni *testproc.Process // nil before it was started
}

// StartCluster starts a cluster, which ends with the test, and waits until it has a
// synchronous standby.
func StartCluster(t testing.TB, o Options) *Cluster {
	t.Helper()
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.logs())
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Open is StartCluster for who isn't a test. Close ends it.
func Open(ctx context.Context, o Options) (_ *Cluster, err error) {
	c := &Cluster{host: o.Address}
	if c.host == "" {
		c.host = loopback
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if c.dir, err = testproc.MakeDir(o.Dir); err != nil {
		return nil, err
	}
	if c.memory, err = testproc.MakeDir(testproc.Memory()); err != nil {
		return nil, err
	}
	if err := c.startEtcd(ctx); err != nil {
		return nil, err
	}
	if err := c.makeNodes(); err != nil {
		return nil, err
	}
	for _, n := range c.nodes {
		if err := n.start(); err != nil {
			return nil, err
		}
	}
	var balanced Balanced
	for _, n := range c.nodes {
		balanced.Nodes = append(balanced.Nodes, n.Node)
	}
	if c.balancer, err = openBalancer(ctx, balanced, c.host); err != nil {
		return nil, err
	}
	if err := c.WaitAll(ctx); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, c.logs())
	}
	return c, nil
}

// startEtcd starts its members. What they know needs no disk here.
func (c *Cluster) startEtcd(ctx context.Context) error {
	program, err := testproc.Program("etcd")
	if err != nil {
		return err
	}
	var peers, replace []string
	for _, name := range members {
		peer, err := address(c.host)
		if err != nil {
			return err
		}
		client, err := address(c.host)
		if err != nil {
			return err
		}
		peers, c.clients = append(peers, peer), append(c.clients, client)
		replace = append(replace, name+":2380", peer)
	}
	text, err := file("etcd.env", replace...)
	if err != nil {
		return err
	}
	var common []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			common = append(common, line)
		}
	}
	for i, name := range members {
		data, err := c.memory.Sub(name)
		if err != nil {
			return err
		}
		p, err := testproc.Start(testproc.Command{
			Program: program, Log: filepath.Join(c.memory.Path, name+".log"), Death: syscall.SIGKILL,
			Env: append(slices.Clone(common),
				"ETCD_NAME="+name,
				"ETCD_DATA_DIR="+data,
				"ETCD_LISTEN_PEER_URLS=http://"+peers[i],
				"ETCD_INITIAL_ADVERTISE_PEER_URLS=http://"+peers[i],
				"ETCD_LISTEN_CLIENT_URLS=http://"+c.clients[i],
				"ETCD_ADVERTISE_CLIENT_URLS=http://"+c.clients[i]),
		})
		if err != nil {
			return err
		}
		c.etcd = append(c.etcd, p)
	}
	for i, p := range c.etcd {
		if err := listens(ctx, p, c.clients[i]); err != nil {
			return err
		}
	}
	return nil
}

// makeNodes makes what each node is started with.
func (c *Cluster) makeNodes() error {
	program, err := testproc.Program("patroni")
	if err != nil {
		return err
	}
	postgres, err := testproc.Program("postgres")
	if err != nil {
		return err
	}
	script, err := file("bootstrap-database")
	if err != nil {
		return err
	}
	bootstrap, err := c.dir.WriteProgram("bootstrap-database", script)
	if err != nil {
		return err
	}
	yml, err := file("patroni.yml", "/etc/waguard/bootstrap-database", bootstrap)
	if err != nil {
		return err
	}
	config, err := c.dir.Write("patroni.yml", yml)
	if err != nil {
		return err
	}
	for _, name := range names {
		n := &node{name: name}
		if n.Postgres, err = address(c.host); err != nil {
			return err
		}
		if n.Patroni, err = address(c.host); err != nil {
			return err
		}
		home, err := c.dir.Sub(name)
		if err != nil {
			return err
		}
		n.data = filepath.Join(home, "data")
		n.command = testproc.Command{
			Program: program, Args: []string{config},
			Log:   filepath.Join(c.dir.Path, name+".log"),
			Death: syscall.SIGTERM, // it stops its PostgreSQL
			Env: []string{
				"HOME=" + home,
				"PYTHONUNBUFFERED=1",
				"PATRONI_NAME=" + name,
				"PATRONI_ETCD3_HOSTS='" + strings.Join(c.clients, "','") + "'",
				"PATRONI_RESTAPI_LISTEN=" + n.Patroni,
				"PATRONI_RESTAPI_CONNECT_ADDRESS=" + n.Patroni,
				"PATRONI_POSTGRESQL_LISTEN=" + n.Postgres,
				"PATRONI_POSTGRESQL_CONNECT_ADDRESS=" + n.Postgres,
				"PATRONI_POSTGRESQL_DATA_DIR=" + n.data,
				"PATRONI_POSTGRESQL_BIN_DIR=" + filepath.Dir(postgres),
				"PATRONI_POSTGRESQL_PGPASS=" + filepath.Join(home, "pgpass"),
				"PATRONI_SUPERUSER_USERNAME=" + superuser,
				"PATRONI_SUPERUSER_PASSWORD=" + superuser,
				"PATRONI_REPLICATION_USERNAME=" + replicator,
				"PATRONI_REPLICATION_PASSWORD=" + replicator,
				"WAGUARD_PASSWORD=" + gateway,
			},
		}
		c.nodes = append(c.nodes, n)
	}
	return nil
}

func (n *node) start() (err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.patroni != nil && n.patroni.Running() {
		return nil
	}
	n.patroni, err = testproc.Start(n.command)
	return err
}

// crash ends its PostgreSQL, and its Patroni before, at once.
func (n *node) crash(part Part) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if part == WholeNode && n.patroni != nil {
		if err := n.patroni.Kill(); err != nil {
			return err
		}
	}
	return testproc.KillPostgres(n.data)
}

// DSN is the address of the gateway's database that names all nodes, of which the one
// is taken that can be written to.
func (c *Cluster) DSN() string { return c.dsn(gateway, gateway) }

// SuperuserDSN is that of any database, for the superuser.
func (c *Cluster) SuperuserDSN(database string) string { return c.dsn(superuser, database) }

// HAProxyDSN is the address of the gateway's database by HAProxy, which leads to the
// primary.
func (c *Cluster) HAProxyDSN() string {
	return c.url(gateway, gateway, c.balancer.Postgres, url.Values{})
}

func (c *Cluster) dsn(user, database string) string {
	var hosts []string
	for _, n := range c.nodes {
		hosts = append(hosts, n.Postgres)
	}
	return c.url(user, database, strings.Join(hosts, ","), url.Values{"target_session_attrs": {"read-write"}})
}

func (c *Cluster) url(user, database, hosts string, with url.Values) string {
	with.Set("connect_timeout", "2")
	with.Set("sslmode", "disable")
	return (&url.URL{Scheme: "postgres", User: url.UserPassword(user, user), Host: hosts, Path: "/" + database, RawQuery: with.Encode()}).String()
}

// Part is what of a node is killed.
type Part int

const (
	// PostgresAlone is the postmaster and all that it has started. Patroni notices.
	PostgresAlone Part = iota
	// WholeNode is its Patroni, too: nobody says that the primary is gone.
	WholeNode
)

func (p Part) String() string {
	return [...]string{"PostgreSQL alone", "PostgreSQL and Patroni"}[p]
}

// Leader is the name of the node that leads.
func (c *Cluster) Leader(ctx context.Context) (string, error) {
	state, err := c.state(ctx)
	if err != nil {
		return "", err
	}
	return state.named("leader")
}

// SyncStandby is the name of the node that has every commit.
func (c *Cluster) SyncStandby(ctx context.Context) (string, error) {
	state, err := c.state(ctx)
	if err != nil {
		return "", err
	}
	return state.named("sync_standby")
}

// Standbys are the names of the nodes that follow.
func (c *Cluster) Standbys(ctx context.Context) (names []string, err error) {
	state, err := c.state(ctx)
	if err != nil {
		return nil, err
	}
	leader, err := state.named("leader")
	for _, m := range state.Members {
		if m.Name != leader {
			names = append(names, m.Name)
		}
	}
	return names, err
}

// KillPrimary kills the node that leads, or its PostgreSQL, with signal 9, and is its
// name. A test should wait for a synchronous standby before: Patroni promotes nobody
// else.
func (c *Cluster) KillPrimary(ctx context.Context, part Part) (string, error) {
	leader, err := c.Leader(ctx)
	if err != nil {
		return "", err
	}
	return leader, c.KillNode(leader, part)
}

// KillNode kills a node, or its PostgreSQL, with signal 9.
func (c *Cluster) KillNode(name string, part Part) error {
	n, err := c.node(name)
	if err != nil {
		return err
	}
	return n.crash(part)
}

// RestartNode starts the Patroni of a node that was killed. It does the rest.
func (c *Cluster) RestartNode(name string) error {
	n, err := c.node(name)
	if err != nil {
		return err
	}
	return n.start()
}

// Freeze stops a node's PostgreSQL without ending it, and Thaw has it go on: a standby
// that is frozen lags, and a primary answers nobody.
func (c *Cluster) Freeze(name string) error { return c.signal(name, syscall.SIGSTOP) }

// Thaw ends what Freeze has begun.
func (c *Cluster) Thaw(name string) error { return c.signal(name, syscall.SIGCONT) }

func (c *Cluster) signal(name string, s syscall.Signal) error {
	n, err := c.node(name)
	if err != nil {
		return err
	}
	return testproc.SignalPostgres(n.data, s)
}

// WaitSyncStandby waits until there is a primary that takes a commit, and a synchronous
// standby that may take over.
func (c *Cluster) WaitSyncStandby(ctx context.Context) error {
	return c.wait(ctx, func(s *state) error {
		_, err := s.named("sync_standby")
		return err
	})
}

// WaitAll waits until, besides, all nodes follow.
func (c *Cluster) WaitAll(ctx context.Context) error {
	return c.wait(ctx, func(s *state) error {
		if _, err := s.named("sync_standby"); err != nil {
			return err
		}
		if n := len(s.Members); n != len(c.nodes) {
			return fmt.Errorf("%d of %d nodes are there", n, len(c.nodes))
		}
		for _, m := range s.Members {
			if m.State != "running" && m.State != "streaming" {
				return fmt.Errorf("%s is %s", m.Name, m.State)
			}
		}
		return nil
	})
}

func (c *Cluster) wait(ctx context.Context, enough func(*state) error) error {
	return testproc.Eventually(ctx, patience, nil, func(ctx context.Context) error {
		state, err := c.state(ctx)
		if err != nil {
			return err
		}
		leader, err := state.named("leader")
		if err != nil {
			return err
		}
		if err := enough(state); err != nil {
			return err
		}
		// Patroni of a node that has died may still be believed.
		n, err := c.node(leader)
		if err != nil {
			return err
		}
		if err := answers(ctx, "http://"+n.Patroni+"/primary", nil); err != nil {
			return err
		}
		return commits(ctx, c.dsn(superuser, gateway))
	})
}

// commits makes a commit that says nothing; a standby must confirm it like any other.
func commits(ctx context.Context, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, "select pg_logical_emit_message(true, 'clustertest', '')")
	return err
}

// Close ends everything, and removes it.
func (c *Cluster) Close() error {
	var errs []error
	for _, n := range c.nodes {
		errs = append(errs, n.crash(WholeNode))
		testproc.RemoveSharedOf(n.data)
	}
	if c.balancer != nil {
		errs = append(errs, c.balancer.close())
	}
	for _, p := range c.etcd {
		errs = append(errs, p.Kill())
	}
	for _, dir := range []*testproc.Dir{c.dir, c.memory} {
		if dir != nil {
			errs = append(errs, dir.Remove())
		}
	}
	return errors.Join(errs...)
}

// state is what Patroni knows of the cluster.
type state struct {
	Members []struct{ Name, Role, State string }
}

// named is the member with a role.
func (s *state) named(role string) (string, error) {
	for _, m := range s.Members {
		if m.Role == role {
			return m.Name, nil
		}
	}
	return "", fmt.Errorf("no node is the cluster's %s: %v", role, s.Members)
}

// state asks any node that answers.
func (c *Cluster) state(ctx context.Context) (*state, error) {
	errs := []error{errors.New("no Patroni answers")}
	for _, n := range c.nodes {
		s := new(state)
		err := answers(ctx, "http://"+n.Patroni+"/cluster", s)
		if err == nil {
			return s, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// answers asks a node's Patroni, which answers 200.
func answers(ctx context.Context, address string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, response.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}

func (c *Cluster) node(name string) (*node, error) {
	for _, n := range c.nodes {
		if n.name == name {
			return n, nil
		}
	}
	return nil, fmt.Errorf("there is no node %q", name)
}

// logs are the ends of what the nodes have said.
func (c *Cluster) logs() string {
	var b strings.Builder
	for _, n := range c.nodes {
		fmt.Fprintf(&b, "%s's log ends:\n%s\n", n.name, testproc.Tail(n.command.Log))
	}
	return b.String()
}
