package clustertest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/internal/testproc"
)

// Pooler is a PgBouncer in transaction mode, as deploy/cluster/pgbouncer.ini has it.
type Pooler struct {
	dir      *testproc.Dir
	process  *testproc.Process
	config   string
	address  string
	user     *url.Userinfo
	database string
}

// StartPooler starts one in front of the database that a DSN leads to, for its user. It
// ends with the test.
func StartPooler(t testing.TB, dsn string) *Pooler {
	t.Helper()
	p, err := openPooler(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func openPooler(dsn string) (_ *Pooler, err error) {
	server, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	dir, err := testproc.MakeDir("")
	if err != nil {
		return nil, err
	}
	p := &Pooler{dir: dir, database: server.Database}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	password := server.Password
	if password == "" { // the server asks for none, PgBouncer does
		password = "secret"
	}
	p.user = url.UserPassword(server.User, password)
	users, err := dir.Write("userlist.txt", fmt.Sprintf("%q %q\n", server.User, password))
	if err != nil {
		return nil, err
	}
	if p.address, err = address(loopback); err != nil {
		return nil, err
	}
	ini, err := file("pgbouncer.ini",
		"host=haproxy port=5432", fmt.Sprintf("host=%s port=%d", server.Host, server.Port),
		"listen_addr = 0.0.0.0", "listen_addr = "+loopback,
		"listen_port = 6432", "listen_port = "+port(p.address),
		"/etc/pgbouncer/userlist.txt", users)
	if err != nil {
		return nil, err
	}
	if p.config, err = dir.Write("pgbouncer.ini", ini); err != nil {
		return nil, err
	}
	return p, p.Start()
}

// Start starts it again, after Kill, at the same address.
func (p *Pooler) Start() error {
	program, err := testproc.Program("pgbouncer")
	if err != nil {
		return err
	}
	p.process, err = testproc.Start(testproc.Command{
		Program: program, Args: []string{p.config},
		Log: filepath.Join(p.dir.Path, "pgbouncer.log"), Death: syscall.SIGKILL,
	})
	if err != nil {
		return err
	}
	return listens(context.Background(), p.process, p.address)
}

// Kill ends it at once.
func (p *Pooler) Kill() error { return p.process.Kill() }

// DSN is the address of the database behind it.
func (p *Pooler) DSN() string {
	return (&url.URL{Scheme: "postgres", User: p.user, Host: p.address, Path: "/" + p.database, RawQuery: "sslmode=disable"}).String()
}

func (p *Pooler) close() (err error) {
	if p.process != nil {
		err = p.process.Kill()
	}
	return errors.Join(err, p.dir.Remove())
}
